from fastapi import FastAPI
from fastapi_jwtkit import CurrentPrincipal, JWTAuth, OptionalPrincipal

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)


# --8<-- [start:protected]
@app.get("/whoami")
async def whoami(principal: CurrentPrincipal) -> dict[str, str]:
    return {"subject": principal.subject}


# --8<-- [end:protected]


# --8<-- [start:optional]
@app.get("/greeting")
async def greeting(principal: OptionalPrincipal) -> str:
    return f"Hello {principal.subject}" if principal else "Hello stranger"


# --8<-- [end:optional]
