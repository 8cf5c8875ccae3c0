"""Gate and audit agree, on an application in which guards are hard to see."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from fastapi_jwtkit.web.audit import RouteRow, Status
from fastapi_jwtkit.web.audit_report import audit
from hard_app import add_late_route, hard_app
from web_kits import bearer, log_in

LET_IN = {Status.PUBLIC, Status.OPEN, Status.OPTIONAL, Status.UNKNOWN}
"""What a stranger reaches, and what nobody can say more of."""


@pytest.fixture(params=["gated", "without a gate"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> FastAPI:
    """Return the application; one route came while it served."""
    app, _ = hard_app(tmp_path, gated=request.param == "gated")
    with TestClient(app) as client:
        client.get("/marked")
        add_late_route(app)
    return app


def accepts(client: TestClient, path: str) -> bool:
    """Say whether a stranger may open a socket; else it is a real 401."""
    with ExitStack() as stack:
        try:
            stack.enter_context(client.websocket_connect(path))
        except WebSocketDenialResponse as denied:
            status = denied.status_code
        else:
            return True
    assert status == 401
    return False


def is_reached(client: TestClient, row: RouteRow) -> bool:
    """Say whether a stranger gets to a route, by each of its methods alike."""
    path = row.path.replace("{item}", "one").replace("{sid}", "one")
    path = path.replace("/static/*", "/static/style.css").replace("/*", "/x")
    if row.methods == ("WS",):
        return accepts(client, path)
    methods = ("GET",) if row.methods == ("*",) else row.methods
    answers = {client.request(method, path).status_code for method in methods}
    assert len({status == 401 for status in answers}) == 1, (row, answers)
    return answers != {401}


def is_own_proof(row: RouteRow) -> bool:
    """Say whether it is one that asks for a proof in its body, and answers 401 without one."""
    return "/auth/" in row.path and row.status is Status.PUBLIC


@pytest.mark.std(109)
def test_a_stranger_reaches_what_the_audit_says_and_nothing_else(app: FastAPI) -> None:
    """Every route, with a gate and without."""
    client = TestClient(app)
    rows = [row for row in audit(app).rows if not is_own_proof(row)]
    assert len(rows) > 30
    told = {row.name for row in rows if row.status in LET_IN}
    reached = {row.name for row in rows if is_reached(client, row)}
    assert reached == told


@pytest.mark.std(109)
def test_behind_a_gate_only_what_is_marked_is_open(tmp_path: Path) -> None:
    """All else is 401 to a stranger, whatever its guards are worth."""
    app, realm = hard_app(tmp_path, gated=True)
    rows = {row.path: row for row in audit(app).rows}
    opened = {path for path, row in rows.items() if row.status is Status.PUBLIC}
    assert {path for path in opened if not path.startswith("/auth")} == {
        *("/docs", "/docs/oauth2-redirect", "/openapi.json", "/redoc"),
        *("/.well-known/jwks.json", "/marked", "/told-optional", "/raw-open", "/static/*"),
        *("/n/told/r3/plain", "/n/told/r3/socket", "/gated/.well-known/jwks.json"),
        *(path for path in rows if path.startswith("/gated/auth/") and path in opened),
        "/gated/marked",
    }
    client = TestClient(app)
    realm.add_user()
    token = log_in(client)["access_token"]
    for path in ("/fake", "/raw", "/sub/open", "/asgi/x", "/starlette/raw", "/hidden-mark"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=bearer(token)).status_code == 200
    assert client.get("/gated/open", headers=bearer(token)).status_code == 401
    assert (client.get("/nowhere").status_code, client.delete("/marked").status_code) == (401, 405)


def test_guards_are_known_by_what_they_are(tmp_path: Path) -> None:
    """Not by their name, their base class, or a scheme that lets everybody in."""
    app, _ = hard_app(tmp_path, gated=False)
    rows = {row.path: row for row in audit(app).rows}
    found = {path: rows[path].status for path in ("/fake", "/lax", "/auto-error", "/optional")}
    assert found == {
        "/fake": Status.OPEN,
        "/lax": Status.OPTIONAL,
        "/auto-error": Status.OPEN,
        "/optional": Status.OPTIONAL,
    }
    deep = next(row for path, row in rows.items() if "/roles/" in path and path.endswith("/own"))
    assert deep.status is Status.GUARDED
    assert "require_roles(admin, clerk)" in deep.guards
    assert rows["/hidden-mark"].status is Status.OPEN
    assert rows["/told-optional"].status is Status.PUBLIC
    assert rows["/static/*"].status is Status.UNKNOWN


def test_a_guard_in_an_annotation_that_is_gone_is_found(tmp_path: Path) -> None:
    """Where FastAPI lets it be defined at all."""
    app, _ = hard_app(tmp_path, gated=False)
    rows = {row.path: row for row in audit(app).rows}
    if "/lost" in rows:
        (fault,) = rows["/lost"].faults
        assert "'principal' cannot be evaluated" in fault
        assert fault in {finding.text for finding in audit(app).findings}
