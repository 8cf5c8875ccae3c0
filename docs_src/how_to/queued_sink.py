# --8<-- [start:queue]
from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.event_sinks import QueuedSink
from fastapi_jwtkit.events import AuthEvent


class Collector:
    """Posts each event to a server of yours, which may take its time."""

    def __init__(self) -> None:
        self.posted: list[AuthEvent] = []

    def emit(self, event: AuthEvent, /) -> None:
        self.posted.append(event)


collector = Collector()
app = FastAPI()
auth = JWTAuth.from_env(events=[QueuedSink(collector)])
auth.install(app)
# --8<-- [end:queue]
