# --8<-- [start:both]
from fastapi import FastAPI
from fastapi_jwtkit import CurrentPrincipal, JWTAuth

app = FastAPI()
admin = FastAPI()

auth = JWTAuth.from_env()
auth.install(app)
auth.install(admin)
app.mount("/admin", admin)


@admin.get("/whoami")
async def whoami(principal: CurrentPrincipal) -> str:
    return principal.subject


# --8<-- [end:both]
