"""Random histories of one session against a plain model, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from broken_session_stores import ForgetsWhenATokenWasSpent
from fastapi_jwtkit.stores.sqlalchemy import sql_stores
from rotation_machine import Rotation
from rotation_places import InMemory, OnRedis, OnSQL, RotationPlace


def run(make_place: Callable[[], RotationPlace], *, histories: int, **options: Any) -> None:
    """Run so many histories, each in a place of its own."""
    run_state_machine_as_test(
        lambda: Rotation(make_place()),
        settings=settings(
            max_examples=histories,
            stateful_step_count=40,
            deadline=None,
            print_blob=True,
            **options,
        ),
    )


def test_histories_in_memory() -> None:
    """By a clock that stands still: every moment is hit exactly."""
    run(InMemory, histories=70)


def test_histories_in_sql(empty_url: str) -> None:
    """On SQLite and PostgreSQL, by their own clocks."""
    asyncio.run(sql_stores(empty_url).create_tables())
    run(lambda: OnSQL(empty_url), histories=6)


def test_histories_on_valkey(valkey_url: str) -> None:
    """By the clock of the server."""
    run(lambda: OnRedis(valkey_url), histories=12)


def test_histories_on_a_cluster(valkey_cluster_url: str) -> None:
    """Where each row may be on another node."""
    run(lambda: OnRedis(valkey_cluster_url), histories=6)


def test_a_store_that_breaks_a_promise_is_found_out() -> None:
    """The histories are such that it matters."""
    with pytest.raises(AssertionError, match="logged out by a race"):
        run(
            lambda: InMemory(ForgetsWhenATokenWasSpent),
            histories=100,
            phases=[Phase.generate],
            database=None,
            derandomize=True,
        )
