"""Every example of the documentation runs."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

import doc_examples as examples

PERSON = {"username": "ann", "password": "correct horse battery staple"}


pytestmark = pytest.mark.usefixtures("development")


def serve(name: str) -> TestClient:
    """Return a client of the application that an example makes."""
    return TestClient(examples.load(name).app)


def run_client(name: str, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a script of the tutorial, whose requests reach the application of ``client``."""

    def connect(base_url: str) -> TestClient:
        assert base_url == "http://127.0.0.1:8000"
        return client

    with monkeypatch.context() as patched:
        patched.setattr(httpx, "Client", connect)
        examples.load(name)


def log_in(client: TestClient, prefix: str = "/auth") -> dict[str, str]:
    """Register ann, log her in, and return the header that says so."""
    assert client.post(f"{prefix}/register", json=PERSON).status_code == 201
    pair = client.post(f"{prefix}/login", json=PERSON).json()
    return {"Authorization": f"Bearer {pair['access_token']}"}


def test_the_quick_start_guards_its_routes() -> None:
    """A stranger gets 401, a token with the scope gets the tasks."""
    client = serve("quickstart")
    assert client.get("/tasks").status_code == 401
    headers = log_in(client)
    subject = client.get("/auth/me", headers=headers).json()["id"]
    assert client.get("/tasks", headers=headers).json() == [f"tasks of {subject}"]
    assert client.delete("/tasks", headers=headers).status_code == 200


def test_a_worker_tells_whether_it_is_ready() -> None:
    """The probe of the page on many workers answers."""
    answer = serve("how_to/readiness").get("/health/ready")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)


def test_a_client_of_your_own_is_handed_in() -> None:
    """Nothing is connected by that."""
    assert serve("how_to/own_client").get("/openapi.json").status_code == 200


def test_the_quick_start_serves_its_keys_and_its_schema() -> None:
    """The comment beside ``install`` is true."""
    client = serve("quickstart")
    assert client.get("/.well-known/jwks.json").json()["keys"]
    operation = client.get("/openapi.json").json()["paths"]["/tasks"]["get"]
    assert list(operation["security"][0].values()) == [["tasks:read"]]


def test_setting_up_takes_six_lines_at_most() -> None:
    """Count what the quick start asks to write."""
    assert len(examples.code_lines(examples.section("quickstart", "setup"))) <= 6


def test_a_scope_on_a_route_takes_two_lines() -> None:
    """Count the lines that carry it: the decorator and the annotation."""
    shown = examples.section("quickstart", "scope")
    routes = [part for part in shown.split("@app.") if part]
    for route in routes:
        lines = examples.code_lines("@app." + route)
        carrying = [line for line in lines if "@app." in line or "require_scopes" in line]
        assert 1 <= len(carrying) <= 2


def test_the_tutorial_protects_a_route_and_greets_strangers() -> None:
    """Part 1: a stranger gets the bare challenge, the greeting takes anybody but a liar."""
    client = serve("tutorial/protect_a_route")
    answer = client.get("/whoami")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json() == {"detail": "Not authenticated.", "error_code": "not_authenticated"}
    assert client.get("/greeting").json() == "Hello stranger"
    assert client.get("/greeting", headers={"Authorization": "Bearer x"}).status_code == 401
    assert client.get("/greeting", headers=log_in(client)).json() != "Hello stranger"


def test_the_tutorial_logs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Part 2: register, log in, call."""
    run_client("tutorial/log_in", serve("tutorial/protect_a_route"), monkeypatch)


def test_the_tutorial_asks_for_scopes() -> None:
    """Part 3: all of them, one of them, a role."""
    client = serve("tutorial/scopes")
    headers = log_in(client)
    answers = {
        "GET /tasks": client.get("/tasks", headers=headers).status_code,
        "POST /tasks": client.post("/tasks", headers=headers).status_code,
        "GET /report": client.get("/report", headers=headers).status_code,
        "GET /admin": client.get("/admin", headers=headers).status_code,
    }
    assert list(answers.values()) == [200, 200, 200, 403], answers


def test_the_tutorial_asks_for_less_then_refreshes_and_logs_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Parts 3 and 4 against one server, one after the other, as a reader runs them."""
    client = serve("tutorial/scopes")
    run_client("tutorial/ask_for_less", client, monkeypatch)
    run_client("tutorial/refresh_and_logout", client, monkeypatch)


def test_users_may_live_in_a_table_of_ones_own(tmp_path: Path) -> None:
    """They register, log in, and are taken once; the file stays."""
    client = serve("how_to/bring_your_own_users")
    headers = log_in(client)
    assert client.get("/auth/me", headers=headers).json()["username"] == "ann"
    assert client.post("/auth/register", json=PERSON).status_code == 409
    assert (tmp_path / "users.db").exists()


def test_sessions_may_live_in_a_sql_database() -> None:
    """A login of before a restart is good after it, and Alembic would see every table."""
    with serve("how_to/sql") as client:
        headers = log_in(client)
    with serve("how_to/sql") as client:
        assert client.get("/me", headers=headers).status_code == 200
        assert client.post("/auth/logout", headers=headers).status_code == 204
    with serve("how_to/sql") as client:
        assert client.get("/me", headers=headers).status_code == 401
    tables = set(examples.load("how_to/sql").Model.metadata.tables)
    ours = {"jwtkit_sessions", "jwtkit_revocations", "jwtkit_one_time", "jwtkit_counters"}
    assert tables == {"people", *ours}


def test_sessions_may_live_in_redis(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login of before a restart is good after it, and a logout stays one."""
    monkeypatch.setenv("REDIS_URL", valkey_url)
    with serve("how_to/redis_stores") as client:
        headers = log_in(client)
    with serve("how_to/redis_stores") as client:
        assert client.get("/me", headers=headers).status_code == 200
        assert client.post("/auth/logout", headers=headers).status_code == 204
    with serve("how_to/redis_stores") as client:
        assert client.get("/me", headers=headers).status_code == 401


def test_a_hash_is_replaced_only_if_it_is_the_expected_one(tmp_path: Path) -> None:
    """The example keeps the condition that its page explains."""
    example = examples.load("how_to/bring_your_own_users")
    people = example.People(tmp_path / "people.db")
    ann = people.add(example.NewUser(login="ann", password_hash="first"))
    assert not people.set_password_hash(ann.id, "third", expected="second")
    assert people.set_password_hash(ann.id, "second", expected="first")
    assert people.find_by_id(ann.id).password_hash == "second"


def test_a_claim_of_ones_own_reaches_the_route() -> None:
    """``claims_for`` is asked at the login."""
    client = serve("how_to/custom_claims")
    assert client.get("/tenant", headers=log_in(client)).json() == "acme"


def test_a_link_opens_a_session_once() -> None:
    """The session is like any other, and says how the person authenticated."""
    example = examples.load("how_to/open_a_session")
    client = TestClient(example.app)
    log_in(client)
    code = example.send_link("ann")
    pair = client.post(f"/link/{code}").json()
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert client.get("/auth/me", headers=headers).status_code == 200
    assert client.post(f"/link/{code}").status_code == 400
    refreshed = client.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert refreshed.status_code == 200


def test_a_customer_is_a_stranger_to_the_staff() -> None:
    """Each realm takes its own tokens only."""
    client = serve("how_to/several_realms")
    customer = log_in(client)
    clerk = log_in(client, "/staff/auth")
    assert client.get("/orders", headers=customer).status_code == 200
    assert client.get("/staff/orders", headers=clerk).status_code == 200
    assert client.get("/orders", headers=clerk).status_code == 401
    assert client.get("/staff/orders", headers=customer).status_code == 401
    assert client.get("/staff/auth/.well-known/jwks.json").status_code == 200


def test_a_mounted_application_takes_the_same_tokens() -> None:
    """The plugin is installed on both."""
    client = serve("how_to/mounted_apps")
    headers = log_in(client)
    assert client.get("/admin/whoami").status_code == 401
    assert client.get("/admin/whoami", headers=headers).status_code == 200


def test_a_refusal_is_counted_and_logged_with_its_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log and the sink of the page both tell why, the answer does not."""
    example = examples.load("how_to/why_refused")
    client = TestClient(example.app)
    with caplog.at_level(logging.INFO, logger="fastapi_jwtkit.audit"):
        answer = client.get("/whoami", headers={"Authorization": "Bearer no.to.ken"})
        client.post("/auth/login", json=PERSON)
    assert answer.json()["error_code"] == "invalid_token"
    audit = [line for line in caplog.records if line.name == "fastapi_jwtkit.audit"]
    told = [line.getMessage() for line in audit]
    assert list(example.refusals.reasons) == told
    assert told[1] == "authn_login_fail: unknown_login"


@pytest.mark.usefixtures("development")
async def test_keys_rotate_by_a_job_and_die_by_a_leak() -> None:
    """The job of the page runs with the application; a leaked key is refused from then on."""
    example = examples.load("how_to/rotate_keys")
    kit = example.auth.kit
    async with example.lifespan(example.app), asyncio.timeout(10):
        while len(kit.rings.ring) == 0:  # noqa: ASYNC110 - the job of the example decides
            await asyncio.sleep(0.01)
    states = [key.state.value for key in (await kit.key_rotation.report()).keys]
    assert states == ["active", "next"] * 2
    leaked = kit.rings.ring.active.kid
    await example.a_key_leaked(leaked)
    assert kit.rings.ring.is_revoked(leaked)
    await kit.stop()


async def test_a_worker_verifies_without_a_web_framework() -> None:
    """The kit alone answers, and refuses what is no token."""
    example = examples.load("how_to/worker")
    assert await example.run_job(example.make_kit(), "no.to.ken") == "refused"
