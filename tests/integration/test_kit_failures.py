"""What the kit does when a part of it fails, and what it refuses to start on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from clocks import FakeClock
from fastapi_jwtkit.errors import (
    ConfigurationError,
    InvalidCredentialsError,
    InvalidTokenError,
    MissingKeyError,
    StoreUnavailableError,
    UnavailableError,
)
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.records import RevocationEntry, SessionProof
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.memory import MemoryRevocationStore, MemorySessionStore
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore
from kits import PASSWORD, House, credentials, refused


class FlakyUsers(MemoryUserStore):
    """A user store that can be switched off."""

    broken = False

    async def find_by_id(self, user_id: str, /) -> MemoryUser | None:
        """Find, or fail."""
        if self.broken:
            raise ConnectionError("password=hunter2 host=db")
        return await super().find_by_id(user_id)


async def test_a_user_store_that_fails_for_two_minutes_logs_nobody_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Refreshes answer 503 and consume nothing; afterwards the same token works."""
    users = FlakyUsers()
    house = House(parts={"users": users})
    await house.kit.register(credentials())
    pair = await house.kit.login(credentials())
    users.broken = True
    for _ in range(24):
        with pytest.raises(StoreUnavailableError):
            await house.kit.rotate(pair.refresh_token)
        house.clock.step(5)
    users.broken = False
    assert (await house.kit.rotate(pair.refresh_token)).session.counter == 1
    assert "hunter2" not in caplog.text


async def test_claims_of_my_own_that_fail_consume_nothing() -> None:
    """A hook that raises is a 503, not a lost session."""
    broken = True

    async def claims_for(user: User) -> dict[str, Any]:
        if broken:
            raise RuntimeError("boom")
        return {"tenant": f"t-{user.login}"}

    house = House(parts={"claims_for": claims_for})
    await house.register()
    with pytest.raises(UnavailableError):
        await house.kit.login(credentials())
    broken = False
    pair = await house.kit.login(credentials())
    assert (await house.kit.verify(pair.access_token))["tenant"] == "t-ann"
    broken = True
    with pytest.raises(UnavailableError):
        await house.kit.rotate(pair.refresh_token)
    broken = False
    assert (await house.kit.rotate(pair.refresh_token)).session.counter == 1
    subject = pair.session.subject
    assert [row.sid for row in await house.kit.list_sessions(subject)] == [pair.session.sid]


class FlakyFeed(MemoryRevocationStore):
    """A feed that can be switched off."""

    broken = False

    async def publish(self, realm: str, entries: Sequence[RevocationEntry], /) -> None:
        """Publish, or fail."""
        if self.broken:
            raise ConnectionError("the feed is gone")
        await super().publish(realm, entries)


async def test_with_the_feed_down_a_session_is_ended_in_its_row_all_the_same() -> None:
    """The caller is told that it is not done; what could be done was."""
    clock, feed = FakeClock(), FlakyFeed()
    store = MemorySessionStore(clock=clock)
    house = House(clock=clock, parts={"sessions": store, "revocations": feed})
    reused, left = await house.log_in(), await house.log_in()
    await house.kit.rotate(reused.refresh_token)
    clock.step(31)
    feed.broken = True
    with pytest.raises(StoreUnavailableError):
        await house.kit.rotate(reused.refresh_token)
    with pytest.raises(StoreUnavailableError):
        await house.kit.close(SessionProof(sid=left.session.sid, subject=None))
    assert await house.kit.list_sessions(reused.session.subject) == []


async def test_production_without_keys_says_which_command_makes_them() -> None:
    """The error comes at start-up and at first use, and names the command."""
    kit = JWTKit(Settings(issuer="https://a.example"), users=MemoryUserStore())
    with pytest.raises(MissingKeyError, match="jwtkit keys generate"):
        await kit.start()
    with pytest.raises(MissingKeyError):
        await kit.login(credentials())


async def test_production_refuses_a_hasher_for_tests() -> None:
    """A cheap hasher cannot slip into production."""
    with pytest.raises(ConfigurationError, match="hasher"):
        JWTKit(
            Settings(issuer="https://a.example"),
            users=MemoryUserStore(),
            hasher=PasslibHasher.cheap_for_tests(),
        )


async def test_a_kit_without_users_verifies_and_nothing_else() -> None:
    """Logging in says what is missing."""
    house = House()
    pair = await house.log_in()
    values = house.settings.model_dump()
    only_verifies = JWTKit(Settings(**values), clock=house.clock, sessions=MemorySessionStore())
    with pytest.raises(ConfigurationError, match="user store"):
        await only_verifies.login(credentials())
    with pytest.raises(InvalidTokenError):
        await only_verifies.verify(pair.access_token + "x")


def test_a_shared_session_store_without_a_shared_feed_is_refused() -> None:
    """Each worker would hear of its own logouts alone."""

    class Shared:
        """Stands for a store of another kind."""

    with pytest.raises(ConfigurationError, match="revocations"):
        House(parts={"sessions": Shared()})


async def test_roles_that_are_one_string_are_refused() -> None:
    """The word admin is not the roles a, d, i, m and n."""
    house = House()
    broken = replace(await house.register("bob"), roles="admin")  # type: ignore[arg-type]
    house.users._users[broken.id] = broken
    with pytest.raises(ConfigurationError, match="roles"):
        await house.kit.login(credentials("bob"))


@pytest.mark.parametrize(
    "issuer",
    [
        "https://a.example/",
        "a.example",
        "https://a.example?x=1",
        "https://a.example#f",
        "https://a b",
    ],
)
def test_an_issuer_has_one_spelling(issuer: str) -> None:
    """It is compared exactly, so what invites a second spelling is refused."""
    with pytest.raises(ConfigurationError, match="issuer"):
        Settings(issuer=issuer)


def test_an_access_token_may_not_be_meant_to_outlive_an_idle_session() -> None:
    """Lives that contradict each other are refused at start-up."""
    with pytest.raises(ConfigurationError, match="access_ttl"):
        Settings(issuer="https://a.example", access_ttl=86_400, idle_ttl=3_600)


def test_settings_with_secrets_do_not_print_them() -> None:
    """Ring texts are masked."""
    text = SecretRing.generate(now=FakeClock().now()).to_text()
    assert text not in repr(Settings(env="dev", refresh_secrets=SecretStr(text)))


@pytest.mark.std(23)
@pytest.mark.attack(20)
async def test_no_secret_appears_in_logs_or_reprs(caplog: pytest.LogCaptureFixture) -> None:
    """A whole life of a session at DEBUG shows no token, password or hash."""
    caplog.set_level("DEBUG")
    house = House()
    first = await house.log_in()
    second = await house.kit.rotate(first.refresh_token)
    await house.kit.rotate(first.refresh_token)
    with pytest.raises(InvalidCredentialsError):
        await house.kit.login(credentials(password="a wrong password here"))
    await house.kit.close(await house.kit.prove_access(second.access_token))
    assert await refused(house, second.access_token)
    user = await house.users.find_by_login("ann")
    assert user is not None
    shown = caplog.text + repr((first, second, user, credentials(), house.settings))
    shown += repr([record.__dict__ for record in caplog.records])
    shown += repr(house.heard.events)
    hidden = [PASSWORD, "a wrong password", user.password_hash or "", str(first.session.line)]
    for pair in (first, second):
        hidden += [pair.refresh_token, *pair.refresh_token[4:].split(".")]
        hidden += [pair.access_token, *pair.access_token.split(".")[1:]]
    for secret in hidden:
        assert secret
        assert secret not in shown
    await house.kit.stop()
