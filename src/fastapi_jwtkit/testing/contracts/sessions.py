"""What every session store must do, whatever it stands on."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import pytest

from fastapi_jwtkit.protocols import SessionStore
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.testing.contracts.rotation import RotationContract
from fastapi_jwtkit.testing.contracts.session_data import (
    OTHER_REALM,
    REALM,
    advance,
    new_session,
)

__all__ = ["SessionStoreContract"]

_SET_BY_THE_STORE = {"idle_ttl", "absolute_ttl", "device"}


class SessionStoreContract(RotationContract):
    """The promises of the port ``SessionStore``.

    A subclass gives a fixture ``store``, which returns an empty one, and ``step(seconds)``,
    which moves the store's own clock.
    """

    @pytest.mark.asyncio
    async def test_what_was_added_is_found_with_the_times_of_the_store(
        self, store: SessionStore
    ) -> None:
        """Lives count from the store's own clock, and long texts are cut."""
        added = await store.add(new_session())
        found = await store.find(REALM, "s1")
        assert found is not None
        assert found.session == added
        assert self.is_at(found.now, added.created_at)
        assert added.last_seen_at == added.created_at
        assert added.idle_expiry == pytest.approx(added.created_at + 100, abs=0.001)
        assert added.absolute_expiry == pytest.approx(added.created_at + 1_000, abs=0.001)
        assert len(added.device.user_agent or "") == 256
        assert len(added.device.name or "") == 64

    @pytest.mark.asyncio
    async def test_everything_that_was_given_comes_back(self, store: SessionStore) -> None:
        """Bytes as bytes, and texts that are not ASCII."""
        new = new_session(
            subject="Zoë \u2603 'x' \"y\" \\ {z}",
            client_id="c 1",
            scope=frozenset({"a:b", "c", "\u00e9"}),
            audience=("https://b.example", "a", "b c"),
            amr=("pwd", "otp"),
            auth_time=1_799_999_999,
            device=Device(ip="2001:db8::1", user_agent="\u2603/1.0", name=None),
        )
        await store.add(new)
        row = asdict(await self.row(store))
        given = {
            name: value for name, value in asdict(new).items() if name not in _SET_BY_THE_STORE
        }
        assert {name: row[name] for name in given} == given
        assert row["device"] == asdict(new.device)
        fresh = ("epoch", "counter", "attempt", "spent", "replays", "replay_streak", "revoked_at")
        assert [row[name] for name in fresh] == [0, 0, None, (), 0, 0, None]

    @pytest.mark.asyncio
    async def test_a_grant_of_nothing_is_no_grant_of_everything(self, store: SessionStore) -> None:
        """No scope at all and no limit of scopes are two things."""
        await store.add(new_session("s1", scope=frozenset()))
        await store.add(new_session("s2", scope=None))
        assert (await self.row(store, "s1")).scope == frozenset()
        assert (await self.row(store, "s2")).scope is None
        for sid in ("s1", "s2"):
            await store.advance(REALM, sid, advance(0))
        assert (await self.row(store, "s1")).scope == frozenset()
        assert (await self.row(store, "s2")).scope is None

    @pytest.mark.asyncio
    async def test_what_a_client_says_of_itself_never_fails_a_login(
        self, store: SessionStore
    ) -> None:
        """No place stores every character that a header can hold."""
        device = Device(ip="::1", user_agent="a\0b\ud800", name="\0")
        added = await store.add(new_session(device=device))
        assert await self.row(store) == added
        assert added.device.ip == "::1"

    @pytest.mark.asyncio
    async def test_an_idle_limit_beyond_the_absolute_one_is_cut(self, store: SessionStore) -> None:
        """From the first minute on."""
        added = await store.add(new_session(idle_ttl=5_000, absolute_ttl=1_000))
        assert added.idle_expiry == added.absolute_expiry

    @pytest.mark.asyncio
    async def test_a_session_of_another_realm_is_not_found(self, store: SessionStore) -> None:
        """Realms share a store and not a row."""
        added = await store.add(new_session())
        assert await store.find(OTHER_REALM, "s1") is None
        assert await store.advance(OTHER_REALM, "s1", advance(0)) is None
        assert await store.count_replay(OTHER_REALM, "s1", counter=0) is None
        assert not await store.revoke(OTHER_REALM, "s1", reason="logout")
        assert await store.bump_epoch(OTHER_REALM, "s1") is None
        assert await store.list(OTHER_REALM, "u1") == []
        assert await self.row(store) == added

    @pytest.mark.asyncio
    async def test_realm_and_subject_are_kept_apart_whatever_is_in_them(
        self, store: SessionStore
    ) -> None:
        """Two pairs that read alike when they are written together are two pairs."""
        for number, mark in enumerate(":/|.{}"):
            one, two = f"one{number}", f"two{number}"
            await store.add(new_session(one, f"b{mark}c", realm="a"))
            await store.add(new_session(two, "c", realm=f"a{mark}b"))
            assert [row.sid for row in await store.list("a", f"b{mark}c")] == [one]
            assert [row.sid for row in await store.list(f"a{mark}b", "c")] == [two]
            assert await store.find("a", two) is None

    @pytest.mark.asyncio
    async def test_a_revoked_session_stays_revoked(self, store: SessionStore) -> None:
        """Revoked is terminal and the first reason stays."""
        added = await store.add(new_session())
        assert await store.advance(REALM, "s1", advance(0, "won"))
        assert await store.revoke(REALM, "s1", reason="logout")
        first = await self.row(store)
        self.step(40)
        assert await store.revoke(REALM, "s1", reason="later")
        assert await self.row(store) == first
        assert self.is_at(first.revoked_at, added.created_at)
        assert first.revoked_reason == "logout"
        assert await store.advance(REALM, "s1", advance(1)) is None
        assert await store.advance(REALM, "s1", advance(0, "won")) is None
        assert await store.count_replay(REALM, "s1", counter=1) is None
        assert await store.bump_epoch(REALM, "s1") is None

    @pytest.mark.asyncio
    async def test_no_rotation_outruns_a_revocation(self, store: SessionStore) -> None:
        """Whatever raced with it, once it is answered nothing more is won."""
        for number in range(5):
            sid = f"s{number}"
            await store.add(new_session(sid))
            tries = [store.advance(REALM, sid, advance(0, f"a{n}")) for n in range(25)]
            won, _ = await asyncio.gather(
                asyncio.gather(*tries), store.revoke(REALM, sid, reason="logout")
            )
            row = await self.row(store, sid)
            assert row.revoked_reason == "logout"
            assert row.counter == sum(answer is not None for answer in won) <= 1
            assert await store.advance(REALM, sid, advance(row.counter, "late")) is None

    @pytest.mark.asyncio
    async def test_of_fifty_revocations_one_reason_stays(self, store: SessionStore) -> None:
        """Each is told that the session is there, and the end is one end."""
        await store.add(new_session())
        answers = await asyncio.gather(
            *(store.revoke(REALM, "s1", reason=f"r{n}") for n in range(50))
        )
        assert answers == [True] * 50
        row = await self.row(store)
        assert row.revoked_reason in {f"r{n}" for n in range(50)}
        await store.revoke(REALM, "s1", reason="later")
        assert await self.row(store) == row

    @pytest.mark.asyncio
    async def test_fifty_bumps_give_fifty_epochs(self, store: SessionStore) -> None:
        """No version of the claims is given twice."""
        await store.add(new_session())
        epochs = await asyncio.gather(*(store.bump_epoch(REALM, "s1") for _ in range(50)))
        assert sorted(epoch or 0 for epoch in epochs) == list(range(1, 51))
        assert (await self.row(store)).epoch == 50

    @pytest.mark.asyncio
    async def test_no_verb_makes_a_row(self, store: SessionStore) -> None:
        """A session that was forgotten does not come back as half a row."""
        assert await store.advance(REALM, "s1", advance(0)) is None
        assert await store.count_replay(REALM, "s1", counter=0) is None
        assert not await store.revoke(REALM, "s1", reason="logout")
        assert await store.bump_epoch(REALM, "s1") is None
        assert await store.find(REALM, "s1") is None
        assert await store.list(REALM, "u1") == []

    @pytest.mark.asyncio
    async def test_a_subject_lists_live_sessions_oldest_first(self, store: SessionStore) -> None:
        """Revoked ones and other people's are not in it; a rotation moves none."""
        for sid in ("s3", "s1", "s2"):
            await store.add(new_session(sid))
            self.step(1)
        await store.add(new_session("s4", "u2"))
        await store.revoke(REALM, "s1", reason="logout")
        await store.advance(REALM, "s3", advance(0))
        listed = await store.list(REALM, "u1")
        assert [row.sid for row in listed] == ["s3", "s2"]
        assert list(listed) == [await self.row(store, sid) for sid in ("s3", "s2")]

    @pytest.mark.asyncio
    async def test_fifty_logins_at_once_are_all_listed(self, store: SessionStore) -> None:
        """What is not in the list would survive a logout from everywhere."""
        await asyncio.gather(*(store.add(new_session(f"s{n}")) for n in range(50)))
        assert {row.sid for row in await store.list(REALM, "u1")} == {f"s{n}" for n in range(50)}
