"""What type checkers must accept of policies and live connections: as ``api.py``, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, assert_type

from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import SecretStr

from fastapi_jwtkit import (
    CurrentPrincipal,
    JWTAuth,
    JWTKit,
    OptionalPrincipal,
    Policy,
    Principal,
    TokenPair,
    require_auth,
    require_policy,
    require_scopes,
)
from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.policies import (
    Decision,
    amr_includes,
    has_permissions,
    has_roles,
    has_scopes,
    is_subject,
    logged_in_within,
    policy,
)
from fastapi_jwtkit.web.guards import Guard
from fastapi_jwtkit.web.live import live, live_stream


@dataclass
class Task:
    owner_id: str
    team: str


@policy
def owns(principal: Principal, task: Task) -> bool:
    return task.owner_id == principal.subject


@policy
def is_calm(principal: Principal) -> Decision:
    return Decision.allow("calm") if principal.roles else Decision.deny("not_calm")


def in_team(team: str) -> Policy:
    @policy
    def in_that_team(_: Principal, task: Task) -> bool:
        return task.team == team

    return in_that_team


def covers(held: str, wanted: str) -> bool:
    return wanted.startswith(f"{held}:")


rule = owns | has_roles("admin") & ~is_calm & in_team("a")
assert_type(rule, Policy)
assert_type(owns, Policy)
assert_type(~owns, Policy)
short = policy(lambda principal: principal.subject == "ann")
theirs = is_subject(lambda task: task.owner_id)
all_of_them = (
    has_scopes("a", any_of=("b",), covers=covers)
    & has_permissions("p")
    & logged_in_within(300)
    & amr_includes("otp")
)
Admin = Annotated[Principal, Depends(require_policy(all_of_them))]
Fresh = Annotated[Principal, Depends(require_auth(max_age=300, acr="mfa", amr=("otp",)))]


def use(principal: Principal, task: Task) -> str:
    rule.enforce(principal, task, or_raise=LookupError())
    decision = rule.decide(principal, task)
    assert_type(decision, Decision)
    return decision.reason if not decision else ""


app = FastAPI()
auth = JWTAuth.from_env()
assert_type(require_policy(is_calm), Guard)
assert_type(auth.require_policy(is_calm), Guard)
assert_type(auth.require_auth(strict=True), Guard)
assert_type(require_scopes("a", covers=covers), Guard)


async def numbers() -> AsyncIterator[str]:
    yield "1"


@app.websocket("/ws")
async def socket(socket: WebSocket, principal: CurrentPrincipal) -> None:
    async with live(socket, principal), auth.live(socket, principal):
        pass


@app.get("/events")
async def events(request: Request, principal: OptionalPrincipal) -> StreamingResponse:
    assert_type(auth.live_stream(request, principal, numbers()), AsyncIterator[str])
    return StreamingResponse(live_stream(request, principal, numbers()))


async def step_up(kit: JWTKit, principal: Principal, claims: Claims) -> None:
    assert_type(await kit.step_up(principal, password=SecretStr("x")), TokenPair)
    async with kit.watch(claims) as vigil:
        assert_type((await vigil.ended).reason, str)
