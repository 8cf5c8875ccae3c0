# --8<-- [start:job]
import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth, JWTKitError

MONTH = 30 * 86_400.0

auth = JWTAuth.from_env()


async def rotate_now_and_then() -> None:
    while True:
        with suppress(JWTKitError):  # said in the log; the next hour tries again
            await auth.kit.rotate_keys(min_age=MONTH)
        await asyncio.sleep(3_600)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    job = asyncio.create_task(rotate_now_and_then())
    yield
    job.cancel()


# --8<-- [end:job]


# --8<-- [start:revoke]
async def a_key_leaked(kid: str) -> None:
    await auth.kit.revoke_key(kid)


# --8<-- [end:revoke]

app = FastAPI(lifespan=lifespan)
auth.install(app)
