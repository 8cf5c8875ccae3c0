"""FileKeySource: only private, regular files of text."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from fastapi_jwtkit.errors import InvalidKeyError, MissingKeyError
from fastapi_jwtkit.key_sources.file import FileKeySource, write_new_file
from fastapi_jwtkit.keys.ring_text import MAX_TEXT


def private_file(path: Path, text: str = "text") -> Path:
    """Write a file of mode 0600."""
    assert write_new_file(path, text)
    return path


async def test_a_private_file_is_read(tmp_path: Path) -> None:
    """Mode 0600 is what it asks for."""
    assert await FileKeySource(private_file(tmp_path / "keys.json")).read() == "text"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o610, 0o644, 0o777])
async def test_a_file_that_others_may_open_is_refused_with_the_command_that_helps(
    tmp_path: Path, mode: int
) -> None:
    """Group or world access in any form: the error names the chmod line."""
    path = private_file(tmp_path / "keys.json")
    path.chmod(mode)
    with pytest.raises(InvalidKeyError) as caught:
        await FileKeySource(path).read()
    assert f"chmod 600 {path}" in str(caught.value)
    assert f"{mode:04o}" in str(caught.value)


async def test_a_mounted_symbolic_link_is_followed_to_the_file_that_counts(
    tmp_path: Path,
) -> None:
    """Mounted secrets are links; the mode of what they point to decides."""
    target = private_file(tmp_path / "..data")
    link = tmp_path / "keys.json"
    link.symlink_to(target)
    assert await FileKeySource(link).read() == "text"
    target.chmod(0o644)
    with pytest.raises(InvalidKeyError, match="others"):
        await FileKeySource(link).read()


async def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    """A directory, and a FIFO that nobody ever writes to."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    directory = tmp_path / "directory"
    directory.mkdir(mode=0o700)
    async with asyncio.timeout(10):
        for path in (fifo, directory):
            with pytest.raises(InvalidKeyError):
                await FileKeySource(path).read()


async def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """The error holds the command."""
    with pytest.raises(MissingKeyError, match="jwtkit keys generate"):
        await FileKeySource(tmp_path / "none" / "keys.json").read()


async def test_a_file_larger_than_any_ring_or_no_text_is_refused(tmp_path: Path) -> None:
    """Nothing unbounded is read, and bytes that are no UTF-8 are not repeated."""
    private_file(tmp_path / "large", "x" * (MAX_TEXT + 1))
    binary = private_file(tmp_path / "binary", "")
    binary.write_bytes(b"\xff\xfe secret-marker")
    for name in ("large", "binary"):
        with pytest.raises(InvalidKeyError, match="UTF-8") as caught:
            await FileKeySource(tmp_path / name).read()
        assert "secret-marker" not in repr(caught.value)
        assert caught.value.__context__ is None


async def test_a_replaced_file_is_seen_by_the_next_read(tmp_path: Path) -> None:
    """The path is opened anew each time."""
    path = private_file(tmp_path / "keys.json", "one")
    source = FileKeySource(path)
    assert await source.read() == "one"
    private_file(tmp_path / "new", "two").replace(path)
    assert await source.read() == "two"


def test_a_new_file_is_private_and_never_overwrites(tmp_path: Path) -> None:
    """write_new_file: 0600 whatever the umask, no draft left behind, False if taken."""
    before = os.umask(0)
    try:
        assert write_new_file(tmp_path / "keys.json", "one")
    finally:
        os.umask(before)
    assert not write_new_file(tmp_path / "keys.json", "two")
    assert (tmp_path / "keys.json").read_text() == "one"
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_a_new_file_does_not_follow_a_link_that_somebody_laid_out(tmp_path: Path) -> None:
    """A dangling link at the path is taken, not written through."""
    (tmp_path / "keys.json").symlink_to(tmp_path / "elsewhere")
    assert not write_new_file(tmp_path / "keys.json", "text")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("mode", "owner", "refused"),
    [
        (0o440, 0, False),
        (0o640, 0, False),
        (0o460, 0, True),
        (0o444, 0, True),
        (0o440, 1000, True),
    ],
)
async def test_a_secret_that_root_mounts_for_our_group_may_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, owner: int, *, refused: bool
) -> None:
    """Kubernetes fsGroup: root's file, readable by the group, writable by nobody else."""
    path = private_file(tmp_path / "keys.json")
    status = os.stat_result((0o100000 | mode, 1, 1, 1, owner, 1000, 4, 0, 0, 0))
    monkeypatch.setattr(os, "fstat", lambda _: status)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    if refused:
        with pytest.raises(InvalidKeyError, match="others"):
            await FileKeySource(path).read()
    else:
        assert await FileKeySource(path).read() == "text"
