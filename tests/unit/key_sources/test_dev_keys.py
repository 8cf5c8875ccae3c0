"""Development keys: made once, hidden from git, the same for everybody who races."""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clocks import FakeClock
from fastapi_jwtkit.errors import InvalidKeyError
from fastapi_jwtkit.key_sources.dev import KEYS_NAME, DevKeySource, make_dev_keys
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing

NOW = 1_800_000_000.0
MAKE = """
import hashlib, pathlib, sys
from fastapi_jwtkit.key_sources.dev import make_dev_keys
directory = pathlib.Path(sys.argv[1])
sys.stdin.readline()
made = make_dev_keys(directory, now=1.0)
texts = [(directory / name).read_bytes() for name in ("keys.json", "refresh-secrets.json")]
print(len(made), hashlib.sha256(b"".join(texts)).hexdigest())
"""


def test_both_rings_are_made_private_and_hidden_from_git(tmp_path: Path) -> None:
    """Directory 0700, files 0600, a .gitignore that ignores everything."""
    directory = tmp_path / ".jwtkit"
    made = make_dev_keys(directory, now=NOW)
    assert [path.name for path in made] == ["keys.json", "refresh-secrets.json"]
    assert directory.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in made)
    assert (directory / ".gitignore").read_text() == "*\n"
    assert KeyRing.from_text(made[0].read_text()).active.can_sign
    assert SecretRing.from_text(made[1].read_text()).active_id
    assert sorted(path.name for path in directory.iterdir()) == [
        ".gitignore",
        "keys.json",
        "refresh-secrets.json",
    ]


def test_a_second_start_makes_nothing_and_a_lost_file_is_made_again(tmp_path: Path) -> None:
    """A reload logs nobody out."""
    directory = tmp_path / ".jwtkit"
    keys, refresh_secrets = make_dev_keys(directory, now=NOW)
    text = keys.read_text()
    assert make_dev_keys(directory, now=NOW) == ()
    refresh_secrets.unlink()
    assert make_dev_keys(directory, now=NOW) == (refresh_secrets,)
    assert keys.read_text() == text


def test_a_directory_with_other_files_is_not_hidden_from_git(tmp_path: Path) -> None:
    """JWTKIT_DEV_DIRECTORY=. must not make git forget a project."""
    (tmp_path / "main.py").touch()
    make_dev_keys(tmp_path, now=NOW)
    assert not (tmp_path / ".gitignore").exists()


def test_threads_that_race_end_with_the_same_keys(tmp_path: Path) -> None:
    """Each file is made exactly once, whoever wins."""
    for attempt in range(10):
        directory = tmp_path / str(attempt)

        def make(_: int, directory: Path = directory) -> tuple[tuple[Path, ...], str]:
            made = make_dev_keys(directory, now=NOW)
            return made, (directory / KEYS_NAME).read_text()

        with ThreadPoolExecutor(16) as pool:
            results = list(pool.map(make, range(16)))
        assert len({text for _, text in results}) == 1
        assert sorted(path.name for made, _ in results for path in made) == [
            "keys.json",
            "refresh-secrets.json",
        ]


def test_processes_that_race_end_with_the_same_keys(tmp_path: Path) -> None:
    """Workers that start together agree; together they made two files."""
    directory = tmp_path / ".jwtkit"
    workers = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", MAKE, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    answers: list[str] = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        output, _ = worker.communicate(timeout=60)
        assert worker.returncode == 0
        answers.append(output)
    assert sum(int(answer.split()[0]) for answer in answers) == 2
    assert len({answer.split()[1] for answer in answers}) == 1


async def test_making_keys_is_said_loudly_without_the_keys(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning for each file with its path, none at the next start."""
    directory = tmp_path / ".jwtkit"
    with caplog.at_level(logging.WARNING, logger="fastapi_jwtkit"):
        text = await DevKeySource(directory, "keys.json", clock=FakeClock()).read()
        secrets = await DevKeySource(directory, "refresh-secrets.json").read()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert str(directory / "keys.json") in caplog.text
    assert str(directory / "refresh-secrets.json") in caplog.text
    for ring in (text, secrets):
        for word in ring.split('"'):
            assert len(word) < 40 or word not in caplog.text
    assert hashlib.sha256(text.encode()).digest() != hashlib.sha256(secrets.encode()).digest()


async def test_a_place_that_cannot_be_written_is_an_error_that_teaches(tmp_path: Path) -> None:
    """A file where the directory should be."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(InvalidKeyError, match="JWTKIT_DEV_DIRECTORY"):
        await DevKeySource(tmp_path / "taken", "keys.json").read()
