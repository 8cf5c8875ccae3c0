"""What type checkers must accept of the kit for tests: as ``api.py``, never run."""

from __future__ import annotations

from typing import assert_type

from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.applications import Starlette

from fastapi_jwtkit import JWTAuth, JWTKit, Principal, Settings, current_principal
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.testing.acting import ActAs, Acting, TokenDetails, acting_as
from fastapi_jwtkit.testing.clock import FakeClock
from fastapi_jwtkit.testing.dead import assert_token_dead
from fastapi_jwtkit.testing.issuers import OutsideIssuer
from fastapi_jwtkit.testing.principals import LoginDetails, principal
from fastapi_jwtkit.testing.tokens import FORGERIES, ForgeryName, forge

clock = FakeClock()
kit = JWTKit(
    Settings(env="dev"),
    users=MemoryUserStore(),
    hasher=PasslibHasher.cheap_for_tests(),
    clock=clock,
)
app = FastAPI()
auth = JWTAuth(kit)
auth.install(app)


def synchronous() -> None:
    with acting_as(app, "ann", scopes=["a"], roles={"b"}, permissions=("c",)) as ann:
        assert_type(ann, Acting)
        assert_type(ann.token, str)
        assert_type(ann.refresh_token, str)
        assert_type(ann.headers, dict[str, str])
        assert_type(ann.principal, Principal)
        TestClient(app, headers=ann.headers)
    details: TokenDetails = {"auth_time": 1, "amr": ("otp",), "claims": {"tenant": 1}}
    with acting_as(app, "ann", realm="r", transport="cookie"), acting_as(app, "bob", **details):
        pass


async def asynchronous() -> None:
    async with acting_as(app, "ann") as ann:
        assert_type(ann, Acting)


def fixture(acting_as: ActAs, jwtkit_clock: FakeClock) -> None:
    assert_type(acting_as(app, "ann", scopes=["a"], auth_time=1), Acting)
    jwtkit_clock.step(1.5)


def forged(name: ForgeryName) -> str:
    assert_type(forge(app, name, scopes=["a"]), str)
    assert_type(FORGERIES, tuple[ForgeryName, ...])
    return forge(auth, "expired", transport="cookie") + forge(kit, "alg_none")


login: LoginDetails = {"session_id": "s", "amr": ("pwd",)}
assert_type(principal("ann", scopes=["a"], **login), Principal)
assert_type(assert_token_dead(app, "token", realm="r"), None)
assert_type(assert_token_dead(kit, "token"), None)
outside = OutsideIssuer("https://issuer.invalid", alg="RS256", clock=clock)
assert_type(outside.app, Starlette)
assert_type(outside.access_token("bob", audience="a", scopes=["b"], tenant="c"), str)
assert_type(outside.id_token(nonce=...), str)
app.dependency_overrides[current_principal] = lambda: principal("ann")
