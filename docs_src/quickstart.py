from typing import Annotated

# --8<-- [start:setup]
from fastapi import Depends, FastAPI
from fastapi_jwtkit import JWTAuth, Principal, require_scopes

app = FastAPI()
auth = JWTAuth.from_env()  # JWTKIT_* settings; JWTKIT_ENV=dev makes keys of its own, loudly
auth.install(app)  # /auth/*, /.well-known/jwks.json, OpenAPI scheme
# --8<-- [end:setup]


# --8<-- [start:scope]
@app.get("/tasks")
async def list_tasks(
    principal: Annotated[Principal, Depends(require_scopes("tasks:read"))],
) -> list[str]:
    return [f"tasks of {principal.subject}"]


@app.delete("/tasks", dependencies=[Depends(require_scopes("tasks:write"))])
async def clear() -> None: ...


# --8<-- [end:scope]
