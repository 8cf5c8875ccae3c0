# --8<-- [start:register]
import httpx

PERSON = {"username": "ann", "password": "correct horse battery staple"}
client = httpx.Client(base_url="http://127.0.0.1:8000")

answer = client.post("/auth/register", json=PERSON)
assert answer.status_code == 201, answer.text
# --8<-- [end:register]

# --8<-- [start:login]
pair = client.post("/auth/login", json=PERSON).json()
headers = {"Authorization": f"Bearer {pair['access_token']}"}
# --8<-- [end:login]

# --8<-- [start:call]
assert client.get("/whoami", headers=headers).status_code == 200
assert client.get("/auth/me", headers=headers).json()["username"] == "ann"
# --8<-- [end:call]
