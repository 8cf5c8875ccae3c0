# --8<-- [start:scope]
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi_jwtkit import JWTAuth, Principal, require_roles, require_scopes

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)

TaskReader = Annotated[Principal, Depends(require_scopes("tasks:read"))]


@app.get("/tasks")
async def list_tasks(principal: TaskReader) -> list[str]:
    return [f"tasks of {principal.subject}"]


# --8<-- [end:scope]


# --8<-- [start:several]
@app.post("/tasks", dependencies=[Depends(require_scopes("tasks:read", "tasks:write"))])
async def add_task() -> str:
    return "both scopes"


@app.get("/report", dependencies=[Depends(require_scopes(any_of=("tasks:read", "reports")))])
async def report() -> str:
    return "one of the two"


@app.get("/admin", dependencies=[Depends(require_roles("admin"))])
async def admin() -> str:
    return "a role of the user"


# --8<-- [end:several]
