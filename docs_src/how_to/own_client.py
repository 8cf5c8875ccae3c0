from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.stores.redis import redis_stores
from redis.asyncio import Redis

# --8<-- [start:client]
client = Redis.from_url("redis://cache.internal:6379/0", max_connections=50)

app = FastAPI()
auth = JWTAuth.from_env(stores=redis_stores(client))
auth.install(app)
# --8<-- [end:client]
