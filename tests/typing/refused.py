"""What mypy and pyright must refuse: each line that ends in ``# refused``, and no other.

Checked by ``.ci/check_refusals.py``; never run.
"""

from __future__ import annotations

from fastapi_jwtkit import JWTKit, Principal, Settings, TokenPair, require_scopes
from fastapi_jwtkit.protocols import EventSink, User, UserStore
from fastapi_jwtkit.records import Session

from fastapi_jwtkit import nope  # isort: skip  # refused


class NumberedUser:
    id: int = 1
    login: str = "ann"
    password_hash: str | None = None
    is_active: bool = True
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()


class PlainStore:
    def find_by_login(self, login: str, /) -> User | None: ...
    def find_by_id(self, user_id: str, /) -> User | None: ...
    def set_password_hash(
        self, user_id: str, password_hash: str, /, *, expected: str | None
    ) -> bool:
        return expected is None


class DeafSink:
    def emit(self) -> None: ...


numbered: User = NumberedUser()  # refused
plain: UserStore = PlainStore()  # refused
deaf: EventSink = DeafSink()  # refused
kit = JWTKit(Settings(env="dev"), users=PlainStore())  # refused
guard = require_scopes(["tasks:read"])  # refused
wider = require_scopes("a", any_of=1)  # refused
positional = Principal("ann")  # refused


def change(principal: Principal, pair: TokenPair, session: Session) -> None:
    principal.subject = "bob"  # refused
    pair.access_token = ""  # refused
    session.counter += 1  # refused


async def misuse(kit: JWTKit) -> None:
    number: int = await kit.verify("token")  # refused
    print(kit.verify("token").subject, number)  # refused
    await kit.rotate(b"bytes")  # refused
    await kit.close("sid")  # refused
    print(kit.verify_fast(b"token").subject)  # refused
    await kit.login("ann", "password")  # refused
