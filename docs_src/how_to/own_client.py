from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.stores.redis import redis_stores
from redis.asyncio import Redis

# --8<-- [start:client]
client = Redis(host="cache.internal", port=6379, max_connections=50)

app = FastAPI()
auth = JWTAuth.from_env(stores=redis_stores(client))
auth.install(app)
# --8<-- [end:client]
