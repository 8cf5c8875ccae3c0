"""Tasks over HTTP."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import delete

from examples.todo.app.models import UserRow
from examples.todo.tests.people import TASK_VERBS, Person

NOBODYS = "0b5f1c1e-7d0a-4a9e-9a43-6c1f7f0f5a10"
ROUTES = [
    ("GET", "/tasks"),
    ("POST", "/tasks"),
    *((method, f"/tasks/{NOBODYS}{path}") for method, path, _ in TASK_VERBS),
    ("GET", "/admin/tasks"),
    ("GET", "/profile"),
    ("PATCH", "/profile"),
]


@pytest.mark.spec("T-1", "P-1")
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_gets_in_without_a_good_token(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    """The challenge says whether there was a token at all (RFC 6750 3.1)."""
    stranger = await client.request(method, f"/api/v1{path}", json={})
    assert stranger.status_code == 401
    assert stranger.headers["WWW-Authenticate"] == "Bearer"
    assert stranger.json()["error_code"] == "not_authenticated"
    forged = {"Authorization": "Bearer e30.e30.e30"}
    liar = await client.request(method, f"/api/v1{path}", json={}, headers=forged)
    assert liar.status_code == 401
    assert liar.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert liar.json()["error_code"] == "invalid_token"


@pytest.mark.spec("T-2")
async def test_a_token_may_do_what_its_scope_says_and_no_more(ada: Person) -> None:
    """One who holds both may ask for one: the token then reads, or writes."""
    task = await ada.make()
    path = f"/tasks/{task['id']}"
    reader, writer = await ada.narrowed("tasks:read"), await ada.narrowed("tasks:write")
    assert (await reader.send("GET", path)).status_code == 200
    assert (await writer.send("PATCH", path, body={"title": "New"})).status_code == 200
    refused = [
        await writer.send("GET", path),
        await writer.send("GET", "/tasks"),
    ]
    for response in refused:
        assert response.status_code == 403
        assert 'scope="tasks:read"' in response.headers["WWW-Authenticate"]
    writes = [(method, f"{path}{end}", body) for method, end, body in TASK_VERBS[1:]]
    for method, target, body in [("POST", "/tasks", {"title": "x"}), *writes]:
        response = await reader.send(method, target, body=body)
        assert response.status_code == 403
        assert 'scope="tasks:write"' in response.headers["WWW-Authenticate"]
        assert response.json()["error_code"] == "insufficient_scope"


@pytest.mark.spec("T-3")
@pytest.mark.parametrize("if_match", ['"1"', '"9"', "*"])
async def test_somebody_elses_task_reads_like_one_that_never_was(
    ada: Person, eve: Person, admin: Person, if_match: str
) -> None:
    """Status, body and headers tell nothing apart, to an admin either."""
    task = await ada.make()
    for person in (eve, admin):
        for method, end, body in TASK_VERBS:
            theirs = await person.send(
                method, f"/tasks/{task['id']}{end}", body=body, if_match=if_match
            )
            nobodys = await person.send(
                method, f"/tasks/{NOBODYS}{end}", body=body, if_match=if_match
            )
            assert theirs.status_code == 404
            assert theirs.json() == nobodys.json()
            assert theirs.headers == nobodys.headers
    kept = await ada.send("GET", f"/tasks/{task['id']}")
    assert kept.json() == task


@pytest.mark.spec("T-4")
async def test_an_admin_sees_everyones_tasks(ada: Person, eve: Person, admin: Person) -> None:
    """All of them, or one owner's; and only reads them."""
    await ada.make("Ada's")
    await eve.make("Eve's")
    all_tasks = await admin.send("GET", "/admin/tasks?sort=title")
    assert [task["title"] for task in all_tasks.json()["items"]] == ["Ada's", "Eve's"]
    adas = await admin.send("GET", f"/admin/tasks?owner_id={ada.id}")
    assert [task["owner_id"] for task in adas.json()["items"]] == [ada.id]
    assert (await admin.send("POST", "/admin/tasks", body={})).status_code == 405


@pytest.mark.spec("T-4")
async def test_nobody_else_sees_everyones_tasks(ada: Person, admin: Person) -> None:
    """Neither who lacks the scope, nor an admin with a token that does."""
    for person in (ada, await admin.narrowed("tasks:read")):
        response = await person.send("GET", "/admin/tasks")
        assert response.status_code == 403
        assert 'scope="tasks:admin"' in response.headers["WWW-Authenticate"]


@pytest.mark.spec("T-15")
async def test_a_created_task_is_where_its_location_says(ada: Person) -> None:
    """201, the task, its ETag, and a path to read it at."""
    body = {
        "title": " Water the plants ",
        "description": "All\nof them",
        "priority": "urgent",
        "due_at": "2030-01-31T09:00:00+01:00",
        "tags": ["Home", "home", "Garden"],
    }
    made = await ada.send("POST", "/tasks", body=body)
    assert made.status_code == 201
    task = made.json()
    assert task["title"] == "Water the plants"
    assert task["due_at"] == "2030-01-31T08:00:00Z"
    assert task["tags"] == ["home", "garden"]
    assert (task["status"], task["owner_id"], task["version"]) == ("todo", ada.id, 1)
    location = made.headers["Location"]
    assert location == f"/api/v1/tasks/{task['id']}"
    found = await ada.send("GET", location.removeprefix("/api/v1"))
    assert found.json() == task
    assert found.headers["ETag"] == made.headers["ETag"] == '"1"'


@pytest.mark.spec("T-20", "T-14")
async def test_a_task_can_be_completed_twice(ada: Person) -> None:
    """The second time changes nothing."""
    path = f"/tasks/{(await ada.make())['id']}"
    first = await ada.send("POST", f"{path}/complete", if_match='"1"')
    second = await ada.send("POST", f"{path}/complete", if_match='"2"')
    assert first.json()["status"] == "done"
    assert first.json()["completed_at"] is not None
    assert (second.json(), second.headers["ETag"]) == (first.json(), '"2"')


@pytest.mark.spec("T-21")
async def test_a_deleted_task_is_gone(ada: Person) -> None:
    """204 without a body, then 404."""
    path = f"/tasks/{(await ada.make())['id']}"
    deleted = await ada.send("DELETE", path, if_match='"1"')
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await ada.send("DELETE", path)).status_code == 404
    assert (await ada.send("GET", path)).status_code == 404


@pytest.mark.spec("T-22")
@pytest.mark.parametrize("task_id", ["1", "x", "00000000-0000-0000-0000-00000000000"])
async def test_an_id_that_is_none_is_refused(ada: Person, task_id: str) -> None:
    """With the one schema, and the place of the mistake."""
    response = await ada.send("GET", f"/tasks/{task_id}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["path", "task_id"]


@pytest.mark.spec("T-33", "T-34")
async def test_a_list_can_be_walked_over_http(ada: Person, eve: Person) -> None:
    """Page by page, one's own tasks only, until there is no cursor."""
    await eve.make("Eve's")
    for number in range(5):
        await ada.make(f"{number}")
    found: list[str] = []
    cursor = ""
    while True:
        page = (await ada.send("GET", f"/tasks?sort=title&limit=2{cursor}")).json()
        found += [task["title"] for task in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == ["0", "1", "2", "3", "4"]


@pytest.mark.spec("T-36")
@pytest.mark.parametrize("cursor", ["x", "e30", "%00", "%ED%A0%80", "A" * 8192])
async def test_a_forged_cursor_gets_the_one_error_schema(ada: Person, cursor: str) -> None:
    """422, and nothing of it in the answer."""
    response = await ada.send("GET", f"/tasks?cursor={cursor}")
    assert response.status_code == 422
    assert set(response.json()) == {"detail", "error_code"}
    assert response.json()["error_code"] == "invalid_cursor"


@pytest.mark.spec("T-33", "T-37")
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=1e1",
        "limit=",
        "sort=owner_id",
        "sort=%2Bcreated_at",
        "status=todo&status=x",
        "status=" + "&status=".join(["todo"] * 4),
        "priority=3",
        "due_after=2030-01-01",
        "due_before=1700000000",
        "tag=",
        "q=%00",
        "q=" + "x" * 201,
        "page=2",
        "owner_id=" + NOBODYS,
        "cursor=" + "A" * 8193,
    ],
)
async def test_a_question_that_is_not_understood_is_not_answered(ada: Person, query: str) -> None:
    """422 with the place of the mistake, never a list of something else."""
    response = await ada.send("GET", f"/tasks?{query}")
    assert response.status_code == 422, response.text
    assert response.json()["error_code"] == "validation_error"
    assert response.json()["errors"][0]["loc"][0] == "query"


@pytest.mark.spec("T-12", "T-5")
@pytest.mark.parametrize(
    "body",
    [
        {"title": 7},
        {"title": "x", "tags": "secret-value"},
        {"title": "x", "owner_id": "secret-value"},
        {"title": "x", "due_at": 1700000000},
        {"title": "\ud800 secret-value"},
        {"title": "x", "\ud800": "secret-value"},
        {"description": "secret-value"},
        ["secret-value"],
        "secret-value",
        None,
    ],
)
async def test_a_body_that_does_not_fit_is_refused_and_not_repeated(
    ada: Person, body: object
) -> None:
    """422 in the one schema, whatever was sent, a lone surrogate included."""
    response = await ada.send("POST", "/tasks", body=body)
    assert response.status_code == 422, response.text
    assert set(response.json()) == {"detail", "error_code", "errors"}
    assert "secret-value" not in response.text


@pytest.mark.spec("T-12")
@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"title": NaN}', b"[" * 100_000, b'"\xed\xa0\x80"']
)
async def test_a_body_that_is_no_json_is_refused(ada: Person, body: bytes) -> None:
    """As a client's mistake, not as the server's."""
    headers = {"Authorization": f"Bearer {ada.token}", "Content-Type": "application/json"}
    response = await ada.client.post("/api/v1/tasks", content=body, headers=headers)
    assert response.status_code in {400, 422}, response.text
    assert {"detail", "error_code"} <= set(response.json())


@pytest.mark.spec("T-42")
async def test_a_token_whose_account_is_gone_is_refused(ada: Person, app: FastAPI) -> None:
    """A good signature, and nobody behind it any more: 401, to read and to write."""
    async with app.state.database.sessions.begin() as session:
        await session.execute(delete(UserRow).where(UserRow.id == ada.id))
    for method, path, body in (("POST", "/tasks", {"title": "x"}), ("GET", "/profile", None)):
        response = await ada.send(method, path, body=body)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
