"""``jwtkit keys generate``, run as a command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fastapi_jwtkit.cli import main
from fastapi_jwtkit.key_sources.file import FileKeySource
from fastapi_jwtkit.key_sources.from_settings import key_sources_of
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.settings import Settings

RUN = "from fastapi_jwtkit.cli import main; main()"


def jwtkit(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own, in a directory of its own."""
    return subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", RUN, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def secret_words(*paths: Path) -> set[str]:
    """Return everything secret that the files hold."""
    return {
        match
        for path in paths
        for match in re.findall(r'"(?:d|k|p|q|dp|dq|qi)": "([^"]+)"', path.read_text())
    }


async def test_both_files_are_written_and_the_printed_lines_make_a_kit_find_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files 0600; kid, paths and export lines on stdout; no key material, no colour."""
    done = jwtkit(
        *("keys", "generate", "--keys-file", "keys.json"),
        *("--refresh-secrets-file", "refresh-secrets.json"),
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    keys, refresh_secrets = tmp_path / "keys.json", tmp_path / "refresh-secrets.json"
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (keys, refresh_secrets))
    ring = KeyRing.from_text(keys.read_text())
    assert ring.active.alg == "ES256"
    assert ring.active.kid in done.stdout
    secrets = secret_words(keys, refresh_secrets)
    assert len(secrets) == 2
    assert not any(secret in done.stdout for secret in secrets)
    assert "\x1b" not in done.stdout
    for line in done.stdout.splitlines():
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            monkeypatch.setenv(name, value)
    source, secrets_source = key_sources_of(Settings(issuer="https://issuer.example"))
    assert isinstance(source, FileKeySource)
    assert KeyRing.from_text(await source.read()).active == ring.active
    assert SecretRing.from_text(await secrets_source.read()).active_id in done.stdout


def test_the_answer_in_json_says_the_same(tmp_path: Path) -> None:
    """--json for scripts, another algorithm, one file alone."""
    done = jwtkit(
        "keys", "generate", "--alg", "EdDSA", "--keys-file", "k.json", "--json", cwd=tmp_path
    )
    answer = json.loads(done.stdout)
    ring = KeyRing.from_text((tmp_path / "k.json").read_text())
    assert answer == {
        "keys_file": {"path": str(tmp_path / "k.json"), "kid": ring.active.kid, "alg": "EdDSA"},
        "environment": {"JWTKIT_KEYS_FILE": str(tmp_path / "k.json")},
    }


def test_nothing_is_overwritten_and_nothing_is_half_done(tmp_path: Path) -> None:
    """If one of the files is there, neither is written, and the exit code is 1."""
    (tmp_path / "r.json").write_text("precious")
    done = jwtkit(
        *("keys", "generate", "--keys-file", "k.json", "--refresh-secrets-file", "r.json"),
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "r.json").read_text() == "precious"
    assert not (tmp_path / "k.json").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "--keys-file"),
        (("--keys-file", "a", "--refresh-secrets-file", "a"), 2, "one file"),
        (("--keys-file", "a", "--alg", "none"), 1, "not a supported algorithm"),
        (("--keys-file", "no/such/a"), 1, "mkdir -p no/such"),
    ],
)
def test_a_mistake_is_answered_by_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    """Usage errors exit with 2, refusals with 1, neither with a traceback."""
    done = jwtkit("keys", "generate", *arguments, cwd=tmp_path)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_the_command_says_which_line_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No typer: one sentence, the pip line, exit code 2."""
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert "pip install 'fastapi-jwtkit[cli]'" in capsys.readouterr().err
