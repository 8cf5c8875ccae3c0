"""Settings against abuse: how often what may be tried, by whom it is said to come, and TLS."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

__all__ = ["AbuseSettings"]


class AbuseSettings(BaseModel):
    """The part of ``Settings`` that is about abuse.

    A limit is written as ``5/5minutes``, and several of them as ``5/5minutes; 20/hour``: all
    of them hold.
    """

    throttle: Literal["on", "off"] = "on"
    """Whether attempts are counted and refused. ``off`` leaves logins to be guessed without
    end, and says so as the kit starts; a gateway of yours has to count instead."""
    throttle_guesses: str = "5/5minutes; 20/hour"
    """Guesses at the password of one account from one source; a right one ends the count."""
    throttle_source: str = "100/5minutes"
    """Wrong passwords from one source, whatever the account."""
    throttle_account: str = "100/hour"
    """Wrong passwords for one account, from all sources from which it never logged in."""
    throttle_strangers: str = "30/hour"
    """What one source may do without an account, for each of: register, forgot, reset, verify."""
    throttle_mails: str = "3/hour"
    """Mails of one kind to one account that somebody asks for without logging in."""
    throttle_refreshes: str = "600/5minutes"
    """Refreshes of one session, counted by each process for itself."""
    throttle_refresh_failures: str = "60/5minutes"
    """Refused refreshes from one source; beyond, they are told to wait."""
    throttle_on_error: Literal["deny", "allow"] = "deny"
    """What happens to logins and the rest while attempts cannot be counted: 503, or as if
    there were no limits. Refreshes go on in either case."""
    https: Literal["enforce", "off"] | None = None
    """``enforce`` answers requests over plain HTTP with 400, on the routes of the kit and on
    guarded ones. Default: ``enforce`` in production, ``off`` in development. Behind a proxy
    that speaks TLS for you, name it in ``JWTKIT_TRUSTED_PROXIES``."""
    hsts_max_age: int = 365 * 86_400
    """Seconds for which browsers are told to come back over HTTPS only, where ``https`` is
    ``enforce``; 0 does not tell them."""
