"""What is guessed first, and what a password must not be made of."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc

import pytest

from fastapi_jwtkit.errors import ConfigurationError, PasswordRejectedError
from fastapi_jwtkit.passwords import common_passwords
from fastapi_jwtkit.passwords.common_passwords import CommonPasswords
from fastapi_jwtkit.passwords.rules import PasswordRules, fold_password
from fastapi_jwtkit.passwords.rules_from_settings import rules_from_settings
from fastapi_jwtkit.settings import Settings

NIST = PasswordRules.preset("nist", context={"Acme", "todo-app"})
ASVS = PasswordRules.preset("asvs", context={"Acme", "todo-app"})


def refusal(
    password: str, *, rules: PasswordRules = NIST, login: str = "alice", words: tuple[str, ...] = ()
) -> str:
    """Return the reason a password is refused for, empty if it is not."""
    try:
        rules.enforce(password, login=login, words=words)
    except PasswordRejectedError as error:
        reason, detail = error.reason, error.detail
    else:
        return ""
    assert detail.endswith(".")
    assert password not in detail
    return reason


@pytest.mark.std(93)
@pytest.mark.parametrize(
    "password",
    ["password1", "12345678", "qwertyuiop", "PassWord1", "iloveyou", "sunshine1", "1Q2W3E4R"],
)
def test_the_most_common_passwords_are_refused_in_any_case(password: str) -> None:
    """ASVS 6.2.4; the person is told why, and what to do."""
    assert refusal(password, rules=ASVS) == "password_common"


@pytest.mark.std(93)
@pytest.mark.parametrize(
    "password",
    [
        "1qaz2wsx3edc4rfv",
        "qwertyuiop12345",
        "123456789123456789",
        "1234567890QWERTYUIOP",
        "manchesterunited",
        "passwordpassword",
        "passwordpasswordpassword",
        "qwertyqwertyqwerty",
        "\N{FULLWIDTH DIGIT ONE}23456789123456789",
    ],
)
def test_long_ones_are_known_too_and_repeating_one_does_not_help(password: str) -> None:
    """The list has those that match the policy, which asks for 15 characters."""
    assert refusal(password) == "password_common"


@pytest.mark.std(92, 93)
@pytest.mark.parametrize(
    "password",
    ["tidy walnut seven rivers", "sevenridiculouscats", "ababcabaabcbabca", "aaaaaaaaaaaaaaaaab"],
)
def test_what_is_not_common_passes_whatever_it_is_made_of(password: str) -> None:
    """It is a list of what people chose, not a rule on composition."""
    assert refusal(password) == ""


@pytest.mark.std(93)
def test_the_list_holds_more_than_asvs_asks_for_of_each_length() -> None:
    """The script that writes it refuses to write fewer than 3000 for a preset."""
    assert 20_000 < len(CommonPasswords()) < 40_000


def test_anything_may_be_asked_for() -> None:
    """What is no text is not in it, nor is the empty text; the first and the last are found."""
    common = CommonPasswords()
    assert 123456 not in common
    assert "" not in common
    assert "123456" in common
    assert "\U0010ffff" * 256 not in common


def test_a_question_costs_little_and_the_list_less_than_a_megabyte() -> None:
    """It is asked on the event loop, where nothing may take long."""
    common = CommonPasswords()
    common_passwords._table.cache_clear()
    tracemalloc.start()
    try:
        assert "password1" in common
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()
    started = time.perf_counter()
    for number in range(1000):
        assert f"no such password {number}" not in common
    assert time.perf_counter() - started < 1


def test_the_list_is_not_read_before_it_is_asked() -> None:
    """Importing the rules and making them opens no file."""
    code = (
        "from fastapi_jwtkit.passwords import common_passwords as c;"
        "from fastapi_jwtkit.passwords.rules import PasswordRules as R;"
        "rules = R.preset('nist'); before = c._table.cache_info().currsize;"
        "rules.enforce('tidy walnut seven rivers', login='alice');"
        "print(before, c._table.cache_info().currsize)"
    )
    answer = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert answer.stdout.split() == ["0", "1"]


@pytest.mark.std(93)
@pytest.mark.parametrize(
    "password",
    [
        "acmeacmeacmeacme",
        "Acme-Todo-App-2024",
        "todo-app ACME todo",
        "acme-passwordpassword",
        "todo-apppassword1",
        "acme-alice-2024",
    ],
)
def test_a_password_made_of_words_of_the_service_is_refused(password: str) -> None:
    """Fewer than 8 characters of one's own, or a common password beside it."""
    assert refusal(password) == "password_context"


@pytest.mark.std(93)
def test_a_word_of_the_service_in_a_password_of_ones_own_does_no_harm() -> None:
    """What is left counts."""
    assert refusal("acme sells me ripe tomatoes") == ""
    assert refusal("acme wilted peas", rules=ASVS) == ""
    assert refusal("acme1234", rules=ASVS) == "password_context"


@pytest.mark.std(93)
def test_words_of_the_person_count_as_the_login_does() -> None:
    """An e-mail address, whole and in front of the @, whatever its case."""
    words = ("Alice.Liddell@Example.org",)
    assert refusal("alice.liddell-2024", words=words) == "password_is_login"
    assert refusal("alice.liddell-2024") == ""
    assert refusal("alice.liddell@example.org", words=words) == "password_is_login"


@pytest.mark.std(90)
def test_beside_a_second_factor_8_characters_are_enough() -> None:
    """SP 800-63B-4 3.1.1.2; with asvs it is 8 either way."""
    NIST.enforce("tidynuts", login="alice", second_factor=True)
    assert refusal("tidynuts") == "password_too_short"
    with pytest.raises(PasswordRejectedError, match="short"):
        NIST.enforce("tidynut", login="alice", second_factor=True)
    with pytest.raises(PasswordRejectedError, match="common"):
        NIST.enforce("password1", login="alice", second_factor=True)
    ASVS.enforce("tidynuts", login="alice", second_factor=True)
    rules = PasswordRules(min_characters=8, min_with_second_factor=20)
    rules.enforce("tidynuts", login="alice", second_factor=True)


def test_pieces_can_be_replaced() -> None:
    """A list of one's own is anything that ``in`` works on."""
    own = PasswordRules.preset("nist", common={"tidy walnut seven rivers"})
    assert refusal("Tidy Walnut Seven Rivers", rules=own) == "password_common"
    assert refusal("1qaz2wsx3edc4rfv", rules=own) == ""
    assert refusal("1qaz2wsx3edc4rfv", rules=PasswordRules.preset("nist", common=())) == ""


@pytest.mark.parametrize("context", ["acme", {"ab"}, {"acme", ""}, {" a "}])
def test_a_context_of_letters_is_a_mistake_of_the_developer(context: str | set[str]) -> None:
    """It would refuse passwords by chance."""
    with pytest.raises(ConfigurationError, match="context"):
        PasswordRules(context=context)
    with pytest.raises(ConfigurationError, match="minimum"):
        PasswordRules(min_with_second_factor=7)


@pytest.mark.std(93)
@pytest.mark.parametrize(
    ("issuer", "words"),
    [
        ("https://login.acme-bank.co.uk", {"acme-bank"}),
        ("https://auth.example.com", set[str]()),
        ("https://acme-todo.example", {"acme-todo"}),
        ("http://127.0.0.1/dev", set[str]()),
        ("http://[::1]:8000", set[str]()),
        ("http://localhost:8000", set[str]()),
    ],
)
def test_the_host_of_the_issuer_is_the_name_of_the_service(issuer: str, words: set[str]) -> None:
    """Beside what the settings say."""
    settings = Settings(env="dev", issuer=issuer, password_context=frozenset({"Todo"}))
    assert set(rules_from_settings(settings).context) == words | {"todo"}


def test_context_words_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Space- or comma-separated, as scopes are."""
    monkeypatch.setenv("JWTKIT_ENV", "dev")
    monkeypatch.setenv("JWTKIT_PASSWORD_CONTEXT", "acme, Todo")
    monkeypatch.setenv("JWTKIT_PASSWORD_PRESET", "asvs")
    rules = rules_from_settings(Settings())
    assert set(rules.context) == {"acme", "todo"}
    assert rules.min_characters == 8


def test_folding_is_idempotent_where_lower_case_is_not() -> None:
    """Sharp s, final sigma and an iota below are one spelling each."""
    for text in ("STRASSE", "stra\N{LATIN SMALL LETTER SHARP S}e", "ΣΊΣΥΦΟΣ", "ᾳ\u0345"):
        assert fold_password(fold_password(text)) == fold_password(text)
    assert fold_password("stra\N{LATIN SMALL LETTER SHARP S}e") == fold_password("STRASSE")
