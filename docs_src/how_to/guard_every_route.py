# --8<-- [start:app]
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi_jwtkit import JWTAuth, Principal, public, require_scopes

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)
auth.protect(app, public={"/static": "style sheets"}, public_docs=True)

app.mount("/static", StaticFiles(directory=".", check_dir=False))


@app.get("/health", dependencies=[Depends(public(reason="asked by the load balancer"))])
async def health() -> str:
    return "ok"


@app.get("/tasks")
async def tasks(_: Annotated[Principal, Depends(require_scopes("tasks:read"))]) -> list[str]:
    return []


@app.delete("/tasks")
async def clear() -> None: ...  # nobody thought of a guard


# --8<-- [end:app]
