# --8<-- [start:route]
import hashlib
import os
import time
from datetime import datetime
from typing import Any

import jwt
from fastapi import FastAPI, HTTPException
from fastapi_jwtkit import JWTAuth
from pydantic import BaseModel, SecretStr

OLD_SECRET = os.environ["OLD_JWT_SECRET"]
OLD_TOKENS_END = datetime.fromisoformat(os.environ["OLD_TOKENS_END"])  # with a zone

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app, error_bodies="app")  # errors of the kit in own routes, too


class OldToken(BaseModel):
    token: SecretStr


@app.post("/auth/move")
async def move_over(body: OldToken) -> dict[str, str]:
    kit, text = auth.kit, body.token.get_secret_value()
    old = read_old_token(text)
    user = await kit.users.find_by_login(old["sub"]) if old and kit.users else None
    if old is None or user is None:
        raise HTTPException(400, "Log in again.")
    pair = await kit.open_session(user, amr=("pwd",))
    seen = hashlib.sha256(text.encode()).hexdigest()
    if not await kit.one_time.consume(kit.realm, f"move:{seen}", expires_at=old["exp"]):
        await kit.close_sid(pair.session.sid, subject=user.id)
        raise HTTPException(400, "Log in again.")
    return {"access_token": pair.access_token, "refresh_token": pair.refresh_token}


def read_old_token(text: str) -> dict[str, Any] | None:
    if time.time() >= OLD_TOKENS_END.timestamp():
        return None
    try:
        return jwt.decode(
            text,
            OLD_SECRET,
            algorithms=["HS256"],  # what the old library signed with, and nothing else
            options={"require": ["exp", "sub"]},
            # audience="fastapi-users:auth", issuer="…": whatever the old tokens say
        )
    except jwt.InvalidTokenError:
        return None


# --8<-- [end:route]
