"""Rings are changed where they are kept: by one at a time, whole, and with their owner."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from clocks import FakeClock
from fastapi_jwtkit.errors import (
    ConfigurationError,
    InvalidKeyError,
    KeySourceUnavailableError,
    MissingKeyError,
)
from fastapi_jwtkit.key_protocols import KeySource
from fastapi_jwtkit.key_sources import changing
from fastapi_jwtkit.key_sources.file import FileKeySource, write_new_file
from fastapi_jwtkit.key_sources.rotation import KeyChange, KeyRotation
from fastapi_jwtkit.key_sources.text import TextKeySource
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.rotation import RotationTimes
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.keys.state import KeyState

TIMES = RotationTimes(publish_for=300.0, keep_for=1_000.0)

ROTATE = """
import asyncio, sys
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.key_sources.file import FileKeySource
from fastapi_jwtkit.key_sources.rotation import KeyRotation
from fastapi_jwtkit.keys.rotation import RotationTimes
times = {"keys": RotationTimes(publish_for=300.0, keep_for=1000.0)}
rotation = KeyRotation({"keys": FileKeySource(sys.argv[1])}, times=times, clock=SystemClock())
sys.stdin.readline()
print(len(asyncio.run(rotation.rotate()).changes))
"""


class Kept:
    """Two rings in files, and what rotates them."""

    def __init__(self, directory: Path, **sources: KeySource) -> None:
        self.clock = FakeClock()
        self.keys, self.secrets = directory / "keys.json", directory / "refresh-secrets.json"
        write_new_file(self.keys, KeyRing.generate(now=self.clock.now()).to_text())
        write_new_file(self.secrets, SecretRing.generate(now=self.clock.now()).to_text())
        self.rotation = KeyRotation(
            {
                "keys": sources.get("keys", FileKeySource(self.keys)),
                "refresh_secrets": FileKeySource(self.secrets),
            },
            times={"keys": TIMES, "refresh_secrets": TIMES},
            clock=self.clock,
        )

    def texts(self) -> tuple[str, str]:
        """Return both files as they are."""
        return self.keys.read_text(), self.secrets.read_text()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """Return two rings as they are generated."""
    return Kept(tmp_path)


async def test_both_rings_go_together_and_a_second_call_does_nothing(kept: Kept) -> None:
    """What was published signs after its time; what is told has no secret in it."""
    first = await kept.rotation.rotate()
    assert [(c.ring, c.before, c.after) for c in first.changes] == [
        ("keys", None, KeyState.NEXT),
        ("refresh_secrets", None, KeyState.NEXT),
    ]
    written = kept.texts()
    assert not (await kept.rotation.rotate()).changes
    assert kept.texts() == written
    kept.clock.step(300)
    second = await kept.rotation.rotate()
    assert len(second.changes) == 6
    assert (
        KeyChange(
            ring="keys",
            key_id=first.changes[0].key_id,
            before=KeyState.NEXT,
            after=KeyState.ACTIVE,
        )
        in second.changes
    )
    assert KeyRing.from_text(kept.keys.read_text()).active.kid == first.changes[0].key_id
    assert not any(word in repr(second) for word in ('"d"', "SecretStr", "jwk"))


async def test_a_dry_run_tells_and_writes_nothing(kept: Kept) -> None:
    """For rotating, revoking and forgetting alike."""
    written = kept.texts()
    key_id = (await kept.rotation.report()).keys[0].key_id
    assert (await kept.rotation.rotate(dry_run=True)).changes
    assert (await kept.rotation.revoke(key_id, dry_run=True)).changes
    assert kept.texts() == written


async def test_one_ring_can_go_alone(kept: Kept) -> None:
    """And the other one stays as it is, byte for byte."""
    _, secrets = kept.texts()
    report = await kept.rotation.rotate(rings=("keys",))
    assert {change.ring for change in report.changes} == {"keys"}
    assert kept.texts()[1] == secrets


async def test_a_ring_can_move_to_another_algorithm(kept: Kept) -> None:
    """What was published and never signed gives way; tokens of the old key live on."""
    await kept.rotation.rotate()
    await kept.rotation.rotate(alg="EdDSA")
    algorithms = [key.alg for key in (await kept.rotation.report()).keys if key.ring == "keys"]
    assert algorithms == ["ES256", "EdDSA"]
    kept.clock.step(300)
    report = await kept.rotation.rotate()
    assert [(k.alg, k.state) for k in report.keys if k.ring == "keys"] == [
        ("ES256", KeyState.RETIRED),
        ("EdDSA", KeyState.ACTIVE),
        ("EdDSA", KeyState.NEXT),
    ]


async def test_a_key_is_found_in_whichever_ring_it_is(kept: Kept) -> None:
    """By its whole id; nobody has to say which ring."""
    for number, ring in ((0, "keys"), (-1, "refresh_secrets")):
        key_id = (await kept.rotation.report()).keys[number].key_id
        report = await kept.rotation.revoke(key_id)
        assert {change.ring for change in report.changes} == {ring}
    with pytest.raises(InvalidKeyError, match="No ring has a key 'nobody'"):
        await kept.rotation.revoke("nobody")
    kept.clock.step(1_001)
    gone = next(k for k in (await kept.rotation.report()).keys if k.state is KeyState.REVOKED)
    assert gone.due_at is not None
    await kept.rotation.forget(gone.key_id)
    assert gone.key_id not in {key.key_id for key in (await kept.rotation.report()).keys}


async def test_keys_that_nothing_can_change_are_refused_before_anything_is(tmp_path: Path) -> None:
    """The environment of a process is the same for ever; the other ring is not touched."""
    text = KeyRing.generate(now=0.0).to_text()
    kept = Kept(tmp_path, keys=TextKeySource(text))
    written = kept.texts()
    with pytest.raises(ConfigurationError, match="JWTKIT_KEYS_FILE") as caught:
        await kept.rotation.rotate()
    assert kept.texts() == written
    assert text[40:80] not in str(caught.value)


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With the command that makes one."""
    kept = Kept(tmp_path)
    kept.keys.unlink()
    with pytest.raises(MissingKeyError, match="jwtkit keys generate"):
        await kept.rotation.rotate()


def test_eight_processes_at_once_rotate_once(tmp_path: Path) -> None:
    """The lock is between processes: one makes the coming key, all others see it."""
    kept = Kept(tmp_path)
    processes = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", ROTATE, str(kept.keys)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert told == ["0"] * 7 + ["1"]
    assert len(KeyRing.from_text(kept.keys.read_text())) == 2


async def test_forty_tasks_at_once_rotate_once(kept: Kept) -> None:
    """In one process as well."""
    reports = await asyncio.gather(*(kept.rotation.rotate(rings=("keys",)) for _ in range(10)))
    assert sorted(len(report.changes) for report in reports) == [0] * 9 + [1]


async def test_mode_and_owner_stay_and_no_draft_is_left(kept: Kept) -> None:
    """A job of root must not take the file away from the application."""
    kept.keys.chmod(0o400)
    if os.geteuid() == 0:
        os.chown(kept.keys, 12_345, 12_346)
    owner = kept.keys.stat()
    await kept.rotation.rotate()
    after = kept.keys.stat()
    assert after.st_ino != owner.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        owner.st_mode,
        owner.st_uid,
        owner.st_gid,
    )
    lock = kept.keys.with_name(".keys.json.lock").stat()
    assert (lock.st_uid, lock.st_mode & 0o777) == (owner.st_uid, 0o600)
    assert not [path for path in kept.keys.parent.iterdir() if path.suffix == ".tmp"]


async def test_a_link_stays_a_link(kept: Kept) -> None:
    """What it names is replaced, so whoever reads the target sees it too."""
    target = kept.keys.rename(kept.keys.with_name("real.json"))
    kept.keys.symlink_to(target)
    await kept.rotation.rotate()
    assert kept.keys.is_symlink()
    assert len(KeyRing.from_text(target.read_text())) == 2


async def test_a_file_that_another_process_changes_is_waited_for_and_then_given_up(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unavailable rather than changed by two."""
    monkeypatch.setattr(changing, "LOCK_SECONDS", 0.05)
    written = kept.texts()
    with (
        FileLock(kept.keys.with_name(".keys.json.lock")),
        pytest.raises(KeySourceUnavailableError, match="key_file_locked"),
    ):
        await kept.rotation.rotate()
    assert kept.texts() == written


async def test_a_directory_that_cannot_be_written_is_explained(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with secrets that an orchestrator mounts; nothing of the ring is in the error."""

    def refuse(*_: object) -> Path:
        raise OSError(30, "Read-only file system")

    text, written = kept.keys.read_text(), kept.texts()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        with pytest.raises(InvalidKeyError, match="mounted secret where it is kept") as caught:
            await kept.rotation.rotate()
    assert kept.texts() == written
    assert text[60:90] not in str(caught.value)
