"""Profiles as they travel."""

from __future__ import annotations

import functools
import zoneinfo
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from examples.todo.app.schemas.text import DisplayName

__all__ = ["ProfileChanges", "ProfileOut"]


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _known_zone(name: str) -> str:
    # Looked up by name only: ZoneInfo(name) would open a file under a path we were sent.
    if name not in _zones():
        message = "must be the name of a time zone, such as Europe/Berlin"
        raise ValueError(message)
    return name


TimeZoneName = Annotated[
    str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_known_zone)
]


class ProfileOut(BaseModel):
    """A person's own profile."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    username: str = Field(validation_alias="login")
    email: str | None
    display_name: str | None
    time_zone: str
    created_at: datetime


class ProfileChanges(BaseModel):
    """What PATCH changes: a field that is left out stays; a null display name is cleared."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    display_name: DisplayName | None = Field(default_factory=lambda: None)
    time_zone: TimeZoneName = Field(default_factory=str)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            message = "must name at least one field to change"
            raise ValueError(message)
        return self
