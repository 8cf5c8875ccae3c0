"""Which stores a kit stands on: those it was handed, those of its URL, or memory."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.protocols import (
    Clock,
    OneTimeStore,
    RevocationStore,
    SessionStore,
    Stores,
)
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.from_url import stores_from_url
from fastapi_jwtkit.stores.memory import (
    MemoryOneTimeStore,
    MemoryRevocationStore,
    MemorySessionStore,
)

__all__ = ["BroughtStores", "ChosenStores", "choose_stores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtStores:
    """What an application may bring; ``None`` asks for the kit's own."""

    stores: Stores | None = None
    sessions: SessionStore | None = None
    revocations: RevocationStore | None = None
    one_time: OneTimeStore | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenStores:
    """The stores of a kit.

    Attributes:
        together: the stores that live on one server, to be prepared and closed as one.
        brought: whether sessions are shared with whoever else was handed these stores.
    """

    sessions: SessionStore
    revocations: RevocationStore
    one_time: OneTimeStore
    together: Stores | None
    brought: bool


def choose_stores(settings: Settings, brought: BroughtStores, *, clock: Clock) -> ChosenStores:
    """Return the stores of a kit. Opens nothing.

    Raises:
        ConfigurationError: what was brought contradicts itself, or would let a logout
            at one worker stay unknown to another.
    """
    _refuse_twice(settings, brought)
    _refuse_half_shared(settings, brought)
    together = brought.stores
    if together is None and brought.sessions is None and settings.store_url is not None:
        together = stores_from_url(settings.store_url.get_secret_value())
    one_time = brought.one_time
    if together is not None:
        return ChosenStores(
            sessions=together.sessions,
            revocations=together.revocations,
            one_time=one_time or together.one_time,
            together=together,
            brought=True,
        )
    return ChosenStores(
        sessions=brought.sessions or MemorySessionStore(clock=clock),
        revocations=brought.revocations or MemoryRevocationStore(clock=clock),
        one_time=one_time or MemoryOneTimeStore(clock=clock),
        together=None,
        brought=brought.sessions is not None,
    )


def _refuse_twice(settings: Settings, brought: BroughtStores) -> None:
    together = "stores=" if brought.stores is not None else "JWTKIT_STORE_URL"
    is_given = brought.stores is not None or settings.store_url is not None
    if not is_given or (brought.sessions is None and brought.revocations is None):
        return
    raise ConfigurationError(
        f"{together} was given together with sessions= or revocations=.",
        why="Both say where sessions live, and only one can hold.",
        fix=f"Give {together} alone, or sessions=, revocations= and one_time= without it.",
        docs="how-to/choose-a-store/",
    )


def _refuse_half_shared(settings: Settings, brought: BroughtStores) -> None:
    in_memory = brought.sessions is None or isinstance(brought.sessions, MemorySessionStore)
    if in_memory or brought.revocations is not None or settings.revocation != "feed":
        return
    raise ConfigurationError(
        "sessions= was given and revocations= was not.",
        why="Each worker would keep a feed of its own: a logout at one is unknown to the others.",
        fix="Pass revocations= of the same kind, or Settings(revocation='strict').",
        docs="explanation/revocation/",
    )
