"""The map of what is dead before its ``exp``: no await, no I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from fastapi_jwtkit.claims import Claims
from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.records import RevocationEntry, RevocationKind
from fastapi_jwtkit.revocation_entries import kills_as_much, merge_entries

__all__ = ["KnownRevocations"]

_LONG_AGO = float("-inf")
_SWEEP_EVERY_SECONDS = 60.0
_VOUCHED_KEPT = 100_000
# About two milliseconds of work: what one turn of the event loop may take.
_AT_A_TIME = 2_000


class KnownRevocations:
    """What this process knows to be revoked.

    Args:
        clock: the application's clock.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[RevocationKind, dict[str, RevocationEntry]] = {
            "sid": {},
            "jti": {},
            "kid": {},
            "subject": {},
        }
        self._by_kind = tuple(self._entries.values())
        self._vouched: dict[str, int] = {}
        self._trusted_from = _LONG_AGO
        self._swept_at = clock.monotonic()
        self._listeners: list[Callable[[Sequence[RevocationEntry]], None]] = []

    def __len__(self) -> int:
        return sum(map(len, self._by_kind))

    # The hot path.

    def is_plain(self, claims: Claims) -> bool:
        """Say whether nothing in the map concerns these claims, and it can know that.

        The answer for all but a few tokens; the others are for ``ensure_live`` and
        ``needs_row``.
        """
        sids, jtis, kids, subjects = self._by_kind
        if claims.issued_at < self._trusted_from and self.needs_row(claims):
            return False
        return not (
            (sids and claims.session_id in sids)
            or (jtis and claims.token_id in jtis)
            or (kids and claims.kid in kids)
            or (subjects and claims.subject in subjects)
        )

    def ensure_live(self, claims: Claims) -> None:
        """Refuse a token that was revoked.

        Raises:
            InvalidTokenError: its session, its claims version, itself, its subject or
                its key is revoked.
        """
        sids, jtis, kids, subjects = self._by_kind
        entry = sids.get(claims.session_id or "") if sids else None
        if entry is not None and (entry.min_epoch is None or claims.epoch < entry.min_epoch):
            raise InvalidTokenError(
                "session_revoked" if entry.min_epoch is None else "claims_expired"
            )
        if jtis and claims.token_id in jtis:
            raise InvalidTokenError("token_revoked")
        if kids and claims.kid in kids:
            raise InvalidTokenError("key_revoked")
        entry = subjects.get(claims.subject) if subjects else None
        if entry is not None and (entry.not_before is None or claims.issued_at < entry.not_before):
            raise InvalidTokenError("subject_revoked")

    def needs_row(self, claims: Claims) -> bool:
        """Say whether the token is older than the feed's memory.

        A feed that was emptied has forgotten what was revoked before: tokens issued
        before its birth are checked against their session once, and then vouched for.
        """
        if claims.issued_at >= self._trusted_from:
            return False
        return claims.epoch < self._vouched.get(claims.session_id or "", claims.epoch + 1)

    def vouch(self, claims: Claims, *, epoch: int) -> None:
        """Remember that the row of this token lives; what ends it later is in the feed."""
        if claims.session_id is not None:
            if len(self._vouched) >= _VOUCHED_KEPT:
                self._vouched.clear()
            self._vouched[claims.session_id] = epoch

    def is_session_revoked(self, sid: str) -> bool:
        """Say whether the map knows the session to be over."""
        entry = self._entries["sid"].get(sid)
        return entry is not None and entry.min_epoch is None

    def min_epoch(self, sid: str) -> int:
        """Return the lowest claims version of the session that still lives."""
        entry = self._entries["sid"].get(sid)
        return 0 if entry is None else entry.min_epoch or 0

    # Taking in what the feed says.

    def listen(self, listener: Callable[[Sequence[RevocationEntry]], None]) -> None:
        """Call ``listener`` with the entries that make the map kill more, from now on."""
        self._listeners.append(listener)

    def trust_from(self, issued_at: float) -> None:
        """Trust the map about tokens issued since then; older ones need a look at their row."""
        if issued_at != self._trusted_from:
            # Another state: what was vouched for may have been revoked in the old one.
            self._vouched.clear()
            self._trusted_from = issued_at

    def apply(self, entries: Iterable[RevocationEntry]) -> None:
        """Take entries in; none makes the map kill less than it did."""
        news: list[RevocationEntry] = []
        for entry in entries:
            of_kind = self._entries[entry.kind]
            known = of_kind.get(entry.value)
            if known is None:
                of_kind[entry.value] = entry
            elif kills_as_much(known, entry):
                continue
            else:
                of_kind[entry.value] = merge_entries(known, entry)
            news.append(entry)
        for listener in self._listeners if news else ():
            listener(news)
        if self._clock.monotonic() - self._swept_at > _SWEEP_EVERY_SECONDS:
            self._sweep()

    async def take_in(self, entries: Sequence[RevocationEntry]) -> None:
        """Take in a page of any size and let requests be answered meanwhile."""
        self.apply(())  # an empty page, too, is a moment to forget what is over
        for start in range(0, len(entries), _AT_A_TIME):
            self.apply(entries[start : start + _AT_A_TIME])
            await asyncio.sleep(0)

    def entries(self) -> list[RevocationEntry]:
        """Return what the map knows at this moment."""
        return [entry for of_kind in self._by_kind for entry in list(of_kind.values())]

    def _sweep(self) -> None:
        now = self._clock.now()
        self._swept_at = self._clock.monotonic()
        for of_kind in self._by_kind:
            for value, entry in list(of_kind.items()):
                if entry.expires_at is not None and entry.expires_at <= now:
                    del of_kind[value]
