# --8<-- [start:route]
import secrets

from fastapi import FastAPI, HTTPException
from fastapi_jwtkit import JWTAuth

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)
links: dict[str, str] = {}


def send_link(login: str) -> str:
    code = secrets.token_urlsafe(32)
    links[code] = login
    return code


@app.post("/link/{code}")
async def follow_link(code: str) -> dict[str, str]:
    login = links.pop(code, None)  # once
    user = await auth.kit.users.find_by_login(login) if login and auth.kit.users else None
    if user is None:
        raise HTTPException(400, "This link is not good any more.")
    pair = await auth.kit.open_session(user, amr=("otp",))
    return {"access_token": pair.access_token, "refresh_token": pair.refresh_token}


# --8<-- [end:route]
