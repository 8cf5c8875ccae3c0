"""No token, password, link or cookie is in any log, event, line or span, in whole or in part."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import event_ways as ways
from account_pages import NEW_PASSWORD, opened
from event_stage import Stage
from every_event import WAYS
from fastapi_jwtkit.event_sinks import QueuedSink
from fastapi_jwtkit.events import AuthEvent, EventName
from fastapi_jwtkit.json_lines import JSONLinesSink
from fastapi_jwtkit.opentelemetry_sink import OpenTelemetrySink
from kits import Heard
from web_kits import PASSWORD

PART = 12
"""So many characters in a row of a secret are a part of it: of a token, 72 bits."""
SECRET_FIELDS = {
    *("access_token", "refresh_token", "token", "password", "new_password"),
    *("current_password", "email"),
}


def parts_of(secret: str) -> Iterator[str]:
    """Return every piece of a secret that would help somebody."""
    for start in range(max(1, len(secret) - PART + 1)):
        yield secret[start : start + PART]


class Ears:
    """Everything that can be heard of an application, and the secrets that pass through it."""

    def __init__(self) -> None:
        self.lines = io.StringIO()
        self.queued = Heard()
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader])
        self.spans = InMemorySpanExporter()
        self.tracing = TracerProvider()
        self.tracing.add_span_processor(SimpleSpanProcessor(self.spans))
        self.secrets = {PASSWORD, NEW_PASSWORD, ways.WRONG}
        self.sinks = (
            JSONLinesSink(self.lines),
            QueuedSink(self.queued),
            OpenTelemetrySink(meter_provider=self.meters, user_ids=True),
        )

    async def note(self, message: httpx.Request | httpx.Response) -> None:
        """Remember what is secret in a request or an answer."""
        if isinstance(message, httpx.Response):
            await message.aread()
            for value in message.headers.get_list("set-cookie"):
                self.secrets.add(value.partition(";")[0].partition("=")[2])
        authorization = message.headers.get("authorization", "")
        self.secrets.add(authorization.partition(" ")[2])
        if message.headers.get("content-type", "").startswith("application/json"):
            body = json.loads(message.content or b"null")
            if isinstance(body, dict):
                self.secrets |= {str(body[name]) for name in SECRET_FIELDS & body.keys()}

    def heard(self, records: list[logging.LogRecord]) -> str:
        """Return all that was said, of exceptions all that a handler may print."""
        for record in records:
            if record.exc_info:
                record.exc_text = "".join(traceback.format_exception(*record.exc_info))
        metrics = self.reader.get_metrics_data()
        said = [
            *(f"{record.getMessage()} {vars(record)}" for record in records),
            self.lines.getvalue(),
            *(repr(event) for event in self.queued.events),
            metrics.to_json() if metrics else "",
            *(span.to_json() for span in self.spans.get_finished_spans()),
        ]
        return "\n".join(said)

    def close(self) -> None:
        """Shut the SDK down."""
        self.meters.shutdown()
        self.tracing.shutdown()


@pytest.fixture
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Set every logger of the process to DEBUG, those that were silenced included."""
    known = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    before = [(logger, logger.level, logger.disabled, logger.propagate) for logger in known]
    for logger in known:
        logger.setLevel(logging.DEBUG)
        logger.disabled, logger.propagate = False, True
    with caplog.at_level(logging.DEBUG):
        yield caplog
    for logger, level, disabled, propagate in before:
        logger.setLevel(level)
        logger.disabled, logger.propagate = disabled, propagate


@pytest.mark.std(23)
@pytest.mark.attack(20)
@pytest.mark.parametrize("name", EventName, ids=lambda name: name.name.lower())
async def test_nothing_that_is_heard_holds_a_secret_or_a_part_of_one(
    name: EventName, everything_is_logged: pytest.LogCaptureFixture
) -> None:
    """On each way to each event: all that happens to an account, and the failures of stores."""
    ears = Ears()
    stage = Stage(sinks=ears.sinks)
    async with opened(stage):
        stage.client.event_hooks = {"request": [ears.note], "response": [ears.note]}
        with ears.tracing.get_tracer("test").start_as_current_span("request"):
            await stage.begin()
            await WAYS[name][0](stage)
        mails = [mail for mail in stage.post.mails if mail.link]
        ears.secrets |= {str(mail.link).partition("#token=")[2] for mail in mails}
    user = await stage.users_store.find_by_login("ann")
    ears.secrets |= {user.password_hash or ""} if user else set()
    ears.secrets -= {""}
    said = ears.heard(everything_is_logged.records)
    assert "authn_login_success" in said
    assert len(ears.secrets) >= 6
    found = {
        secret[:4] + "…" + part
        for secret in ears.secrets
        for part in parts_of(secret)
        if part in said
    }
    assert found == set()
    ears.close()


async def test_the_search_finds_what_it_looks_for(
    everything_is_logged: pytest.LogCaptureFixture,
) -> None:
    """A sink and a logger that let a part of a token out are caught."""
    ears = Ears()
    stage = Stage(sinks=ears.sinks)
    async with opened(stage):
        stage.client.event_hooks = {"request": [ears.note], "response": [ears.note]}
        await stage.begin()
        assert {stage.access, stage.refresh} <= ears.secrets
        logging.getLogger("sqlalchemy.engine").debug("parameters: %s", stage.access[40:60])
        ears.queued.emit(
            AuthEvent(name=EventName.MAIL_FAILED, time=0.0, realm="r", reason=stage.refresh[10:30])
        )
    said = ears.heard(everything_is_logged.records)
    for secret in (stage.access, stage.refresh):
        assert any(part in said for part in parts_of(secret))
    ears.close()
