"""The one door to the account flows: what cannot be served is said, what is tried is counted."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi_jwtkit.accounts.flow_parts import Flow, FlowParts
from fastapi_jwtkit.errors import ConfigurationError, UnavailableError
from fastapi_jwtkit.records import UNKNOWN_DEVICE, Device
from fastapi_jwtkit.throttling import Action

__all__ = ["FlowEntrance"]


class FlowEntrance:
    """Every verb passes here before it does anything.

    Args:
        parts: what the flows share.
    """

    def __init__(self, parts: FlowParts) -> None:
        self._parts = parts

    @asynccontextmanager
    async def enter(
        self,
        flow: Flow,
        action: Action | None = None,
        *,
        account: str | None = None,
        device: Device = UNKNOWN_DEVICE,
    ) -> AsyncGenerator[None]:
        """Count an attempt, let it be made, and take back what was rightful or never made.

        Args:
            flow: which.
            action: what it counts as; ``None`` for what an administrator does.
            account: whom it concerns, as far as the caller says: an id, a login or an
                address as it was typed; ``None`` where only a token says it.
            device: where the request comes from.

        Raises:
            ConfigurationError: the kit was not given what the flow needs.
            ThrottledError: too many.
            StoreUnavailableError: it could not be counted.
        """
        if not self._parts.can(flow):
            raise ConfigurationError(
                f"This kit cannot serve {flow}.",
                why="The user store lacks a verb that it needs, or there is no mailer.",
                fix="JWTKit(settings, users=…, mailer=YourMailer()); the page lists the verbs.",
                docs="how-to/account-flows/",
            )
        if action is None:
            yield
            return
        attempts = self._parts.attempts
        await attempts.ensure(action, account=account, device=device)
        try:
            yield
        except UnavailableError:
            await attempts.withdraw(action, account=account, device=device)
            raise
        await attempts.succeed(action, account=account, device=device)
