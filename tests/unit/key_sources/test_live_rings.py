"""LiveRings: loaded once, followed for ever, never broken by a bad read."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fastapi_jwtkit.errors import (
    InvalidKeyError,
    KeySourceUnavailableError,
    MissingKeyError,
)
from fastapi_jwtkit.key_sources.file import FileKeySource, write_new_file
from fastapi_jwtkit.key_sources.live_rings import LiveRings
from fastapi_jwtkit.keys.key_ring import KeyRing, KeyState, RingKey
from fastapi_jwtkit.keys.signing_key import SigningKey
from key_deployments import Deployment


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """Return a deployment of its own."""
    return Deployment(tmp_path)


async def test_nothing_is_read_before_the_first_use(deployment: Deployment) -> None:
    """Construction does no I/O; the first use loads both rings, the second nothing."""
    assert deployment.keys.reads == 0
    assert not deployment.rings.is_loaded
    await deployment.rings.ensure_loaded()
    await deployment.rings.ensure_loaded()
    assert deployment.keys.reads == 1
    assert deployment.rings.ring.active == deployment.written.active
    assert deployment.rings.secrets.active_id


async def test_a_hundred_first_requests_read_once(deployment: Deployment) -> None:
    """All wait for one read."""
    await asyncio.gather(*(deployment.rings.ensure_loaded() for _ in range(100)))
    assert deployment.keys.reads == 1


async def test_a_rotated_file_is_picked_up_without_a_restart(deployment: Deployment) -> None:
    """The issuing path sees it after five seconds, in the same ring object."""
    ring = deployment.rings.ring
    await deployment.rings.freshen()
    rotated = deployment.rotate()
    deployment.clock.step(4)
    await deployment.rings.freshen()
    assert ring.active == deployment.written.active
    assert deployment.keys.reads == 1
    deployment.clock.step(1)
    await deployment.rings.freshen()
    assert ring.active == rotated.active
    assert ring.find(deployment.written.active.kid) is not None
    assert deployment.rings.ring is ring


@pytest.mark.std(65)
async def test_a_thousand_unknown_key_ids_cost_one_read(deployment: Deployment) -> None:
    """At once or one by one, within the cool-down of 30 s the source is asked once more."""
    await deployment.rings.ensure_loaded()
    await asyncio.gather(*(deployment.rings.reread() for _ in range(500)))
    for _ in range(500):
        await deployment.rings.reread()
    assert deployment.keys.reads == 2
    deployment.clock.step(29)
    await deployment.rings.reread()
    assert deployment.keys.reads == 2
    deployment.clock.step(1)
    await deployment.rings.reread()
    assert deployment.keys.reads == 3


async def test_an_unknown_key_id_finds_a_key_that_was_just_rotated_in(
    deployment: Deployment,
) -> None:
    """The first re-read after loading is not held back by the cool-down."""
    await deployment.rings.ensure_loaded()
    kid = deployment.rotate().active.kid
    assert deployment.rings.ring.find(kid) is None
    await deployment.rings.reread()
    assert deployment.rings.ring.find(kid) is not None


async def test_an_unchanged_source_changes_no_generation(deployment: Deployment) -> None:
    """What was cached under a generation stays good."""
    await deployment.rings.ensure_loaded()
    before = deployment.rings.ring.generation
    for _ in range(3):
        deployment.clock.step(10)
        await deployment.rings.freshen()
    assert deployment.keys.reads == 4
    assert deployment.rings.ring.generation == before


async def test_a_failing_read_keeps_the_keys_and_says_so_once(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    """Issuing goes on; only an unknown key id is told that nobody can say."""
    await deployment.rings.ensure_loaded()
    deployment.keys_path.write_text('{"version": 1, "keys": [{"sta')
    with caplog.at_level(logging.ERROR, logger="fastapi_jwtkit"):
        for _ in range(3):
            deployment.clock.step(10)
            await deployment.rings.freshen()
    assert len(caplog.records) == 1
    assert deployment.rings.ring.active == deployment.written.active
    deployment.clock.step(30)
    for _ in range(2):
        with pytest.raises(KeySourceUnavailableError):
            await deployment.rings.reread()
    deployment.keys_path.unlink()
    rotated = deployment.rotate()
    deployment.clock.step(30)
    await deployment.rings.reread()
    assert deployment.rings.ring.active == rotated.active


async def test_a_broken_secrets_file_does_not_hold_back_a_revoked_key(
    deployment: Deployment,
) -> None:
    """The two rings are followed independently of each other."""
    await deployment.rings.ensure_loaded()
    deployment.secrets_path.chmod(0o644)
    now = deployment.clock.now()
    old = RingKey(deployment.written.active, KeyState.REVOKED, now)
    deployment.write(KeyRing([RingKey(SigningKey.generate(), KeyState.ACTIVE, now), old]))
    deployment.clock.step(5)
    await deployment.rings.freshen()
    assert deployment.rings.ring.is_revoked(deployment.written.active.kid)
    assert deployment.rings.secrets.active_id


async def test_rings_that_were_never_loaded_say_why_and_try_again(tmp_path: Path) -> None:
    """No file, then a file for others, then a good one."""
    deployment = Deployment(tmp_path)
    text = deployment.keys_path.read_text()
    deployment.keys_path.unlink()
    for _ in range(2):
        with pytest.raises(MissingKeyError):
            await deployment.rings.ensure_loaded()
    with pytest.raises(MissingKeyError):
        await deployment.rings.freshen()
    write_new_file(deployment.keys_path, text)
    deployment.keys_path.chmod(0o644)
    with pytest.raises(InvalidKeyError):
        await deployment.rings.ensure_loaded()
    deployment.keys_path.chmod(0o600)
    await deployment.rings.ensure_loaded()
    assert deployment.rings.is_loaded


class BrokenSource:
    """A source of somebody else's that fails in its own way, quoting what it holds."""

    async def read(self) -> str:
        """Fail."""
        message = "driver said: hunter2"
        raise RuntimeError(message)


async def test_a_foreign_source_that_fails_is_unavailable_and_quotes_nothing(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    """Any exception of a source is one of ours; its text stays inside."""
    rings = LiveRings(keys=BrokenSource(), secrets=deployment.keys, clock=deployment.clock)
    with pytest.raises(KeySourceUnavailableError):
        await rings.ensure_loaded()
    assert "RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text


class HangingSource:
    """A source whose reads wait until they are let go."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.reads = 0
        self.reading = asyncio.Event()
        self.gate = asyncio.Event()

    async def read(self) -> str:
        """Wait at the gate."""
        self.reads += 1
        self.reading.set()
        await self.gate.wait()
        return self._text


async def test_a_source_that_hangs_delays_nobody_who_has_keys(deployment: Deployment) -> None:
    """Requests go on with the keys there are, while one look waits for the source."""
    source = HangingSource(deployment.written.to_text())
    rings = LiveRings(
        keys=source, secrets=FileKeySource(deployment.secrets_path), clock=deployment.clock
    )
    source.gate.set()
    await rings.ensure_loaded()
    source.gate.clear()
    deployment.clock.step(6)
    async with asyncio.timeout(2):
        await asyncio.gather(*(rings.freshen() for _ in range(20)))
    assert source.reads == 2
    assert not rings.is_fresh
    source.gate.set()
    await rings.reread()
    assert rings.is_fresh


async def test_a_reader_that_is_cancelled_leaves_the_work_to_the_next(
    deployment: Deployment,
) -> None:
    """A client that hangs up during the first load breaks nobody else's, and doubles no read."""
    source = HangingSource(deployment.written.to_text())
    rings = LiveRings(
        keys=source, secrets=FileKeySource(deployment.secrets_path), clock=deployment.clock
    )
    tasks = [asyncio.create_task(rings.ensure_loaded()) for _ in range(3)]
    await source.reading.wait()
    tasks[1].cancel()  # one who waits
    tasks[0].cancel()  # the one who reads
    await asyncio.wait(tasks[:2])
    source.gate.set()
    await tasks[2]
    assert rings.is_loaded
    assert source.reads == 1


def test_one_object_serves_event_loops_in_several_threads(deployment: Deployment) -> None:
    """Loops come and go, in parallel and one after the other."""
    failures: list[BaseException] = []

    async def use() -> None:
        await asyncio.gather(*(deployment.rings.ensure_loaded() for _ in range(10)))
        await deployment.rings.reread()
        await deployment.rings.freshen()
        deployment.rings.ring.active.sign(b"data")

    def run() -> None:
        try:
            for _ in range(3):
                asyncio.run(use())
        except BaseException as error:  # noqa: BLE001 - carried to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures
    assert deployment.rings.ring.active == deployment.written.active
    assert deployment.rings._flights == {}


FORK = """
import asyncio, os, pathlib, sys
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.key_sources.file import FileKeySource, write_new_file
from fastapi_jwtkit.key_sources.live_rings import LiveRings
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing

directory = pathlib.Path(sys.argv[1])
keys, secrets = directory / "keys.json", directory / "secrets.json"
write_new_file(keys, KeyRing.generate(now=1.0).to_text())
write_new_file(secrets, SecretRing.generate(now=1.0).to_text())
rings = LiveRings(keys=FileKeySource(keys), secrets=FileKeySource(secrets), clock=SystemClock())
asyncio.run(rings.ensure_loaded())
before = rings.ring.active
new = KeyRing.generate(now=2.0)
write_new_file(directory / "new.json", new.to_text())
(directory / "new.json").replace(keys)
child = os.fork()
asyncio.run(rings.reread())
seen = rings.ring.active == new.active != before
if not child:
    os._exit(0 if seen else 1)
print(seen, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_rings_loaded_before_a_fork_follow_their_source_after_it(tmp_path: Path) -> None:
    """Parent and child, as gunicorn --preload makes them, both see the rotation."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", FORK, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["True", "0"]
