"""One small app under every server and client that people put before it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from server_processes import (
    GUNICORN,
    READY_SECONDS,
    UVICORN,
    ServerProcess,
    environment_of,
    running,
)

SERVED = """\
import os
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi_jwtkit import JWTAuth, Principal, require_scopes

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)


@app.get("/pid")
async def pid() -> int:
    return os.getpid()


@app.get("/tasks")
async def tasks(principal: Annotated[Principal, Depends(require_scopes("tasks:read"))]) -> str:
    return principal.subject
"""
# Made an hour ago, so that a worker trusts its own memory of what was revoked since.
AGED = SERVED.replace(
    "auth = JWTAuth.from_env()\nauth.install(app)\n",
    """
class Clock:
    past = 3600.0

    def now(self) -> float:
        return time.time() - self.past

    def monotonic(self) -> float:
        return time.monotonic()


clock = Clock()
auth = JWTAuth.from_env(clock=clock)
auth.install(app)
clock.past = 0.0
""",
).replace("import os\n", "import os\nimport time\n")
MOUNTED = """\
import os

from fastapi import FastAPI
from served import app as inner

app = FastAPI()
app.mount("/v1", inner)


@app.get("/pid")
async def pid() -> int:
    return os.getpid()
"""
DEV = {"JWTKIT_ENV": "dev", "JWTKIT_DEFAULT_SCOPES": "tasks:read"}
PERSON = {"username": "ann", "password": "a rather long password"}
TEACHING = "Two workers of this server keep their "
FIX = "fix:  Run one worker, or set JWTKIT_STORE_URL and bring users"
BAD_TOKEN = 'Bearer error="invalid_token"'
PREFIXES = {"served": "", "mounted": "/v1"}

Send = Callable[..., Awaitable[Any]]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a directory with the modules of the app."""
    (tmp_path / "served.py").write_text(SERVED, "utf-8")
    (tmp_path / "aged.py").write_text(AGED, "utf-8")
    (tmp_path / "mounted_aged.py").write_text(MOUNTED.replace("served", "aged"), "utf-8")
    (tmp_path / "mounted.py").write_text(MOUNTED, "utf-8")
    return tmp_path


def bearer(tokens: Any) -> dict[str, str]:
    """Return the header that carries the access token of an answer."""
    return {"Authorization": f"Bearer {tokens.json()['access_token']}"}


async def journey(send: Send) -> None:
    """Register, log in, pass a guard, refresh, log out; then nothing passes any more."""
    user = await send("POST", "/auth/register", json=PERSON)
    assert user.status_code == 201, user.text
    stranger = await send("GET", "/tasks")
    assert (stranger.status_code, stranger.headers["www-authenticate"]) == (401, "Bearer")
    first = await send("POST", "/auth/login", json=PERSON)
    assert first.status_code == 200, first.text
    tasks = await send("GET", "/tasks", headers=bearer(first))
    assert (tasks.status_code, tasks.json()) == (200, user.json()["id"])
    grant = {"refresh_token": first.json()["refresh_token"]}
    second = await send("POST", "/auth/refresh", json=grant)
    assert second.status_code == 200, second.text
    assert (await send("GET", "/tasks", headers=bearer(second))).status_code == 200
    assert (await send("POST", "/auth/logout", headers=bearer(second))).status_code == 204
    for pair in (first, second):
        dead = await send("GET", "/tasks", headers=bearer(pair))
        assert (dead.status_code, dead.headers["www-authenticate"]) == (401, BAD_TOKEN)
        grant = {"refresh_token": pair.json()["refresh_token"]}
        refused = await send("POST", "/auth/refresh", json=grant)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def sending(client: Any, prefix: str = "") -> Send:
    """Return a way to send the requests of a journey by a client that does not await."""

    async def send(method: str, path: str, **request: Any) -> Any:
        return client.request(method, prefix + path, **request)

    return send


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ((*UVICORN, "served:app"), "served"),
        ((*GUNICORN, "--preload", "-w", "1", "mounted:app"), "mounted"),
    ],
    ids=["uvicorn", "gunicorn --preload, mounted"],
)
async def test_the_journey_ends_well_under_a_real_server(
    directory: Path, command: tuple[str, ...], module: str
) -> None:
    """Also where the app is made before the worker is forked, and where no lifespan runs."""
    with running(directory, command, **DEV) as server, server.connect() as client:
        await journey(sending(client, PREFIXES[module]))
    assert "Traceback" not in server.output


@pytest.fixture(params=["served", "mounted"])
def in_process(
    request: pytest.FixtureRequest, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[FastAPI, str]:
    """Return an app of those modules, and the prefix under which the routes are."""
    for name, value in DEV.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JWTKIT_DEV_DIRECTORY", str(directory / ".jwtkit"))
    for name in ("served", "mounted"):
        spec = importlib.util.spec_from_file_location(name, directory / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
    app: FastAPI = sys.modules[request.param].app
    return app, PREFIXES[request.param]


async def test_the_journey_ends_well_under_a_test_client_without_with(
    in_process: tuple[FastAPI, str],
) -> None:
    """No lifespan, and an event loop of its own for each request."""
    app, prefix = in_process
    await journey(sending(TestClient(app), prefix))


async def test_the_journey_ends_well_under_an_asgi_transport(
    in_process: tuple[FastAPI, str],
) -> None:
    """No lifespan, in the event loop of the test."""
    app, prefix = in_process
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test" + prefix) as client:
        await journey(client.request)


TWO_WORKERS = pytest.mark.parametrize(
    "command",
    [(*GUNICORN, "--preload", "-w", "2"), (*UVICORN, "--workers", "2")],
    ids=["gunicorn --preload -w 2", "uvicorn --workers 2"],
)


def log_in_at(server: ServerProcess, worker: int) -> httpx.Response:
    """Register and log in at one worker, which so becomes the one that keeps sessions."""
    assert server.ask(worker, "POST", "/v1/auth/register", json=PERSON).status_code == 201
    tokens = server.ask(worker, "POST", "/v1/auth/login", json=PERSON)
    assert tokens.status_code == 200, tokens.text
    return tokens


def run_to_its_end(directory: Path, command: tuple[str, ...], **settings: str) -> tuple[int, str]:
    """Run a server that ends by itself, and return its exit status and what it said."""
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-m", *command],
        cwd=directory,
        env=environment_of(directory, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=READY_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.std(102)
@pytest.mark.attack(10)
@TWO_WORKERS
def test_a_second_worker_refuses_to_keep_sessions_in_memory(
    directory: Path, command: tuple[str, ...]
) -> None:
    """It says why, hands out no token, and never lets in by one that the other revoked.

    The app is mounted, so that nothing is asked at start-up.
    """
    with running(directory, (*command, "mounted_aged:app"), **DEV) as server:
        first, second = server.workers(2)
        tokens = log_in_at(server, first)
        assert TEACHING not in server.output
        grant = {"refresh_token": tokens.json()["refresh_token"]}
        server.ask(second, "POST", "/v1/auth/register", json=PERSON)
        answers = [
            server.ask(second, "POST", "/v1/auth/login", json=PERSON),
            server.ask(second, "POST", "/v1/auth/refresh", json=grant),
            server.ask(second, "GET", "/v1/tasks", headers=bearer(tokens)),
            server.ask(second, "GET", "/v1/auth/sessions", headers=bearer(tokens)),
            server.ask(second, "POST", "/v1/auth/logout", headers=bearer(tokens)),
            server.ask(second, "POST", "/v1/auth/logout-all", headers=bearer(tokens)),
        ]
        assert [answer.status_code for answer in answers] == [500] * 6
        assert not any("token" in answer.text for answer in answers)
        assert server.ask(first, "POST", "/v1/auth/refresh", json=grant).status_code == 200
        out = server.ask(first, "POST", "/v1/auth/logout", headers=bearer(tokens))
        assert out.status_code == 204
        assert server.ask(second, "GET", "/v1/tasks", headers=bearer(tokens)).status_code == 500
        assert server.ask(first, "GET", "/v1/tasks", headers=bearer(tokens)).status_code == 401
    assert server.output.count(TEACHING) >= 7
    assert FIX in server.output


def test_a_server_of_two_workers_ends_at_start_up_and_says_why(directory: Path) -> None:
    """Not at the first login, hours later."""
    command = (*GUNICORN, "-w", "2", "served:app")
    status, said = run_to_its_end(directory, command, **DEV)
    assert status != 0
    assert TEACHING in said
    assert FIX in said


def test_users_in_memory_are_refused_to_a_second_worker_on_a_shared_store(
    directory: Path,
) -> None:
    """A login would succeed at one worker and fail at the other, at random."""
    command = (*GUNICORN, "-w", "2", "served:app")
    store = f"sqlite+aiosqlite:///{directory / 'store.db'}"
    status, said = run_to_its_end(directory, command, **DEV, JWTKIT_STORE_URL=store)
    assert status != 0
    assert f"{TEACHING}users in memory." in said


def test_production_without_keys_ends_at_start_up_with_the_commands_to_run(
    directory: Path,
) -> None:
    """Not at the first login, hours later."""
    status, said = run_to_its_end(
        directory, (*UVICORN, "served:app"), JWTKIT_ISSUER="https://auth.example.com"
    )
    assert status != 0
    assert "Uvicorn running on" not in said
    assert "There are no signing keys: neither keys nor keys_file is set." in said
    for command in (
        "jwtkit keys generate --keys-file keys.json --refresh-secrets-file refresh-secrets.json",
        "export JWTKIT_KEYS_FILE=keys.json JWTKIT_REFRESH_SECRETS_FILE=refresh-secrets.json",
    ):
        assert command in said
    assert not (directory / ".jwtkit").exists()
