# --8<-- [start:log]
import logging
from collections import Counter

from fastapi import FastAPI
from fastapi_jwtkit import CurrentPrincipal, JWTAuth
from fastapi_jwtkit.events import AuthEvent

logging.basicConfig(level=logging.INFO)  # uvicorn sets up its own loggers only
# --8<-- [end:log]


# --8<-- [start:sink]
class Refusals:
    """Counts why tokens and logins were refused."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()

    def emit(self, event: AuthEvent, /) -> None:
        if not event.outcome:
            self.reasons[f"{event.name}: {event.reason}"] += 1


refusals = Refusals()
app = FastAPI()
auth = JWTAuth.from_env(events=[refusals])
auth.install(app)
# --8<-- [end:sink]


@app.get("/whoami")
async def whoami(principal: CurrentPrincipal) -> str:
    return principal.subject
