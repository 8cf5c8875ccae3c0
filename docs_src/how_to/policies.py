# --8<-- [start:policies]
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi_jwtkit import CurrentPrincipal, JWTAuth, Principal, policy, require_policy
from fastapi_jwtkit.policies import has_roles, has_scopes, is_subject, logged_in_within


@dataclass
class Task:
    owner_id: str
    locked: bool = False


@policy
def is_locked(_: Principal, task: Task) -> bool:
    return task.locked


may_change = (is_subject("owner_id") & ~is_locked) | has_roles("admin")
is_fresh_admin = has_scopes("tasks:admin") & logged_in_within(600)
# --8<-- [end:policies]

# --8<-- [start:routes]
app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)
tasks: dict[str, Task] = {}


@app.delete("/tasks/{task_id}")
async def delete_task(task_id: str, principal: CurrentPrincipal) -> None:
    task = tasks.get(task_id)
    if task is None:
        raise HTTPException(404)
    may_change.enforce(principal, task)  # 403
    del tasks[task_id]


@app.delete("/tasks")
async def clear(_: Annotated[Principal, Depends(require_policy(is_fresh_admin))]) -> None:
    tasks.clear()


# --8<-- [end:routes]
