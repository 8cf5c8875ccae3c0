"""Whether a request comes from a page of this origin, by what the browser says of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from fastapi_jwtkit.settings import Settings

__all__ = ["has_origin", "origins_of", "why_foreign"]

# RFC 6454 7.1; "null" is nobody's origin.
_ORIGIN = re.compile(r"(https?)://([^/?#@\s,]+)", re.ASCII)
_DEFAULT_PORT = {"http": ":80", "https": ":443"}
_OWN_PAGE = frozenset({"same-origin", "none"})


def origins_of(settings: Settings) -> frozenset[str]:
    """Return the origins whose pages may use cookies, whatever host serves the request."""
    public = urlsplit(settings.public_url)
    own = (f"{public.scheme}://{public.netloc}".lower(),) if public.netloc else ()
    return frozenset((*settings.allowed_origins, *own))


def why_foreign(connection: HTTPConnection, allowed: Collection[str], *, is_secure: bool) -> str:
    """Return what tells that another site's page made the request; empty if nothing does.

    Page scripts can set neither ``Origin`` nor ``Sec-Fetch-Site``. Every browser of today
    sends the first with each request that is not a GET from the same origin, and with each
    WebSocket. Where both are missing there is no browser to be misled, or an old one, and
    nothing is said here: the CSRF token decides.

    Args:
        connection: the request; its ``Host`` is what the victim's browser asked for.
        allowed: origins beside the one that serves the request.
        is_secure: whether it is known to have come by TLS.
    """
    origins = connection.headers.getlist("origin")
    sites = connection.headers.getlist("sec-fetch-site")
    if len(origins) > 1 or len(sites) > 1:
        return "repeated_origin"
    if origins:
        if origins[0] in allowed:
            return ""
        if not _is_own(origins[0], connection, is_secure=is_secure):
            return "foreign_origin"
    # A sibling domain is not this origin: a forgotten one is the usual way in.
    return "cross_site" if sites and sites[0] not in _OWN_PAGE else ""


def has_origin(connection: HTTPConnection) -> bool:
    """Say whether the request names an origin."""
    return "origin" in connection.headers


def _is_own(origin: str, connection: HTTPConnection, *, is_secure: bool) -> bool:
    match = _ORIGIN.fullmatch(origin)
    hosts = connection.headers.getlist("host")
    if match is None or len(hosts) != 1:
        return False
    scheme, authority = match[1], match[2]
    # A proxy that nobody named may speak http to us for an https page. A page that came by
    # http is none of ours where the request is known to have come by https.
    if scheme == "http" and is_secure:
        return False
    port = _DEFAULT_PORT[scheme]
    return authority.lower().removesuffix(port) == hosts[0].lower().removesuffix(port)
