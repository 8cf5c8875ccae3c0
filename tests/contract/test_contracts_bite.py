"""A store that breaks a promise fails its contract."""

from __future__ import annotations

from typing import Any

import pytest

import broken_stores as broken
from broken_account_stores import ACCOUNT_STORES
from broken_counter_stores import COUNTER_STORES
from broken_session_stores import SESSION_STORES
from clocks import FakeClock
from contract.places import Standing
from fastapi_jwtkit.stores.memory import (
    MemoryCounterStore,
    MemoryOneTimeStore,
    MemoryRevocationStore,
    MemorySessionStore,
)
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.testing.contracts import (
    CounterStoreContract,
    DisablingUserStoreContract,
    EmailUserStoreContract,
    ErasingSessionStoreContract,
    OneTimeStoreContract,
    RemovingUserStoreContract,
    RevocationStoreContract,
    following,
)


class OfSessions(Standing, ErasingSessionStoreContract):
    """The contract, called by hand."""


class OfRevocations(Standing, RevocationStoreContract):
    """The contract, called by hand."""


class OfOneTimeIds(Standing, OneTimeStoreContract):
    """The contract, called by hand."""


class OfCounters(Standing, CounterStoreContract):
    """The contract, called by hand."""


class OfUsers(EmailUserStoreContract, DisablingUserStoreContract, RemovingUserStoreContract):
    """The contracts of users, called by hand."""


def names_of(contract: type) -> list[str]:
    """Return the names of a contract's tests."""
    return [name for name in dir(contract) if name.startswith("test_")]


async def run(contract: type, name: str, store: type) -> None:
    """Run one test of a contract on a new store, for each of its parameters."""
    test: Any = getattr(contract, name)
    marks = {mark.name: mark for mark in test.pytestmark}
    positions = marks["parametrize"].args[1] if "parametrize" in marks else [None]
    for position in positions:
        each = contract()
        keywords: dict[str, Any] = {} if position is None else {"position": position}
        if isinstance(each, Standing):
            each._clock = FakeClock()
            await test(each, store(clock=each._clock), **keywords)
        else:
            await test(each, store(), **keywords)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait long for what a broken store never says."""
    monkeypatch.setattr(following, "_PATIENCE_SECONDS", 1.0)


@pytest.mark.parametrize(
    ("contract", "store", "test"),
    [
        *((OfSessions, *each) for each in SESSION_STORES.items()),
        *((OfRevocations, *each) for each in broken.REVOCATION_STORES.items()),
        *((OfOneTimeIds, *each) for each in broken.ONE_TIME_STORES.items()),
        *((OfCounters, *each) for each in COUNTER_STORES.items()),
        *((OfUsers, *each) for each in broken.USER_STORES.items()),
        *((OfUsers, *each) for each in ACCOUNT_STORES.items()),
    ],
)
async def test_a_store_that_breaks_a_promise_fails(contract: type, store: type, test: str) -> None:
    """In the test of that promise, and not by an error of another kind."""
    with pytest.raises(AssertionError):
        await run(contract, test, store)


@pytest.mark.parametrize(
    ("contract", "store"),
    [
        (OfSessions, MemorySessionStore),
        (OfRevocations, MemoryRevocationStore),
        (OfOneTimeIds, MemoryOneTimeStore),
        (OfCounters, MemoryCounterStore),
        (OfUsers, MemoryUserStore),
    ],
)
async def test_a_store_that_keeps_them_passes(contract: type, store: type) -> None:
    """Called in the same way, so that the failures above are those of the stores."""
    for name in names_of(contract):
        await run(contract, name, store)


@pytest.mark.parametrize("contract", [OfSessions, OfRevocations, OfOneTimeIds, OfCounters, OfUsers])
def test_every_test_of_a_contract_runs_in_every_mode(contract: type) -> None:
    """Marked each for itself, because in the mode ``strict`` others would not be run."""
    for name in names_of(contract):
        marks = {mark.name for mark in getattr(contract, name).pytestmark}
        assert "asyncio" in marks, name
        assert not marks & {"skip", "skipif", "xfail"}, name
