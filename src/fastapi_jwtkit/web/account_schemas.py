"""Bodies of the account routes: as strict as those of the others."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from fastapi_jwtkit.web.schemas import MAX_USERNAME, BoundedRequest, Password

__all__ = [
    "AcceptedBody",
    "ChangeEmailBody",
    "ChangePasswordBody",
    "EmailBody",
    "LinkTokenBody",
    "ProofBody",
    "ResetPasswordBody",
]

MAX_LINK_TOKEN = 4096

Email = Annotated[str, Field(min_length=1, max_length=MAX_USERNAME)]
LinkToken = Annotated[
    SecretStr,
    Field(min_length=1, max_length=MAX_LINK_TOKEN, description="From behind the # of the link."),
]


class EmailBody(BoundedRequest):
    """An address that a mail may go to, if it is somebody's."""

    email: Email


class LinkTokenBody(BoundedRequest):
    """What a link carries."""

    token: LinkToken


class ResetPasswordBody(LinkTokenBody):
    """What a link carries, and the password that shall hold."""

    password: Password


class ChangePasswordBody(BoundedRequest):
    """The password that holds and the one that shall."""

    current_password: Password
    new_password: Password


class ProofBody(BoundedRequest):
    """The password once more; needed unless the account has none."""

    password: Password | None = None


class ChangeEmailBody(ProofBody):
    """A new address, and the password once more."""

    email: Email


class AcceptedBody(BaseModel):
    """The one answer to whatever is decided after it."""

    detail: str = "If it can be done, a mail says how it goes on."
