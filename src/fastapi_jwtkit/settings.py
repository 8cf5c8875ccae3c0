"""Settings: from arguments, the environment, ``*_FILE`` variables or a secrets directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from fastapi_jwtkit.abuse_settings import AbuseSettings
from fastapi_jwtkit.addresses import TrustedProxies
from fastapi_jwtkit.cookie_settings import CookieSettings
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.scopes import check_scopes
from fastapi_jwtkit.setting_sources import PREFIX, FileSource

__all__ = ["Settings"]


class Settings(AbuseSettings, CookieSettings, BaseSettings):  # pyright: ignore[reportIncompatibleVariableOverride] - set below
    """Everything a kit can be told, checked once and then frozen.

    Arguments win over the environment. Each field ``x`` is read from ``JWTKIT_X``, or
    from the file that ``JWTKIT_X_FILE`` names, or from ``JWTKIT_X`` in the directory
    that ``JWTKIT_SECRETS_DIR`` names. An unknown ``JWTKIT_*`` name is an error.
    All durations are seconds.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    env: Literal["prod", "dev"] = "prod"
    """``dev`` makes keys and stores of its own, loudly. Everything else is production."""
    issuer: str = ""
    """``iss`` of every token, compared exactly: a URL without a trailing slash. Required
    in production."""
    audience: Annotated[tuple[str, ...], NoDecode] = ()
    """``aud`` of access tokens; default: the issuer. Comma-separated in the environment."""
    realm: str = ""
    """Name under which rows, feeds and keys live; default: the issuer. Changing it ends
    every session."""
    keys: SecretStr | None = None
    """The key ring as text (what ``jwtkit keys generate`` writes)."""
    keys_file: Path | None = None
    """File of the key ring, mode 0600."""
    refresh_secrets: SecretStr | None = None
    """The ring of refresh secrets as text."""
    refresh_secrets_file: Path | None = None
    """File of the ring of refresh secrets, mode 0600."""
    store_url: SecretStr | None = None
    """Where sessions and revocations live: ``redis://…``, ``redis+cluster://…``,
    ``redis+sentinel://…``, ``postgresql+asyncpg://…`` or ``sqlite+aiosqlite:///…``.
    Without it they live in memory, for one process."""
    dev_directory: Path = Path(".jwtkit")
    """Where ``env=dev`` keeps the keys it makes."""
    client_id: str = "first-party"
    """``client_id`` of logins that name none."""
    jwks_max_age: Annotated[int, Field(ge=0, le=86_400)] = 300
    """How long others may keep the published keys, in seconds. A new key is published for
    longer than that before it signs."""
    access_ttl: Annotated[float, Field(ge=10, le=86_400)] = 600
    """Life of an access token; up to 5 % of it is taken off at random."""
    idle_ttl: Annotated[float, Field(ge=60)] = 14 * 86_400
    """A session without a refresh for this long is over."""
    absolute_ttl: Annotated[float, Field(ge=60, le=400 * 86_400)] = 30 * 86_400
    """A session older than this is over; refreshing does not move it."""
    grace: Annotated[float, Field(ge=0, le=300)] = 30
    """For this long after it was spent, a refresh token is answered with its successor
    once more. 0 logs out every client that races itself."""
    revoke_foreign_replay: bool = False
    """Whether a replay within the grace window by another user agent ends the session;
    if not it is only an event."""
    revocation: Literal["off", "feed", "strict"] = "feed"
    """``feed`` asks a map in memory on each request; ``strict`` asks the session store."""
    max_staleness: Annotated[float, Field(ge=0, le=300)] = 30
    """A revocation map older than this denies with 503."""
    default_scopes: Annotated[frozenset[str], NoDecode] = frozenset()
    """Scopes of a user who registers. Space- or comma-separated in the environment."""
    password_preset: Literal["nist", "asvs"] = "nist"  # noqa: S105 - a preset's name
    """``nist``: at least 15 characters (SP 800-63B-4); ``asvs``: at least 8."""
    password_context: Annotated[frozenset[str], NoDecode] = frozenset()
    """Words that a new password must not be made of, such as the name of the service; the
    issuer's host is taken in. Space- or comma-separated in the environment."""
    login_is_email: bool = False
    """Whether logins are e-mail addresses. Registering then answers alike for an address
    that is known and one that is not."""
    email_verification: Literal["off", "ask", "require"] = "off"
    """``ask`` mails a link to whoever registers; ``require`` also refuses logins until the
    address is verified."""
    public_url: str = ""
    """Where people reach your pages: links in mails begin with it. https in production,
    without a trailing slash."""
    reset_ttl: Annotated[float, Field(ge=60, le=86_400)] = 1_800
    """Life of a link for a new password."""
    verify_ttl: Annotated[float, Field(ge=60, le=7 * 86_400)] = 86_400
    """Life of a link that verifies an address, or a new one."""
    reauthentication_age: Annotated[float, Field(ge=0, le=86_400)] = 600
    """A login younger than this may end the caller's other sessions; an older one has to give
    the password."""
    max_sessions: Annotated[int, Field(ge=0, le=10_000)] = 0
    """How many sessions a user may have at once; one more login ends the oldest. 0: any number."""
    store_ip: bool = True
    """Whether addresses of clients are written down, in sessions and in events."""
    store_user_agent: bool = True
    """Whether what clients call themselves is. Without it ``JWTKIT_REVOKE_FOREIGN_REPLAY``
    has nothing to compare with and is refused."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses and networks of your proxies, comma-separated in the environment, and ``unix``
    for one behind a Unix socket. They alone may say who a client is (``X-Forwarded-For``) and
    whether it came by TLS (``X-Forwarded-Proto``); without them both headers are ignored."""
    swagger_login: bool = True
    """Whether ``POST /auth/token`` takes a password, which Swagger's Authorize needs."""

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        TrustedProxies(value)
        return value

    @field_validator("audience", "allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return _split(value)

    @field_validator("issuer", "public_url")
    @classmethod
    def _check_url(cls, value: str, info: ValidationInfo) -> str:
        # RFC 8414 2: no query, no fragment; compared exactly, so one spelling only.
        parts = urlsplit(value)
        is_url = parts.scheme in {"https", "http"} and parts.netloc
        if value and (not is_url or value.split() != [value] or value[-1] in "/?#"):
            message = f"{info.field_name} must be an http(s) URL without a trailing slash"
            raise ValueError(message)
        if parts.query or parts.fragment:
            message = f"{info.field_name} must have neither query nor fragment"
            raise ValueError(message)
        return value

    @field_validator("default_scopes", "password_context", mode="before")
    @classmethod
    def _split_words(cls, value: object) -> object:
        return _split(value)

    @field_validator("default_scopes")
    @classmethod
    def _check_scopes(cls, value: frozenset[str]) -> frozenset[str]:
        return frozenset(check_scopes(value))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        fill = object.__setattr__
        if not self.issuer:
            if self.env == "prod":
                raise ConfigurationError(
                    "JWTKIT_ISSUER is not set.",
                    why="JWTKIT_ENV is not 'dev', so this is production, where it must be said "
                    "under which URL tokens are issued.",
                    fix="In production export JWTKIT_ISSUER=https://…; on your own machine "
                    "export JWTKIT_ENV=dev.",
                    docs="how-to/go-to-production/",
                )
            fill(self, "issuer", "http://127.0.0.1/dev")
        if self.https is None:
            fill(self, "https", "enforce" if self.env == "prod" else "off")
        if not self.realm:
            fill(self, "realm", self.issuer)
        if not self.audience:
            fill(self, "audience", (self.issuer,))
        if self.access_ttl > self.idle_ttl:
            message = "access_ttl is above idle_ttl: access tokens would outlive their session"
            raise ValueError(message)
        if self.idle_ttl > self.absolute_ttl:
            message = "idle_ttl is above absolute_ttl, so it would never count"
            raise ValueError(message)
        if self.revoke_foreign_replay and not self.store_user_agent:
            message = "revoke_foreign_replay compares user agents, and store_user_agent is off"
            raise ValueError(message)
        if self.grace >= self.idle_ttl:
            message = "grace is not below idle_ttl: a spent token would outlive its session"
            raise ValueError(message)
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _teach(cls, data: Any, handler: Any) -> Self:
        try:
            settings: Self = handler(data)
        except ValidationError as error:
            raise ConfigurationError(
                "The settings do not hold: " + "; ".join(_lines(error)) + ".",
                why="A kit never starts on a setting it had to guess.",
                fix=f"Set {PREFIX}<NAME> in the environment, or pass Settings(<name>=…).",
                docs="reference/settings/",
            ) from None
        return settings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then files; no ``.env`` file is read."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, FileSource(settings_cls)


def _split(value: object) -> object:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _lines(error: ValidationError) -> list[str]:
    lines: list[str] = []
    for item in error.errors(include_input=False, include_url=False):
        name = "".join(f"{PREFIX}{part}: ".upper() for part in item["loc"][:1])
        lines.append(name + item["msg"].removeprefix("Value error, "))
    return lines
