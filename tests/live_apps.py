"""An app whose sockets and streams end with the token that opened them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from starlette.websockets import WebSocketDisconnect

from fastapi_jwtkit import CurrentPrincipal, JWTAuth, JWTKit, OptionalPrincipal
from fastapi_jwtkit.revocations.vigils import Vigils
from fastapi_jwtkit.web.live import live, live_stream

SOON = 5.0
"""Seconds after which a test has waited in vain."""


async def ticks() -> AsyncIterator[str]:
    """Yield one item, and nothing more for ever."""
    yield "data: first\n\n"
    await asyncio.Event().wait()


def make_live_app(auth: JWTAuth, said: list[str] | None = None) -> FastAPI:
    """Return an app with two sockets and a stream.

    Args:
        auth: installed on it.
        said: what the socket says after its block.
    """
    app = FastAPI()

    @app.websocket("/ws")
    async def socket(socket: WebSocket, principal: CurrentPrincipal) -> None:
        await socket.accept()
        async with live(socket, principal):
            async for text in socket.iter_text():
                await socket.send_text(text)
        if said is not None:
            said.append("behind the block")

    @app.websocket("/quiet")
    async def quiet(socket: WebSocket, principal: OptionalPrincipal) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            async with auth.live(socket, principal):
                await socket.send_text("in")
                await socket.receive_text()

    @app.get("/events")
    async def events(request: Request, principal: CurrentPrincipal) -> StreamingResponse:
        return StreamingResponse(live_stream(request, principal, ticks()))

    auth.install(app)
    return app


def vigils_of(kit: JWTKit) -> Vigils:
    """Return who watches tokens in a kit."""
    return kit._assembly.revocations.vigils
