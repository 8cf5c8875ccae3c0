"""What stores carry: frozen, versioned, free of behaviour.

Times in records are seconds since the epoch as ``float``, by the clock of the store
that wrote them: two workers whose clocks differ then still agree on a session.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "Advance",
    "Device",
    "FeedPage",
    "FoundSession",
    "NewSession",
    "NewUser",
    "RevocationEntry",
    "RevocationKind",
    "Session",
    "SessionProof",
    "TokenPair",
]

SESSION_VERSION = 1
REVOCATION_VERSION = 1
SPENT_KEPT = 8
"""How many rotations back a row remembers when each token was spent."""

MAX_USER_AGENT = 256
MAX_DEVICE_NAME = 64

RevocationKind = Literal["sid", "jti", "subject", "kid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where a request came from, for events and for the person's list of sessions.

    Attributes:
        ip: address of the client.
        user_agent: what the client calls itself.
        name: what the person calls the device.
    """

    ip: str | None = None
    user_agent: str | None = None
    name: str | None = None


UNKNOWN_DEVICE = Device()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A login about to be stored; the store adds its own times.

    Attributes:
        realm: name under which the kit's rows live.
        sid: session id, 16 random bytes as base64url.
        line: 16 random bytes that tie refresh tokens to this very row.
        subject: id of the user, never reused.
        client_id: the client the login was made for.
        scope: what the login was granted; ``None`` means all that the user holds.
        audience: audiences of the access tokens.
        transport: name of the transport that answers this session, and no other does.
        auth_time: when the person authenticated, seconds since the epoch (RFC 9068 2.2.1).
        amr: how they authenticated (RFC 8176).
        mac_key_id: id of the refresh secret that signs the current token.
        idle_ttl: seconds without a refresh after which the session is over.
        absolute_ttl: seconds after which it is over in any case; never slides.
        device: for the person's own list of sessions; kept truncated.
    """

    realm: str
    sid: str
    line: bytes = field(repr=False)
    subject: str
    client_id: str
    scope: frozenset[str] | None
    audience: tuple[str, ...]
    transport: str
    auth_time: int
    amr: tuple[str, ...]
    mac_key_id: str
    idle_ttl: float
    absolute_ttl: float
    device: Device = Device()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login on one device: one line of refresh tokens.

    The row is O(1): it holds a counter, not the tokens. ``counter`` is the number of
    the refresh token that is current; ``spent`` holds when its predecessors were
    spent, newest last, with 0.0 where that is not known.

    Attributes:
        version: format of the row.
        epoch: claims version; an access token with a lower ``sv`` is dead.
        attempt: id of the rotation that won last, so that its retry wins again.
        replays: replays since the last rotation.
        replay_streak: consecutive rotations that saw a replay.
        revoked_at: when the session ended; terminal.
        revoked_reason: why it ended, snake_case.
    """

    version: int = SESSION_VERSION
    realm: str
    sid: str
    line: bytes = field(repr=False)
    subject: str
    client_id: str
    scope: frozenset[str] | None
    audience: tuple[str, ...]
    transport: str
    auth_time: int
    amr: tuple[str, ...]
    epoch: int = 0
    created_at: float
    absolute_expiry: float
    idle_expiry: float
    counter: int = 0
    mac_key_id: str
    attempt: str | None = None
    spent: tuple[float, ...] = ()
    replays: int = 0
    replay_streak: int = 0
    revoked_at: float | None = None
    revoked_reason: str | None = None
    last_seen_at: float
    device: Device = Device()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSession:
    """A row and the time at which the store read it, by the store's clock."""

    session: Session
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionProof:
    """An authentic token names this session: enough to end it, never to act in it.

    Attributes:
        sid: the session.
        subject: whose it is; ``None`` where the token does not say.
    """

    sid: str
    subject: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """One attempt to rotate a session.

    Attributes:
        presented: number of the token that was presented.
        epoch: claims version the new access token was built from.
        idle_ttl: seconds; the idle limit slides to now plus this, capped by the absolute one.
        mac_key_id: id of the refresh secret that signs the successor.
        attempt: random id; the same id again is the same win.
    """

    presented: int
    epoch: int
    idle_ttl: float
    mac_key_id: str
    attempt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationEntry:
    """Something that is dead before its ``exp``.

    Attributes:
        kind: what ``value`` names: a session, one access token, a subject, a key.
        value: the sid, jti, subject or kid.
        min_epoch: for a sid: only claims versions below this are dead; ``None``: all are.
        not_before: for a subject: only tokens issued before this are dead (seconds).
        expires_at: when the entry may be forgotten (seconds); ``None``: never.
    """

    version: int = REVOCATION_VERSION
    kind: RevocationKind
    value: str
    min_epoch: int | None = None
    not_before: float | None = None
    expires_at: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """Entries of the feed since a position.

    Attributes:
        entries: what was added; the whole state when no position was given.
        position: opaque; hand it to the next call.
        whole: whether ``entries`` is the whole state: what a reader knows and does not
            find in it, the store has forgotten.
        born_at: when the state was made, by the store's clock (seconds): what was
            revoked before that, this state may have forgotten.
    """

    entries: tuple[RevocationEntry, ...]
    position: str
    whole: bool
    born_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A registration; the store gives it an id and its default scopes are the kit's.

    Attributes:
        login: canonical spelling (NFKC, casefolded), see ``canonical_login``.
        password_hash: never the password.
        scopes: what the user may hold from the start.
    """

    login: str
    password_hash: str = field(repr=False)
    email: str | None = None
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """The answer to a login or a refresh (RFC 6749 5.1).

    Attributes:
        access_token: the JWT. Not shown by ``repr``.
        refresh_token: the opaque token. Not shown by ``repr``.
        expires_in: seconds the access token lives.
        scope: what the access token carries.
        session: the row behind the pair.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    scope: frozenset[str]
    session: Session
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name
