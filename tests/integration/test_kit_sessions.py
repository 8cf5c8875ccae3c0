"""The kit's verbs, without web: refresh, races, thieves, failures, logging out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from clocks import FakeClock
from fastapi_jwtkit.errors import (
    ConfigurationError,
    InvalidCredentialsError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    InvalidTokenError,
    MissingKeyError,
    SessionNotFoundError,
    StoreUnavailableError,
    ThrottledError,
    UnavailableError,
)
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.records import Device, RevocationEntry, SessionProof
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.memory import MemoryRevocationStore, MemorySessionStore
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore
from kits import PASSWORD, SCOPES, House, credentials


async def refused(house: House, raw: str) -> str:
    """Return why an access token is refused; empty if it is not."""
    try:
        await house.kit.verify(raw)
    except InvalidTokenError as error:
        return error.reason
    return ""


@pytest.mark.std(17)
@pytest.mark.attack(11)
async def test_fifty_parallel_refreshes_converge_on_one_successor() -> None:
    """All of them succeed, with one refresh token and one step of the counter."""
    house = House()
    first = await house.log_in()
    pairs = await asyncio.gather(*(house.kit.rotate(first.refresh_token) for _ in range(50)))
    assert len({pair.refresh_token for pair in pairs}) == 1
    assert {pair.session.counter for pair in pairs} == {1}
    for pair in pairs:
        assert await refused(house, pair.access_token) == ""
    assert len(house.heard.of(EventName.REFRESH_SUCCEEDED)) == 1
    assert len(house.heard.of(EventName.REFRESH_REPLAYED)) == 49


async def test_without_a_grace_window_one_of_fifty_wins() -> None:
    """Strict is strict; whoever lost the race within it revokes nothing by losing."""
    house = House(grace=0)
    first = await house.log_in()
    answers = await asyncio.gather(
        *(house.kit.rotate(first.refresh_token) for _ in range(50)), return_exceptions=True
    )
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert all(
        isinstance(answer, InvalidGrantError)
        for answer in answers
        if isinstance(answer, BaseException)
    )


@pytest.mark.std(17)
@pytest.mark.attack(11)
async def test_a_replay_after_the_grace_window_ends_the_session() -> None:
    """The thief's token, the owner's newest pair and the session: all dead at once."""
    house = House()
    first = await house.log_in()
    second = await house.kit.rotate(first.refresh_token)
    house.clock.step(31)
    third = await house.kit.rotate(second.refresh_token)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(first.refresh_token)
    assert await refused(house, third.access_token) == "session_revoked"
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(third.refresh_token)
    assert [event.reason for event in house.heard.of(EventName.TOKEN_REUSED)] == [
        "refresh_token_reused"
    ]


async def test_replays_do_not_stretch_the_window() -> None:
    """Thirty replays, one a second, and the thirty-first is too late."""
    house = House()
    first = await house.log_in()
    second = await house.kit.rotate(first.refresh_token)
    for _ in range(29):
        house.clock.step(1)
        again = await house.kit.rotate(first.refresh_token)
        assert again.refresh_token == second.refresh_token
        assert again.session.idle_expiry == second.session.idle_expiry
    house.clock.step(1)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(first.refresh_token)


async def test_one_token_is_replayed_a_hundred_times_and_no_more() -> None:
    """A loop that presents a spent token is slowed down, and nobody is logged out."""
    house = House()
    first = await house.log_in()
    second = await house.kit.rotate(first.refresh_token)
    for _ in range(100):
        await house.kit.rotate(first.refresh_token)
    with pytest.raises(ThrottledError):
        await house.kit.rotate(first.refresh_token)
    assert (await house.kit.rotate(second.refresh_token)).session.counter == 2


async def test_three_rotations_with_replays_in_a_row_raise_an_alarm() -> None:
    """A thief who keeps up with the owner within each window is seen by the streak."""
    house = House()
    pair = await house.log_in()
    for _ in range(4):
        spent = pair.refresh_token
        pair = await house.kit.rotate(spent)
        await house.kit.rotate(spent)
    assert [event.detail["streak"] for event in house.heard.of(EventName.REPLAY_STREAK)] == [3]


@pytest.mark.parametrize("revoke", [False, True])
async def test_a_replay_from_another_user_agent_is_told_or_ends_the_session(revoke: bool) -> None:
    """The option decides; the event comes in both cases."""
    house = House(revoke_foreign_replay=revoke)
    first = await house.log_in(device=Device(user_agent="phone"))
    await house.kit.rotate(first.refresh_token, device=Device(user_agent="phone"))
    strange = house.kit.rotate(first.refresh_token, device=Device(user_agent="thief"))
    if revoke:
        with pytest.raises(InvalidGrantError):
            await strange
        assert await refused(house, first.access_token) == "session_revoked"
    else:
        await strange
        (event,) = house.heard.of(EventName.REFRESH_REPLAYED)
        assert event.detail["other_user_agent"] == 1


@pytest.mark.std(102)
@pytest.mark.attack(10, 12)
async def test_after_logging_out_nothing_of_the_session_works() -> None:
    """Refresh and access token are dead at once, and logging out again is fine."""
    house = House()
    first = await house.log_in()
    second = await house.kit.rotate(first.refresh_token)
    proof = await house.kit.prove_access(second.access_token)
    await house.kit.close(proof)
    for pair in (first, second):
        assert await refused(house, pair.access_token) == "session_revoked"
        with pytest.raises(InvalidGrantError):
            await house.kit.rotate(pair.refresh_token)
    await house.kit.close(await house.kit.prove_access(first.access_token))
    await house.kit.close(await house.kit.prove_refresh(first.refresh_token))


async def test_an_access_token_that_ran_out_still_logs_out() -> None:
    """Whoever comes back after an hour can end the session they left open."""
    house = House()
    pair = await house.log_in()
    house.clock.step(3_600)
    assert await refused(house, pair.access_token) == "expired"
    await house.kit.close(await house.kit.prove_access(pair.access_token))
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(pair.refresh_token)


async def test_a_refresh_in_flight_during_a_logout_does_not_survive_it() -> None:
    """Whatever the order, no pair that comes out of the race works."""

    class Slow(MemoryUserStore):
        async def find_by_id(self, user_id: str, /) -> MemoryUser | None:
            found = await super().find_by_id(user_id)
            await asyncio.sleep(0.01)
            return found

    users = Slow()
    house = House(parts={"users": users})
    await house.kit.register(credentials())
    pair = await house.kit.login(credentials())
    refresh = asyncio.create_task(house.kit.rotate(pair.refresh_token))
    await asyncio.sleep(0.005)
    await house.kit.close(await house.kit.prove_access(pair.access_token))
    with pytest.raises(InvalidGrantError):
        await refresh
    assert await refused(house, pair.access_token) == "session_revoked"


async def test_a_forged_token_revokes_nothing() -> None:
    """Who knows a session id and no secret can log nobody out."""
    house = House()
    pair = await house.log_in()
    body, _, mac = pair.refresh_token.partition(".")
    for forged in (f"{body}.{mac[::-1]}", f"{body[:-4]}BBBB.{mac}", "jkr_x.y", ""):
        with pytest.raises(InvalidGrantError):
            await house.kit.rotate(forged)
    assert (await house.kit.rotate(pair.refresh_token)).session.counter == 1


async def test_a_refresh_token_of_a_row_that_was_made_anew_is_refused() -> None:
    """The line ties it to its own row: the key alone forges nothing."""
    store = MemorySessionStore()
    house = House(parts={"sessions": store, "clock": None})
    pair = await house.log_in()
    key = (house.kit.realm, pair.session.sid)
    store._rows[key] = replace(store._rows[key], line=b"x" * 16)
    with pytest.raises(InvalidGrantError) as caught:
        await house.kit.rotate(pair.refresh_token)
    assert caught.value.reason == "session_of_another_line"
    with pytest.raises(InvalidGrantError):
        await house.kit.prove_refresh(pair.refresh_token)
    assert store._rows[key].revoked_at is None


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


@pytest.mark.std(21, 102)
async def test_a_login_that_races_a_password_change_does_not_survive_it() -> None:
    """The hash changes after the comparison and before the row: the second look sees it."""

    class Changing(MemoryUserStore):
        change_to: str | None = None

        async def find_by_id(self, user_id: str, /) -> MemoryUser | None:
            if self.change_to is not None:
                user = await super().find_by_id(user_id)
                assert user is not None
                await self.set_password_hash(user_id, self.change_to, expected=user.password_hash)
                self.change_to = None
            return await super().find_by_id(user_id)

    users = Changing()
    house = House(parts={"users": users})
    user = await house.kit.register(credentials())
    users.change_to = PasslibHasher.cheap_for_tests().hash("another good password")
    with pytest.raises(InvalidCredentialsError):
        await house.kit.login(credentials())
    assert await house.kit.list_sessions(user.id) == []


@pytest.mark.std(103)
@pytest.mark.parametrize("gone", [False, True])
async def test_a_disabled_or_removed_user_is_out_at_the_next_refresh(gone: bool) -> None:
    """The session ends, and the access token with it."""
    house = House()
    pair = await house.log_in()
    if gone:
        await house.users.remove(pair.session.subject)
    else:
        await house.users.change(pair.session.subject, is_active=False)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(pair.refresh_token)
    assert await refused(house, pair.access_token) == "session_revoked"


@pytest.mark.std(103)
async def test_closing_all_sessions_ends_them_at_once_and_a_new_login_lives() -> None:
    """By session id, never by time: a login in the same second is another session."""
    house = House()
    pairs = [await house.log_in() for _ in range(3)]
    await house.log_in("bob")
    subject = pairs[0].session.subject
    assert await house.kit.close_all(subject, except_sid=pairs[2].session.sid) == 2
    new = await house.log_in()
    reasons = [await refused(house, pair.access_token) for pair in (*pairs, new)]
    assert reasons == ["session_revoked", "session_revoked", "", ""]


@pytest.mark.std(108)
async def test_a_role_change_takes_effect_at_the_next_request() -> None:
    """The old claims are refused, the refresh brings the new ones, the session lives."""
    house = House()
    first = await house.log_in()
    await house.users.change(first.session.subject, roles={"editor"}, scopes={"tasks:read"})
    assert await house.kit.expire_claims(first.session.subject) == 1
    assert await refused(house, first.access_token) == "claims_expired"
    second = await house.kit.rotate(first.refresh_token)
    claims = await house.kit.verify(second.access_token)
    assert claims.roles == {"editor"}
    assert claims.scopes == {"tasks:read"}
    assert claims.epoch == 1


@pytest.mark.std(7, 18)
@pytest.mark.attack(19)
async def test_scopes_are_narrowed_and_never_widened() -> None:
    """A login asks for at most what is held, a refresh for at most what was granted."""
    house = House()
    with pytest.raises(InvalidScopeError):
        await house.log_in(scopes=frozenset({"tasks:admin"}))
    pair = await house.log_in(scopes=frozenset({"tasks:read"}))
    assert pair.scope == {"tasks:read"}
    with pytest.raises(InvalidScopeError):
        await house.kit.rotate(pair.refresh_token, scopes=frozenset({"tasks:write"}))
    again = await house.kit.rotate(pair.refresh_token)
    assert (again.scope, again.session.counter) == ({"tasks:read"}, 1)


@pytest.mark.std(18)
async def test_a_narrow_refresh_keeps_the_grant() -> None:
    """RFC 6749 6: the next refresh may have everything again."""
    house = House()
    pair = await house.log_in()
    narrow = await house.kit.rotate(pair.refresh_token, scopes=frozenset({"tasks:read"}))
    assert narrow.scope == {"tasks:read"}
    assert (await house.kit.rotate(narrow.refresh_token)).scope == SCOPES


@pytest.mark.std(20, 104)
async def test_a_session_ends_on_day_thirty_however_often_it_is_refreshed() -> None:
    """The absolute limit never slides."""
    house = House()
    pair = await house.log_in()
    for _ in range(29):
        house.clock.step(86_400)
        pair = await house.kit.rotate(pair.refresh_token)
    house.clock.step(86_400)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(pair.refresh_token)


@pytest.mark.std(38)
async def test_a_refresh_keeps_the_time_and_the_way_of_the_login() -> None:
    """auth_time and amr describe the login, not the refresh (RFC 9068 2.2.1)."""
    house = House()
    pair = await house.log_in()
    house.clock.step(500)
    claims = await house.kit.verify((await house.kit.rotate(pair.refresh_token)).access_token)
    assert claims["auth_time"] == pair.session.auth_time
    assert claims["amr"] == ("pwd",)


@pytest.mark.std(16)
async def test_a_session_answers_its_own_client_and_transport_only() -> None:
    """Another client or transport with the right token is refused, and changes nothing."""
    house = House()
    pair = await house.log_in()
    for foreign in ({"client_id": "other"}, {"transport": "cookie"}):
        with pytest.raises(InvalidGrantError):
            await house.kit.rotate(pair.refresh_token, **foreign)  # type: ignore[arg-type]
    assert (await house.kit.rotate(pair.refresh_token)).session.counter == 1
    with pytest.raises(InvalidRequestError):
        await house.log_in(client_id="other")


async def test_a_session_without_a_password_is_opened_for_an_active_user_only() -> None:
    """The seam for passkeys and social login reads the user again before it signs."""
    house = House()
    user = await house.register()
    pair = await house.kit.open_session(user, amr=("swk",), device=Device(name="laptop"))
    assert (await house.kit.verify(pair.access_token))["amr"] == ("swk",)
    await house.users.change(user.id, is_active=False)
    with pytest.raises(InvalidCredentialsError):
        await house.kit.open_session(user, amr=("swk",))
    assert len(await house.kit.list_sessions(user.id)) == 1


@pytest.mark.std(105)
async def test_a_session_of_somebody_else_is_not_found() -> None:
    """Foreign, unknown and dead ones read alike."""
    house = House()
    ann, bob = await house.log_in("ann"), await house.log_in("bob")
    for sid in (bob.session.sid, "unknown"):
        with pytest.raises(SessionNotFoundError):
            await house.kit.close_sid(sid, subject=ann.session.subject)
    await house.kit.close_sid(ann.session.sid, subject=ann.session.subject)
    with pytest.raises(SessionNotFoundError):
        await house.kit.close_sid(ann.session.sid, subject=ann.session.subject)
    assert await refused(house, bob.access_token) == ""


async def test_a_restart_ends_the_logins_that_lived_in_memory() -> None:
    """Keys outlive the process and rows do not: yesterday's access token is refused."""
    before = House()
    pair = await before.log_in()
    after = House(clock=before.clock, parts={"users": before.users}, **before.settings.model_dump())
    assert await refused(after, pair.access_token) == "session_unknown"
    with pytest.raises(InvalidGrantError):
        await after.kit.rotate(pair.refresh_token)


async def test_rotated_refresh_secrets_keep_sessions_and_a_revoked_one_ends_them() -> None:
    """A retired secret still verifies; a revoked one does not; the store holds neither."""
    house = House()
    pair = await house.log_in()
    secrets = house.kit.rings.secrets
    old = secrets.entries[0]
    new = SecretRing.generate(now=0.0).entries[0]
    retired = replace(old, state=type(old.state)("retired"))
    secrets.adopt(SecretRing([new, retired]))
    house.kit.rings._looked_at = house.clock.monotonic()
    second = await house.kit.rotate(pair.refresh_token)
    assert second.session.mac_key_id == secrets.active_id != pair.session.mac_key_id
    secrets.adopt(SecretRing([new, replace(old, state=type(old.state)("revoked"))]))
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(pair.refresh_token)
    assert (await house.kit.rotate(second.refresh_token)).session.counter == 2


async def test_strict_verification_asks_the_row() -> None:
    """A row that was ended behind the feed's back is seen by the strict mode alone."""
    store = MemorySessionStore()
    house = House(parts={"sessions": store, "clock": None})
    pair = await house.log_in()
    await asyncio.sleep(0)
    house.kit._assembly.revocations.trusted_from = float("-inf")
    await house.kit.verify(pair.access_token)
    await store.revoke(house.kit.realm, pair.session.sid, reason="by hand")
    with pytest.raises(InvalidTokenError):
        await house.kit.verify(pair.access_token, strict=True)


async def test_the_warm_path_answers_from_memory() -> None:
    """No store is asked for a token that was seen, and revoking it is seen at once."""
    house = House()
    pair = await house.log_in()
    assert house.kit.verify_fast(pair.access_token) is None
    await house.kit.verify(pair.access_token)
    assert house.kit.verify_fast(pair.access_token) is not None
    await house.kit.close(SessionProof(sid=pair.session.sid, subject=None))
    with pytest.raises(InvalidTokenError):
        house.kit.verify_fast(pair.access_token)
    await house.kit.stop()


@pytest.mark.parametrize("revocation", ["off", "feed", "strict"])
async def test_each_revocation_mode_verifies(revocation: str) -> None:
    """Off trusts the token until it expires; the other two see a logout."""
    house = House(revocation=revocation)
    pair = await house.log_in()
    assert await refused(house, pair.access_token) == ""
    await house.kit.close(await house.kit.prove_access(pair.access_token))
    dead = await refused(house, pair.access_token)
    assert bool(dead) is (revocation != "off")


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


def test_settings_with_secrets_do_not_print_them() -> None:
    """Ring texts are masked."""
    text = SecretRing.generate(now=FakeClock().now()).to_text()
    assert text not in repr(Settings(env="dev", refresh_secrets=SecretStr(text)))


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


@pytest.mark.attack(10)
async def test_a_stolen_token_speaks_for_the_person_only_while_its_session_lives() -> None:
    """Afterwards it ends the session it was of, once more, and nothing else."""
    house = House()
    stolen = await house.log_in()
    spent, _ = stolen.refresh_token, await house.kit.rotate(stolen.refresh_token)
    assert (await house.kit.prove_access(stolen.access_token)).subject is not None
    assert (await house.kit.prove_refresh(spent)).subject is None
    house.clock.step(3_600)
    assert (await house.kit.prove_access(stolen.access_token)).subject is not None
    await house.kit.close_all(stolen.session.subject)
    assert (await house.kit.prove_access(stolen.access_token)).subject is None
    assert (await house.kit.prove_refresh(spent)).subject is None


async def test_a_kit_that_only_verifies_needs_public_matters_alone() -> None:
    """No refresh secrets, no user store, no session rows: a worker elsewhere."""
    house = House()
    pair = await house.log_in()
    values = house.settings.model_dump() | {"refresh_secrets": None, "env": "prod"}
    worker = JWTKit(Settings(**values), clock=house.clock)
    await worker.start()
    assert (await worker.verify(pair.access_token)).subject == pair.session.subject
    assert worker.verify_fast(pair.access_token) is not None


async def test_a_token_of_another_realm_of_the_same_issuer_is_refused() -> None:
    """Even if keys, audience and stores are shared."""
    staff = House(realm="staff")
    values = staff.settings.model_dump()
    pair = await staff.log_in()
    for realm in ("customers", staff.settings.issuer):
        other = House(clock=staff.clock, **(values | {"realm": realm}))
        assert await refused(other, pair.access_token) == "wrong_realm"
        back = await other.log_in()
        assert await refused(staff, back.access_token) == "wrong_realm"
    assert await refused(staff, pair.access_token) == ""


async def test_a_right_password_that_asks_for_too_much_is_heard_of() -> None:
    """A guess that hits must leave a trace whatever else is wrong with the request."""
    house = House()
    await house.register()
    with pytest.raises(InvalidScopeError):
        await house.kit.login(credentials(), scopes=frozenset({"nope"}))
    assert [event.reason for event in house.heard.of(EventName.LOGIN_FAILED)] == [
        "scope_wider_than_granted"
    ]


async def test_no_access_token_outlives_its_session() -> None:
    """The last one before the absolute limit is short."""
    house = House(access_ttl=600, idle_ttl=3_000, absolute_ttl=3_000)
    pair = await house.log_in()
    house.clock.step(2_900)
    last = await house.kit.rotate(pair.refresh_token)
    assert last.expires_in <= 100
    claims = await house.kit.verify(last.access_token)
    assert claims.expires_at <= last.session.absolute_expiry


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
