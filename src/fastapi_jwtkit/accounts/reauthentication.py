"""Proving anew who one is, before something that a stolen token must not do."""

from __future__ import annotations

from pydantic import SecretStr

from fastapi_jwtkit.accounts.flow_parts import FlowParts
from fastapi_jwtkit.errors import (
    AuthenticationError,
    InvalidCredentialsError,
    ReauthenticationError,
)
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.protocols import User
from fastapi_jwtkit.records import Device

__all__ = ["Reauthentication"]


class Reauthentication:
    """Asks for the password, or for a login that was just now.

    Args:
        parts: what the flows share.
    """

    def __init__(self, parts: FlowParts) -> None:
        self._parts = parts

    async def either(
        self, user_id: str, password: SecretStr | None, auth_time: int | None, device: Device
    ) -> None:
        """Take the password, or a recent login where none is given (ASVS 7.5.2)."""
        try:
            if password is not None:
                await self._parts.authenticator.reauthenticate(user_id, password)
            else:
                self._ensure_recent(auth_time)
        except AuthenticationError as error:
            self._tell_failed(error, user_id, device)
            raise
        self._tell_passed(user_id, device)

    async def by_password(
        self, user_id: str, password: SecretStr | None, auth_time: int | None, device: Device
    ) -> User:
        """Take the password; a recent login only of a user who has none (ASVS 7.5.1)."""
        try:
            user = await self._proven(user_id, password, auth_time)
        except AuthenticationError as error:
            self._tell_failed(error, user_id, device)
            raise
        self._tell_passed(user_id, device)
        return user

    async def _proven(
        self, user_id: str, password: SecretStr | None, auth_time: int | None
    ) -> User:
        if password is not None:
            return await self._parts.authenticator.reauthenticate(user_id, password)
        user = await self._parts.reads.by_id(user_id)
        if user is None or not user.is_active:
            raise InvalidCredentialsError("disabled" if user else "user_gone")
        if user.password_hash:
            raise InvalidCredentialsError("password_missing")
        self._ensure_recent(auth_time)
        return user

    def _ensure_recent(self, auth_time: int | None) -> None:
        max_age = self._parts.reauthentication_age
        if auth_time is None or self._parts.clock.now() - auth_time >= max_age:
            raise ReauthenticationError(max_age)

    def _tell_passed(self, user_id: str, device: Device) -> None:
        self._parts.events.emit(EventName.REAUTHENTICATED, subject=user_id, device=device)

    def _tell_failed(self, error: AuthenticationError, user_id: str, device: Device) -> None:
        self._parts.events.emit(
            EventName.REAUTHENTICATION_FAILED,
            outcome=False,
            reason=error.reason,
            subject=user_id,
            device=device,
        )
