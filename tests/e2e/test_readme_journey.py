"""The journey of the README is run as it stands there, against a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from todo_server import ROOT, running_todo, todo_environment

JOURNEY = re.compile(r"<!-- journey:start -->\n(.*?)<!-- journey:end -->", re.DOTALL)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


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


def test_the_journey_of_the_readme_prints_what_the_readme_says(tmp_path: Path) -> None:
    """Register, log in, create, list, patch, refresh, log out; then every token is dead."""
    commands, expected = documented()
    bash = shutil.which("bash")
    assert bash is not None
    with running_todo(tmp_path) as server:
        done = subprocess.run(  # noqa: S603 - the README's own commands
            [bash, "-euo", "pipefail", "-c", commands],
            env=todo_environment(BASE_URL=server.url, no_proxy="127.0.0.1"),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert (done.stdout, done.returncode) == (expected, 0), done.stderr + server.output
