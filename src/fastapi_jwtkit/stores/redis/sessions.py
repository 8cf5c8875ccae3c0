"""Sessions in Redis: each write is one script on one key, and none makes a row."""

from __future__ import annotations

import logging
import struct
from collections.abc import Sequence
from typing import cast

from fastapi_jwtkit.errors import StoreUnavailableError
from fastapi_jwtkit.records import Advance, FoundSession, NewSession, Session
from fastapi_jwtkit.stores.redis.clients import LoopClients
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.stores.redis.links import Link, RedisClient
from fastapi_jwtkit.stores.redis.scripts import Script, load_script
from fastapi_jwtkit.stores.redis.server import RedisServer
from fastapi_jwtkit.stores.redis.server_time import ServerTime, StoreTime
from fastapi_jwtkit.stores.redis.session_rows import (
    TIME_BYTES,
    advance_argument,
    new_row_argument,
    revoke_argument,
    session_of,
    time_of,
)

__all__ = ["RedisSessionStore"]

logger = logging.getLogger("fastapi_jwtkit")

_SECONDS = struct.Struct("<d")
_COUNTER = struct.Struct("<Q")


class RedisSessionStore:
    """A ``SessionStore`` on Redis or Valkey.

    Args:
        client: yours, or one for each event loop.
        prefix: what the names of keys begin with.
        time: the store's own clock; tests hand in one with an offset.
    """

    def __init__(
        self,
        client: RedisClient | LoopClients,
        *,
        prefix: str = "jwtkit",
        time: StoreTime | None = None,
    ) -> None:
        self._server = RedisServer(client)
        self._keys = KeyNames(prefix)
        self._time = time or ServerTime()
        self._add = _script("session_add")
        self._find = _script("session_find")
        self._advance = _script("session_advance")
        self._count_replay = _script("session_count_replay")
        self._bump_epoch = _script("session_bump_epoch")
        self._revoke = load_script("session_row", "replicas", "session_revoke")
        self._add_to_subject = _script("subject_add")
        self._list_subject = _script("subject_list")

    async def add(self, new: NewSession, /) -> Session:
        """Store a login: the subject's index first, the row second."""
        time, reason = self._time.argument(), "session_add_failed"
        await self._server.run(
            self._add_to_subject,
            (self._keys.subject(new.realm, new.subject),),
            time + _SECONDS.pack(new.absolute_ttl),
            new.sid.encode(),
            reason=reason,
        )
        row = await self._server.run(
            self._add,
            (self._keys.session(new.realm, new.sid),),
            time + new_row_argument(new),
            reason=reason,
            again=False,
        )
        if row is None:
            raise StoreUnavailableError("session_id_taken")
        return session_of(new.realm, new.sid, row)

    async def find(self, realm: str, sid: str, /) -> FoundSession | None:
        """Return the row and the time of reading; expired and revoked rows included."""
        key = self._keys.session(realm, sid)
        answer = await self._server.run(
            self._find, (key,), self._time.argument(), reason="session_find_failed"
        )
        if answer is None:
            return None
        session = session_of(realm, sid, answer, TIME_BYTES)
        return FoundSession(session=session, now=time_of(answer))

    async def advance(self, realm: str, sid: str, advance: Advance, /) -> Session | None:
        """Spend a refresh token; see the port."""
        row = await self._server.run(
            self._advance,
            (self._keys.session(realm, sid),),
            self._time.argument() + advance_argument(advance),
            reason="session_advance_failed",
        )
        return None if row is None else session_of(realm, sid, row)

    async def count_replay(self, realm: str, sid: str, /, *, counter: int) -> int | None:
        """Count one replay; see the port."""
        return cast(
            "int | None",
            await self._server.run(
                self._count_replay,
                (self._keys.session(realm, sid),),
                self._time.argument() + _COUNTER.pack(counter),
                reason="session_replay_failed",
                again=False,
            ),
        )

    async def revoke(self, realm: str, sid: str, /, *, reason: str) -> bool:
        """End the session for good; an earlier reason stays. Say whether the row exists.

        Raises:
            NotReplicatedError: it is done, and no replica has it yet.
        """
        exists = await self._server.run_for_replicas(
            self._revoke,
            (self._keys.session(realm, sid),),
            self._time.argument() + revoke_argument(reason),
            reason="session_revoke_failed",
        )
        return exists == 1

    async def bump_epoch(self, realm: str, sid: str, /) -> int | None:
        """Raise the claims version by one and return it; ``None`` without a live row."""
        return cast(
            "int | None",
            await self._server.run(
                self._bump_epoch,
                (self._keys.session(realm, sid),),
                self._time.argument(),
                reason="session_bump_failed",
                again=False,
            ),
        )

    async def list(self, realm: str, subject: str, /) -> Sequence[Session]:
        """Return the subject's live sessions, oldest first."""
        index, reason = self._keys.subject(realm, subject), "session_list_failed"
        now, *names = await self._server.run(
            self._list_subject, (index,), self._time.argument(), reason=reason
        )
        live, over = list[Session](), list[str]()
        for sid, row in await self._rows(realm, [name.decode() for name in names], reason=reason):
            session = session_of(realm, sid, row)
            if not _is_live(session, time_of(now)):
                over.append(sid)
            elif session.subject == subject:
                live.append(session)
        await self._forget(index, over)
        return sorted(live, key=lambda session: (session.created_at, session.sid))

    async def erase(self, realm: str, subject: str, /) -> int:
        """Delete the subject's rows that are revoked or expired; see the port.

        Of those that ended before, only the ones still in the subject's index: ``list`` takes
        them out, and their rows go by themselves after their idle limit.
        """
        index, reason = self._keys.subject(realm, subject), "session_erase_failed"
        now, *names = await self._server.run(
            self._list_subject, (index,), self._time.argument(), reason=reason
        )
        rows = await self._rows(realm, [name.decode() for name in names], reason=reason)
        sessions = [session_of(realm, sid, row) for sid, row in rows]
        over = [
            session.sid
            for session in sessions
            if session.subject == subject and not _is_live(session, time_of(now))
        ]
        for sid in over:  # what is over stays so: between the reading and this nothing revives it
            await self._command("DEL", self._keys.session(realm, sid), reason=reason)
        if over:
            await self._command("ZREM", index, *over, reason=reason)
        return len(over)

    async def _command(self, name: str, key: str, *arguments: str, reason: str) -> None:
        async def ask(link: Link) -> None:
            await link.command(key, name, key, *arguments)

        await self._server.ask(ask, reason=reason)

    async def _rows(
        self, realm: str, sids: Sequence[str], *, reason: str
    ) -> Sequence[tuple[str, bytes]]:
        """Return the rows that there are, each with its id."""
        if not sids:
            return ()
        keys = [self._keys.session(realm, sid) for sid in sids]

        async def read(link: Link) -> Sequence[bytes | None]:
            return await link.values(keys)

        rows = await self._server.ask(read, reason=reason)
        return [(sid, row) for sid, row in zip(sids, rows, strict=True) if row is not None]

    async def _forget(self, index: str, sids: Sequence[str]) -> None:
        """Take sessions that are over out of an index; what is over stays so."""
        if not sids:
            return
        try:
            await self._command("ZREM", index, *sids, reason="session_sweep_failed")
        except StoreUnavailableError:
            logger.warning("sessions that are over could not be taken out of an index")


def _is_live(session: Session, now: float) -> bool:
    return session.revoked_at is None and now < session.idle_expiry


def _script(name: str) -> Script:
    return load_script("session_row", name)
