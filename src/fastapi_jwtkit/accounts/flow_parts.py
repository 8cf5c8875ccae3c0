"""What the account flows share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastapi_jwtkit.account_protocols import (
    DisablingUserStore,
    EmailUserStore,
    RemovingUserStore,
)
from fastapi_jwtkit.accounts.attempts import Attempts
from fastapi_jwtkit.accounts.authenticator import Authenticator
from fastapi_jwtkit.accounts.links import Links
from fastapi_jwtkit.accounts.post import Post
from fastapi_jwtkit.accounts.registration import Registration
from fastapi_jwtkit.accounts.user_reads import UserReads
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.passwords.rules import PasswordRules
from fastapi_jwtkit.protocols import Clock, UserStore
from fastapi_jwtkit.sessions.sessions import Sessions

__all__ = ["Flow", "FlowParts"]


Flow = Literal[
    "register",
    "password-change",
    "password-reset",
    "email-verify",
    "email-change",
    "account-disable",
    "account-delete",
    "reauthentication",
]
"""A flow, by the name of its routes where it has any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowParts:
    """The parts and the settings that the flows of one kit are made of.

    Attributes:
        users: the user store, for its writes.
        reads: the same, for reading.
        registration: ``None`` where the store takes no new users.
        reauthentication_age: seconds within which a login counts as proof.
    """

    users: UserStore
    reads: UserReads
    registration: Registration | None
    authenticator: Authenticator
    attempts: Attempts
    hashing: HashingExecutor
    rules: PasswordRules
    sessions: Sessions
    links: Links
    post: Post
    events: Events
    clock: Clock
    login_is_email: bool
    email_verification: Literal["off", "ask", "require"]
    reauthentication_age: float

    def can(self, flow: Flow) -> bool:
        """Say whether the store and the mailer have what a flow needs."""
        users = self.users
        if flow == "register":
            return self.registration is not None
        if flow == "account-disable":
            return isinstance(users, DisablingUserStore)
        if flow == "account-delete":
            return isinstance(users, RemovingUserStore)
        if flow in {"password-change", "reauthentication"}:
            return True
        return self.post.can_write and isinstance(users, EmailUserStore)
