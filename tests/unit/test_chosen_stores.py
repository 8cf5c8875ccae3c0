"""Which stores a kit stands on, and what contradicts itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from clocks import FakeClock
from fastapi_jwtkit.chosen_stores import BroughtStores, ChosenStores, choose_stores
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.memory import (
    MemoryOneTimeStore,
    MemoryRevocationStore,
    MemorySessionStore,
)
from fastapi_jwtkit.stores.sqlalchemy import SQLSessionStore, sql_stores


def chosen(url: str | None = None, **brought: Any) -> ChosenStores:
    """Choose stores as a kit does."""
    settings = Settings(env="dev", store_url=None if url is None else SecretStr(url))
    return choose_stores(settings, BroughtStores(**brought), clock=FakeClock())


def url_of(folder: Path) -> str:
    """Return a database in a file."""
    return f"sqlite+aiosqlite:///{folder / 'store.db'}"


def test_without_a_word_everything_lives_in_memory() -> None:
    """The first steps need no server."""
    stores = chosen()
    assert isinstance(stores.sessions, MemorySessionStore)
    assert isinstance(stores.revocations, MemoryRevocationStore)
    assert isinstance(stores.one_time, MemoryOneTimeStore)
    assert (stores.together, stores.brought) == (None, False)


def test_one_setting_moves_all_stores(tmp_path: Path) -> None:
    """Sessions, the feed and one-time ids live on one server, closed as one."""
    stores = chosen(url_of(tmp_path))
    assert stores.together is not None
    assert isinstance(stores.sessions, SQLSessionStore)
    assert stores.revocations is stores.together.revocations
    assert stores.one_time is stores.together.one_time
    assert stores.brought


def test_what_is_handed_in_wins_over_the_environment(tmp_path: Path) -> None:
    """As with every setting."""
    mine = sql_stores(url_of(tmp_path))
    assert chosen(url_of(tmp_path), stores=mine).together is mine


def test_a_one_time_store_of_your_own_may_stand_beside_the_others(tmp_path: Path) -> None:
    """Nothing else depends on where it is."""
    mine = MemoryOneTimeStore()
    assert chosen(url_of(tmp_path), one_time=mine).one_time is mine


def test_two_answers_to_where_sessions_live_are_refused(tmp_path: Path) -> None:
    """Only one of them could hold."""
    stores = sql_stores(url_of(tmp_path))
    with pytest.raises(ConfigurationError, match=r"stores= was given together with"):
        chosen(stores=stores, sessions=MemorySessionStore())
    with pytest.raises(ConfigurationError, match=r"JWTKIT_STORE_URL was given together with"):
        chosen(url_of(tmp_path), revocations=MemoryRevocationStore())


def test_shared_sessions_without_a_shared_feed_are_refused(tmp_path: Path) -> None:
    """A logout at one worker would stay unknown to the others."""
    with pytest.raises(ConfigurationError, match=r"revocations= was not"):
        chosen(sessions=sql_stores(url_of(tmp_path)).sessions)


@pytest.mark.parametrize("url", ["mysql://root:hunter2@db/x", "hunter2", "redis:/hunter2"])
def test_a_url_of_something_else_is_refused_without_being_shown(url: str) -> None:
    """There may be a password in it."""
    with pytest.raises(ConfigurationError, match=r"redis\+cluster") as refused:
        chosen(url)
    assert "hunter2" not in str(refused.value)


def test_the_url_is_never_shown_with_the_settings() -> None:
    """Settings are printed into logs now and then."""
    settings = Settings(env="dev", store_url=SecretStr("redis://:hunter2@h"))
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://user:p@s:hunter2@host/db",
        "sqlite+aiosqlite:///file::memory:?uri=true",
        "redis://app:1234?hunter2@host",
        "rediss://host/0?ssl_cert_reqs=hunter2",
    ],
)
def test_a_url_that_cannot_work_is_refused_at_once_and_tells_nothing(url: str) -> None:
    """Not as an outage later, and not with half of a password in the text."""
    with pytest.raises(ConfigurationError) as refused:
        chosen(url)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
