"""The plugin ``jwtkit`` costs a suite nothing, is there when asked for, and can be left out."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from fastapi_jwtkit.testing.acting import ActAs
from fastapi_jwtkit.testing.clock import FakeClock
from web_kits import Realm, make_client

FIXTURES = ("acting_as", "jwtkit_clock")
PROBE = """
import sys

def test_what_is_loaded():
    print("LOADED", *sys.modules)
"""
NEWCOMER = """
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from fastapi_jwtkit import JWTAuth, require_scopes

app = FastAPI()
JWTAuth.from_env().install(app)
app.add_api_route("/tasks", lambda: "in", dependencies=[Depends(require_scopes("tasks:read"))])
client = TestClient(app)

def test_a_reader_is_let_in(acting_as):
    acting_as(app, "ann", scopes=["tasks:read"])
    assert client.get("/tasks").status_code == 200

def test_the_next_one_is_a_stranger():
    assert client.get("/tasks").status_code == 401

def test_two_act_and_the_last_one_wins(acting_as):
    acting_as(app, "ann", scopes=["tasks:read"])
    with acting_as(app, "bob"):
        assert client.get("/tasks").status_code == 403
    assert client.get("/tasks").status_code == 200

def test_the_clock_is_stepped(jwtkit_clock):
    before = jwtkit_clock.now()
    jwtkit_clock.step(60)
    assert jwtkit_clock.now() == before + 60
"""


def run_pytest(folder: Path, text: str, *options: str) -> str:
    """Run pytest on one file in a folder of its own, and return what it says."""
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    bare = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-W", "error", "-s", "-p", "no:cacheprovider"]
    if "no:asyncio" not in options:  # or pytest-asyncio warns that it was not said
        command += ["-o", "asyncio_default_fixture_loop_scope=function"]
    answer = subprocess.run(  # noqa: S603 - this very interpreter
        [*command, *options, str(folder)],
        cwd=folder,
        env=bare | {"JWTKIT_ENV": "dev"},
        check=False,
        capture_output=True,
        text=True,
    )
    return answer.stdout + answer.stderr


def loaded(said: str) -> set[str]:
    """Return the modules that the probe saw."""
    line = next(line for line in said.splitlines() if "LOADED" in line)
    return set(line.partition("LOADED")[2].split())


def test_it_is_found_by_its_entry_point() -> None:
    """Under the name that ``-p no:…`` takes."""
    (plugin,) = entry_points(group="pytest11", name="jwtkit")
    assert plugin.value == "fastapi_jwtkit.testing.plugin"


def test_a_suite_that_does_not_ask_for_it_loads_three_small_modules(tmp_path: Path) -> None:
    """No web framework, nothing of the kit, no fixture by itself; and none of them without it."""
    said = run_pytest(tmp_path, PROBE, "--setup-show", "--trace-config")
    assert "1 passed" in said
    assert "fastapi_jwtkit.testing.plugin" in said.partition("LOADED")[0]
    assert [name for name in FIXTURES if name in said] == []
    without = loaded(run_pytest(tmp_path, PROBE, "-p", "no:jwtkit"))
    assert [name for name in without if name.startswith("fastapi_jwtkit")] == []
    assert loaded(said) - without == {
        "fastapi_jwtkit",
        "fastapi_jwtkit.testing",
        "fastapi_jwtkit.testing.plugin",
    }


def test_a_suite_without_it_shows_no_trace(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """No fixture and no plugin is listed; here, where they are, pytest knows both."""
    listing = ("--fixtures", "-v", "--trace-config")
    said = run_pytest(tmp_path, PROBE, "-p", "no:jwtkit", *listing)
    assert "tmp_path" in said
    assert [name for name in (*FIXTURES, "testing.plugin") if name in said] == []
    assert all(request.getfixturevalue(name) for name in FIXTURES)


@pytest.mark.parametrize("options", [("-p", "no:anyio", "-p", "no:asyncio"), ("-n", "1")])
def test_a_newcomers_tests_pass(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Without pytest-asyncio and with pytest-xdist; a warning would be an error."""
    assert "4 passed" in (said := run_pytest(tmp_path, NEWCOMER, *options)), said


def test_the_fixture_begins_at_once(acting_as: ActAs) -> None:
    """And ends with the test."""
    realm = Realm()
    client = make_client(realm)
    assert client.get("/auth/sessions").status_code == 401
    ann = acting_as(client.app, "ann")  # pyright: ignore[reportArgumentType]
    assert [each["id"] for each in client.get("/auth/sessions").json()] == [
        ann.principal.session_id
    ]


def test_the_clock_of_the_fixture_is_one_of_the_kit(jwtkit_clock: FakeClock) -> None:
    """It is handed to a kit."""
    realm = Realm(clock=jwtkit_clock)
    before = realm.kit.now()
    jwtkit_clock.step(5)
    assert realm.kit.now() == before + 5
