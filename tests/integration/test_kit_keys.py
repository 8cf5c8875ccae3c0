"""Kits whose keys are rotated and revoked under them, while people use the tokens."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from clocks import MovingClock
from fastapi_jwtkit import JWTKit, Settings
from fastapi_jwtkit.errors import (
    InvalidGrantError,
    InvalidLinkError,
    InvalidTokenError,
    StoreUnavailableError,
)
from fastapi_jwtkit.event_sinks import AuthEvent
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.key_sources.file import write_new_file
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.keys.state import KeyState
from fastapi_jwtkit.mail import MailKind
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.records import TokenPair
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from kits import Heard, credentials
from mailed import EMAIL, PUBLIC_URL, Postbox
from shared_places import place_of

FOLLOWS_WITHIN = 5.0


@dataclass
class Fleet:
    """Kits on one store and one user store, as so many workers would make them."""

    folder: Path
    url: str
    realm: str
    users: MemoryUserStore = field(default_factory=MemoryUserStore)
    clock: MovingClock = field(default_factory=MovingClock)
    kits: list[JWTKit] = field(default_factory=list)

    def __post_init__(self) -> None:
        now = self.clock.now()
        write_new_file(self.folder / "keys.json", KeyRing.generate(now=now).to_text())
        write_new_file(self.folder / "secrets.json", SecretRing.generate(now=now).to_text())

    def hire(self, keys: Path | None = None, **parts: Any) -> JWTKit:
        """Return one more worker, whose keys are here or in a directory of its own."""
        folder = keys or self.folder
        kit = JWTKit(
            Settings(
                env="dev",
                issuer="https://keys.example",
                public_url=PUBLIC_URL,
                realm=self.realm,
                keys_file=folder / "keys.json",
                refresh_secrets_file=folder / "secrets.json",
                store_url=SecretStr(self.url),
            ),
            users=self.users,
            hasher=PasslibHasher.cheap_for_tests(),
            clock=self.clock,  # type: ignore[arg-type]  # the store has a clock of its own
            **parts,
        )
        self.kits.append(kit)
        return kit

    async def log_in(self, kit: JWTKit) -> TokenPair:
        """Log ann in, whom the first worker registers."""
        if await self.users.find_by_login("ann") is None:
            await kit.register(credentials())
        return await kit.login(credentials())


@pytest.fixture
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    """Return a fleet on a store that its workers share."""
    with place_of(getattr(request, "param", "sqlite"), request, tmp_path) as place:
        fleet = Fleet(tmp_path, place.store_url, place.realm)
        yield fleet


async def refused(kit: JWTKit, token: str) -> str:
    """Return why a token is refused, waiting for a follower for so long as it may take."""
    async with asyncio.timeout(FOLLOWS_WITHIN):
        while True:
            try:
                await kit.verify(token)
            except InvalidTokenError as error:
                return error.reason
            await asyncio.sleep(0.02)


@pytest.mark.std(63)
async def test_three_rotations_log_nobody_out(fleet: Fleet) -> None:
    """Old pairs and new ones hold at both workers, before and after each step."""
    ann, other = fleet.hire(), fleet.hire()
    pair = await fleet.log_in(ann)
    signed_by: set[str] = set()
    for _ in range(3):
        for kit in (ann, other):
            await kit.rotate_keys()
            signed_by.add((await kit.verify(pair.access_token)).kid)
            pair = await other.rotate(pair.refresh_token)
            pair = await ann.rotate(pair.refresh_token)
        fleet.clock.step(316)
    assert len(signed_by) >= 3
    for kit in fleet.kits:
        await kit.stop()


@pytest.mark.std(24, 63)
async def test_a_worker_takes_up_what_another_one_rotated(fleet: Fleet) -> None:
    """Within five seconds of the change, without a restart, and says so."""
    heard = Heard()
    ann, other = fleet.hire(), fleet.hire(events=(heard,))
    await fleet.log_in(other)
    await ann.rotate_keys()
    fleet.clock.step(316)
    report = await ann.rotate_keys()
    active = next(k for k in report.keys if k.ring == "keys" and k.state is KeyState.ACTIVE)
    fleet.clock.step(5)
    pair = await other.login(credentials())
    assert (await other.verify(pair.access_token)).kid == active.key_id
    changed: list[AuthEvent] = [e for e in heard.events if e.name is EventName.KEYS_CHANGED]
    assert {dict(event.detail)["ring"] for event in changed} == {"keys", "refresh_secrets"}


@pytest.mark.parametrize("fleet", ["valkey", "sqlite", "postgresql"], indirect=True)
async def test_a_revoked_key_kills_what_it_signed_where_the_ring_has_not_arrived(
    fleet: Fleet, tmp_path: Path
) -> None:
    """The feed is faster than whatever carries key files; clients refresh and go on."""
    ann = fleet.hire()
    pair = await fleet.log_in(ann)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("keys.json", "secrets.json"):
        shutil.copy(fleet.folder / name, elsewhere / name)
    far = fleet.hire(elsewhere)
    kid = (await far.verify(pair.access_token)).kid
    await ann.revoke_key(kid)
    with pytest.raises(InvalidTokenError, match="key_revoked"):
        await ann.verify(pair.access_token)
    assert await refused(far, pair.access_token) == "key_revoked"
    pair = await ann.rotate(pair.refresh_token)
    assert (await ann.verify(pair.access_token)).kid != kid
    await ann.revoke_key(kid)
    await ann.verify(pair.access_token)
    for kit in fleet.kits:
        await kit.stop()


async def test_a_revoked_refresh_secret_ends_what_hangs_on_it(fleet: Fleet, tmp_path: Path) -> None:
    """At the worker that revokes and at one whose file is still the old one; others live."""
    ann = fleet.hire()
    pair = await fleet.log_in(ann)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("keys.json", "secrets.json"):
        shutil.copy(fleet.folder / name, elsewhere / name)
    far = fleet.hire(elsewhere)
    report = await ann.key_rotation.report()
    secret = next(key.key_id for key in report.keys if key.ring == "refresh_secrets")
    await ann.revoke_key(secret)
    with pytest.raises(InvalidGrantError):
        await ann.rotate(pair.refresh_token)
    fleet.clock.step(2)
    await far.verify(pair.access_token)  # reads the feed
    with pytest.raises(InvalidGrantError):
        await far.rotate(pair.refresh_token)
    again = await ann.login(credentials())
    await ann.rotate(again.refresh_token)
    for kit in fleet.kits:
        await kit.stop()


async def test_a_revoked_key_kills_links_in_mails(fleet: Fleet) -> None:
    """They are signed with the same keys: who has the key can make them."""
    post = Postbox()
    kit = fleet.hire(mailer=post)
    await kit.register(credentials(), email=EMAIL)
    await kit.accounts.request_reset(EMAIL)
    token = SecretStr(await post.token(kit, MailKind.RESET_PASSWORD))
    await kit.revoke_key(kit.rings.ring.active.kid)
    with pytest.raises(InvalidLinkError):
        await kit.accounts.reset_password(token, new=SecretStr("another long pass phrase"))
    await kit.stop()


async def test_a_feed_that_cannot_be_told_is_said_and_the_ring_is_changed(tmp_path: Path) -> None:
    """Half done is never told as done; done again it is whole."""
    fleet = Fleet(tmp_path, "redis://127.0.0.1:1", "gone")
    kit = fleet.hire()
    await kit.rings.ensure_loaded()
    kid = kit.rings.ring.active.kid
    with pytest.raises(StoreUnavailableError):
        await kit.revoke_key(kid)
    assert kit.rings.ring.is_revoked(kid)
    assert kit.rings.ring.active.kid != kid
