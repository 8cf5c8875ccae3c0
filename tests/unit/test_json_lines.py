"""Lines of JSON: one each, nothing in them that a terminal obeys, none lost in silence."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fastapi_jwtkit.event_table import EVENTS, Level
from fastapi_jwtkit.events import AuthEvent, EventName
from fastapi_jwtkit.json_lines import JSONLinesSink, line_of
from kits import House

NASTY = 'x\r\n{"event":"authn_login_success"}\x1b[31m\x00\x7f\x85\u2028\u202e\ud800"\\'


def event(**changes: Any) -> AuthEvent:
    """Return an event with all fields."""
    fields: dict[str, Any] = {
        "name": EventName.LOGIN_FAILED,
        "time": 1_800_000_000.25,
        "realm": "https://auth.example",
        "outcome": False,
        "reason": "wrong_password",
        "subject": "u1",
        "session_id": "s1",
        "ip": "192.0.2.1",
        "user_agent": "phone",
        "detail": {"amr": "pwd"},
    }
    return AuthEvent(**(fields | changes))


def test_an_event_has_the_keys_of_the_vocabulary() -> None:
    """As the OWASP Logging Vocabulary spells them, with the zone of the time."""
    assert json.loads(line_of(event())) == {
        "datetime": "2027-01-15T08:00:00.250+00:00",
        "appid": "https://auth.example",
        "event": "authn_login_fail",
        "level": "WARN",
        "outcome": "failure",
        "reason": "wrong_password",
        "userid": "u1",
        "sessionid": "s1",
        "source_ip": "192.0.2.1",
        "useragent": "phone",
        "detail": {"amr": "pwd"},
    }


def test_what_is_not_known_is_left_out() -> None:
    """No empty strings and no nulls to filter."""
    bare = AuthEvent(name=EventName.SESSION_CREATED, time=0.0, realm="r")
    assert json.loads(line_of(bare)).keys() == {"datetime", "appid", "event", "level", "outcome"}


@pytest.mark.parametrize("name", EventName)
def test_every_event_has_a_level(name: EventName) -> None:
    """A theft is critical, a failure warns, and the rest informs."""
    level = json.loads(line_of(event(name=name)))["level"]
    assert level in set(Level)
    assert level == (EVENTS[name].level or Level.WARN)


@pytest.mark.attack(20)
@pytest.mark.parametrize("place", ["reason", "subject", "session_id", "ip", "user_agent", "realm"])
def test_nothing_that_a_client_says_breaks_out_of_its_line(place: str) -> None:
    """All but printable ASCII is escaped, and reads as it was."""
    line = line_of(event(**{place: NASTY}, detail={"x": NASTY}))
    assert re.fullmatch(r"[\x20-\x7e]+", line)
    fields = json.loads(line)
    assert NASTY in fields.values()
    assert fields["event"] == "authn_login_fail"
    assert fields["detail"] == {"x": NASTY}


def test_a_file_gets_a_line_for_each_event_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It holds addresses of people."""
    path = tmp_path / "audit.jsonl"
    sink = JSONLinesSink(path)
    for number in range(1_000):
        sink.emit(event(session_id=f"s{number}"))
    assert sink.flush(10)
    lines = path.read_text("ascii").splitlines()
    assert [json.loads(line)["sessionid"] for line in lines] == [f"s{n}" for n in range(1_000)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_may_be_moved_away_at_any_time(tmp_path: Path) -> None:
    """By whoever rotates logs; no signal, no reopening."""
    path = tmp_path / "audit.jsonl"
    sink = JSONLinesSink(str(path))
    for name in ("one", "two"):
        sink.emit(event(session_id=name))
        assert sink.flush(10)
        path.rename(tmp_path / name)
    assert [json.loads((tmp_path / n).read_text())["sessionid"] for n in ("one", "two")] == [
        "one",
        "two",
    ]


def test_a_stream_is_written_and_flushed() -> None:
    """Such as the standard output of a container."""
    stream = io.StringIO()
    sink = JSONLinesSink(stream)
    sink.emit(event())
    assert sink.flush(10)
    assert json.loads(stream.getvalue())["userid"] == "u1"


def test_what_was_lost_is_counted_logged_and_in_the_place_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reads the file sees that it has a hole."""
    folder = tmp_path / "gone"
    sink = JSONLinesSink(folder / "audit.jsonl")
    for _ in range(2):
        sink.emit(event())
        assert sink.flush(10)
    assert sink.lost == 2
    assert caplog.text.count("events could not be written: FileNotFoundError") == 1
    folder.mkdir()
    sink.emit(event(session_id="after"))
    assert sink.flush(10)
    hole, after = map(json.loads, (folder / "audit.jsonl").read_text().splitlines())
    assert (hole["event"], hole["detail"]["lost"]) == ("audit_events_lost", 2)
    assert hole["level"] == "CRITICAL"
    assert datetime.fromisoformat(hole["datetime"]).tzinfo is not None
    assert after["sessionid"] == "after"
    sink.emit(event())
    assert sink.flush(10)
    assert (folder / "audit.jsonl").read_text().count("audit_events_lost") == 1


async def test_a_kit_that_stops_has_written_all(tmp_path: Path) -> None:
    """The last events are often the ones that matter."""
    path = tmp_path / "audit.jsonl"
    house = House(parts={"events": (JSONLinesSink(path),)})
    await house.log_in()
    await house.kit.stop()
    names = [json.loads(line)["event"] for line in path.read_text("ascii").splitlines()]
    assert names[-1] == "authn_login_success"
    assert house.kit.vitals().events_lost == 0


PROGRAM = """
import sys
from fastapi_jwtkit.events import AuthEvent, EventName
from fastapi_jwtkit.json_lines import JSONLinesSink
sink = JSONLinesSink(sys.argv[1])
for number in range(500):
    sink.emit(AuthEvent(name=EventName.SESSION_CREATED, time=0.0, realm="r"))
"""


def test_a_process_that_ends_without_stopping_its_kit_writes_what_waits(tmp_path: Path) -> None:
    """A script forgets."""
    path = tmp_path / "audit.jsonl"
    subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", PROGRAM, os.fspath(path)], check=True, timeout=60
    )
    assert len(path.read_text("ascii").splitlines()) == 500
