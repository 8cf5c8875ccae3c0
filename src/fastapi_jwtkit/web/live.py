"""WebSockets and streams that end with the token that opened them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from types import TracebackType
from typing import TypeVar

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import JWTKitError
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.revocations.vigils import Vigil
from fastapi_jwtkit.web.errors import to_http
from fastapi_jwtkit.web.principal_sources import PrincipalSource, only_source
from fastapi_jwtkit.web.refusals import close_code, refusal

__all__ = ["keep_live", "live", "live_stream", "stream_live"]

T = TypeVar("T")


@asynccontextmanager
async def live(socket: WebSocket, principal: Principal | None) -> AsyncGenerator[None]:
    """End the block, and the socket, when the token that opened it expires or is revoked.

    ``async with live(socket, principal):`` around what the endpoint does. The block is then
    cancelled as by ``asyncio.timeout``, the socket closed with 1008, or with 1013 where
    nobody can say whether the token was revoked, and the endpoint goes on behind the block.

    Args:
        socket: accepted or not; one that was not is refused with a status.
        principal: of the guard of the route. ``None``, and one that a test made, never end.

    Raises:
        HTTPException, WebSocketException: the token died before the block began.
        ConfigurationError: the app has two realms: use ``auth.live``.
    """
    async with keep_live(socket, principal, None):
        yield


def live_stream(
    connection: HTTPConnection, principal: Principal | None, items: AsyncIterable[T]
) -> AsyncIterator[T]:
    """Return the items until the token that asked for them expires or is revoked.

    ``StreamingResponse(live_stream(request, principal, events()))``. Not a context manager
    within the stream: what cancels a generator between two items reaches whoever sends them.

    Args:
        connection: the request.
        principal: of the guard of the route. ``None``, and one that a test made, never end.
        items: what to send; closed at the end if it is a generator.

    Raises:
        ConfigurationError: the app has two realms: use ``auth.live_stream``.
    """
    return stream_live(connection, principal, items, None)


@asynccontextmanager
async def keep_live(
    socket: WebSocket, principal: Principal | None, source: PrincipalSource | None
) -> AsyncGenerator[None]:
    """Do what ``live`` does, by the tokens of a source; ``None``: the one of the app."""
    claims = None if principal is None else principal.claims
    if claims is None:
        yield
        return
    source = source or only_source(socket.scope.get("app"))
    async with AsyncExitStack() as stack:
        try:
            vigil = await stack.enter_async_context(source.watch(claims))
        except JWTKitError as error:
            raise refusal(socket, error) from None
        cut = _Cut(vigil)
        async with cut:
            yield
    if cut.happened and vigil.error is not None:
        await _close(socket, vigil.error)


def stream_live(
    connection: HTTPConnection,
    principal: Principal | None,
    items: AsyncIterable[T],
    source: PrincipalSource | None,
) -> AsyncIterator[T]:
    """Do what ``live_stream`` does, by the tokens of a source; ``None``: the one of the app."""
    claims = None if principal is None else principal.claims
    if claims is None:
        return aiter(items)
    return _stream(claims, items, source or only_source(connection.scope.get("app")))


async def _stream(
    claims: Claims, items: AsyncIterable[T], source: PrincipalSource
) -> AsyncGenerator[T]:
    async with AsyncExitStack() as stack:
        iterator = aiter(items)
        close = getattr(iterator, "aclose", None)
        if close is not None:
            stack.push_async_callback(close)
        try:
            vigil = await stack.enter_async_context(source.watch(claims))
        except JWTKitError:
            return  # the answer has begun: it ends before its first item
        while True:
            found: list[T] = []
            try:
                async with _Cut(vigil):
                    found.append(await anext(iterator))
            except StopAsyncIteration:
                return
            if vigil.error is not None:
                return
            yield found[0]


class _Cut:
    """Cancels what it surrounds when a vigil ends, and keeps that to itself.

    ``asyncio.timeout`` knows whose cancellation it was, so one from outside passes.
    """

    def __init__(self, vigil: Vigil) -> None:
        self.happened = False
        self._vigil = vigil
        self._is_over = False
        self._limit = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._vigil.ended.add_done_callback(self._now)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._is_over = True
        self._vigil.ended.remove_done_callback(self._now)
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError:
            self.happened = True
        return self.happened

    def _now(self, _: object) -> None:
        # Called a turn of the loop later, when the block may be over.
        if not self._is_over:
            self._limit.reschedule(self._vigil.loop.time())


async def _close(socket: WebSocket, error: JWTKitError) -> None:
    if socket.application_state is WebSocketState.CONNECTING:
        raise refusal(socket, error)
    if socket.application_state is WebSocketState.CONNECTED:
        answer = to_http(error)
        with suppress(RuntimeError, WebSocketDisconnect):  # the client was faster
            await socket.close(close_code(answer), answer.error_code)
