import httpx


# --8<-- [start:narrow]
def log_in_to_read(client: httpx.Client) -> dict[str, str]:
    person = {"username": "ann", "password": "correct horse battery staple"}
    pair = client.post("/auth/login", json=person | {"scope": "tasks:read"}).json()
    assert pair["scope"] == "tasks:read"
    return {"Authorization": f"Bearer {pair['access_token']}"}


# --8<-- [end:narrow]


# --8<-- [start:refused]
def writing_is_refused(client: httpx.Client) -> None:
    answer = client.post("/tasks", headers=log_in_to_read(client))
    assert answer.status_code == 403
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge == 'Bearer error="insufficient_scope", scope="tasks:read tasks:write"'


# --8<-- [end:refused]
