# --8<-- [start:refresh]
import httpx

PERSON = {"username": "ann", "password": "correct horse battery staple"}
client = httpx.Client(base_url="http://127.0.0.1:8000")

old = client.post("/auth/login", json=PERSON).json()
new = client.post("/auth/refresh", json={"refresh_token": old["refresh_token"]}).json()
assert new["refresh_token"] != old["refresh_token"]
# --8<-- [end:refresh]

# --8<-- [start:race]
second = client.post("/auth/refresh", json={"refresh_token": old["refresh_token"]}).json()
assert second["refresh_token"] == new["refresh_token"]
# --8<-- [end:race]

# --8<-- [start:logout]
headers = {"Authorization": f"Bearer {new['access_token']}"}
assert client.post("/auth/logout", headers=headers).status_code == 204
assert client.get("/tasks", headers=headers).status_code == 401
answer = client.post("/auth/refresh", json={"refresh_token": new["refresh_token"]})
assert answer.status_code == 400
assert answer.json()["error_code"] == "invalid_grant"
# --8<-- [end:logout]
