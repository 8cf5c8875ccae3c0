"""Users in memory."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit.credentials import canonical_login
from fastapi_jwtkit.errors import LoginTakenError
from fastapi_jwtkit.protocols import RegisteringUserStore
from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from password_doubles import add_user


async def test_a_user_is_found_by_login_and_by_id() -> None:
    """What was added comes back whole, and the hash stays out of its repr."""
    store = MemoryUserStore()
    new = NewUser(login="alice", password_hash="h4sh", email="a@x", scopes=frozenset({"a"}))
    user = await store.add(new)
    assert await store.find_by_login("alice") == await store.find_by_id(user.id) == user
    assert (user.login, user.email, user.scopes) == ("alice", "a@x", {"a"})
    assert "h4sh" not in repr(user)
    assert await store.find_by_login("bob") is None
    assert await store.find_by_id("bob") is None
    assert isinstance(store, RegisteringUserStore)


async def test_an_id_is_never_given_twice_in_this_process_or_the_next() -> None:
    """Neither a removed user nor a restart brings an old subject back."""
    store, restarted = MemoryUserStore(), MemoryUserStore()
    ids: set[str] = set()
    for _ in range(50):
        for each in (store, restarted):
            user = await add_user(each, "alice", "h")
            ids.add(user.id)
            assert await each.remove(user.id)
            assert await each.find_by_id(user.id) is None
            assert await each.find_by_login("alice") is None
            assert not await each.remove(user.id)
    assert len(ids) == 100


@pytest.mark.attack(17)
async def test_a_login_belongs_to_one_user_and_only_in_its_canonical_spelling() -> None:
    """A spelling that no login would be looked up under is a mistake of the caller."""
    store = MemoryUserStore()
    await add_user(store, "alice", "h")
    with pytest.raises(LoginTakenError):
        await add_user(store, "alice", "other")
    for spelling in ("Alice", " alice", "", "x" * 255):
        with pytest.raises(ValueError, match="canonical"):
            await add_user(store, spelling, "h")


@given(st.text(max_size=300))
def test_the_canonical_spelling_of_a_login_is_its_own(login: str) -> None:
    """Else a user could be stored under a login that nobody can look up."""
    canonical = canonical_login(login)
    if canonical is not None:
        assert canonical_login(canonical) == canonical


async def test_a_hash_is_replaced_only_where_the_expected_one_stands() -> None:
    """Of two writers that expect the same hash, one wins."""
    store = MemoryUserStore()
    user = await add_user(store, "alice", "old")
    assert await store.set_password_hash(user.id, "new", expected="old")
    assert not await store.set_password_hash(user.id, "newer", expected="old")
    assert not await store.set_password_hash(user.id, "newer", expected=None)
    assert not await store.set_password_hash("nobody", "newer", expected="old")
    found = await store.find_by_id(user.id)
    assert found is not None
    assert found.password_hash == "new"


async def test_rights_and_activity_can_be_changed_one_by_one() -> None:
    """What is not given stays."""
    store = MemoryUserStore()
    user = await add_user(store, "alice", "h")
    await store.change(user.id, scopes=["a", "b"], roles=["admin"])
    await store.change(user.id, permissions=["p"], is_active=False)
    changed = await store.change(user.id)
    assert changed == await store.find_by_login("alice")
    assert changed is not None
    assert (changed.scopes, changed.roles) == ({"a", "b"}, {"admin"})
    assert (changed.permissions, changed.is_active) == ({"p"}, False)
    assert changed.password_hash == "h"
    assert await store.change("nobody", is_active=True) is None


def test_threads_that_add_the_same_login_make_one_user() -> None:
    """The store may serve the event loops of several threads."""
    store = MemoryUserStore()
    won: list[str] = []
    start = threading.Barrier(8)

    def add() -> None:
        start.wait()
        for number in range(200):
            coroutine = add_user(store, f"user{number}", "h")
            try:
                coroutine.send(None)
            except StopIteration as stop:
                won.append(stop.value.login)
            except LoginTakenError:
                continue

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted({f"user{number}" for number in range(200)})
