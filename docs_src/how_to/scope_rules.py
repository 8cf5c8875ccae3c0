# --8<-- [start:rule]
from fastapi import Depends, FastAPI
from fastapi_jwtkit import JWTAuth, require_scopes

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)


def covers(held: str, wanted: str) -> bool:
    return wanted.startswith(f"{held}:")  # "tasks" stands for "tasks:read"


@app.get("/tasks", dependencies=[Depends(require_scopes("tasks:read", covers=covers))])
async def tasks() -> list[str]:
    return []


# --8<-- [end:rule]
