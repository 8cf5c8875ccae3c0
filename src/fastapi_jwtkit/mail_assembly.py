"""What writes to people, put together and refused where it is not safe."""

from __future__ import annotations

from fastapi_jwtkit.account_protocols import Mailer
from fastapi_jwtkit.accounts.links import Links
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.key_sources.live_rings import LiveRings
from fastapi_jwtkit.protocols import Clock, OneTimeStore
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.tokens.purpose import Purpose, PurposeTokens

__all__ = ["mailer_fit_for", "make_links"]

DEV_PUBLIC_URL = "http://127.0.0.1:8000"


def make_links(
    settings: Settings,
    rings: LiveRings,
    one_time: OneTimeStore,
    *,
    events: Events,
    clock: Clock,
    needed: bool,
) -> Links:
    """Return what makes and reads links; ``needed`` says whether any are mailed.

    Raises:
        ConfigurationError: nobody said where they shall lead.
    """
    tokens = PurposeTokens(
        rings.ring,
        rings.secrets,
        issuer=settings.issuer,
        realm=settings.realm,
        clock=clock,
    )
    return Links(
        tokens,
        rings,
        one_time,
        realm=settings.realm,
        public_url=_public_url(settings) if needed else "",
        lives={
            Purpose.RESET_PASSWORD: settings.reset_ttl,
            Purpose.VERIFY_EMAIL: settings.verify_ttl,
            Purpose.CHANGE_EMAIL: settings.verify_ttl,
        },
        events=events,
    )


def _public_url(settings: Settings) -> str:
    if settings.env == "dev":
        return settings.public_url or DEV_PUBLIC_URL
    if not settings.public_url.startswith("https://"):
        raise ConfigurationError(
            "There is a mailer, and JWTKIT_PUBLIC_URL is not an https:// URL.",
            why="Links in mails begin with it. Taken from a request, a stranger could have "
            "them lead anywhere; over plain HTTP anybody on the way could read them.",
            fix="export JWTKIT_PUBLIC_URL=https://…, where your pages are.",
            docs="how-to/mail/",
        )
    return settings.public_url


def mailer_fit_for(settings: Settings, mailer: Mailer | None) -> Mailer | None:
    """Return the mailer if it may be used.

    Raises:
        ConfigurationError: it is one for development, or is missing where it is needed.
    """
    if mailer is None and settings.email_verification != "off":
        raise ConfigurationError(
            "JWTKIT_EMAIL_VERIFICATION is on, and there is no mailer.",
            why="Nobody would ever get the link that verifies an address.",
            fix="JWTKit(settings, users=…, mailer=YourMailer()), or set it to 'off'.",
            docs="how-to/mail/",
        )
    if settings.env == "prod" and getattr(mailer, "for_development", False):
        raise ConfigurationError(
            "The mailer is one for development.",
            why="It sends nothing, and prints links that log in as anybody.",
            fix="Pass a mailer that sends; the page has one for SMTP.",
            docs="how-to/mail/",
        )
    return mailer
