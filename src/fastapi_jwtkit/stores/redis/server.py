"""One call of the server, and one error for whatever goes wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from fastapi_jwtkit.errors import NotReplicatedError
from fastapi_jwtkit.store_errors import store_call
from fastapi_jwtkit.stores.redis.clients import LoopClients
from fastapi_jwtkit.stores.redis.lines import Word
from fastapi_jwtkit.stores.redis.links import Link, RedisClient
from fastapi_jwtkit.stores.redis.scripts import Script

__all__ = ["RedisServer"]

Answer = TypeVar("Answer")

BLOCK_MS = 400
_BLOCK_SECONDS = 0.9
"""How long a read that waits may take: it answers after ``BLOCK_MS`` at the latest."""


class RedisServer:
    """Runs scripts and commands from whichever event loop.

    Args:
        client: yours, or one for each event loop.
    """

    def __init__(self, client: RedisClient | LoopClients) -> None:
        self._clients = client if isinstance(client, LoopClients) else LoopClients(client)

    async def run(
        self,
        script: Script,
        keys: Sequence[str],
        *arguments: Word,
        reason: str,
        again: bool = True,
    ) -> Any:
        """Run a script, once more if the connection breaks.

        Args:
            script: what to run.
            keys: of one slot.
            arguments: of the script.
            reason: of the ``StoreUnavailableError``.
            again: whether running it twice does what running it once does.

        Raises:
            StoreUnavailableError: the server did not answer, or not in a way we know.
        """
        with store_call(reason):
            return await self._clients.here().evaluate(script, keys, arguments, again=again)

    async def run_for_replicas(
        self,
        script: Script,
        keys: Sequence[str],
        *arguments: Word,
        reason: str,
        patience: float = 0.0,
    ) -> int:
        """Run a script that must not be undone by a fail-over, and return its number.

        Args:
            script: returns a number and how many replicas it saw.
            keys: of one slot.
            arguments: of the script.
            reason: of the ``StoreUnavailableError``.
            patience: seconds that it may take longer than other calls.

        Raises:
            NotReplicatedError: it is done, and no replica has it yet.
            StoreUnavailableError: the server did not answer, or not in a way we know.
        """
        with store_call(reason):
            link = self._clients.here()
            result, is_missing = await link.evaluate_for_replicas(
                script, keys, arguments, patience=patience
            )
            if is_missing:
                raise NotReplicatedError(reason)
            return result

    async def ask(self, work: Callable[[Link], Awaitable[Answer]], *, reason: str) -> Answer:
        """Do something over the link of the running event loop.

        Raises:
            StoreUnavailableError: the server did not answer, or not in a way we know.
        """
        with store_call(reason):
            return await work(self._clients.here())

    async def wait_for_entry(self, log: str, after: str, *, reason: str) -> None:
        """Wait a fraction of a second until a stream has an entry after ``after``.

        Raises:
            StoreUnavailableError: the connection broke, or there is no answer in time.
        """
        with store_call(reason):
            words = ("BLOCK", BLOCK_MS, "COUNT", 1, "STREAMS", log, after)
            await self._clients.here().command(log, "XREAD", *words, seconds=_BLOCK_SECONDS)

    async def close(self) -> None:
        """Close the connections of the running event loop that are not yours."""
        await self._clients.close()
