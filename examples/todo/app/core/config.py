"""Settings: ``TODO_*`` for the application, ``JWTKIT_*`` for the kit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, HttpUrl, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from examples.todo.app.services.ownership import DEFAULT_SCOPES
from fastapi_jwtkit import Settings as KitSettings

__all__ = ["TodoSettings", "kit_settings"]


class TodoSettings(BaseSettings):
    """What the application itself can be told."""

    model_config = SettingsConfigDict(
        env_prefix="TODO_", env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    database_url: str = Field(default="sqlite+aiosqlite:///./todo.db", repr=False)
    """SQLAlchemy URL with an async driver; default: a file in the working directory."""
    public_url: HttpUrl | None = None
    """Where people reach the application; https here switches HSTS on."""
    transports: Annotated[tuple[str, ...], NoDecode] = ("bearer",)
    """Where tokens live: ``bearer``, ``cookie`` or both, the first for logins that name none."""

    @field_validator("transports", mode="before")
    @classmethod
    def _split_transports(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def kit_settings() -> KitSettings:
    """Return the kit's settings from the environment.

    A person who registers gets the application's scopes unless ``JWTKIT_DEFAULT_SCOPES``
    says otherwise.
    """
    settings = KitSettings()
    if "default_scopes" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"default_scopes": DEFAULT_SCOPES})
