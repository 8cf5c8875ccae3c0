"""Which source the settings choose, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from fastapi_jwtkit.errors import ConfigurationError, MissingKeyError
from fastapi_jwtkit.key_sources.dev import DevKeySource
from fastapi_jwtkit.key_sources.file import FileKeySource
from fastapi_jwtkit.key_sources.from_settings import key_sources_of
from fastapi_jwtkit.key_sources.text import TextKeySource
from fastapi_jwtkit.settings import Settings

ISSUER = "https://issuer.example"


async def test_production_without_keys_gives_the_commands_to_run() -> None:
    """Nothing is raised until somebody needs a key; then every line to type is there."""
    for source in key_sources_of(Settings(issuer=ISSUER)):
        for _ in range(2):
            with pytest.raises(MissingKeyError) as caught:
                await source.read()
        text = str(caught.value)
        assert "pip install 'fastapi-jwtkit[cli]'" in text
        assert (
            "jwtkit keys generate --keys-file keys.json "
            "--refresh-secrets-file refresh-secrets.json" in text
        )
        assert (
            "export JWTKIT_KEYS_FILE=keys.json "
            "JWTKIT_REFRESH_SECRETS_FILE=refresh-secrets.json" in text
        )


def test_files_and_texts_are_taken_where_they_are_given(tmp_path: Path) -> None:
    """A file for one ring and a text for the other, in development too."""
    for env in ("prod", "dev"):
        settings = Settings(
            env=env,
            issuer=ISSUER,
            keys_file=tmp_path / "keys.json",
            refresh_secrets=SecretStr("text"),
        )
        keys, refresh_secrets = key_sources_of(settings)
        assert isinstance(keys, FileKeySource)
        assert isinstance(refresh_secrets, TextKeySource)
        assert "text" not in repr(refresh_secrets)


async def test_development_makes_what_is_not_given(tmp_path: Path) -> None:
    """Both rings come from the development directory; building the sources makes nothing."""
    settings = Settings(env="dev", dev_directory=tmp_path / "dev")
    keys, refresh_secrets = key_sources_of(settings)
    assert isinstance(keys, DevKeySource)
    assert not (tmp_path / "dev").exists()
    assert '"keys"' in await keys.read()
    assert '"secrets"' in await refresh_secrets.read()


async def test_a_ring_given_twice_is_refused_when_it_is_read(tmp_path: Path) -> None:
    """File and text could differ."""
    settings = Settings(issuer=ISSUER, keys_file=tmp_path / "k", keys=SecretStr("text"))
    with pytest.raises(ConfigurationError, match="JWTKIT_KEYS_FILE"):
        await key_sources_of(settings)[0].read()
