"""Sending one request to one worker, and noting what came."""

from __future__ import annotations

import time
from typing import Any

import httpx

from faults.ledger import PATIENCE_SECONDS, Answer, Kind, Ledger
from faults.workers import PLAIN_HTTP, Worker


class Asker:
    """Clients with connections of their own to each worker.

    Attributes:
        ledger: of the fault that goes on.
        patience: seconds to wait for an answer to a request of a session that lives.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.patience = PATIENCE_SECONDS
        self._clients: dict[tuple[int, int], httpx.AsyncClient] = {}

    async def ask(
        self,
        worker: Worker,
        kind: Kind,
        path: str,
        *,
        access: str | None = None,
        json: dict[str, str] | None = None,
        patience: float | None = None,
    ) -> Answer:
        """Send a request; a POST if there is a body or it is no guarded call."""
        method = "GET" if path == "/guarded" else "POST"
        request: dict[str, Any] = {"json": json, "timeout": patience or self.patience}
        if access is not None:
            request["headers"] = {"Authorization": f"Bearer {access}"}
        status, body, retry_after, trouble = 0, {}, None, ""
        began = time.monotonic()
        try:
            response = await self._client(worker).request(method, path, **request)
        except httpx.TransportError as error:
            trouble = type(error).__name__
        else:
            status, retry_after = response.status_code, response.headers.get("retry-after")
            if response.content and response.headers["content-type"] == "application/json":
                body = response.json()
        answer = Answer(
            worker=worker,
            status=status,
            body=body if isinstance(body, dict) else {},
            retry_after=retry_after,
            trouble=trouble,
            began=began,
            ended=time.monotonic(),
        )
        self.ledger.record(kind, answer, f"{method} {path} of a {kind}")
        return answer

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()

    def _client(self, worker: Worker) -> httpx.AsyncClient:
        # Connections of a worker that was killed are of no use to the next one at its port.
        key = (worker.port, worker.starts)
        if key not in self._clients:
            limits = httpx.Limits(max_connections=200, max_keepalive_connections=20)
            self._clients[key] = httpx.AsyncClient(
                base_url=worker.url, trust_env=False, verify=PLAIN_HTTP, limits=limits
            )
        return self._clients[key]
