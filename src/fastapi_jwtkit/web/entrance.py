"""What a plugin asks of every request before anything else: who sent it, and by TLS?"""

from __future__ import annotations

import logging

from starlette.requests import HTTPConnection

from fastapi_jwtkit.addresses import TrustedProxies
from fastapi_jwtkit.errors import HTTPSRequiredError
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.web.client import ClientReader

__all__ = ["Entrance", "entrance_of", "mark_endpoint"]

logger = logging.getLogger("fastapi_jwtkit")

_MARK = "_fastapi_jwtkit_entrance"


class Entrance:
    """The entrance of a plugin.

    Args:
        settings: of its kit.

    Attributes:
        client: reads who sent a request.
        enforces_https: whether plain HTTP is refused.
        hsts: value of ``Strict-Transport-Security``; ``None``: it is not sent.
    """

    def __init__(self, settings: Settings) -> None:
        self.client = ClientReader(TrustedProxies(settings.trusted_proxies))
        self.enforces_https = settings.https == "enforce"
        sends_hsts = self.enforces_https and settings.hsts_max_age > 0
        self.hsts = f"max-age={settings.hsts_max_age}" if sends_hsts else None
        self._has_warned = False

    def ensure_secure(self, connection: HTTPConnection) -> None:
        """Refuse plain HTTP where HTTPS is enforced. Never a redirect: the secret is out by then.

        Raises:
            HTTPSRequiredError: the request came over plain HTTP.
        """
        if not self.enforces_https or self.client.is_secure(connection):
            return
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "a request over plain HTTP was refused (JWTKIT_HTTPS=enforce). If a proxy speaks "
                "TLS for this app, name it in JWTKIT_TRUSTED_PROXIES and let it send "
                "X-Forwarded-Proto; if nobody does and nobody should, set JWTKIT_HTTPS=off; docs: "
                "how-to/behind-a-proxy/"
            )
        raise HTTPSRequiredError("plain_http")


def mark_endpoint(endpoint: object, entrance: Entrance) -> None:
    """Write down at an endpoint of ours through which entrance its requests come.

    At the function, for FastAPI makes new routes of it wherever a router is included.
    """
    setattr(endpoint, _MARK, entrance)


def entrance_of(endpoint: object) -> Entrance | None:
    """Return the entrance of an endpoint; ``None`` for one that no plugin mounted."""
    found: Entrance | None = getattr(endpoint, _MARK, None)
    return found
