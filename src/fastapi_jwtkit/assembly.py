"""The parts of a kit, chosen and put together."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi_jwtkit.accounts.authenticator import Authenticator
from fastapi_jwtkit.accounts.registration import Registration
from fastapi_jwtkit.accounts.user_reads import UserReads, ensure_user_store
from fastapi_jwtkit.chosen_stores import BroughtStores, ChosenStores, choose_stores
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.event_sinks import Events, LoggingSink
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.key_sources.from_settings import key_sources_of
from fastapi_jwtkit.key_sources.live_rings import LiveRings
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.passwords.rules import PasswordRules
from fastapi_jwtkit.passwords.rules_from_settings import rules_from_settings
from fastapi_jwtkit.protocols import (
    ClaimsFor,
    Clock,
    EventSink,
    PasswordHasher,
    RegisteringUserStore,
    User,
    UserStore,
)
from fastapi_jwtkit.revocations import Revocations
from fastapi_jwtkit.sessions.access_tokens import AccessTokens
from fastapi_jwtkit.sessions.limits import SessionLimits
from fastapi_jwtkit.sessions.logins import Logins
from fastapi_jwtkit.sessions.refresh import Refresh
from fastapi_jwtkit.sessions.refresh_tokens import RefreshTokens
from fastapi_jwtkit.sessions.sessions import Sessions
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from fastapi_jwtkit.tokens.cache import VerifiedClaimsCache
from fastapi_jwtkit.tokens.issuer import TokenIssuer
from fastapi_jwtkit.tokens.verifier import TokenVerifier
from fastapi_jwtkit.verification import Verification

__all__ = ["Accounts", "Assembly", "Parts", "assemble", "dev_users"]

logger = logging.getLogger("fastapi_jwtkit")

ENTRY_SLACK_SECONDS = 30.0 + 120.0
"""A revocation entry outlives the longest access token by leeway and clock difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an application may bring; ``None`` asks for the kit's own."""

    users: UserStore | None
    stores: BroughtStores
    claims_for: ClaimsFor | None
    hasher: PasswordHasher | None
    password_rules: PasswordRules | None
    events: Sequence[EventSink]
    clock: Clock | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """What a kit with users has and one without has not."""

    logins: Logins
    refresh: Refresh
    registration: Registration | None
    users: UserReads
    hashing: HashingExecutor
    events: Events

    async def register(self, credentials: Credentials, *, email: str | None) -> User:
        """Make an account.

        Raises:
            ConfigurationError: the user store cannot add users.
        """
        if self.registration is None:
            raise ConfigurationError(
                "The user store takes no new users.",
                why="It has no method add(new: NewUser) -> User.",
                fix="Add one, or leave the register route out.",
                docs="how-to/bring-your-own-users/",
            )
        user = await self.registration.register(credentials, email=email)
        self.events.emit(EventName.USER_CREATED, subject=user.id)
        return user


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The parts of a kit, connected."""

    rings: LiveRings
    stores: ChosenStores
    revocations: Revocations
    sessions: Sessions
    verification: Verification
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What most parts need."""

    settings: Settings
    rings: LiveRings
    stores: ChosenStores
    sessions: Sessions
    revocations: Revocations
    events: Events
    clock: Clock
    knows_sessions: bool


def assemble(settings: Settings, parts: Parts) -> Assembly:
    """Connect the parts of a kit. Opens nothing."""
    if parts.users is not None:
        ensure_user_store(parts.users)
    clock = parts.clock or SystemClock()
    stores = choose_stores(settings, parts.stores, clock=clock)
    events = Events((LoggingSink(), *parts.events), realm=settings.realm, clock=clock)
    keys, secrets = key_sources_of(settings, clock=clock)
    # A kit with neither users nor a shared store only verifies: it can hear of no logout.
    knows_sessions = parts.users is not None or stores.brought
    revocations = Revocations(
        stores.revocations,
        sessions=stores.sessions if knows_sessions else None,
        realm=settings.realm,
        max_staleness=settings.max_staleness,
        entry_ttl=settings.access_ttl + ENTRY_SLACK_SECONDS,
        clock=clock,
    )
    shared = _Shared(
        settings=settings,
        rings=LiveRings(keys=keys, secrets=None if parts.users is None else secrets, clock=clock),
        stores=stores,
        sessions=Sessions(stores.sessions, revocations, realm=settings.realm, events=events),
        revocations=revocations,
        events=events,
        clock=clock,
        knows_sessions=knows_sessions,
    )
    return Assembly(
        rings=shared.rings,
        stores=stores,
        revocations=revocations,
        sessions=shared.sessions,
        verification=_verification(shared),
        accounts=_accounts(shared, parts.users, parts) if parts.users is not None else None,
    )


def dev_users(settings: Settings) -> UserStore | None:
    """Return users in memory for development, loudly; none in production."""
    if settings.env != "dev":
        return None
    logger.warning("JWTKIT_ENV=dev: users live in memory and end with this process")
    return MemoryUserStore(realm=settings.realm)


def _verification(shared: _Shared) -> Verification:
    settings = shared.settings
    verifier = TokenVerifier(
        shared.rings.ring,
        issuer=settings.issuer,
        audience=settings.audience,
        clock=shared.clock,
        max_life=settings.access_ttl,
        cache=VerifiedClaimsCache(),
        realm=settings.realm,
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


def _accounts(shared: _Shared, users: UserStore, parts: Parts) -> Accounts:
    settings = shared.settings
    hashing = HashingExecutor(_fit_for(settings, parts.hasher or PasslibHasher()))
    reads = UserReads(users)
    tokens = RefreshTokens(shared.rings, realm=settings.realm)
    access = AccessTokens(_issuer(shared), claims_for=parts.claims_for)
    limits = _limits(settings)
    logins = Logins(
        sessions=shared.sessions,
        tokens=tokens,
        access=access,
        authenticator=Authenticator(users, hashing),
        users=reads,
        limits=limits,
        realm=settings.realm,
        events=shared.events,
        clock=shared.clock,
    )
    refresh = Refresh(
        store=shared.stores.sessions,
        sessions=shared.sessions,
        revocations=shared.revocations,
        tokens=tokens,
        users=reads,
        access=access,
        limits=limits,
        realm=settings.realm,
        events=shared.events,
        clock=shared.clock,
    )
    return Accounts(
        logins=logins,
        refresh=refresh,
        registration=_registration(settings, users, hashing, parts.password_rules),
        users=reads,
        hashing=hashing,
        events=shared.events,
    )


def _limits(settings: Settings) -> SessionLimits:
    return SessionLimits(
        grace=settings.grace,
        idle_ttl=settings.idle_ttl,
        absolute_ttl=settings.absolute_ttl,
        revoke_foreign_replay=settings.revoke_foreign_replay,
    )


def _issuer(shared: _Shared) -> TokenIssuer:
    return TokenIssuer(
        shared.rings.ring,
        issuer=shared.settings.issuer,
        audience=shared.settings.audience,
        access_ttl=shared.settings.access_ttl,
        clock=shared.clock,
        realm=shared.settings.realm,
    )


def _registration(
    settings: Settings, users: UserStore, hashing: HashingExecutor, rules: PasswordRules | None
) -> Registration | None:
    if not isinstance(users, RegisteringUserStore):
        return None
    rules = rules or rules_from_settings(settings)
    return Registration(users, hashing, rules=rules, default_scopes=settings.default_scopes)


def _fit_for(settings: Settings, hasher: PasswordHasher) -> PasswordHasher:
    if settings.env == "prod" and getattr(hasher, "for_tests", False):
        raise ConfigurationError(
            "The password hasher is one for tests.",
            why="Its hashes are cheap to make, and so to guess.",
            fix="Leave out hasher=, or pass PasslibHasher(). Tests set Settings(env='dev').",
        )
    return hasher
