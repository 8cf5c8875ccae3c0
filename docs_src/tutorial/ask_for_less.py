# --8<-- [start:again]
import httpx

PERSON = {"username": "ann", "password": "correct horse battery staple"}
client = httpx.Client(base_url="http://127.0.0.1:8000")

answer = client.post("/auth/register", json=PERSON)
assert answer.status_code == 201, answer.text
# --8<-- [end:again]

# --8<-- [start:narrow]
pair = client.post("/auth/login", json=PERSON | {"scope": "tasks:read"}).json()
assert pair["scope"] == "tasks:read"
headers = {"Authorization": f"Bearer {pair['access_token']}"}
assert client.get("/tasks", headers=headers).status_code == 200
# --8<-- [end:narrow]

# --8<-- [start:refused]
answer = client.post("/tasks", headers=headers)
assert answer.status_code == 403
challenge = answer.headers["WWW-Authenticate"]
assert challenge == 'Bearer error="insufficient_scope", scope="tasks:read tasks:write"'
# --8<-- [end:refused]
