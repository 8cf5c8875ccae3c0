"""What a kit with users has beside one that only verifies, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi_jwtkit.account_protocols import Mailer
from fastapi_jwtkit.accounts.attempts import Attempts
from fastapi_jwtkit.accounts.authenticator import Authenticator
from fastapi_jwtkit.accounts.flow_parts import FlowParts
from fastapi_jwtkit.accounts.flows import AccountFlows
from fastapi_jwtkit.accounts.post import Post
from fastapi_jwtkit.accounts.registration import Registration
from fastapi_jwtkit.accounts.user_reads import UserReads
from fastapi_jwtkit.chosen_stores import BroughtStores, ChosenStores
from fastapi_jwtkit.chosen_throttle import choose_attempts
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.event_sinks import Events
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.key_sources.live_rings import LiveRings
from fastapi_jwtkit.mail_assembly import mailer_fit_for, make_links
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
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.revocations import Revocations
from fastapi_jwtkit.sessions.access_tokens import AccessTokens
from fastapi_jwtkit.sessions.limits import SessionLimits
from fastapi_jwtkit.sessions.logins import Logins
from fastapi_jwtkit.sessions.refresh import Refresh
from fastapi_jwtkit.sessions.refresh_tokens import RefreshTokens
from fastapi_jwtkit.sessions.sessions import Sessions
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.throttling import Throttle
from fastapi_jwtkit.tokens.issuer import TokenIssuer

__all__ = ["Accounts", "Parts", "Shared", "assemble_accounts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an application may bring; ``None`` asks for the kit's own."""

    users: UserStore | None
    stores: BroughtStores
    claims_for: ClaimsFor | None
    hasher: PasswordHasher | None
    password_rules: PasswordRules | None
    events: Sequence[EventSink]
    mailer: Mailer | None
    throttle: Throttle | None
    clock: Clock | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """What a kit with users has and one without has not."""

    logins: Logins
    refresh: Refresh
    registration: Registration | None
    users: UserReads
    attempts: Attempts
    hashing: HashingExecutor
    flows: AccountFlows

    async def register(
        self, credentials: Credentials, *, email: str | None, device: Device
    ) -> User:
        """Make an account.

        Raises:
            ConfigurationError: the user store cannot add users.
            ThrottledError: too many from this source.
        """
        if self.registration is None:
            raise ConfigurationError(
                "The user store takes no new users.",
                why="It has no method add(new: NewUser) -> User.",
                fix="Add one, or leave the register route out.",
                docs="how-to/bring-your-own-users/",
            )
        await self.attempts.ensure("register", device=device)
        return await self.registration.register(credentials, email=email, device=device)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What most parts need."""

    settings: Settings
    rings: LiveRings
    stores: ChosenStores
    sessions: Sessions
    revocations: Revocations
    events: Events
    clock: Clock
    knows_sessions: bool


def assemble_accounts(shared: Shared, users: UserStore, parts: Parts) -> Accounts:
    """Connect what knows users. Opens nothing.

    Raises:
        ConfigurationError: a part is one for development or for tests, or cannot do what a
            setting asks for.
    """
    settings = shared.settings
    hashing = HashingExecutor(_fit_for(settings, parts.hasher or PasslibHasher()))
    rules = parts.password_rules or rules_from_settings(settings)
    known = _Known(
        users=users,
        reads=UserReads(users),
        hashing=hashing,
        authenticator=Authenticator(
            users, hashing, verified_only=settings.email_verification == "require"
        ),
        rules=rules,
        registration=_registration(settings, users, hashing, rules, shared.events),
        attempts=choose_attempts(
            settings, parts.throttle, stores=shared.stores, events=shared.events, clock=shared.clock
        ),
    )
    lines = _Lines(
        tokens=RefreshTokens(shared.rings, realm=settings.realm),
        access=AccessTokens(_issuer(shared), claims_for=parts.claims_for),
        limits=SessionLimits.of(settings),
    )
    return Accounts(
        logins=_logins(shared, known, lines),
        refresh=_refresh(shared, known, lines),
        registration=known.registration,
        users=known.reads,
        attempts=known.attempts,
        hashing=hashing,
        flows=AccountFlows(_flow_parts(shared, known, parts.mailer)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What knows users."""

    users: UserStore
    reads: UserReads
    hashing: HashingExecutor
    authenticator: Authenticator
    rules: PasswordRules
    registration: Registration | None
    attempts: Attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """What makes the tokens of sessions, and says how long they last."""

    tokens: RefreshTokens
    access: AccessTokens
    limits: SessionLimits


def _logins(shared: Shared, known: _Known, lines: _Lines) -> Logins:
    return Logins(
        sessions=shared.sessions,
        tokens=lines.tokens,
        access=lines.access,
        authenticator=known.authenticator,
        attempts=known.attempts,
        users=known.reads,
        limits=lines.limits,
        realm=shared.settings.realm,
        events=shared.events,
        clock=shared.clock,
    )


def _refresh(shared: Shared, known: _Known, lines: _Lines) -> Refresh:
    return Refresh(
        store=shared.stores.sessions,
        sessions=shared.sessions,
        revocations=shared.revocations,
        tokens=lines.tokens,
        users=known.reads,
        access=lines.access,
        attempts=known.attempts,
        limits=lines.limits,
        realm=shared.settings.realm,
        events=shared.events,
        clock=shared.clock,
    )


def _flow_parts(shared: Shared, known: _Known, mailer: Mailer | None) -> FlowParts:
    settings = shared.settings
    mailer = mailer_fit_for(settings, mailer)
    links = make_links(
        settings,
        shared.rings,
        shared.stores.one_time,
        events=shared.events,
        clock=shared.clock,
        needed=mailer is not None,
    )
    return FlowParts(
        users=known.users,
        reads=known.reads,
        registration=known.registration,
        authenticator=known.authenticator,
        attempts=known.attempts,
        hashing=known.hashing,
        rules=known.rules,
        sessions=shared.sessions,
        links=links,
        post=Post(mailer, links, events=shared.events),
        events=shared.events,
        clock=shared.clock,
        login_is_email=settings.login_is_email,
        email_verification=settings.email_verification,
        reauthentication_age=settings.reauthentication_age,
    )


def _issuer(shared: Shared) -> TokenIssuer:
    return TokenIssuer(
        shared.rings.ring,
        issuer=shared.settings.issuer,
        audience=shared.settings.audience,
        access_ttl=shared.settings.access_ttl,
        clock=shared.clock,
        realm=shared.settings.realm,
    )


def _registration(
    settings: Settings,
    users: UserStore,
    hashing: HashingExecutor,
    rules: PasswordRules,
    events: Events,
) -> Registration | None:
    if not isinstance(users, RegisteringUserStore):
        return None
    return Registration(
        users,
        hashing,
        rules=rules,
        events=events,
        default_scopes=settings.default_scopes,
        login_is_email=settings.login_is_email,
        needs_email=settings.email_verification != "off",
    )


def _fit_for(settings: Settings, hasher: PasswordHasher) -> PasswordHasher:
    if settings.env == "prod" and getattr(hasher, "for_tests", False):
        raise ConfigurationError(
            "The password hasher is one for tests.",
            why="Its hashes are cheap to make, and so to guess.",
            fix="Leave out hasher=, or pass PasslibHasher(). Tests set Settings(env='dev').",
        )
    return hasher
