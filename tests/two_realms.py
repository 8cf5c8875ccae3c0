"""Two realms on one app that share keys, secrets, stores and users; their tokens and doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from clocks import FakeClock
from fastapi_jwtkit import JWTAuth, JWTKit, KeyRing, Principal, Settings
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.records import NewUser, RevocationEntry, Session, TokenPair
from fastapi_jwtkit.stores.memory import (
    MemoryOneTimeStore,
    MemoryRevocationStore,
    MemorySessionStore,
)
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore
from token_forge import segment
from web_kits import PASSWORD, bearer, run

PREFIXES = {"a": "/auth", "b": "/staff"}


class Shared:
    """An app with two realms, and tokens of every kind of both."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        now = self.clock.now()
        # One secret for both: whoever may check a token could have made it.
        self.keys = KeyRing.generate("HS256", now=now).to_text()
        self.secrets = SecretRing.generate(now=now).to_text()
        self.sessions = MemorySessionStore(clock=self.clock)
        self.revocations = MemoryRevocationStore(clock=self.clock)
        self.one_time = MemoryOneTimeStore(clock=self.clock)
        self.users = MemoryUserStore()
        self.app = FastAPI()
        self.auth = {name: self._plugin(name) for name in PREFIXES}
        self.kit = {name: auth.kit for name, auth in self.auth.items()}
        _add_both(self.app, self.auth["a"], self.auth["b"])
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.user = run(self._add_user())
        self.stale = {name: self.open(name) for name in PREFIXES}
        self.clock.step(601)
        self.good = {name: self.open(name) for name in PREFIXES}
        self.rotated = {name: self.open(name) for name in PREFIXES}
        self.newest = {
            name: run(self.kit[name].rotate(pair.refresh_token))
            for name, pair in self.rotated.items()
        }

    def open(self, name: str) -> TokenPair:
        """Return the tokens of a new login at one of the realms."""
        return run(self.kit[name].open_session(self.user, amr=("pwd",)))

    def state(self) -> tuple[dict[Any, Session], dict[str, list[RevocationEntry]]]:
        """Return all that a request could have changed."""
        feeds = {realm: list(feed.log) for realm, feed in self.revocations._feeds.items()}
        return dict(self.sessions._rows), {realm: log for realm, log in feeds.items() if log}

    def is_let_in(self, name: str, access_token: str) -> bool:
        """Say whether a realm takes an access token."""
        answer = self.client.get(f"{PREFIXES[name]}/me", headers=bearer(access_token))
        assert answer.status_code in {200, 401}
        return answer.status_code == 200

    def refresh(self, name: str, refresh_token: str) -> int:
        """Return the status of a refresh at a realm."""
        body = {"refresh_token": refresh_token}
        status: int = self.client.post(f"{PREFIXES[name]}/refresh", json=body).status_code
        return status

    def _plugin(self, name: str) -> JWTAuth:
        settings = Settings(
            env="dev",
            issuer=f"https://{name}.example.com",
            audience=("https://api.example.com",),
            keys=self.keys,
            refresh_secrets=self.secrets,
        )
        kit = JWTKit(
            settings,
            users=self.users,
            sessions=self.sessions,
            revocations=self.revocations,
            one_time=self.one_time,
            hasher=PasslibHasher.cheap_for_tests(),
            clock=self.clock,
        )
        auth = JWTAuth(kit, prefix=PREFIXES[name])
        auth.install(self.app)
        _add_guarded(self.app, auth, name)
        return auth

    async def _add_user(self) -> MemoryUser:
        password_hash = PasslibHasher.cheap_for_tests().hash(PASSWORD)
        user = await self.users.add(NewUser(login="ann", password_hash=password_hash))
        changed = await self.users.change(user.id, scopes={"tasks:read"})
        assert changed is not None
        return changed


def _add_guarded(app: FastAPI, auth: JWTAuth, name: str) -> None:
    """Add routes and a socket that only tokens of this realm open."""
    # Default values: a name that is local to a function is not seen in an annotation.
    guard = Depends(auth.require_scopes("tasks:read"))
    perhaps = Depends(auth.optional_principal)

    @app.get(f"/{name}/guarded")
    async def guarded(principal: Principal = guard) -> str:
        return principal.subject

    @app.get(f"/{name}/optional")
    async def optional(principal: Principal | None = perhaps) -> str:
        return "a stranger" if principal is None else principal.subject

    @app.websocket(f"/{name}/socket")
    async def socket(socket: WebSocket, principal: Principal = guard) -> None:
        await socket.accept()
        await socket.send_text(principal.subject)
        await socket.close()


def _add_both(app: FastAPI, first: JWTAuth, second: JWTAuth) -> None:
    """Add routes behind a guard of each realm, in both orders."""
    guards = {"a": first, "b": second}
    for name, other in (("a", "b"), ("b", "a")):
        app.add_api_route(
            f"/{name}/after-{other}",
            _nothing,
            dependencies=[
                Depends(guards[other].optional_principal),
                Depends(guards[name].current_principal),
            ],
        )
        app.add_api_route(
            f"/{name}/before-{other}",
            _nothing,
            dependencies=[
                Depends(guards[name].current_principal),
                Depends(guards[other].optional_principal),
            ],
        )


async def _nothing() -> None: ...


def _spliced_access(s: Shared, name: str, other: str) -> str:
    head, _, signature = s.good[name].access_token.split(".")
    return f"{head}.{s.good[other].access_token.split('.')[1]}.{signature}"


def _renamed(s: Shared, name: str, other: str) -> str:
    """Return a token of ours that says it was issued by them, its signature kept."""
    head, _, signature = s.good[name].access_token.split(".")
    claims = dict(run(s.kit[name].verify(s.good[name].access_token)))
    plain = {key: list(v) if isinstance(v, tuple) else v for key, v in claims.items()}
    return f"{head}.{segment({**plain, 'iss': s.kit[other].settings.issuer})}.{signature}"


def _stripped(token: str) -> str:
    return token.rpartition(".")[0] + "."


def _spliced_refresh(s: Shared, name: str, other: str) -> str:
    """Return the body of one realm's token under the MAC of the other's."""
    body = s.good[other].refresh_token.partition(".")[0]
    return f"{body}.{s.good[name].refresh_token.partition('.')[2]}"


# Every kind of token, made for the realm ``name``; the other is the one that is attacked.
Make = Callable[[Shared, str, str], str]
KINDS: dict[str, Make] = {
    "access": lambda s, name, _: s.good[name].access_token,
    "newest access": lambda s, name, _: s.newest[name].access_token,
    "expired access": lambda s, name, _: s.stale[name].access_token,
    "refresh": lambda s, name, _: s.good[name].refresh_token,
    "newest refresh": lambda s, name, _: s.newest[name].refresh_token,
    "spent refresh": lambda s, name, _: s.rotated[name].refresh_token,
}
GARBAGE: dict[str, Make] = {
    "access of ours with their claims": _spliced_access,
    "access of ours with a name of theirs": _renamed,
    "access without a signature": lambda s, name, _: _stripped(s.good[name].access_token),
    "access cut short": lambda s, name, _: s.good[name].access_token[:-2],
    "refresh of ours with their tag": _spliced_refresh,
    "refresh of theirs with our mac": lambda s, name, other: _spliced_refresh(s, other, name),
    "refresh without a mac": lambda s, name, _: s.good[name].refresh_token.partition(".")[0],
    "refresh in three parts": lambda s, name, _: f"e30.{s.good[name].refresh_token}",
    "a session id of theirs": lambda s, _, other: s.good[other].session.sid,
    "a word": lambda *_: "abc",
    "dots": lambda *_: "..",
    "a prefix": lambda *_: "jkr_.",
}


def other_than(name: str) -> str:
    """Return the name of the other realm."""
    return "b" if name == "a" else "a"


def get(s: Shared, path: str, token: str) -> Any:
    """Read a path with a token."""
    return s.client.get(path, headers=bearer(token))


def post(s: Shared, name: str, route: str, token: str) -> Any:
    """Post to a route of a realm with a token and no body."""
    return s.client.post(f"{PREFIXES[name]}/{route}", headers=bearer(token))


def delete(s: Shared, name: str, token: str, sid: str) -> Any:
    """Ask a realm to end a session."""
    return s.client.delete(f"{PREFIXES[name]}/sessions/{sid}", headers=bearer(token))


def connect(s: Shared, name: str, token: str) -> Any:
    """Knock at a socket with a token that is no good, and return the denial."""
    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        s.client.websocket_connect(f"/{name}/socket", headers=bearer(token)),
    ):
        pass  # pragma: no cover - the handshake fails
    return caught.value


# Every door of a realm, and how a token is put before it.
Knock = Callable[[Shared, str, str], Any]
DOORS: dict[str, Knock] = {
    "me": lambda s, name, token: get(s, f"{PREFIXES[name]}/me", token),
    "sessions": lambda s, name, token: get(s, f"{PREFIXES[name]}/sessions", token),
    "delete own": lambda s, name, token: delete(s, name, token, s.good[name].session.sid),
    "delete other": lambda s, name, token: delete(
        s, name, token, s.good[other_than(name)].session.sid
    ),
    "logout": lambda s, name, token: post(s, name, "logout", token),
    "logout-all": lambda s, name, token: post(s, name, "logout-all", token),
    "guarded": lambda s, name, token: get(s, f"/{name}/guarded", token),
    "optional": lambda s, name, token: get(s, f"/{name}/optional", token),
    "after the other": lambda s, name, token: get(s, f"/{name}/after-{other_than(name)}", token),
    "before the other": lambda s, name, token: get(s, f"/{name}/before-{other_than(name)}", token),
    "socket": connect,
}
BODIES: dict[str, Knock] = {
    "refresh": lambda s, name, token: s.client.post(
        f"{PREFIXES[name]}/refresh", json={"refresh_token": token}
    ),
    "token": lambda s, name, token: s.client.post(
        f"{PREFIXES[name]}/token", data={"grant_type": "refresh_token", "refresh_token": token}
    ),
    "logout": lambda s, name, token: s.client.post(
        f"{PREFIXES[name]}/logout", json={"refresh_token": token}
    ),
    "logout-all": lambda s, name, token: s.client.post(
        f"{PREFIXES[name]}/logout-all", json={"refresh_token": token}
    ),
}
