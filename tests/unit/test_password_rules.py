"""What a password may be."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit.errors import ConfigurationError, PasswordRejectedError
from fastapi_jwtkit.passwords.rules import PasswordRules, normalize_password

NIST = PasswordRules.preset("nist")


def refusal(password: str, *, rules: PasswordRules = NIST, login: str = "alice") -> str:
    """Return the reason a password is refused for."""
    with pytest.raises(PasswordRejectedError) as caught:
        rules.enforce(password, login=login)
    assert caught.value.detail.endswith(".")
    assert password not in caught.value.detail
    return caught.value.reason


@pytest.mark.std(90)
@pytest.mark.parametrize(("preset", "least"), [("nist", 15), ("asvs", 8)])
def test_a_preset_takes_its_length_and_refuses_one_less(preset: str, least: int) -> None:
    """NIST SP 800-63B-4 3.1.1.2 asks for 15 characters, ASVS 6.2.1 for 8."""
    rules = PasswordRules.preset("nist" if preset == "nist" else "asvs")
    rules.enforce("\N{CAT FACE}" * least, login="alice")
    assert refusal("\N{CAT FACE}" * (least - 1), rules=rules) == "password_too_short"


@pytest.mark.std(90)
@pytest.mark.attack(16)
def test_256_characters_pass_whole_and_257_are_refused_not_cut() -> None:
    """No truncation: the longest password counts to its last character."""
    NIST.enforce("p" * 256, login="alice")
    assert refusal("p" * 257) == "password_too_long"
    assert refusal("p" * 1_000_000) == "password_too_long"


@pytest.mark.std(91)
def test_each_code_point_counts_as_one_character() -> None:
    """Fifteen emoji are fifteen characters although they are sixty bytes."""
    NIST.enforce("\N{CAT FACE}" * 15, login="alice")
    assert len(normalize_password("\N{CAT FACE}" * 256).encode()) == 1024


@pytest.mark.std(91)
def test_every_spelling_of_an_allowed_password_is_the_same_password() -> None:
    """A composed and a decomposed accent are one password, at the very limit too."""
    composed = "\N{GREEK SMALL LETTER ALPHA WITH PSILI AND VARIA AND YPOGEGRAMMENI}" * 256
    decomposed = unicodedata.normalize("NFD", composed)
    assert len(decomposed) == 1024
    assert normalize_password(decomposed) == normalize_password(composed) == composed


@pytest.mark.std(90)
def test_what_grows_beyond_the_limit_by_normalisation_is_refused() -> None:
    """One ligature becomes eighteen characters; the bound holds after that."""
    assert refusal("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 200) == "password_too_long"


@pytest.mark.std(91, 92)
@pytest.mark.parametrize(
    "password",
    [
        "all lower case letters",
        "                 ",
        "0123456789012345",
        "пароль без цифр",
        "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL} sat on a wall",
    ],
)
def test_no_kind_of_character_is_required_and_none_that_prints_is_refused(password: str) -> None:
    """There are no composition rules."""
    NIST.enforce(password, login="alice")


@pytest.mark.attack(16)
@pytest.mark.parametrize("bad", ["\x00", "\t", "\n", "\x7f", "\x85", "\ud800"])
def test_control_characters_and_lone_surrogates_are_refused(bad: str) -> None:
    """They cannot be typed on every keyboard, and some no encoding can write."""
    assert refusal("a long enough password" + bad) == "password_malformed"


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("bartholomew-the-first", "bartholomew-the-first"),
        ("bartholomew-the-first", "Bartholomew-The-First1"),
        ("alice", "alicealicealicealice"),
        ("alice@example.org", "alice@example.org!!"),
        ("alice@example.org", "ALICE1234567alice"),
    ],
)
def test_a_password_that_is_little_but_the_login_is_refused(login: str, password: str) -> None:
    """The login is the first thing that is guessed."""
    assert refusal(password, login=login) == "password_is_login"


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("alice", "alice likes ripe tomatoes"),
        ("al", "alalalalalalalalal"),
        ("e", "eeeeeeeeeeeeeeeeeee"),
    ],
)
def test_a_login_inside_a_password_of_its_own_does_no_harm(login: str, password: str) -> None:
    """A short login is in many passwords by chance."""
    NIST.enforce(password, login=login)


def test_rules_below_the_floor_of_asvs_or_beyond_the_limit_are_a_mistake_of_the_developer() -> None:
    """Fewer than 8 characters cannot be configured, nor more than are hashed."""
    for least in (0, 7, 257):
        with pytest.raises(ConfigurationError, match="minimum password length"):
            PasswordRules(min_characters=least)


@given(st.text(max_size=1100))
def test_normalising_is_idempotent_and_bounded_or_refuses(password: str) -> None:
    """Whatever text comes in, what comes out can be hashed and is its own normal form."""
    try:
        normal = normalize_password(password)
    except PasswordRejectedError as error:
        reason = error.reason
    else:
        reason = ""
        assert len(normal.encode()) <= 1024
        assert normalize_password(normal) == normal
    assert reason in {"", "password_too_long", "password_malformed"}


def test_half_a_surrogate_pair_is_refused_wherever_it_stands() -> None:
    """``str`` can hold one, UTF-8 cannot."""
    for password in ("\ud83d", "abc\udfff", "\udc00abc"):
        with pytest.raises(PasswordRejectedError) as caught:
            normalize_password(password)
        assert caught.value.reason == "password_malformed"
