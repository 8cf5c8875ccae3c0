"""Settings that are allowed and that somebody may not have meant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_network

from fastapi_jwtkit.cli.console import span
from fastapi_jwtkit.cli.doctor.findings import Finding, good, note, problem, warning
from fastapi_jwtkit.settings import Settings

__all__ = ["check_settings"]

LONG_ACCESS_SECONDS = 3_600.0
_PRODUCTION = "how-to/go-to-production/"


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Look at what weakens a promise."""
    yield from _environment(settings)
    yield from _revocation(settings)
    yield from _names(settings)
    yield from _proxies(settings)
    if settings.grace == 0:
        yield warning(
            "grace",
            "JWTKIT_GRACE=0: a client that refreshes twice at once is logged out.",
            fix="leave the default of 30 s",
            page="explanation/how-rotation-works/",
        )
    for name in ("throttle", "throttle_on_error"):
        if getattr(settings, name) in {"off", "allow"}:
            yield warning(
                name,
                f"JWTKIT_{name.upper()}={getattr(settings, name)}: passwords can be guessed "
                + ("freely." if name == "throttle" else "while attempts cannot be counted."),
                fix="leave the default, unless something in front counts attempts",
                page="how-to/rate-limits/",
            )


def _environment(settings: Settings) -> Iterator[Finding]:
    if settings.env == "dev":
        yield note(
            "environment",
            "JWTKIT_ENV=dev: keys and stores are made on the spot. Never serve people with it.",
            page=_PRODUCTION,
        )
    else:
        yield good("environment", "production")
        if settings.issuer.startswith("http://"):
            yield warning(
                "issuer",
                "The issuer is an http URL: whoever fetches your keys can be given others.",
                fix="JWTKIT_ISSUER=https://…",
                page=_PRODUCTION,
            )
        if settings.https == "off":
            yield warning(
                "https",
                "JWTKIT_HTTPS=off: passwords and tokens are taken over plain HTTP.",
                fix="leave the default; behind a proxy set JWTKIT_TRUSTED_PROXIES",
                page="how-to/behind-a-proxy/",
            )


def _revocation(settings: Settings) -> Iterator[Finding]:
    if settings.revocation == "off":
        yield warning(
            "revocation",
            f"JWTKIT_REVOCATION=off: after a logout access tokens live for up to "
            f"{span(settings.access_ttl)}.",
            fix="leave the default, feed: it costs no call",
            page="explanation/revocation/",
        )
    else:
        yield good("revocation", settings.revocation)
    if settings.access_ttl > LONG_ACCESS_SECONDS:
        yield warning(
            "access_ttl",
            f"Access tokens live for {span(settings.access_ttl)}: roles in them are as old.",
            fix="10 minutes are the default; clients refresh",
            page="explanation/revocation/",
        )


def _names(settings: Settings) -> Iterator[Finding]:
    if settings.audience == (settings.issuer,):
        yield note(
            "audience",
            "The audience is the issuer. With more than one service behind it, a token made "
            "for one opens the others.",
            fix="JWTKIT_AUDIENCE=https://api.example.com",
            page="reference/settings/",
        )
    else:
        yield good("audience", "set")


def _proxies(settings: Settings) -> Iterator[Finding]:
    if any(_is_everybody(name) for name in settings.trusted_proxies):
        yield problem(
            "trusted proxies",
            "Everybody is a trusted proxy: whoever sends X-Forwarded-For chooses his address.",
            fix="name the addresses of your proxies alone",
            page="how-to/behind-a-proxy/",
        )
    if os.environ.get("FORWARDED_ALLOW_IPS") == "*":
        yield problem(
            "trusted proxies",
            "FORWARDED_ALLOW_IPS=*: uvicorn believes X-Forwarded-For of everybody, before us.",
            fix="name your proxies there too, or leave it to JWTKIT_TRUSTED_PROXIES",
            page="how-to/behind-a-proxy/",
        )
    if not settings.trusted_proxies:
        yield note(
            "trusted proxies",
            "None is named. Behind a proxy all clients share one address, and one limit.",
            fix="JWTKIT_TRUSTED_PROXIES=10.0.0.0/8",
            page="how-to/behind-a-proxy/",
        )


def _is_everybody(name: str) -> bool:
    return name != "unix" and ip_network(name, strict=False).prefixlen == 0
