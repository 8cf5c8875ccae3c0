"""The apps whose routes the overhead benchmark compares."""

import time
from collections.abc import Callable
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException, status
from fastapi.openapi.models import HTTPBearer
from fastapi.security import OAuth2PasswordBearer
from fastapi.security.base import SecurityBase
from pydantic import BaseModel, SecretStr
from starlette.requests import HTTPConnection

from fastapi_jwtkit import (
    CurrentPrincipal,
    JWTAuth,
    JWTKit,
    Principal,
    Settings,
    require_policy,
    require_roles,
    require_scopes,
)
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.policies import has_roles, has_scopes, logged_in_within
from fastapi_jwtkit.stores.memory import MemoryRevocationStore
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.tokens.issuer import AccessGrant, TokenIssuer
from fastapi_jwtkit.web.installed import plugins_of

ISSUER = "https://bench.example"


class Earlier:
    """A clock one minute back: the feed was not born with the first request."""

    def now(self) -> float:
        """Return the wall clock of a minute ago."""
        return time.time() - 60

    def monotonic(self) -> float:
        """Return the monotonic clock."""
        return time.monotonic()


def bare_app() -> FastAPI:
    """Return the route in an app without the kit."""
    app = FastAPI()
    unguarded(app)
    return app


def kit_app(alg: str, route: Callable[[FastAPI], None]) -> tuple[FastAPI, TokenIssuer, JWTKit]:
    """Return an app with the kit and one route, and what issues tokens for it."""
    now = time.time()
    settings = Settings(
        issuer=ISSUER,
        keys=SecretStr(KeyRing.generate(alg, now=now).to_text()),
        refresh_secrets=SecretStr(SecretRing.generate(now=now).to_text()),
    )
    revocations = MemoryRevocationStore(clock=Earlier())
    kit = JWTKit(settings, users=MemoryUserStore(), revocations=revocations)
    app = FastAPI()
    JWTAuth(kit).install(app)
    route(app)
    issuer = TokenIssuer(
        kit.rings.ring, issuer=ISSUER, audience=(ISSUER,), access_ttl=600, clock=Clock()
    )
    return app, issuer, kit


def unguarded(app: FastAPI) -> None:
    """Add the route without a guard."""

    @app.get("/tasks", response_model=None)
    async def tasks() -> dict[str, str]:
        return {"tasks": "none"}


class NullGuard(SecurityBase):
    """A guard of the shape of ours that lets everybody in."""

    scheme_name = "Null"

    def __init__(self) -> None:
        self.model = HTTPBearer()

    async def __call__(self, connection: HTTPConnection) -> HTTPConnection:
        """Return what it was given."""
        return connection


def null_guard(app: FastAPI) -> None:
    """Add the route with a guard that does nothing: FastAPI's own charge."""

    @app.get("/tasks", response_model=None)
    async def tasks(anybody: Annotated[object, Depends(NullGuard())]) -> dict[str, str]:
        del anybody
        return {"tasks": "none"}


def two_null_guards(app: FastAPI) -> None:
    """Add the route with two of them, as FastAPI shows it with a guard beside a parameter."""

    @app.get("/tasks", response_model=None, dependencies=[Depends(NullGuard())])
    async def tasks(anybody: Annotated[object, Depends(NullGuard())]) -> dict[str, str]:
        del anybody
        return {"tasks": "none"}


def three_null_guards(app: FastAPI) -> None:
    """Add the route with three of them: what nobody can stay below with three guards."""

    @app.get(
        "/tasks",
        response_model=None,
        dependencies=[Depends(NullGuard()), Depends(NullGuard())],
    )
    async def tasks(anybody: Annotated[object, Depends(NullGuard())]) -> dict[str, str]:
        del anybody
        return {"tasks": "none"}


def one_guard(app: FastAPI) -> None:
    """Add the route as the documentation shows it first."""

    @app.get("/tasks", response_model=None)
    async def tasks(
        principal: Annotated[Principal, Depends(require_scopes("tasks:read"))],
    ) -> dict[str, str]:
        del principal
        return {"tasks": "none"}


def guard_and_principal(app: FastAPI) -> None:
    """Add the route with a guard beside the parameter."""

    @app.get("/tasks", response_model=None, dependencies=[Depends(require_scopes("tasks:read"))])
    async def tasks(principal: CurrentPrincipal) -> dict[str, str]:
        del principal
        return {"tasks": "none"}


def gate_alone(app: FastAPI) -> None:
    """Add the route without a guard, behind a gate."""
    unguarded(app)
    plugins_of(app)[0].protect(app)


def gate_and_guard(app: FastAPI) -> None:
    """Add the route with a guard, behind a gate."""
    one_guard(app)
    plugins_of(app)[0].protect(app)


def policy_guard(app: FastAPI) -> None:
    """Add the route with a guard that asks a policy of four terms."""
    four = has_scopes("tasks:read") & has_roles("member") & logged_in_within(3_600)
    four &= ~has_roles("suspended")

    @app.get("/tasks", response_model=None)
    async def tasks(
        principal: Annotated[Principal, Depends(require_policy(four))],
    ) -> dict[str, str]:
        del principal
        return {"tasks": "none"}


def three_guards(app: FastAPI) -> None:
    """Add the route with guards of its router and of its own."""
    others = [Depends(require_scopes("tasks:write")), Depends(require_roles("member"))]

    @app.get("/tasks", response_model=None, dependencies=others)
    async def tasks(
        principal: Annotated[Principal, Depends(require_scopes("tasks:read"))],
    ) -> dict[str, str]:
        del principal
        return {"tasks": "none"}


class Clock(Earlier):
    """The machine's clocks."""

    def now(self) -> float:
        """Return the wall clock."""
        return time.time()


def grant(session: int) -> AccessGrant:
    """Return what a token of one session says."""
    return AccessGrant(
        subject="7d9f3c1a5b2e4f60",
        client_id="first-party",
        session_id=f"session-{session:014d}",
        epoch=0,
        auth_time=int(time.time()),
        amr=("pwd",),
        scopes=frozenset({"tasks:read", "tasks:write"}),
        roles=frozenset({"member"}),
        permissions=frozenset(),
    )


class TokenData(BaseModel):
    """What the tutorial takes from its token."""

    username: str | None = None


class User(BaseModel):
    """The user of the tutorial."""

    username: str
    email: str | None = None
    full_name: str | None = None
    disabled: bool | None = None


class UserInDB(User):
    """The same as its database has it."""

    hashed_password: str


TUTORIAL_USERS: dict[str, dict[str, Any]] = {
    "ann": {
        "username": "ann",
        "full_name": "Ann Example",
        "email": "ann@example.com",
        "hashed_password": "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
        "disabled": False,
    }
}


def find_user(users: dict[str, dict[str, Any]], username: str | None) -> UserInDB | None:
    """Return a user of the tutorial's database, made anew as it does."""
    return UserInDB(**users[username]) if username in users else None


def tutorial_app(secret: str) -> FastAPI:
    """Return the route as the FastAPI tutorial guards it: three dependencies, no revocation.

    Step for step https://fastapi.tiangolo.com/tutorial/security/oauth2-jwt/, with its two
    other routes before this one, as there. Only the answer differs: it is the one that
    every variant gives, so that nothing but the guards is compared.
    """
    app = FastAPI()
    scheme = OAuth2PasswordBearer(tokenUrl="token")

    async def current(token: Annotated[str, Depends(scheme)]) -> User:
        refused = HTTPException(
            status_code=status.HTTP_401_UNAUTHORIZED,
            detail="Could not validate credentials",
            headers={"WWW-Authenticate": "Bearer"},
        )
        try:
            payload: dict[str, Any] = jwt.decode(token, secret, algorithms=["HS256"])
            username = payload.get("sub")
            if username is None:
                raise refused
            data = TokenData(username=username)
        except jwt.InvalidTokenError:
            raise refused from None
        user = find_user(TUTORIAL_USERS, data.username)
        if user is None:
            raise refused
        return user

    async def active(user: Annotated[User, Depends(current)]) -> User:
        if user.disabled:
            raise HTTPException(status_code=400, detail="Inactive user")
        return user

    add_tutorial_routes(app, active)
    return app


def add_tutorial_routes(app: FastAPI, active: Callable[..., Any]) -> None:
    """Add the two other routes of the tutorial, then the one that is measured."""

    @app.post("/token")
    async def token() -> None:
        """Stand in its place: nobody logs in here."""

    @app.get("/users/me/")
    async def me(user: Annotated[User, Depends(active)]) -> User:
        return user

    @app.get("/tasks", response_model=None)
    async def tasks(user: Annotated[User, Depends(active)]) -> dict[str, str]:
        del user
        return {"tasks": "none"}
