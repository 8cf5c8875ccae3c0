"""Which throttle a kit has: the one it was handed, the kit's own, or none."""

from __future__ import annotations

from fastapi_jwtkit.accounts.attempts import Attempts, ensure_throttle
from fastapi_jwtkit.accounts.throttle import LimitsThrottle, read_rates
from fastapi_jwtkit.chosen_stores import ChosenStores
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.memory import MemoryCounterStore
from fastapi_jwtkit.throttling import CountingStores, Throttle

__all__ = ["choose_attempts"]


def choose_attempts(
    settings: Settings,
    brought: Throttle | None,
    *,
    stores: ChosenStores,
    events: Events,
    clock: Clock,
) -> Attempts:
    """Return what counts attempts for a kit. Opens nothing.

    Raises:
        ConfigurationError: a limit cannot be read, or what was brought is no throttle.
    """
    rates = read_rates(settings)
    throttle, warning = brought, ""
    if brought is not None:
        _refuse_off(settings)
        ensure_throttle(brought)
    elif settings.throttle == "off":
        warning = (
            "JWTKIT_THROTTLE=off: passwords can be guessed as fast as they can be hashed, unless "
            "something in front of this app counts attempts"
        )
    else:
        together = stores.together
        if isinstance(together, CountingStores):
            counters = together.counters
        else:
            counters = MemoryCounterStore(clock=clock)
            if stores.brought:
                warning = (
                    "attempts are counted in this process alone: N workers let N times as many "
                    "pass; pass throttle= or keep sessions on one of the kit's stores to share them"
                )
        throttle = LimitsThrottle(counters, rates, local=MemoryCounterStore(clock=clock))
    return Attempts(
        throttle,
        realm=settings.realm,
        events=events,
        denies_on_error=settings.throttle_on_error == "deny",
        warning=warning,
    )


def _refuse_off(settings: Settings) -> None:
    if settings.throttle == "off":
        raise ConfigurationError(
            "throttle= was given, and JWTKIT_THROTTLE is off.",
            why="One says that attempts are counted, the other that they are not.",
            fix="Leave one of the two out.",
            docs="how-to/rate-limits/",
        )
