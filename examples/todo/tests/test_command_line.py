"""``python -m examples.todo``: in this process, and as a process of its own."""

from __future__ import annotations

import io
import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.todo.__main__ import choose_environment, main
from examples.todo.app.core.config import TodoSettings
from todo_server import running_todo, todo_environment
from waiting import wait_until

PASSWORD = "correct horse battery staple"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory, in development."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JWTKIT_ENV", "dev")
    return tmp_path


def bearer(tokens: dict[str, str]) -> dict[str, str]:
    """Return the header that carries the access token."""
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def make_admin(monkeypatch: pytest.MonkeyPatch, name: str, password: str) -> int:
    """Run ``--admin`` with a password on standard input."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
    return main(["--admin", name])


@pytest.mark.spec("P-12", "P-14")
def test_an_admin_made_on_the_command_line_sees_everyones_tasks(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real process, a real login; and what it printed holds no secret."""
    assert make_admin(monkeypatch, "Root", PASSWORD) == 0
    assert capsys.readouterr().out == "root is an admin now.\n"
    with running_todo(here) as server, httpx.Client(base_url=server.url, trust_env=False) as http:
        said = server.output
        account = {"username": "root", "password": PASSWORD}
        pair = http.post("/auth/login", json=account).json()
        assert "tasks:admin" in pair["scope"].split(" ")
        token = {"Authorization": f"Bearer {pair['access_token']}"}
        assert http.get("/api/v1/admin/tasks", headers=token).json()["items"] == []
        assert http.get("/docs").status_code == 200
        everything = server.output
    for line in (f"{server.url}/docs", "todo.db", "in the database", "there is one", ".jwtkit"):
        assert line in said
    secrets = [
        text
        for name in ("keys.json", "refresh-secrets.json")
        for text in re.findall(r"[\w-]{40,}", (here / ".jwtkit" / name).read_text("utf-8"))
    ]
    assert secrets
    for secret in (*secrets, PASSWORD, pair["access_token"], pair["refresh_token"]):
        assert secret not in everything


@pytest.mark.spec("P-12")
@pytest.mark.usefixtures("here")
def test_an_account_that_exists_is_never_made_an_admin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anybody may have registered the name first, with a password of theirs."""
    assert make_admin(monkeypatch, "root", PASSWORD) == 0
    assert make_admin(monkeypatch, "ROOT", f"another {PASSWORD}") == 1
    assert "belongs to an account" in capsys.readouterr().err


@pytest.mark.spec("P-12")
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("name", "password"), [("root", "short"), ("root", ""), ("", PASSWORD)])
def test_an_admin_keeps_the_rules_of_every_account(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, password: str
) -> None:
    """A weak password or no name is refused in words, without a traceback."""
    assert make_admin(monkeypatch, name, password) == 1
    complaint = capsys.readouterr().err
    assert complaint.strip()
    assert not password or password not in complaint


@pytest.mark.spec("P-15")
@pytest.mark.parametrize("name", ["JWTKIT_ENV", "JWTKIT_ENV_FILE", "JWTKIT_SECRETS_DIR"])
def test_development_is_not_chosen_over_what_somebody_said(name: str) -> None:
    """Nor where a file may say it: a variable would win over the file."""
    environment = {name: "anything"}
    choose_environment(environment)
    assert environment == {name: "anything"}


@pytest.mark.spec("P-15")
def test_development_is_chosen_where_nobody_said_anything() -> None:
    """So that one command is enough on one's own machine."""
    environment: dict[str, str] = {}
    choose_environment(environment)
    assert environment == {"JWTKIT_ENV": "dev"}


@pytest.mark.spec("P-16")
@pytest.mark.usefixtures("here")
def test_a_second_worker_on_a_database_in_memory_is_refused_with_the_reason(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is made."""
    monkeypatch.setenv("TODO_DATABASE_URL", "sqlite+aiosqlite://")
    assert main(["--workers", "2"]) == 2
    assert "The database is in the memory of one process" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("workers", ["0", "-1", "two"])
def test_a_number_of_workers_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], workers: str
) -> None:
    """By the parser, with its usage."""
    with pytest.raises(SystemExit) as stopped:
        main(["--workers", workers])
    assert stopped.value.code == 2
    assert "--workers" in capsys.readouterr().err


def test_production_without_keys_ends_in_a_message(tmp_path: Path) -> None:
    """It says which command makes them; there is no traceback to read."""
    environment = todo_environment(JWTKIT_ENV="prod", JWTKIT_ISSUER="https://todo.test")
    done = subprocess.run(
        [sys.executable, "-m", "examples.todo", "--port", "0"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "jwtkit keys generate" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_port_that_is_taken_ends_before_anything_is_said(tmp_path: Path) -> None:
    """Nobody is sent to an address where another process answers."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "examples.todo", "--port", port],
            cwd=tmp_path,
            env=todo_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode != 0
    assert "Todo API on" not in done.stdout


@pytest.mark.spec("P-17")
def test_tasks_and_logins_outlive_the_process(tmp_path: Path) -> None:
    """As the banner says: sessions are in the database; so is the end of those that ended."""
    account = {"username": "ada", "password": PASSWORD}
    with (
        running_todo(tmp_path) as server,
        httpx.Client(base_url=server.url, trust_env=False) as http,
    ):
        http.post("/auth/register", json=account)
        kept, ended = (http.post("/auth/login", json=account).json() for _ in range(2))
        http.post("/api/v1/tasks", json={"title": "stays"}, headers=bearer(kept)).raise_for_status()
        http.post("/auth/logout", headers=bearer(ended)).raise_for_status()
    with (
        running_todo(tmp_path) as server,
        httpx.Client(base_url=server.url, trust_env=False) as http,
    ):
        lost = http.post("/auth/refresh", json={"refresh_token": ended["refresh_token"]})
        assert (lost.status_code, lost.json()["error_code"]) == (400, "invalid_grant")
        assert http.get("/api/v1/tasks", headers=bearer(ended)).status_code == 401
        pair = http.post("/auth/refresh", json={"refresh_token": kept["refresh_token"]}).json()
        for tokens in (kept, pair):
            items = http.get("/api/v1/tasks", headers=bearer(tokens)).json()["items"]
            assert [task["title"] for task in items] == ["stays"]


@pytest.mark.spec("P-18")
def test_two_workers_on_the_default_database_are_one_application(tmp_path: Path) -> None:
    """Tables and keys are made once, before them; each request goes to whichever takes it."""
    account = {"username": "ada", "password": PASSWORD}
    with running_todo(tmp_path, workers=2) as server:

        def send(method: str, path: str, **request: Any) -> httpx.Response:
            return httpx.request(method, server.url + path, trust_env=False, timeout=60, **request)

        assert send("POST", "/auth/register", json=account).status_code == 201
        tokens = send("POST", "/auth/login", json=account).json()
        for _ in range(10):
            grant = {"refresh_token": tokens["refresh_token"]}
            tokens = send("POST", "/auth/refresh", json=grant).json()
            assert send("GET", "/api/v1/tasks", headers=bearer(tokens)).status_code == 200
        assert send("POST", "/auth/logout", headers=bearer(tokens)).status_code == 204
        grant = {"refresh_token": tokens["refresh_token"]}
        assert send("POST", "/auth/refresh", json=grant).status_code == 400

        def all_have_heard() -> bool:
            asked = (send("GET", "/api/v1/tasks", headers=bearer(tokens)) for _ in range(10))
            return all(answer.status_code == 401 for answer in asked)

        wait_until(all_have_heard, "each worker refuses the token")
    assert server.output.count("Started server process") == 2
    assert server.output.count("made .jwtkit/keys.json") == 1
    assert "Traceback" not in server.output


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the application's own prefix; an error shows no password of a database."""
    monkeypatch.setenv("TODO_DATABASE_URL", "postgresql+asyncpg://ada:hunter2@db/todo")
    monkeypatch.setenv("TODO_PUBLIC_URL", "https://todo.test")
    settings = TodoSettings()
    assert settings.database_url.endswith("/todo")
    assert settings.public_url is not None
    assert "hunter2" not in repr(settings)
    assert json.loads(settings.model_dump_json(include={"public_url"}))
