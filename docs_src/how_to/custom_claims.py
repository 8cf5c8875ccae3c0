# --8<-- [start:claims]
from typing import Any

from fastapi import FastAPI
from fastapi_jwtkit import CurrentPrincipal, JWTAuth
from fastapi_jwtkit.protocols import User

TENANT_OF = {"ann": "acme"}


async def claims_for(user: User) -> dict[str, Any]:
    return {"tenant": TENANT_OF.get(user.login, "nobody")}


app = FastAPI()
auth = JWTAuth.from_env(claims_for=claims_for)
auth.install(app)


@app.get("/tenant")
async def tenant(principal: CurrentPrincipal) -> str:
    assert principal.claims is not None
    return str(principal.claims["tenant"])


# --8<-- [end:claims]
