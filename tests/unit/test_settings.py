"""Settings: where they come from, which wins, and what is refused at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.settings import Settings

ISSUER = "https://api.example.com"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without any setting of the machine."""
    for name in [name for name in os.environ if name.upper().startswith("JWTKIT_")]:
        monkeypatch.delenv(name)


def test_production_is_the_default_and_needs_an_issuer() -> None:
    """Nothing is made up, and the error says which variable is missing."""
    with pytest.raises(ConfigurationError, match="JWTKIT_ISSUER is not set") as caught:
        Settings()
    assert "JWTKIT_" in str(caught.value)


def test_realm_and_audience_follow_the_issuer() -> None:
    """Both can be given, and neither must be."""
    settings = Settings(issuer=ISSUER)
    assert (settings.env, settings.realm, settings.audience) == ("prod", ISSUER, (ISSUER,))
    given = Settings(issuer=ISSUER, realm="shop", audience=("a", "b"))
    assert (given.realm, given.audience) == ("shop", ("a", "b"))


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the code says is meant."""
    monkeypatch.setenv("JWTKIT_ISSUER", "https://other.example")
    assert Settings().issuer == "https://other.example"
    assert Settings(issuer=ISSUER).issuer == ISSUER


def test_the_environment_wins_over_a_file_and_a_file_over_the_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The order that the reference states."""
    (tmp_path / "JWTKIT_ISSUER").write_text("https://directory.example\n")
    monkeypatch.setenv("JWTKIT_SECRETS_DIR", str(tmp_path))
    assert Settings().issuer == "https://directory.example"
    (tmp_path / "issuer").write_text("https://file.example\n")
    monkeypatch.setenv("JWTKIT_ISSUER_FILE", str(tmp_path / "issuer"))
    assert Settings().issuer == "https://file.example"
    monkeypatch.setenv("JWTKIT_ISSUER", ISSUER)
    assert Settings().issuer == ISSUER


def test_a_file_that_is_named_and_cannot_be_read_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It must not fall back to the default, unseen."""
    monkeypatch.setenv("JWTKIT_ISSUER_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match="JWTKIT_ISSUER_FILE"):
        Settings()


def test_the_file_of_the_key_ring_is_a_path_and_is_not_read_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``keys_file`` is a setting of its own; its file is watched by the key source."""
    monkeypatch.setenv("JWTKIT_KEYS_FILE", str(tmp_path / "keys.json"))
    settings = Settings(issuer=ISSUER)
    assert (settings.keys_file, settings.keys) == (tmp_path / "keys.json", None)


def test_a_key_ring_given_as_text_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are printed at start-ups and in tracebacks."""
    monkeypatch.setenv("JWTKIT_KEYS", "the-text-of-a-ring")
    assert "the-text-of-a-ring" not in repr(Settings(issuer=ISSUER))


@pytest.mark.parametrize(
    ("name", "hint"), [("JWTKIT_ISUER", "JWTKIT_ISSUER"), ("jwtkit_grase", "JWTKIT_GRACE")]
)
def test_a_misspelt_name_is_an_error_that_names_the_nearest(
    monkeypatch: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    """A default that stays in force unseen is how systems end up open."""
    monkeypatch.setenv(name, "1")
    with pytest.raises(ConfigurationError, match=f"Did you mean {hint}"):
        Settings(issuer=ISSUER)


def test_a_name_that_resembles_nothing_is_to_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to suggest, and still it is no setting."""
    monkeypatch.setenv("JWTKIT_QQQQQQQQQQQQ", "1")
    with pytest.raises(ConfigurationError, match="Remove it"):
        Settings(issuer=ISSUER)


def test_an_unknown_argument_is_an_error() -> None:
    """The same rule for code as for the environment."""
    with pytest.raises(ConfigurationError):
        Settings(issuer=ISSUER, graze=3)  # type: ignore[call-arg]  # what is tested


@pytest.mark.parametrize(
    "values",
    [
        {"access_ttl": 9},
        {"access_ttl": "soon"},
        {"grace": -1},
        {"grace": 301},
        {"idle_ttl": 100, "absolute_ttl": 99},
        {"idle_ttl": 60, "grace": 60},
        {"max_staleness": 301},
        {"env": "staging"},
        {"revocation": "sometimes"},
        {"default_scopes": ('a"b',)},
    ],
)
def test_a_value_that_cannot_hold_is_refused_with_what_and_why(values: dict[str, object]) -> None:
    """Every refusal is one error of ours, and says why."""
    with pytest.raises(ConfigurationError) as caught:
        Settings(**({"issuer": ISSUER} | values))  # type: ignore[arg-type]  # what is tested
    assert caught.value.why


def test_a_refusal_does_not_repeat_what_was_given() -> None:
    """A secret in the wrong place must not end up in a log."""
    with pytest.raises(ConfigurationError) as caught:
        Settings(issuer=ISSUER, access_ttl="hunter2")  # type: ignore[arg-type]  # what is tested
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("text", ["tasks:read tasks:write", "tasks:read,tasks:write"])
def test_lists_are_separated_by_spaces_or_commas(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """No JSON in the environment."""
    monkeypatch.setenv("JWTKIT_DEFAULT_SCOPES", text)
    monkeypatch.setenv("JWTKIT_AUDIENCE", text)
    settings = Settings(issuer=ISSUER)
    assert settings.default_scopes == {"tasks:read", "tasks:write"}
    assert settings.audience == ("tasks:read", "tasks:write")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files pass unset variables on as empty ones."""
    monkeypatch.setenv("JWTKIT_GRACE", "")
    assert Settings(issuer=ISSUER).grace == 30


def test_settings_are_frozen() -> None:
    """What was checked once stays as it was."""
    settings = Settings(issuer=ISSUER)
    with pytest.raises(ValidationError):
        settings.grace = 0
