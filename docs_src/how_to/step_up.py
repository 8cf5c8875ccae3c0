# --8<-- [start:guard]
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi_jwtkit import CurrentPrincipal, JWTAuth, Principal, require_auth

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)


@app.post("/payments", dependencies=[Depends(require_auth(max_age=300))])
async def pay() -> str:
    return "paid"


# --8<-- [end:guard]
# --8<-- [start:strong]
Strong = Annotated[Principal, Depends(require_auth(acr="urn:shop:mfa", amr=("pwd", "otp")))]


@app.post("/payouts")
async def pay_out(principal: Strong) -> str:
    return f"to {principal.subject}"


# --8<-- [end:strong]
# --8<-- [start:second]
def is_code_of(subject: str, code: str) -> bool:
    return bool(subject) and code == "123456"  # ask your second factor


@app.post("/second-factor")
async def second_factor(code: str, principal: CurrentPrincipal) -> dict[str, str]:
    user = await auth.kit.find_user(principal.subject)
    if user is None or not is_code_of(principal.subject, code):
        raise HTTPException(400, "The code is wrong.")
    pair = await auth.kit.open_session(user, amr=("pwd", "otp"), replaces=principal.session_id)
    return {"access_token": pair.access_token, "refresh_token": pair.refresh_token}


# --8<-- [end:second]
# --8<-- [start:strict]
@app.delete("/company", dependencies=[Depends(require_auth(max_age=60, strict=True))])
async def close_company() -> str:
    return "closed"


# --8<-- [end:strict]
