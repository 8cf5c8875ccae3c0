# --8<-- [start:app]
from fastapi import Depends, FastAPI
from fastapi_jwtkit import JWTAuth, require_roles
from fastapi_jwtkit.accounts.outbox import Outbox

app = FastAPI()
auth = JWTAuth.from_env(mailer=Outbox())  # prints mails; in production, one that sends
auth.install(app)
# --8<-- [end:app]


# --8<-- [start:admin]
@app.post("/admin/users/{user_id}/disable", dependencies=[Depends(require_roles("admin"))])
async def disable(user_id: str) -> bool:
    return await auth.kit.accounts.disable(user_id)


# --8<-- [end:admin]
