"""What type checkers must accept of the plugin: as ``api.py``, never run."""

from __future__ import annotations

from typing import Annotated, assert_type

from fastapi import Depends, FastAPI, Request, Response

from fastapi_jwtkit import (
    CurrentPrincipal,
    Decision,
    JWTAuth,
    JWTKit,
    OptionalPrincipal,
    Policy,
    Principal,
    Settings,
    TokenPair,
    policy,
    public,
    require_auth,
    require_permissions,
    require_policy,
    require_roles,
    require_scopes,
)
from fastapi_jwtkit.policies import has_scopes, is_subject
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.testing.guarded import assert_all_guarded
from fastapi_jwtkit.web.audit_report import Finding, audit
from fastapi_jwtkit.web.guards import Guard, current_principal
from fastapi_jwtkit.web.public import Public

kit = JWTKit(Settings(env="dev"), users=MemoryUserStore())
app = FastAPI()
auth = JWTAuth(kit, prefix="/auth", transports=("bearer", "cookie"))
auth.install(app, error_bodies="app", security_headers="app")
assert_type(auth.protect(app, public={"/static": "css"}, public_docs=True), None)
assert_type(public(reason="a probe"), Public)
assert_type(assert_all_guarded(app, public={"GET /": "a test"}), None)
assert_type(audit(app).findings, tuple[Finding, ...])
assert_type(JWTAuth.from_env(users=MemoryUserStore()), JWTAuth)
assert_type(require_scopes("a", "b", any_of=("c", "d")), Guard)
assert_type(auth.require_scopes("a"), Guard)


def enter(request: Request, response: Response, pair: TokenPair) -> None:
    assert_type(auth.write_cookies(request, response, pair), None)
    assert_type(auth.clear_cookies(request, response), None)


Reader = Annotated[Principal, Depends(require_scopes("tasks:read"))]
Clerk = Annotated[Principal, Depends(auth.current_principal)]


@app.get("/", dependencies=[Depends(require_roles("admin"))])
async def everything(
    current: CurrentPrincipal,
    optional: OptionalPrincipal,
    reader: Reader,
    clerk: Clerk,
    inline: Annotated[Principal, Depends(require_permissions("tasks.read"))],
) -> str:
    assert_type(current, Principal)
    assert_type(optional, Principal | None)
    assert_type(reader.scopes, frozenset[str])
    assert_type(clerk.session_id, str | None)
    assert_type(inline.amr, tuple[str, ...])
    return current.subject


app.dependency_overrides[current_principal] = lambda: Principal(subject="ann")


class Task:
    """What a policy is about."""

    owner_id = "7"


@policy
def is_short(_: Principal, task: Task) -> bool:
    return len(task.owner_id) < 3


@policy
def is_open(_: Principal, __: object) -> Decision:
    return Decision(allowed=True, reason="always")


assert_type(is_short, Policy)
assert_type(is_short & ~is_open | has_scopes("a", any_of=("b",)), Policy)
assert_type(is_short.decide(Principal(subject="7"), Task()), Decision)
assert_type(is_short.enforce(Principal(subject="7"), Task()), None)
assert_type(require_policy(is_open), Guard)
assert_type(auth.require_policy(is_subject("owner_id")), Guard)
assert_type(require_auth(max_age=300), Guard)
assert_type(auth.require_auth(max_age=300), Guard)
