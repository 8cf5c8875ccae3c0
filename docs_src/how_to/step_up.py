# --8<-- [start:route]
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi_jwtkit import JWTAuth, Principal

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)


@app.post("/payout")
async def payout(
    principal: Annotated[Principal, Depends(auth.require_auth(max_age=300))],
) -> str:
    return f"paid to {principal.subject}"


# --8<-- [end:route]
