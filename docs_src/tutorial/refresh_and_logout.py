import httpx

PERSON = {"username": "ann", "password": "correct horse battery staple"}


# --8<-- [start:refresh]
def refresh(client: httpx.Client) -> None:
    old = client.post("/auth/login", json=PERSON).json()
    new = client.post("/auth/refresh", json={"refresh_token": old["refresh_token"]}).json()
    assert new["refresh_token"] != old["refresh_token"]


# --8<-- [end:refresh]


# --8<-- [start:race]
def two_tabs_race(client: httpx.Client) -> None:
    old = client.post("/auth/login", json=PERSON).json()
    first = client.post("/auth/refresh", json={"refresh_token": old["refresh_token"]}).json()
    second = client.post("/auth/refresh", json={"refresh_token": old["refresh_token"]}).json()
    assert second["refresh_token"] == first["refresh_token"]


# --8<-- [end:race]


# --8<-- [start:logout]
def log_out(client: httpx.Client) -> None:
    pair = client.post("/auth/login", json=PERSON).json()
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert client.post("/auth/logout", headers=headers).status_code == 204
    assert client.get("/tasks", headers=headers).status_code == 401
    answer = client.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "invalid_grant"


# --8<-- [end:logout]
