import httpx


# --8<-- [start:register]
def register(client: httpx.Client) -> None:
    person = {"username": "ann", "password": "correct horse battery staple"}
    answer = client.post("/auth/register", json=person)
    assert answer.status_code == 201


# --8<-- [end:register]


# --8<-- [start:login]
def log_in(client: httpx.Client) -> dict[str, str]:
    person = {"username": "ann", "password": "correct horse battery staple"}
    pair = client.post("/auth/login", json=person).json()
    return {"Authorization": f"Bearer {pair['access_token']}"}


# --8<-- [end:login]


# --8<-- [start:call]
def call(client: httpx.Client) -> None:
    headers = log_in(client)
    assert client.get("/whoami", headers=headers).status_code == 200
    assert client.get("/auth/me", headers=headers).json()["username"] == "ann"


# --8<-- [end:call]
