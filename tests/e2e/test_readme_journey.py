"""The journey of the README is run as it stands there, against a real server."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from shared_places import postgres_database_url
from todo_server import ROOT, TodoServer, running_todo, todo_environment

JOURNEY = re.compile(r"<!-- journey:start -->\n(.*?)<!-- journey:end -->", re.DOTALL)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

NOISE = ("Traceback", "Task was destroyed", "never awaited", "died", "ERROR")


def documented() -> tuple[str, str]:
    """Return the commands of the README and the output that it promises."""
    (journey,) = JOURNEY.findall((ROOT / "README.md").read_text("utf-8"))
    blocks = BLOCK.findall(journey)
    assert [language for language, _ in blocks] == ["bash", "text"]
    return blocks[0][1], blocks[1][1]


def test_the_readme_and_the_script_give_the_same_commands() -> None:
    """Who runs the file does what the page says."""
    script = (ROOT / "examples" / "todo" / "journey.sh").read_text("utf-8")
    assert script.split("set -euo pipefail\n\n")[1] == documented()[0]


def walk(server: TodoServer, commands: str) -> subprocess.CompletedProcess[str]:
    """Run commands of the README against a server."""
    bash = shutil.which("bash")
    assert bash is not None
    return subprocess.run(  # noqa: S603 - the README's own commands
        [bash, "-euo", "pipefail", "-c", commands],
        env=todo_environment(BASE_URL=server.url, no_proxy="127.0.0.1"),
        cwd=server.directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_journey_of_the_readme_prints_what_the_readme_says(tmp_path: Path) -> None:
    """Register, log in, create, list, patch, refresh, log out; then every token is dead."""
    commands, expected = documented()
    with running_todo(tmp_path) as server:
        done = walk(server, commands)
    assert (done.stdout, done.returncode) == (expected, 0), done.stderr + server.output


# Each worker hears of a log-out within moments. The README runs one, which knows at once.
UNTIL_ALL_HAVE_HEARD = """
for ((heard = 0; heard < 40; heard++)); do
  STATUS=$(curl -sS -o "$ANSWER" -w '%{http_code}' "$URL/api/v1/tasks" \\
    -H "Authorization: Bearer $NEW_ACCESS")
  [ "$STATUS" = 401 ] || heard=0
done
"""


@pytest.mark.spec("P-18")
def test_the_journey_goes_the_same_way_over_four_workers_on_postgresql_and_valkey(
    tmp_path: Path, postgres_url: str, valkey_url: str
) -> None:
    """Each of its requests is a connection of its own, to whichever worker takes it."""
    commands, expected = documented()
    before, logged_out, after = commands.partition("call 'list with the first access token'")
    with (
        postgres_database_url(postgres_url) as database,
        running_todo(
            tmp_path,
            workers=4,
            TODO_DATABASE_URL=database,
            JWTKIT_STORE_URL=valkey_url,
            JWTKIT_REALM=f"test-{secrets.token_hex(8)}",
        ) as server,
    ):
        done = walk(server, before + UNTIL_ALL_HAVE_HEARD + logged_out + after)
        assert (done.stdout, done.returncode) == (expected, 0), done.stderr + server.output
    assert f"sessions: {valkey_url}\n" in server.output
    assert server.output.count("Started server process") == 4, server.output
    assert server.output.count("made .jwtkit/keys.json") == 1
    assert [word for word in NOISE if word in server.output] == [], server.output
