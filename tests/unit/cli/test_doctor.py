"""``jwtkit doctor`` and ``jwtkit config``, run as commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cli_runs import Shell, production
from fastapi_jwtkit.keys.key_ring import KeyRing

APP = """
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_jwtkit import JWTAuth

app = FastAPI({options})
{more}
JWTAuth.from_env().install(app)
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a shell with keys, an audience and a store that answers."""
    return production(
        tmp_path,
        JWTKIT_AUDIENCE="https://api.example",
        JWTKIT_TRUSTED_PROXIES="10.0.0.1",
        JWTKIT_STORE_URL=f"sqlite+aiosqlite:///{tmp_path / 'store.db'}",
    )


def found(shell: Shell, *words: str, **settings: str) -> dict[str, str]:
    """Return the worst level of each check."""
    order = ["ok", "note", "warning", "problem"]
    levels: dict[str, str] = {}
    for finding in shell.json("doctor", *words, **settings):
        known = levels.get(finding["check"], "ok")
        levels[finding["check"]] = max(known, finding["level"], key=order.index)
    return levels


def test_a_sound_set_up_has_no_problem(shell: Shell) -> None:
    """Exit code 0; each line that asks for something names a fix and a page."""
    said = shell("doctor")
    assert said.returncode == 0
    assert "0 problems, 0 warnings" in said.stdout
    for finding in shell.json("doctor"):
        if finding["level"] != "ok":
            assert finding["docs"].startswith("https://")


@pytest.mark.parametrize(
    ("settings", "check", "level"),
    [
        ({"JWTKIT_GRACE": "0"}, "grace", "warning"),
        ({"JWTKIT_REVOCATION": "off"}, "revocation", "warning"),
        ({"JWTKIT_ACCESS_TTL": "7200"}, "access_ttl", "warning"),
        ({"JWTKIT_THROTTLE": "off"}, "throttle", "warning"),
        ({"JWTKIT_THROTTLE_ON_ERROR": "allow"}, "throttle_on_error", "warning"),
        ({"JWTKIT_HTTPS": "off"}, "https", "warning"),
        ({"JWTKIT_ISSUER": "http://issuer.example"}, "issuer", "warning"),
        ({"JWTKIT_ENV": "dev"}, "environment", "note"),
        ({"JWTKIT_AUDIENCE": ""}, "audience", "note"),
        ({"JWTKIT_TRUSTED_PROXIES": ""}, "trusted proxies", "note"),
        ({"FORWARDED_ALLOW_IPS": "*"}, "trusted proxies", "problem"),
        ({"JWTKIT_STORE_URL": ""}, "stores", "warning"),
        ({"JWTKIT_STORE_URL": "", "WEB_CONCURRENCY": "4"}, "stores", "problem"),
        ({"JWTKIT_STORE_URL": "redis://127.0.0.1:1"}, "stores", "problem"),
        ({"JWTKIT_KEYS_FILE": "gone.json"}, "keys", "problem"),
    ],
)
def test_what_weakens_a_promise_is_named(
    shell: Shell, settings: dict[str, str], check: str, level: str
) -> None:
    """One thing wrong, and its line; nothing else becomes a problem."""
    levels = found(shell, **settings)
    assert levels[check] == level
    assert [name for name, each in levels.items() if each == "problem" and name != check] == []


def test_keys_that_others_can_read_and_old_keys_are_named(shell: Shell) -> None:
    """With the command that helps."""
    keys = shell.folder / "keys.json"
    ring = json.loads(keys.read_text())
    ring["keys"][0]["changed_at"] -= 400 * 86_400
    keys.write_text(json.dumps(ring))
    assert found(shell)["age of keys"] == "warning"
    assert found(shell)["next of keys"] == "note"
    keys.chmod(0o644)
    said = shell("doctor")
    assert said.returncode == 1
    assert "chmod 600" in said.stdout


@pytest.mark.parametrize(
    ("options", "more", "check", "level"),
    [
        ("", "", "cors", None),
        ("debug=True", "", "debug", "problem"),
        (
            "",
            "app.add_middleware(CORSMiddleware, allow_origins=['*'], allow_credentials=True)",
            "cors",
            "problem",
        ),
        (
            "",
            "app.add_middleware(CORSMiddleware, allow_origin_regex='.*', allow_credentials=True)",
            "cors",
            "problem",
        ),
        ("", "app.add_middleware(CORSMiddleware, allow_origins=['*'])", "cors", "ok"),
        ("", "app.get('/open')(lambda: None)", "routes", "problem"),
    ],
)
def test_an_application_is_looked_into(
    shell: Shell, options: str, more: str, check: str, level: str | None
) -> None:
    """Its routes, its CORS, its debug mode, and what a password costs on this machine."""
    (shell.folder / "shop.py").write_text(APP.format(options=options, more=more))
    (shell.folder / "pyproject.toml").write_text("[tool.jwtkit.audit]\npublic_docs = true\n")
    levels = found(shell, "shop:app", JWTKIT_ENV="dev")
    assert levels.get(check) == level
    assert "hashing" in levels


@pytest.fixture
def served(shell: Shell) -> Iterator[dict[str, Any]]:
    """Serve a key set on loopback, and say what to answer."""
    ring = KeyRing.from_text((shell.folder / "keys.json").read_text())
    answer: dict[str, Any] = {"body": ring.jwks(), "ahead": 0}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answer["body"]).encode()
            self.send_response_only(200)
            date = datetime.now(UTC) + timedelta(seconds=answer["ahead"])
            self.send_header("Date", format_datetime(date, usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    answer["url"] = f"http://127.0.0.1:{server.server_port}/auth/jwks.json"
    yield answer
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_running_application_is_compared(shell: Shell, served: dict[str, Any]) -> None:
    """Its keys with the keys here, and its clock with the one here."""
    url = ("--url", served["url"])
    assert {found(shell, *url)[name] for name in ("published keys", "clock")} == {"ok"}
    served["ahead"] = 90
    assert found(shell, *url)["clock"] == "warning"
    served["body"] = {"keys": []}
    assert found(shell, *url)["published keys"] == "problem"
    served["body"] = ["no key set"]
    assert found(shell, *url)["published keys"] == "problem"
    assert found(shell, "--url", "http://127.0.0.1:1/")["published keys"] == "problem"
    assert shell("doctor", "--url", "file:///etc/passwd").returncode == 2


def test_a_report_names_nobody(shell: Shell) -> None:
    """No host, no path, no id: what is pasted into an issue is read by everybody."""
    said = shell("doctor", "--report", JWTKIT_STORE_URL="redis://user:hunter2@127.0.0.1:1/0").stdout
    assert "fastapi: " in said
    assert "issuer: set (environment)" in said
    for word in ("example", "hunter2", "127.0.0.1", "10.0.0.1", str(shell.folder), "keys.json"):
        assert word not in said


def test_settings_are_shown_with_where_they_came_from(shell: Shell) -> None:
    """Environment, file, default or derived; secrets are masked."""
    url = shell.folder / "url"
    url.write_text("redis://user:hunter2@store.example:6379/0")
    settings = {"JWTKIT_STORE_URL": "", "JWTKIT_STORE_URL_FILE": str(url)}
    rows = {row["name"]: row for row in shell.json("config", **settings)}
    assert rows["issuer"]["source"] == "environment: JWTKIT_ISSUER"
    assert rows["store_url"] == {
        "name": "store_url",
        "value": "redis://store.example:6379/0",
        "source": f"file: {url}",
    }
    assert rows["realm"]["source"] == "derived from the others"
    assert rows["grace"]["source"] == "default"
    said = shell("config", **settings)
    assert "hunter2" not in said.stdout + said.stderr
    secret = (shell.folder / "keys.json").read_text()
    masked = {
        row["name"]: row["value"]
        for row in shell.json("config", JWTKIT_KEYS=secret, JWTKIT_KEYS_FILE="")
    }
    assert masked["keys"] == "***"


def test_a_setting_that_is_refused_is_a_problem(tmp_path: Path) -> None:
    """Where there is no kit there is still a line that says why."""
    said = Shell(tmp_path)("doctor")
    assert said.returncode == 1
    assert "settings: JWTKIT_ISSUER is not set." in said.stdout
