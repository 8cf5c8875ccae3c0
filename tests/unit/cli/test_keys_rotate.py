"""``jwtkit keys list|rotate|retire|revoke``, run as commands."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from cli_runs import Shell, production
from fastapi_jwtkit.cli.timeline import timeline
from fastapi_jwtkit.key_sources.rotation import KeyStatus
from fastapi_jwtkit.keys.state import KeyState

NOW = 1_800_000_000.0


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a shell with keys of its own."""
    return production(tmp_path)


def age(path: Path, seconds: float) -> None:
    """Let every key of a file have come to its state so much earlier."""
    ring = json.loads(path.read_text())
    (entries,) = (value for value in ring.values() if isinstance(value, list))
    for entry in entries:
        entry["changed_at"] -= seconds
    path.write_text(json.dumps(ring))


def states(shell: Shell, ring: str = "keys") -> list[str]:
    """Return the states of a ring in order."""
    return [key["state"] for key in shell.json("keys", "list")["keys"] if key["ring"] == ring]


def test_a_key_goes_through_its_whole_life(shell: Shell) -> None:
    """Publish, sign, verify, forget: each by the same command, each said in words."""
    first = shell("keys", "rotate")
    assert first.returncode == 0
    assert re.search(r"signing keys: \S+ \(new\) is now next", first.stdout)
    assert re.search(r"may sign at \d\d:\d\d:\d\d \(in 5 min 1\d s\)", first.stdout)
    assert "Nothing is due." in shell("keys", "rotate").stdout
    for name in ("keys.json", "refresh-secrets.json"):
        age(shell.folder / name, 315)
    second = shell("keys", "rotate")
    assert "(was next) is now active" in second.stdout
    assert states(shell) == ["retired", "active", "next"]
    listed = shell("keys", "list").stdout
    assert re.search(r"retired .*safe to retire at .*\(in 1 d \d+ ", listed)
    age(shell.folder / "keys.json", 2 * 86_400)
    assert "safe to retire" in shell("keys", "list").stdout
    assert "(was retired) is now gone" in shell("keys", "rotate").stdout


def test_no_command_prints_what_is_secret(shell: Shell) -> None:
    """Neither in words nor in JSON."""
    shell("keys", "rotate")
    secret = {
        match
        for name in ("keys.json", "refresh-secrets.json")
        for match in re.findall(r'"(?:d|k)": "([^"]+)"', (shell.folder / name).read_text())
    }
    assert len(secret) == 4
    for words in (("list",), ("rotate", "--dry-run"), ("list", "--json"), ("rotate", "--json")):
        said = shell("keys", *words)
        assert said.returncode == 0
        assert not [word for word in secret if word in said.stdout + said.stderr]


def test_a_key_that_is_needed_is_not_retired(shell: Shell) -> None:
    """Exit code 1 and until when; when it is not, it goes."""
    shell("keys", "rotate")
    age(shell.folder / "keys.json", 315)
    shell("keys", "rotate", "--only", "keys")
    retired = next(k for k in shell.json("keys", "list")["keys"] if k["state"] == "retired")
    refused = shell("keys", "retire", retired["key_id"])
    assert refused.returncode == 1
    assert "seconds more" in refused.stderr
    age(shell.folder / "keys.json", 2 * 86_400)
    assert shell("keys", "retire", retired["key_id"], "--dry-run").returncode == 0
    assert "retired" in states(shell)
    assert shell("keys", "retire", retired["key_id"]).returncode == 0
    assert "retired" not in states(shell)


def test_a_revoked_key_is_followed_by_the_next_one(shell: Shell) -> None:
    """What would be done is said first; then it is done, and where it is heard."""
    shell("keys", "rotate")
    active, coming = (k["key_id"] for k in shell.json("keys", "list")["keys"][:2])
    dry = shell("keys", "revoke", active, "--dry-run")
    assert f"{coming} (was next) would become active" in dry.stdout
    assert "a new key would become next" in dry.stdout
    assert states(shell) == ["active", "next"]
    done = shell("keys", "revoke", active)
    assert done.returncode == 0
    assert "workers see it in the changed file, within 5 s" in done.stdout
    assert states(shell) == ["revoked", "active", "next"]
    again = shell("keys", "revoke", active)
    assert (again.returncode, "Nothing is due." in again.stdout) == (0, True)


def test_a_feed_that_cannot_be_told_is_said(shell: Shell) -> None:
    """The ring is changed, the exit code is 1, and what to do is in the text."""
    active = shell.json("keys", "list")["keys"][0]["key_id"]
    said = shell("keys", "revoke", active, JWTKIT_STORE_URL="redis://127.0.0.1:1")
    assert said.returncode == 1
    assert "run this again" in said.stderr
    assert states(shell)[0] == "revoked"


def test_an_id_that_begins_with_a_dash_is_no_option(shell: Shell) -> None:
    """One key in sixty-four has such an id."""
    said = shell("keys", "revoke", "-V632sd")
    assert said.returncode == 1
    assert "No ring has a key '-V632sd'" in said.stderr


def test_a_young_key_signs_on_where_a_job_asks_for_it(shell: Shell) -> None:
    """--min-age in days, hours or seconds; nonsense is misuse."""
    shell("keys", "rotate")
    age(shell.folder / "keys.json", 7_200)
    assert "Nothing is due." in shell("keys", "rotate", "--min-age", "30d").stdout
    assert "is now active" in shell("keys", "rotate", "--min-age", "2h").stdout
    assert shell("keys", "rotate", "--min-age", "soon").returncode == 2


def test_keys_in_the_environment_are_refused_in_words(tmp_path: Path) -> None:
    """Exit code 1, the file to use, and no key."""
    shell = production(tmp_path)
    text = Path(shell.settings.pop("JWTKIT_KEYS_FILE")).read_text()
    said = shell("keys", "rotate", JWTKIT_KEYS=text)
    assert said.returncode == 1
    assert "JWTKIT_KEYS_FILE" in said.stderr
    assert json.loads(text)["keys"][0]["jwk"]["d"] not in said.stderr + said.stdout


def status(state: KeyState, changed_at: float, due_at: float | None) -> KeyStatus:
    """Return a key as a report tells of it."""
    return KeyStatus(
        ring="keys", key_id=state, alg="ES256", state=state, changed_at=changed_at, due_at=due_at
    )


def test_a_timeline_shows_since_when_and_until_when() -> None:
    """A bar for each; what is not yet is blank, and what comes after is shown."""
    keys = [
        status(KeyState.RETIRED, NOW - 100, NOW + 100),
        status(KeyState.ACTIVE, NOW - 100, None),
        status(KeyState.NEXT, NOW, NOW + 50),
    ]
    _, retired, active, coming = timeline(keys, now=NOW)
    at = retired.index("┃")
    assert {line.index("┃") for line in (retired, active, coming)} == {at}
    assert set(retired[12:]) == {"▒", "┃"}
    assert len(retired) < len(active)
    assert set(active[12:]) == {"█", "┃"}
    assert set(coming[12:at]) == {" "}
    assert coming[at + 1] == "░"
    assert coming[-1] == "█"


def test_an_empty_timeline_is_none() -> None:
    """Nothing to draw is nothing drawn."""
    assert not list(timeline([], now=time.time()))
