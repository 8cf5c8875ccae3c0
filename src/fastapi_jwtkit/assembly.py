"""The parts of a kit, chosen and put together."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from fastapi_jwtkit.accounts.user_reads import ensure_user_store
from fastapi_jwtkit.accounts_assembly import Accounts, Parts, Shared, assemble_accounts
from fastapi_jwtkit.chosen_stores import ChosenStores, choose_stores
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.event_sinks import Events, LoggingSink
from fastapi_jwtkit.key_sources.from_settings import key_rotation_of, key_sources_of
from fastapi_jwtkit.key_sources.live_rings import LiveRings
from fastapi_jwtkit.key_sources.rotation import KeyRotation
from fastapi_jwtkit.personal_data import PersonalData
from fastapi_jwtkit.protocols import Clock, UserStore
from fastapi_jwtkit.revocations import Revocations
from fastapi_jwtkit.sessions.csrf_tokens import CsrfTokens
from fastapi_jwtkit.sessions.sessions import Sessions
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.tokens.access_types import typ_of
from fastapi_jwtkit.tokens.cache import VerifiedClaimsCache
from fastapi_jwtkit.tokens.verifier import TokenVerifier
from fastapi_jwtkit.verification import Verification

__all__ = ["Accounts", "Assembly", "CookieParts", "Parts", "assemble", "dev_users"]

logger = logging.getLogger("fastapi_jwtkit")

ENTRY_SLACK_SECONDS = 30.0 + 120.0
"""A revocation entry outlives the longest access token by leeway and clock difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieParts:
    """What answers for access tokens in cookies, and who may have sent them."""

    verification: Verification
    csrf_tokens: CsrfTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The parts of a kit, connected."""

    rings: LiveRings
    stores: ChosenStores
    revocations: Revocations
    sessions: Sessions
    verification: Verification
    for_cookies: CookieParts
    key_rotation: KeyRotation
    events: Events
    clock: Clock
    accounts: Accounts | None

    def need_accounts(self) -> Accounts:
        """Return what knows users.

        Raises:
            ConfigurationError: the kit was given none.
        """
        if self.accounts is None:
            raise ConfigurationError(
                "This kit has no user store.",
                why="Logins and refreshes ask it who the user is and what they may do now.",
                fix="JWTKit(settings, users=YourUserStore()).",
                docs="how-to/bring-your-own-users/",
            )
        return self.accounts


def assemble(settings: Settings, parts: Parts) -> Assembly:
    """Connect the parts of a kit. Opens nothing."""
    if parts.users is not None:
        ensure_user_store(parts.users)
    clock = parts.clock or SystemClock()
    stores = choose_stores(settings, parts.stores, clock=clock)
    events = _events(settings, parts, clock)
    keys, secrets = key_sources_of(settings, clock=clock)
    # A kit with neither users nor a shared store only verifies: it can hear of no logout.
    knows_sessions = parts.users is not None or stores.brought
    revocations = _revocations(settings, stores, clock, knows_sessions=knows_sessions)
    shared = Shared(
        settings=settings,
        rings=LiveRings(
            keys=keys, secrets=None if parts.users is None else secrets, clock=clock, events=events
        ),
        stores=stores,
        sessions=Sessions(stores.sessions, revocations, realm=settings.realm, events=events),
        revocations=revocations,
        events=events,
        clock=clock,
        knows_sessions=knows_sessions,
    )
    revocations.known.listen(shared.rings.hear)
    return Assembly(
        rings=shared.rings,
        stores=stores,
        revocations=revocations,
        sessions=shared.sessions,
        verification=_verification(shared, transport="bearer"),
        for_cookies=_cookie_parts(shared),
        events=events,
        clock=clock,
        key_rotation=key_rotation_of(
            settings, keys, secrets, clock=clock, logs_in=parts.users is not None
        ),
        accounts=assemble_accounts(shared, parts.users, parts) if parts.users is not None else None,
    )


def dev_users(settings: Settings) -> UserStore | None:
    """Return users in memory for development, loudly; none in production."""
    if settings.env != "dev":
        return None
    logger.warning("JWTKIT_ENV=dev: users live in memory and end with this process")
    return MemoryUserStore(realm=settings.realm)


def _events(settings: Settings, parts: Parts, clock: Clock) -> Events:
    return Events(
        (LoggingSink(), *parts.events),
        realm=settings.realm,
        clock=clock,
        personal=PersonalData(ip=settings.store_ip, user_agent=settings.store_user_agent),
    )


def _revocations(
    settings: Settings, stores: ChosenStores, clock: Clock, *, knows_sessions: bool
) -> Revocations:
    return Revocations(
        stores.revocations,
        sessions=stores.sessions if knows_sessions else None,
        realm=settings.realm,
        max_staleness=settings.max_staleness,
        entry_ttl=settings.access_ttl + ENTRY_SLACK_SECONDS,
        clock=clock,
    )


def _cookie_parts(shared: Shared) -> CookieParts:
    return CookieParts(
        verification=_verification(shared, transport="cookie"),
        csrf_tokens=CsrfTokens(shared.rings, realm=shared.settings.realm, events=shared.events),
    )


def _verification(shared: Shared, *, transport: str) -> Verification:
    settings = shared.settings
    verifier = TokenVerifier(
        shared.rings.ring,
        issuer=settings.issuer,
        audience=settings.audience,
        clock=shared.clock,
        max_life=settings.access_ttl,
        cache=VerifiedClaimsCache(),
        realm=settings.realm,
        typ=typ_of(transport),
    )
    return Verification(
        verifier=verifier,
        rings=shared.rings,
        revocations=shared.revocations,
        sessions=shared.sessions,
        mode=settings.revocation if shared.knows_sessions else "off",
        events=shared.events,
        clock=shared.clock,
    )
