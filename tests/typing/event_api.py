"""What type checkers must accept of events, sinks and erasure: as ``api.py``, never run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import assert_type

import pytest

from fastapi_jwtkit import JWTKit, Settings
from fastapi_jwtkit.event_sinks import LoggingSink, QueuedSink, WaitingSink
from fastapi_jwtkit.event_table import EVENTS, EventForm, Level
from fastapi_jwtkit.events import AuthEvent, EventName
from fastapi_jwtkit.json_lines import JSONLinesSink
from fastapi_jwtkit.opentelemetry_sink import OpenTelemetrySink
from fastapi_jwtkit.personal_data import ErasingSessionStore
from fastapi_jwtkit.protocols import EventSink, SessionStore
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.stores.memory import MemorySessionStore
from fastapi_jwtkit.stores.redis import RedisSessionStore
from fastapi_jwtkit.stores.sqlalchemy import SQLSessionStore
from fastapi_jwtkit.testing.contracts import ErasingSessionStoreContract
from fastapi_jwtkit.vitals import Vitals, Watched


class Own:
    lost = 0

    def emit(self, event: AuthEvent) -> None:
        assert_type(event.name, EventName)
        assert_type(event.detail, Mapping[str, str | int])

    def flush(self, seconds: float) -> bool:
        return seconds > 0


own: WaitingSink = Own()
sinks: list[EventSink] = [
    Own(),
    LoggingSink(),
    QueuedSink(Own(), limit=10),
    JSONLinesSink("audit.jsonl"),
    JSONLinesSink(Path("audit.jsonl"), limit=10),
    JSONLinesSink(sys.stdout),
]
waiting: list[WaitingSink] = [QueuedSink(Own()), JSONLinesSink(sys.stdout)]
measures = OpenTelemetrySink(user_ids=True)
kit = JWTKit(Settings(env="dev", store_ip=False, store_user_agent=False), events=[measures])
measures.watch(kit)
watched: Watched = kit


def erasing(memory: MemorySessionStore, redis: RedisSessionStore, sql: SQLSessionStore) -> None:
    stores: list[ErasingSessionStore] = [memory, redis, sql]
    print(stores)


def read_the_table() -> None:
    assert_type(EVENTS[EventName.LOGIN_FAILED], EventForm)
    assert_type(EVENTS[EventName.LOGIN_FAILED].level, Level | None)


async def use() -> None:
    assert_type(await kit.erase("1"), int)
    vitals = kit.vitals()
    assert_type(vitals, Vitals)
    assert_type(vitals.revocation_age, float | None)
    await kit.verify("raw", device=Device(ip="192.0.2.1"))


class TestErasing(ErasingSessionStoreContract):
    slack = 0.0

    @pytest.fixture
    def store(self) -> SessionStore:
        return MemorySessionStore()

    def step(self, by: float, /) -> None: ...
