# --8<-- [start:socket]
import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from fastapi_jwtkit import JWTAuth, Principal, require_scopes
from fastapi_jwtkit.web.live import live, live_stream

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)

Reader = Annotated[Principal, Depends(require_scopes("tasks:read"))]


@app.websocket("/chat")
async def chat(socket: WebSocket, principal: Reader) -> None:
    await socket.accept()
    async with live(socket, principal):
        async for text in socket.iter_text():
            await socket.send_text(f"{principal.subject}: {text}")


# --8<-- [end:socket]
# --8<-- [start:stream]
async def changes() -> AsyncIterator[str]:
    for number in range(3):
        yield f"data: {number}\n\n"
        await asyncio.sleep(0)


@app.get("/changes")
async def stream(request: Request, principal: Reader) -> StreamingResponse:
    events = live_stream(request, principal, changes())
    return StreamingResponse(events, media_type="text/event-stream")


# --8<-- [end:stream]
