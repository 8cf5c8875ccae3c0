import os
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi_jwtkit import JWTAuth, Principal

# --8<-- [start:stores]
from fastapi_jwtkit.stores.redis import redis_stores

stores = redis_stores(os.environ["REDIS_URL"], prefix="shop")

auth = JWTAuth.from_env(stores=stores)
# --8<-- [end:stores]

app = FastAPI()
auth.install(app)


@app.get("/me")
async def me(principal: Annotated[Principal, Depends(auth.current_principal)]) -> str:
    return principal.subject
