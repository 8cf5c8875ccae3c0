"""The pages on the audit log, on metrics and on a leaked token: what they show works."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import CollectorRegistry, Metric

import doc_examples as examples
from fastapi_jwtkit.event_table import EVENTS
from fastapi_jwtkit.events import AuthEvent, EventName
from fastapi_jwtkit.json_lines import line_of
from fastapi_jwtkit.opentelemetry_sink import METRIC_REASONS, OpenTelemetrySink
from kits import PASSWORD, House, credentials, refused
from mailed import PUBLIC_URL, Postbox

DOCS = examples.ROOT / "docs"
DASHBOARD = json.loads((DOCS / "assets" / "grafana-dashboard.json").read_text("utf-8"))
PERSON = {"username": "ann", "password": PASSWORD}


pytestmark = pytest.mark.usefixtures("development")


def page(name: str) -> str:
    """Return the text of a page."""
    return (DOCS / f"{name}.md").read_text("utf-8")


def test_the_example_writes_an_audit_log(tmp_path: Path) -> None:
    """With the lifespan of the application, which writes the last line as well."""
    with TestClient(examples.load("how_to/audit_log").app) as client:
        client.post("/auth/register", json=PERSON)
        client.post("/auth/login", json=PERSON)
    lines = (tmp_path / "audit.jsonl").read_text("ascii").splitlines()
    names = [json.loads(line)["event"] for line in lines]
    assert names[-1] == "authn_login_success"
    assert "user_created" in names


def test_the_example_of_a_slow_sink_gets_every_event() -> None:
    """By the end of the application at the latest."""
    module = examples.load("how_to/queued_sink")
    with TestClient(module.app) as client:
        client.post("/auth/register", json=PERSON)
        client.post("/auth/login", json=PERSON)
    names = [event.name for event in module.collector.posted]
    assert names[-1] == EventName.LOGIN_SUCCEEDED


def test_the_line_that_the_page_shows_is_one_that_is_written() -> None:
    """Key by key."""
    shown = re.search(r"```json\n(.+)\n```", page("how-to/audit-log"))
    assert shown is not None
    event = AuthEvent(
        name=EventName.LOGIN_FAILED,
        time=1_800_000_000.25,
        realm="https://auth.example",
        outcome=False,
        reason="wrong_password",
        ip="192.0.2.1",
        user_agent="phone/1.0",
        detail={"amr": "pwd"},
    )
    assert shown[1] == line_of(event)


async def test_the_example_erases_a_person() -> None:
    """Twice is fine."""
    module = examples.load("how_to/audit_log")
    user = await module.auth.kit.register(credentials())
    await module.auth.kit.login(credentials())
    await module.forget(user.id)
    assert await module.auth.kit.list_sessions(user.id) == []
    assert await module.auth.kit.find_user(user.id) is None
    await module.auth.kit.stop()


async def test_the_example_ends_the_session_of_either_token() -> None:
    """Also of one that was used or ran out."""
    module = examples.load("how_to/a_token_leaked")
    house = House()
    for token in ("access_token", "refresh_token"):
        pair = await house.log_in()
        assert await module.end_the_session(house.kit, getattr(pair, token)) == pair.session.subject
        assert await refused(house, pair.access_token) == "session_revoked"
    old = await house.log_in()
    newer = await house.kit.rotate(old.refresh_token)
    house.clock.step(3_000)
    await module.end_the_session(house.kit, old.refresh_token)
    assert (await house.kit.list_sessions(newer.session.subject)) == []
    await house.kit.stop()


async def test_the_example_shuts_a_user_out_and_lets_them_in_again() -> None:
    """With mail for a new password."""
    module = examples.load("how_to/a_token_leaked")
    post = Postbox()
    house = House(parts={"mailer": post}, public_url=PUBLIC_URL)
    user = await house.kit.register(credentials(), email="ann@example.com")
    pair = await house.log_in()
    await module.shut_out(house.kit, user.id)
    assert await refused(house, pair.access_token) == "session_revoked"
    await module.let_in_again(house.kit, user.id, "ann@example.com")
    assert [mail.to for mail in await post.taken(house.kit)] == ["ann@example.com"]
    await house.log_in()
    assert await module.end_all_sessions(house.kit, user.id) == 1
    await house.kit.stop()


@pytest.mark.parametrize("name", ["how-to/audit-log", "how-to/metrics", "how-to/a-token-leaked"])
def test_every_event_that_a_page_names_exists(name: str) -> None:
    """In code letters or in a query."""
    named = set(re.findall(r"\b(?:authn|authz|session|user|crypt)_\w+\b", page(name)))
    known = {event.value for event in EventName} | METRIC_REASONS | {"user_ids", "user_agent"}
    assert named - known == set()


def reader_into(
    registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> PrometheusMetricReader:
    """Return a reader that fills a registry of its own; the first releases know one for all."""
    if "registry" in inspect.signature(PrometheusMetricReader).parameters:
        return PrometheusMetricReader(registry=registry)
    monkeypatch.setattr("opentelemetry.exporter.prometheus.REGISTRY", registry)
    return PrometheusMetricReader()


@pytest.fixture
async def exported(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Return the names that Prometheus gives to the metrics, each with its labels."""
    registry = CollectorRegistry()
    provider = MeterProvider([reader_into(registry, monkeypatch)])
    sink = OpenTelemetrySink(meter_provider=provider)
    house = House(parts={"events": (sink,)})
    sink.watch(house.kit)
    pair = await house.log_in()
    await house.kit.verify(pair.access_token)
    metrics: list[Metric] = list(registry.collect())
    found = {sample.name: set(sample.labels) for metric in metrics for sample in metric.samples}
    provider.shutdown()
    await house.kit.stop()
    return found


def queries() -> Iterator[str]:
    """Return every query of the dashboard, and those of the page."""
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (variable["query"]["query"] for variable in DASHBOARD["templating"]["list"][1:])
    yield from re.findall(r"^\| `((?:increase|max)\(.+?)` \|", page("how-to/metrics"), re.MULTILINE)


async def test_the_dashboard_asks_for_what_is_exported(exported: dict[str, set[str]]) -> None:
    """By the exporter's own names, with labels that they have and events that exist."""
    asked: set[str] = set()
    for query in queries():
        names = {name for name in re.findall(r"jwtkit_\w+", query) if name in exported}
        assert names, query
        labels = set().union(*(exported[name] for name in names))
        other = set(re.findall(r"jwtkit_\w+", query)) - names
        assert other <= labels, query
        for value in re.findall(r'jwtkit_event=~?"([^"]+)"', query):
            for pattern in value.split("|"):
                assert any(re.fullmatch(pattern, event.value) for event in EVENTS), query
        asked |= names
    ours = {
        name for name in exported if name.startswith("jwtkit_") and not name.endswith("_created")
    }
    assert asked == ours
    assert len(ours) == 10


async def test_the_page_lists_every_metric(exported: dict[str, set[str]]) -> None:
    """By the names of OpenTelemetry."""
    listed = set(re.findall(r"^\| `(jwtkit\.[\w.]+)` \|", page("how-to/metrics"), re.MULTILINE))
    assert len(listed) == 10
    for name in listed:
        stem = name.replace(".", "_")
        assert any(each.startswith(stem) for each in exported), name


def test_the_dashboard_can_be_imported() -> None:
    """Panels have ids and places of their own, and one data source to choose."""
    panels: list[dict[str, Any]] = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 10
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels)
    sources = {panel["datasource"]["uid"] for panel in panels}
    assert sources == {"${datasource}"}


def test_the_example_of_metrics_runs() -> None:
    """Without an SDK nothing is exported, and nothing breaks."""
    module = examples.load("how_to/metrics")
    with TestClient(module.app) as client:
        assert client.post("/auth/register", json=PERSON).status_code == 201
        assert client.post("/auth/login", json=PERSON).status_code == 200
    assert module.auth.kit.vitals().sink_failures == 0
