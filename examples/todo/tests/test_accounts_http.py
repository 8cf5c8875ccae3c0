"""Accounts and profiles over HTTP, with real passwords."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from examples.todo.app.core.config import kit_settings
from examples.todo.tests.people import PASSWORD, Person


async def sign_up(client: httpx.AsyncClient, name: str, **more: object) -> httpx.Response:
    """Register somebody."""
    body = {"username": name, "password": PASSWORD, **more}
    return await client.post("/auth/register", json=body)


async def log_in(client: httpx.AsyncClient, name: str, **more: object) -> httpx.Response:
    """Log somebody in."""
    body = {"username": name, "password": PASSWORD, **more}
    return await client.post("/auth/login", json=body)


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.spec("P-8")
async def test_who_registers_gets_the_default_scopes_whatever_they_say(
    client: httpx.AsyncClient,
) -> None:
    """Neither at registering nor at logging in does asking help."""
    greedy = {"scopes": ["tasks:admin"], "roles": ["admin"], "scope": "tasks:admin"}
    made = await sign_up(client, "Ada", **greedy)
    assert made.status_code == 201
    assert made.json()["username"] == "ada"
    assert made.json()["scopes"] == ["tasks:read", "tasks:write"]
    assert made.json()["roles"] == []
    refused = await log_in(client, "ada", scope="tasks:admin")
    assert (refused.status_code, refused.json()["error_code"]) == (400, "invalid_scope")


@pytest.mark.spec("P-8")
@pytest.mark.usefixtures("settings")
def test_other_default_scopes_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kit's setting wins over the application's default, an empty one aside."""
    assert kit_settings().default_scopes == {"tasks:read", "tasks:write"}
    monkeypatch.setenv("JWTKIT_DEFAULT_SCOPES", "tasks:read")
    assert kit_settings().default_scopes == {"tasks:read"}


@pytest.mark.spec("P-9")
async def test_a_login_is_somebodys_once_in_any_spelling(client: httpx.AsyncClient) -> None:
    """Of two who register at once one gets it; twins that look alike get nothing."""
    answers = await asyncio.gather(sign_up(client, "ada"), sign_up(client, "ADA"))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    for twin in ("Ada", " ada ", "\uff41da"):
        again = await sign_up(client, twin)
        assert (again.status_code, again.json()["error_code"]) == (409, "login_taken")


async def test_a_whole_life_with_the_application(client: httpx.AsyncClient) -> None:
    """Register, log in, create, refresh, log out: the access token is dead at once."""
    await sign_up(client, "ada")
    pair = (await log_in(client, "ada")).json()
    old = bearer(pair["access_token"])
    made = await client.post("/api/v1/tasks", json={"title": "x"}, headers=old)
    assert made.status_code == 201
    refreshed = await client.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert refreshed.status_code == 200
    new = bearer(refreshed.json()["access_token"])
    assert (await client.get("/api/v1/tasks", headers=new)).json()["items"] == [made.json()]
    assert (await client.post("/auth/logout", headers=new)).status_code == 204
    for headers in (old, new):
        dead = await client.get("/api/v1/tasks", headers=headers)
        assert (dead.status_code, dead.json()["error_code"]) == (401, "invalid_token")
    spent = await client.post(
        "/auth/refresh", json={"refresh_token": refreshed.json()["refresh_token"]}
    )
    assert (spent.status_code, spent.json()["error_code"]) == (400, "invalid_grant")


@pytest.mark.parametrize("name", ["\\ud800", "\\u0000", "a\\u0000"])
async def test_a_login_that_nobody_can_have_is_a_clients_mistake(
    client: httpx.AsyncClient, name: str
) -> None:
    """A lone surrogate or NUL is legal in JSON and reaches the kit; never a 500."""
    content = f'{{"username": "{name}", "password": "{PASSWORD}{name}"}}'
    headers = {"Content-Type": "application/json"}
    for path, allowed in (("/auth/login", {401, 422}), ("/auth/register", {409, 422})):
        response = await client.post(path, content=content, headers=headers)
        assert response.status_code in allowed, response.text


@pytest.mark.spec("P-1", "P-2")
async def test_a_profile_is_the_callers_own(client: httpx.AsyncClient) -> None:
    """With what they registered with, and no hash of a password."""
    made = (await sign_up(client, "ada", email="ada@example.org")).json()
    token = (await log_in(client, "ada")).json()["access_token"]
    profile = (await client.get("/api/v1/profile", headers=bearer(token))).json()
    assert profile.pop("created_at").endswith("Z")
    assert profile == {
        "id": made["id"],
        "username": "ada",
        "email": "ada@example.org",
        "display_name": None,
        "time_zone": "UTC",
    }


@pytest.mark.spec("P-1")
async def test_any_valid_token_reads_a_profile(ada: Person) -> None:
    """No scope is asked for."""
    reader = await ada.narrowed("tasks:read")
    assert (await reader.send("GET", "/profile")).status_code == 200


@pytest.mark.spec("P-3", "P-4", "P-5")
async def test_a_profile_changes_by_what_is_sent(ada: Person, eve: Person) -> None:
    """One field at a time, one's own only."""
    await ada.send("PATCH", "/profile", body={"display_name": " Ada "})
    changed = await ada.send("PATCH", "/profile", body={"time_zone": "Europe/Berlin"})
    assert changed.json()["display_name"] == "Ada"
    assert changed.json()["time_zone"] == "Europe/Berlin"
    cleared = await ada.send("PATCH", "/profile", body={"display_name": None})
    assert (cleared.json()["display_name"], cleared.json()["time_zone"]) == (None, "Europe/Berlin")
    assert (await eve.send("GET", "/profile")).json()["time_zone"] == "UTC"


@pytest.mark.spec("P-3", "P-5", "P-6", "P-7")
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": None},
        {"username": "root"},
        {"roles": ["admin"]},
        {"id": "x", "display_name": "x"},
    ],
)
async def test_a_profile_change_that_does_not_fit_is_refused(
    ada: Person, body: dict[str, object]
) -> None:
    """422 in the one schema, and nothing has changed."""
    before = (await ada.send("GET", "/profile")).json()
    response = await ada.send("PATCH", "/profile", body=body)
    assert (response.status_code, response.json()["error_code"]) == (422, "validation_error")
    assert (await ada.send("GET", "/profile")).json() == before


@pytest.mark.spec("P-23")
async def test_guessing_ends_and_does_not_shut_the_owner_out(client: httpx.AsyncClient) -> None:
    """Counted in the application's own database, beside the sessions."""
    await sign_up(client, "ada")
    app = client._transport.app  # type: ignore[attr-defined]  # noqa: SLF001 - from another address
    stranger = httpx.ASGITransport(app, client=("203.0.113.9", 50_000))
    wrong = {"username": "ada", "password": "not the password"}
    async with httpx.AsyncClient(transport=stranger, base_url="http://todo.test") as guesser:
        for _ in range(5):
            assert (await guesser.post("/auth/login", json=wrong)).status_code == 401
        refused = await log_in(guesser, "ada")
    assert refused.status_code == 429
    assert refused.json()["error_code"] == "too_many_requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 300
    assert (await log_in(client, "ada")).status_code == 200
