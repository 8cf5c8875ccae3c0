"""Metrics and spans by the SDK of OpenTelemetry: few labels, and nobody's name in them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fastapi_jwtkit.errors import InvalidCredentialsError, InvalidGrantError, MissingExtraError
from fastapi_jwtkit.event_table import EVENTS
from fastapi_jwtkit.events import AuthEvent, EventName
from fastapi_jwtkit.opentelemetry_sink import METRIC_REASONS, OpenTelemetrySink
from fastapi_jwtkit.records import Device
from kits import House, credentials

PACKAGE = Path(__file__).parents[2] / "src" / "fastapi_jwtkit"
LABELS = {"jwtkit.realm", "jwtkit.event", "jwtkit.outcome", "jwtkit.reason"}


class Meter:
    """An SDK whose metrics a test can read."""

    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider([self.reader])

    def points(self, name: str) -> list[Any]:
        """Return the points of a metric now."""
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def counted(self) -> dict[tuple[str, str, str], int]:
        """Return how often each event was counted, by name, outcome and reason."""
        labels = ("jwtkit.event", "jwtkit.outcome", "jwtkit.reason")
        points = self.points("jwtkit.events")
        return {tuple(point.attributes[label] for label in labels): point.value for point in points}


@pytest.fixture
def meter() -> Iterator[Meter]:
    """Return an SDK that is shut down after."""
    meter = Meter()
    yield meter
    meter.provider.shutdown()


async def test_what_happens_is_counted_by_name_outcome_and_reason(meter: Meter) -> None:
    """Logins, refreshes, replays, reuse."""
    house = House(parts={"events": (OpenTelemetrySink(meter_provider=meter.provider),)})
    first = await house.log_in()
    with pytest.raises(InvalidCredentialsError):
        await house.kit.login(credentials(password="a rather wrong one"))
    second = await house.kit.rotate(first.refresh_token)
    await house.kit.rotate(first.refresh_token)
    house.clock.step(60)
    await house.kit.rotate(second.refresh_token)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(first.refresh_token)
    counted = meter.counted()
    assert counted["authn_login_success", "success", ""] == 1
    assert counted["authn_login_fail", "failure", "wrong_password"] == 1
    assert counted["authn_refresh_success", "success", ""] == 2
    assert counted["authn_refresh_replay", "success", ""] == 1
    assert counted["authn_token_reuse", "failure", "refresh_token_reused"] == 1
    assert counted["session_expired", "success", "refresh_token_reused"] == 1
    await house.kit.stop()


def test_labels_are_few_and_say_nothing_of_a_person(meter: Meter) -> None:
    """Not their id, not their address, and no reason that the set does not hold."""
    sink = OpenTelemetrySink(meter_provider=meter.provider, user_ids=True)
    for number in range(100):
        sink.emit(
            AuthEvent(
                name=EventName.MAIL_FAILED,
                time=0.0,
                realm="r",
                outcome=False,
                reason=f"Made{number}UpError",
                subject=f"u{number}",
                session_id=f"s{number}",
                ip=f"192.0.2.{number}",
                user_agent=f"agent {number}",
                detail={"x": number},
            )
        )
    (point,) = meter.points("jwtkit.events")
    assert point.value == 100
    assert set(point.attributes) == LABELS
    assert point.attributes["jwtkit.reason"] == "other"


def test_the_reasons_that_are_labels_are_reasons_of_the_package() -> None:
    """One that was renamed would count as ``other`` from then on."""
    said = {
        node.value
        for path in PACKAGE.rglob("*.py")
        if path.name != "opentelemetry_sink.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert METRIC_REASONS - said == set()
    assert len(METRIC_REASONS) * len(EVENTS) < 10_000


async def test_the_vitals_of_kits_are_gauges_and_counters(meter: Meter) -> None:
    """Read when metrics are collected, of each kit under its realm."""
    sink = OpenTelemetrySink(meter_provider=meter.provider)
    houses = [House(), House(parts={"events": (Failing(),)})]
    for house in houses:
        sink.watch(house.kit)
    assert meter.points("jwtkit.revocation.age") == []  # nothing was read yet
    for house in houses:
        pair = await house.log_in()
        await house.kit.verify(pair.access_token)
        house.clock.step(1.5)
        await house.kit.close_all(pair.session.subject)
    realms = [house.kit.realm for house in houses]

    def values(name: str) -> list[float]:
        by_realm = {point.attributes["jwtkit.realm"]: point.value for point in meter.points(name)}
        return [by_realm[realm] for realm in realms]

    # A follower may have read since the clock was stepped.
    assert all(0 <= age <= 1.5 for age in values("jwtkit.revocation.age"))
    assert values("jwtkit.revocation.entries") == [1, 1]
    assert values("jwtkit.sink.failures")[0] == 0
    assert values("jwtkit.sink.failures")[1] > 0
    assert values("jwtkit.password.hashes") == [2, 2]
    assert min(values("jwtkit.password.hashing.time")) > 0
    for name in ("revocation.put_back", "sink.lost", "sink.slow_calls", "mail.failures"):
        assert values(f"jwtkit.{name}") == [0, 0]
    for house in houses:
        await house.kit.stop()


class Failing:
    """A sink that fails."""

    def emit(self, _: AuthEvent, /) -> None:
        """Fail."""
        raise ConnectionError


@pytest.mark.parametrize("user_ids", [False, True])
async def test_events_are_attributes_of_the_current_span(meter: Meter, user_ids: bool) -> None:
    """With the id of the user only where that was asked for, and nothing else of them."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    sink = OpenTelemetrySink(meter_provider=meter.provider, user_ids=user_ids)
    house = House(parts={"events": (sink,)})
    user = await house.register()
    device = Device(ip="192.0.2.7", user_agent="a telling agent")
    with provider.get_tracer("test").start_as_current_span("request"):
        pair = await house.kit.login(credentials(), device=device)
        with pytest.raises(InvalidCredentialsError):
            await house.kit.login(credentials(password="a rather wrong one"), device=device)
    (span,) = exporter.get_finished_spans()
    said = dict(span.attributes or {})
    assert said["jwtkit.event.authn_login_success"] == "success"
    assert said["jwtkit.event.authn_login_fail"] == "wrong_password"
    assert said.get("user.id") == (user.id if user_ids else None)
    text = str(said)
    for secret in (pair.access_token, pair.refresh_token, pair.session.sid, "192.0.2", "telling"):
        assert secret not in text
    assert (user.id in text) is user_ids
    provider.shutdown()
    await house.kit.stop()


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the rest of the kit does not need it."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "fastapi_jwtkit.opentelemetry_sink")
    with pytest.raises(MissingExtraError, match=r"fastapi-jwtkit\[opentelemetry\]"):
        __import__("fastapi_jwtkit.opentelemetry_sink")
