# --8<-- [start:file]
import os
import time
from collections.abc import Iterable
from pathlib import Path

from fastapi_jwtkit import KeyRing
from fastapi_jwtkit.keys.key_ring import KeyState, RingKey
from fastapi_jwtkit.keys.signing_key import SigningKey


def read(path: Path) -> KeyRing:
    return KeyRing.from_text(path.read_text(encoding="utf-8"))


def write(path: Path, keys: Iterable[RingKey]) -> None:
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(KeyRing(keys).to_text())
    new.replace(path)  # at once: no reader sees half a ring


# --8<-- [end:file]


# --8<-- [start:publish]
def publish_the_next(path: Path) -> None:
    coming = RingKey(SigningKey.generate("ES256"), KeyState.NEXT, time.time())
    write(path, [*read(path).entries, coming])


# --8<-- [end:publish]


# --8<-- [start:switch]
def let_it_sign(path: Path) -> None:
    after = {KeyState.ACTIVE: KeyState.RETIRED, KeyState.NEXT: KeyState.ACTIVE}
    now = time.time()
    write(
        path,
        (
            RingKey(entry.key, after[entry.state], now) if entry.state in after else entry
            for entry in read(path).entries
        ),
    )


# --8<-- [end:switch]


# --8<-- [start:forget]
def forget_the_retired(path: Path) -> None:
    write(path, (key for key in read(path).entries if key.state is not KeyState.RETIRED))


# --8<-- [end:forget]


# --8<-- [start:revoke]
def revoke(path: Path, kid: str) -> None:
    new = RingKey(SigningKey.generate("ES256"), KeyState.ACTIVE, time.time())
    kept = [
        RingKey(entry.key, KeyState.REVOKED, time.time()) if entry.key.kid == kid else entry
        for entry in read(path).entries
    ]
    signs = any(entry.state is KeyState.ACTIVE for entry in kept)
    write(path, kept if signs else [*kept, new])


# --8<-- [end:revoke]
