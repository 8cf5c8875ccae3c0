"""Opening, verifying and ending sessions by the kit's verbs, without web."""

from __future__ import annotations

import asyncio

import pytest

from fastapi_jwtkit.errors import (
    InvalidCredentialsError,
    InvalidGrantError,
    InvalidScopeError,
    InvalidTokenError,
    SessionNotFoundError,
)
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.records import Device, SessionProof
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.memory import MemorySessionStore
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore
from kits import House, credentials, refused


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


async def test_strict_verification_asks_the_row() -> None:
    """A row that was ended behind the feed's back is seen by the strict mode alone."""
    store = MemorySessionStore()
    house = House(parts={"sessions": store, "clock": None})
    pair = await house.log_in()
    await asyncio.sleep(0)
    house.kit._assembly.revocations.known.trust_from(float("-inf"))
    await house.kit.verify(pair.access_token)
    await store.revoke(house.kit.realm, pair.session.sid, reason="by hand")
    with pytest.raises(InvalidTokenError):
        await house.kit.verify(pair.access_token, strict=True)


async def test_the_warm_path_answers_from_memory() -> None:
    """No store is asked for a token that was seen, and revoking it is seen at once."""
    house = House()
    pair = await house.log_in()
    assert house.kit.verify_fast(pair.access_token.encode()) is None
    await house.kit.verify(pair.access_token)
    assert house.kit.verify_fast(pair.access_token.encode()) is not None
    await house.kit.close(SessionProof(sid=pair.session.sid, subject=None))
    assert house.kit.verify_fast(pair.access_token.encode()) is None
    assert await refused(house, pair.access_token) == "session_revoked"
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
    assert worker.verify_fast(pair.access_token.encode()) is not None


async def test_only_the_very_token_that_was_verified_is_warm() -> None:
    """Whatever else is left to the full look, not guessed at."""
    house = House()
    token = (await house.log_in()).access_token
    claims = await house.kit.verify(token)
    assert house.kit.verify_fast(token.encode()) is claims
    signing_input, _, signature = token.rpartition(".")
    others = (f"{token} ", f" {token}", token[:-1], f"{token}é", f"{signing_input}.", signature, "")
    for other in others:
        assert house.kit.verify_fast(other.encode("latin-1")) is None


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
