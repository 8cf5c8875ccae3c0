"""``jwtkit audit`` and ``jwtkit scopes``, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runs import Shell

APP = """
from typing import Annotated
from fastapi import Depends, FastAPI
from fastapi_jwtkit import JWTAuth, Principal, public, require_scopes

app = FastAPI()
JWTAuth.from_env().install(app)

@app.get("/tasks/[id]")
async def read(_: Annotated[Principal, Depends(require_scopes("tasks:read"))]) -> None: ...

@app.get("/health", dependencies=[Depends(public(reason="a [probe]"))])
async def health() -> None: ...

def make():
    return app
"""
FORGOTTEN = """
@app.delete("/tasks")
async def clear() -> None: ...
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a shell beside an application in which every route is guarded."""
    (tmp_path / "shop.py").write_text(APP)
    return Shell(tmp_path, {"JWTKIT_ENV": "dev"})


def forget_a_guard(folder: Path) -> None:
    """Add a route without one."""
    (folder / "shop.py").write_text(APP + FORGOTTEN)


def test_an_app_without_gaps_passes_and_its_routes_are_shown(shell: Shell) -> None:
    """Brackets in paths and reasons are no markup."""
    done = shell("audit", "shop:app", "--public-docs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 to look at" in done.stdout
    lines = {" ".join(line.split()) for line in done.stdout.splitlines()}
    assert "GET /tasks/[id] require_scopes(tasks:read) tasks:read guarded shop.py:9" in lines
    assert "GET /health - - public(a [probe]) shop.py:12" in lines
    assert "\x1b" not in done.stdout
    assert shell("audit", "shop:make", "--factory", "--public-docs").returncode == 0


def test_a_forgotten_guard_is_named_with_its_line(shell: Shell) -> None:
    """In every form, with exit code 1."""
    forget_a_guard(shell.folder)
    table = shell("audit", "shop:app", "--public-docs")
    assert (table.returncode, "DELETE /tasks OPEN: no guard" in table.stdout) == (1, True)
    github = shell("audit", "shop:app", "--format", "github", "--public-docs")
    assert github.returncode == 1
    assert github.stdout.startswith("::error file=shop.py,line=18::DELETE /tasks OPEN")
    answer = shell("audit", "shop:app", "--json", "--public-docs")
    told = json.loads(answer.stdout)
    assert [each["about"] for each in told["findings"]] == ["DELETE /tasks"]
    (row,) = (row for row in told["routes"] if row["path"] == "/tasks")
    assert (row["status"], row["methods"], row["source"]) == ("OPEN", ["DELETE"], "shop.py:18")
    assert told["blind_spots"]


def test_what_is_allowed_has_a_reason_and_is_needed(shell: Shell) -> None:
    """A dead entry and a needless one are findings, too."""
    forget_a_guard(shell.folder)
    allow = '[tool.jwtkit.audit]\npublic_docs = true\n[tool.jwtkit.audit.allow]\n"{}" = "{}"\n'
    project = shell.folder / "pyproject.toml"
    for entry, code, text in (
        ("DELETE /tasks", 0, "OPEN, allowed(nightly)"),
        ("/tasks", 0, "OPEN, allowed(nightly)"),
        ("GET /tasks", 1, "no route has it"),
        ("GET /health", 1, "is public already"),
    ):
        project.write_text(allow.format(entry, "nightly"))
        done = shell("audit", "shop:app")
        assert (done.returncode, text in done.stdout) == (code, True), done.stdout
    project.write_text(allow.format("DELETE /tasks", " "))
    refused = shell("audit", "shop:app")
    assert (refused.returncode, "the reason" in refused.stderr) == (2, True)
    project.write_text("[tool.jwtkit.audit]\nignore = []\n")
    assert "not 'ignore'" in shell("audit", "shop:app").stderr


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("shop", "Write module:app"),
        ("nowhere:app", "No module named 'nowhere'"),
        ("shop:nothing", "has no attribute 'nothing'"),
        ("shop:make", "Then add --factory"),
    ],
)
def test_what_is_no_app_is_said_to_be_none(shell: Shell, target: str, says: str) -> None:
    """With exit code 2 and no traceback."""
    done = shell("audit", target)
    assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


def test_an_app_that_cannot_be_made_says_why(shell: Shell) -> None:
    """The error of the kit, whole."""
    done = shell("audit", "shop:app", JWTKIT_ENV="prod")
    assert (done.returncode, "JWTKIT_ISSUER is not set" in done.stderr) == (2, True)


def test_scopes_are_shown_by_route(shell: Shell) -> None:
    """As a table, and as JSON by scope."""
    assert "tasks:read" in shell("scopes", "shop:app").stdout
    told = json.loads(shell("scopes", "shop:app", "--json").stdout)
    assert told == {"tasks:read": ["GET /tasks/[id]"]}
