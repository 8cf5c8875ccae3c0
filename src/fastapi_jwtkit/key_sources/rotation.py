"""Rotating, revoking and forgetting keys where they are kept, for a whole fleet at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from fastapi_jwtkit.errors import ConfigurationError, InvalidKeyError
from fastapi_jwtkit.key_protocols import ChangeableKeySource, KeySource
from fastapi_jwtkit.key_sources.ring_kinds import KINDS, RingKind, RingName, alg_of
from fastapi_jwtkit.keys.rotation import AnyKey, RotationTimes, forgotten, revoked, rotated
from fastapi_jwtkit.keys.state import KeyState
from fastapi_jwtkit.protocols import Clock

__all__ = ["KeyChange", "KeyReport", "KeyRotation", "KeyStatus", "RingName"]

_Entries = Sequence[AnyKey]
_Step = Callable[[RingKind, _Entries], _Entries]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """One key as it stands. No part of it is secret.

    Attributes:
        ring: signing keys, or refresh secrets.
        key_id: the ``kid``, or the id of a secret.
        alg: of a signing key; ``HMAC-SHA256`` for a secret.
        state: next, active, retired or revoked.
        changed_at: since when, seconds since the epoch.
        due_at: from when a next key may sign, or a retired or revoked one be forgotten;
            ``None`` for the active one.
    """

    ring: RingName
    key_id: str
    alg: str
    state: KeyState
    changed_at: float
    due_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """What became of one key: ``before`` is ``None`` for a new one, ``after`` for a forgotten."""

    ring: RingName
    key_id: str
    before: KeyState | None
    after: KeyState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """The keys as they are now, and what was changed to bring them there."""

    keys: tuple[KeyStatus, ...]
    changes: tuple[KeyChange, ...] = ()


class KeyRotation:
    """Changes the rings of a kit where they are kept. Workers take them up by themselves.

    Args:
        sources: of the rings that the kit has.
        times: how long keys stay next and retired, for each ring.
        clock: dates the changes.
    """

    def __init__(
        self,
        sources: Mapping[RingName, KeySource],
        *,
        times: Mapping[RingName, RotationTimes],
        clock: Clock,
    ) -> None:
        self._sources = sources
        self._times = times
        self._clock = clock

    async def report(self) -> KeyReport:
        """Return every key as its source has it now.

        Raises:
            MissingKeyError: there are none.
            KeySourceUnavailableError: they cannot be read now.
        """
        entries: dict[RingName, _Entries] = {
            ring: KINDS[ring].read(await source.read()) for ring, source in self._sources.items()
        }
        return KeyReport(keys=self._statuses(entries))

    async def rotate(
        self,
        *,
        min_age: float = 0.0,
        alg: str | None = None,
        rings: Sequence[RingName] = ("keys", "refresh_secrets"),
        dry_run: bool = False,
    ) -> KeyReport:
        """Take every step that is due, and none before its time.

        Calling it again, or from every worker at once, changes nothing more: what comes
        next is always too young to sign.

        Args:
            min_age: seconds that a key signs at least.
            alg: algorithm of the coming signing key; default: that of the active one.
            rings: which to rotate.
            dry_run: report what would be done, and do nothing.

        Raises:
            ConfigurationError: keys are kept where nothing can change them.
            MissingKeyError: there are none.
            KeySourceUnavailableError: they cannot be changed now.
        """
        now = self._clock.now()
        steps: dict[RingName, _Step] = {
            ring: partial(
                _rotate,
                now=now,
                times=self._times[ring],
                min_age=min_age,
                alg=alg if ring == "keys" else None,
            )
            for ring in self._sources
            if ring in rings
        }
        return await self._apply(steps, dry_run=dry_run)

    async def revoke(self, key_id: str, *, dry_run: bool = False) -> KeyReport:
        """Refuse for good what a key signed; another one signs from now on.

        Raises:
            InvalidKeyError: no ring has such a key.
            ConfigurationError: keys are kept where nothing can change them.
        """
        ring = await self._ring_of(key_id)
        step = partial(_revoke, key_id=key_id, now=self._clock.now())
        return await self._apply({ring: step}, dry_run=dry_run)

    async def forget(self, key_id: str, *, dry_run: bool = False) -> KeyReport:
        """Take a key that nothing needs any more out of its ring.

        Raises:
            InvalidKeyError: no ring has such a key.
            ConfigurationError: it is needed, and until when; or its source cannot be changed.
        """
        ring = await self._ring_of(key_id)
        times = self._times[ring]
        step = partial(_forget, key_id=key_id, now=self._clock.now(), times=times)
        return await self._apply({ring: step}, dry_run=dry_run)

    async def _ring_of(self, key_id: str) -> RingName:
        for status in (await self.report()).keys:
            if status.key_id == key_id:
                return status.ring
        raise InvalidKeyError(
            f"No ring has a key {key_id[:64]!r}.",
            why="Whole ids only: a prefix could name another key.",
            fix="jwtkit keys list shows the ids.",
            docs="how-to/rotate-keys/",
        )

    async def _apply(self, steps: Mapping[RingName, _Step], *, dry_run: bool) -> KeyReport:
        # All are read and asked before the first is changed: what can fail fails early.
        texts: dict[RingName, str] = {
            ring: await source.read() for ring, source in self._sources.items()
        }
        sources = {ring: _changeable(ring, self._sources[ring]) for ring in steps}
        before: dict[RingName, _Entries] = {
            ring: KINDS[ring].read(text) for ring, text in texts.items()
        }
        after = dict(before)
        for ring, step in steps.items():
            edit = _Edit(KINDS[ring], step)
            if dry_run:
                edit(texts[ring])
            else:
                await sources[ring].change(edit)
            before[ring], after[ring] = edit.before, edit.after
        changes = (change for ring in steps for change in _changes(ring, before[ring], after[ring]))
        return KeyReport(keys=self._statuses(after), changes=tuple(changes))

    def _statuses(self, entries: Mapping[RingName, _Entries]) -> tuple[KeyStatus, ...]:
        return tuple(
            KeyStatus(
                ring=ring,
                key_id=entry.key_id,
                alg=alg_of(entry),
                state=entry.state,
                changed_at=entry.changed_at,
                due_at=self._times[ring].due_at(entry),
            )
            for ring, of_ring in entries.items()
            for entry in of_ring
        )


class _Edit:
    """Edits the text of a ring, and remembers what it was and what it became."""

    def __init__(self, kind: RingKind, step: _Step) -> None:
        self._kind = kind
        self._step = step
        self.before: tuple[AnyKey, ...] = ()
        self.after: tuple[AnyKey, ...] = ()

    def __call__(self, text: str) -> str:
        self.before = self._kind.read(text)
        self.after = tuple(self._step(self._kind, self.before))
        return text if self.after == self.before else self._kind.write(self.after)


def _rotate(
    kind: RingKind,
    entries: _Entries,
    *,
    now: float,
    times: RotationTimes,
    min_age: float,
    alg: str | None,
) -> _Entries:
    # What is published says where the ring is moving to.
    newest = next(e for s in (KeyState.NEXT, KeyState.ACTIVE) for e in entries if e.state is s)
    wanted = alg or alg_of(newest)
    if alg is not None:
        # What is published and never signed can go: nothing was signed with it.
        entries = [e for e in entries if e.state is not KeyState.NEXT or alg_of(e) == alg]
    return rotated(
        entries, now=now, times=times, make=lambda: kind.make(now, wanted), min_age=min_age
    )


def _revoke(kind: RingKind, entries: _Entries, *, key_id: str, now: float) -> _Entries:
    alg = next((alg_of(entry) for entry in entries if entry.key_id == key_id), "")
    return revoked(entries, key_id, now=now, make=lambda: kind.make(now, alg))


def _forget(
    kind: RingKind, entries: _Entries, *, key_id: str, now: float, times: RotationTimes
) -> _Entries:
    del kind
    return forgotten(entries, key_id, now=now, times=times)


def _changes(ring: RingName, before: _Entries, after: _Entries) -> Iterator[KeyChange]:
    was = {entry.key_id: entry.state for entry in before}
    is_now = {entry.key_id: entry.state for entry in after}
    for key_id in (*was, *(key_id for key_id in is_now if key_id not in was)):
        if was.get(key_id) is not is_now.get(key_id):
            yield KeyChange(
                ring=ring, key_id=key_id, before=was.get(key_id), after=is_now.get(key_id)
            )


def _changeable(ring: RingName, source: KeySource) -> ChangeableKeySource:
    if isinstance(source, ChangeableKeySource):
        return source
    name = ring.upper()
    raise ConfigurationError(
        f"The {ring.replace('_', ' ')} cannot be changed where they are: {source!r}.",
        why="A text in the environment is the same for as long as a process lives, so no worker "
        "could hear of the change.",
        fix=f"Keep them in a file and set JWTKIT_{name}_FILE.",
        docs="how-to/rotate-keys/",
    )
