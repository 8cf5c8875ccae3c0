from how_to.cookies import app
from fastapi.testclient import TestClient

PERSON = {"username": "ann", "password": "correct horse battery staple"}


def test_a_page_writes_a_note() -> None:
    client = TestClient(app, base_url="https://testserver")
    client.post("/auth/register", json=PERSON)
    client.post("/auth/login", json={**PERSON, "transport": "cookie"})
    token = client.cookies["__Host-jwtkit-csrf"]
    assert client.post("/notes", headers={"X-CSRF-Token": token}).status_code == 200
    assert client.post("/notes").json()["error_code"] == "csrf_failed"
