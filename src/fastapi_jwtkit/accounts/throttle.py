"""Limits on attempts, by the ``limits`` library: the one place that imports it.

``limits`` reads what a limit says and decides by fixed windows. The counters live where the
kit's stores are, behind the port ``CounterStore``; docs/explanation/decisions/0019 says why.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from limits import RateLimitItem, parse_many
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from fastapi_jwtkit.abuse_settings import AbuseSettings
from fastapi_jwtkit.errors import ConfigurationError, ThrottledError
from fastapi_jwtkit.throttling import Action, Attempt, CounterStore

__all__ = ["LimitsThrottle", "Rates", "read_rates"]

KNOWN_SECONDS = 90 * 86_400.0
"""For so long a source is known to an account that logged in from it."""

# Stricter than parse_many, which reads "5/0minutes" as five in a minute.
_ONE = r"\s*[1-9]\d{0,6}\s*(?:/|per)\s*(?:[1-9]\d{0,3}\s*)?(?:second|minute|hour|day)s?\s*"
_LIMITS = re.compile(f"{_ONE}(?:[;,]{_ONE})*", re.ASCII)

Limit = Literal[
    "guesses", "source", "account", "strangers", "mails", "refreshes", "refresh_failures"
]
Rates = Mapping[Limit, Sequence[RateLimitItem]]
"""What each limit says; all of its items hold."""


@dataclass(frozen=True, slots=True)
class _Bucket:
    """One thing that is counted of an action.

    Attributes:
        reason: what is counted, and whose counter it is: ``guess_by_pair``. Actions with the
            same one share the counter.
        limit: how much is too much.
    """

    reason: str
    limit: Limit

    @property
    def by(self) -> str:
        """``source``, ``account``, ``pair`` or ``session``."""
        return self.reason.rpartition("_by_")[2]


# The source first: whoever varies accounts is stopped before they make a counter of each, and
# what is refused does not count against the account.
_GUESS = (
    _Bucket("guess_by_source", "source"),
    _Bucket("guess_by_pair", "guesses"),
    _Bucket("guess_by_account", "account"),
)
# Whoever has a session of the account: no wide limit of strangers stands in their way, but one of
# their own does, or a stolen access token would let a botnet guess without any.
_PROOF = (
    _Bucket("guess_by_source", "source"),
    _Bucket("proof_by_pair", "guesses"),
    _Bucket("proof_by_account", "account"),
)
_BUCKETS: Mapping[Action, Sequence[_Bucket]] = {
    "login": _GUESS,
    "password_change": _PROOF,
    "email_change": _PROOF,
    "register": (_Bucket("register_by_source", "strangers"),),
    "forgot": (_Bucket("forgot_by_source", "strangers"), _Bucket("forgot_by_account", "mails")),
    "verify": (_Bucket("verify_by_source", "strangers"), _Bucket("verify_by_account", "mails")),
    "reset": (_Bucket("reset_by_source", "strangers"),),
    "refresh": (_Bucket("refresh_by_session", "refreshes"),),
    "refresh_failed": (_Bucket("refresh_by_source", "refresh_failures"),),
}
_FORGIVING = frozenset({"login", "password_change", "email_change"})
"""What a rightful attempt takes back; to register again and again is no guess at all."""


class LimitsThrottle:
    """A ``Throttle`` that counts by source, by account, and by both together.

    Attempts that are refused do not prolong a window: it ends by itself, whoever goes on.

    Args:
        counters: where attempts are counted.
        rates: what is too much, from ``read_rates``.
        local: where the refreshes of a session are counted: their limit spares the server and
            guards nothing, so it need not cost each refresh a call. Default: ``counters``.
    """

    def __init__(
        self, counters: CounterStore, rates: Rates, *, local: CounterStore | None = None
    ) -> None:
        self._counters = counters
        self._local = local or counters
        self._rates = rates

    async def ensure(self, attempt: Attempt, /) -> None:
        """Count an attempt before it is made, atomically.

        Raises:
            ThrottledError: it is one too many; says when to try again.
            StoreUnavailableError: it could not be counted.
        """
        for bucket, item, key in self._counted(attempt):
            limiter = self._limiter(bucket, attempt)
            if await limiter.hit(item, key):
                continue
            if bucket.limit == "account" and await self._knows(attempt):
                continue
            stats = await limiter.get_window_stats(item, key)
            raise ThrottledError(stats.reset_time - time.time(), bucket.reason)

    async def succeed(self, attempt: Attempt, /) -> None:
        """Forget the guesses from here at this account, and take back this one elsewhere."""
        if attempt.action not in _FORGIVING:
            return
        for bucket, item, key in self._counted(attempt):
            limiter = self._limiter(bucket, attempt)
            if bucket.by == "pair":
                await limiter.clear(item, key)
            else:
                await limiter.storage.incr(item.key_for(key), item.get_expiry(), -1)
        if attempt.action == "login":
            await self._counters.increment(
                attempt.realm, _known(attempt), by=1, window=KNOWN_SECONDS
            )

    async def withdraw(self, attempt: Attempt, /) -> None:
        """Take back an attempt that never came to be made."""
        for bucket, item, key in self._counted(attempt):
            limiter = self._limiter(bucket, attempt)
            await limiter.storage.incr(item.key_for(key), item.get_expiry(), -1)

    def _limiter(self, bucket: _Bucket, attempt: Attempt) -> FixedWindowRateLimiter:
        counters = self._local if bucket.by == "session" else self._counters
        return FixedWindowRateLimiter(_Counters(counters, attempt.realm))

    def _counted(self, attempt: Attempt) -> Iterator[tuple[_Bucket, RateLimitItem, str]]:
        for bucket in _BUCKETS[attempt.action]:
            whose = _whose(bucket, attempt)
            if whose is not None:
                for item in self._rates[bucket.limit]:
                    yield bucket, item, f"{bucket.reason}:{whose}"

    async def _knows(self, attempt: Attempt) -> bool:
        return (await self._counters.read(attempt.realm, _known(attempt))).value > 0


class _Counters(Storage):
    """The counters of one realm, as ``limits`` wants to see them."""

    STORAGE_SCHEME = None

    def __init__(self, counters: CounterStore, realm: str) -> None:
        super().__init__()
        self._counters = counters
        self._realm = realm

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        count = await self._counters.increment(self._realm, key, by=amount, window=expiry)
        return count.value

    async def get(self, key: str) -> int:
        return (await self._counters.read(self._realm, key)).value

    async def get_expiry(self, key: str) -> float:
        return time.time() + (await self._counters.read(self._realm, key)).expires_in

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        raise NotImplementedError

    async def clear(self, key: str) -> None:
        await self._counters.forget(self._realm, key)


def read_rates(settings: AbuseSettings) -> Rates:
    """Return what the limits of the settings say.

    Raises:
        ConfigurationError: one of them says nothing that can be counted.
    """
    return {
        "guesses": _read("throttle_guesses", settings.throttle_guesses),
        "source": _read("throttle_source", settings.throttle_source),
        "account": _read("throttle_account", settings.throttle_account),
        "strangers": _read("throttle_strangers", settings.throttle_strangers),
        "mails": _read("throttle_mails", settings.throttle_mails),
        "refreshes": _read("throttle_refreshes", settings.throttle_refreshes),
        "refresh_failures": _read("throttle_refresh_failures", settings.throttle_refresh_failures),
    }


def _read(name: str, text: str) -> Sequence[RateLimitItem]:
    if not _LIMITS.fullmatch(text):
        raise ConfigurationError(
            f"JWTKIT_{name.upper()} is no limit: {text[:60]!r}.",
            why="A limit that cannot be read would be no limit at all.",
            fix='Write how many in how long, such as "5/5minutes" or "5/5minutes; 20/hour".',
            docs="how-to/rate-limits/",
        )
    return parse_many(text)


def _whose(bucket: _Bucket, attempt: Attempt) -> str | None:
    if bucket.by == "source":
        return f"s:{attempt.source}"
    if bucket.by == "session":
        return None if attempt.session is None else f"i:{attempt.session}"
    if attempt.account is None:
        return None
    return f"a:{attempt.account}" + (f":{attempt.source}" if bucket.by == "pair" else "")


def _known(attempt: Attempt) -> str:
    return f"known:a:{attempt.account}:{attempt.source}"
