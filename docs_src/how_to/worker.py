# --8<-- [start:worker]
from fastapi_jwtkit import JWTKit, Settings
from fastapi_jwtkit.errors import InvalidTokenError


async def run_job(kit: JWTKit, access_token: str) -> str:
    try:
        claims = await kit.verify(access_token)
    except InvalidTokenError:
        return "refused"
    return f"done for {claims.subject}"


def make_kit() -> JWTKit:
    return JWTKit(Settings())


# --8<-- [end:worker]
