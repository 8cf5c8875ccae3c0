"""Hashes of other applications, made by those applications' own libraries."""

from __future__ import annotations

import hashlib
import importlib
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import bcrypt
import pytest
from argon2 import PasswordHasher as Argon2
from django.contrib.auth import hashers as django
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.security import generate_password_hash

from fastapi_jwtkit.errors import ConfigurationError, MissingExtraError
from fastapi_jwtkit.passwords.bcrypt_hashes import BcryptHashes
from fastapi_jwtkit.passwords.django_hashes import DjangoHashes
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.passwords.passlib_hashes import PasslibHashes
from fastapi_jwtkit.passwords.stored_hash import OldHashes
from fastapi_jwtkit.passwords.werkzeug_hashes import WerkzeugHashes

PASSWORD = "pässword of \N{CAT FACE} old"
EVERY: tuple[OldHashes, ...] = (
    BcryptHashes(),
    DjangoHashes(bcrypt=BcryptHashes()),
    WerkzeugHashes(),
    PasslibHashes(
        "pbkdf2_sha1", "pbkdf2_sha256", "pbkdf2_sha512", "scrypt", "sha256_crypt", "sha512_crypt"
    ),
)
HASHER = PasslibHasher.cheap_for_tests(old=EVERY)


def with_bcrypt(secret: bytes, *, prefix: str = "2b") -> str:
    """Return a hash made by the package ``bcrypt``."""
    made = bcrypt.hashpw(secret, bcrypt.gensalt(4)).decode()
    return f"${prefix}$" + made.removeprefix("$2b$")


def with_passlib(name: str, password: str = PASSWORD, **cost: int) -> str:
    """Return a hash made by passlib, whose warnings are no business of these tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        handler: Any = getattr(importlib.import_module("passlib.hash"), name)
        made: str = handler.using(**cost).hash(password)
    return made


def with_django_argon2(password: str) -> str:
    """Return what Django stores with its Argon2PasswordHasher: a word before the PHC string."""
    return "argon2" + Argon2(time_cost=1, memory_cost=64, parallelism=8).hash(password)


def with_django_bcrypt(password: str) -> str:
    """Return what Django stores with its BCryptSHA256PasswordHasher."""
    inner = bcrypt.hashpw(hashlib.sha256(password.encode()).hexdigest().encode(), bcrypt.gensalt(4))
    return "bcrypt_sha256$" + inner.decode()


SALT = "abcdefghijklmnop"
MAKERS: dict[str, Callable[[str], str]] = {
    "bcrypt 2a": lambda p: with_bcrypt(p.encode(), prefix="2a"),
    "bcrypt 2b": lambda p: with_bcrypt(p.encode()),
    "bcrypt 2y": lambda p: with_bcrypt(p.encode(), prefix="2y"),
    "django pbkdf2_sha256": lambda p: django.PBKDF2PasswordHasher().encode(p, SALT, 50),
    "django pbkdf2_sha1": lambda p: django.PBKDF2SHA1PasswordHasher().encode(p, SALT, 50),
    "django scrypt": lambda p: django.ScryptPasswordHasher().encode(p, SALT, n=16, r=2, p=1),
    "django argon2": with_django_argon2,
    "django bcrypt_sha256": with_django_bcrypt,
    "django bcrypt": lambda p: "bcrypt$" + with_bcrypt(p.encode()),
    "werkzeug scrypt": lambda p: generate_password_hash(p, "scrypt:1024:8:1"),
    "werkzeug pbkdf2": lambda p: generate_password_hash(p, "pbkdf2:sha256:50"),
    "werkzeug pbkdf2 sha512": lambda p: generate_password_hash(p, "pbkdf2:sha512:50"),
    "passlib pbkdf2_sha1": lambda p: with_passlib("pbkdf2_sha1", p, rounds=50),
    "passlib pbkdf2_sha256": lambda p: with_passlib("pbkdf2_sha256", p, rounds=50),
    "passlib pbkdf2_sha512": lambda p: with_passlib("pbkdf2_sha512", p, rounds=50),
    "passlib scrypt": lambda p: with_passlib("scrypt", p, rounds=4),
    "passlib sha256_crypt": lambda p: with_passlib("sha256_crypt", p, rounds=1000),
    "passlib sha512_crypt": lambda p: with_passlib("sha512_crypt", p, rounds=1000),
}


@pytest.mark.std(94)
@pytest.mark.parametrize("form", MAKERS)
def test_a_hash_of_another_library_matches_its_password_alone_and_is_to_be_upgraded(
    form: str,
) -> None:
    """Made by that library here and now, with a password that is not ASCII."""
    made = MAKERS[form](PASSWORD)
    assert HASHER.read(made).refused == ""
    assert HASHER.matches(PASSWORD, made)
    for wrong in ("", "x", PASSWORD + "x", PASSWORD[:-1], PASSWORD.upper()):
        assert not HASHER.matches(wrong, made)
    assert HASHER.needs_upgrade(made)
    assert HASHER.hash(PASSWORD).startswith("$argon2id$")


@pytest.mark.std(91)
@pytest.mark.parametrize("form", MAKERS)
def test_an_old_hash_is_compared_with_what_was_typed(form: str) -> None:
    """Its maker did not normalise: the three dots of a phone stay one character."""
    typed = "wait for it\N{HORIZONTAL ELLIPSIS} \N{LATIN SMALL LIGATURE FI}"
    made = MAKERS[form](typed)
    assert HASHER.matches(typed, made)
    assert not HASHER.matches("wait for it... fi", made)
    assert HASHER.matches("wait for it... fi", HASHER.hash(typed))


@pytest.mark.parametrize("form", MAKERS)
def test_only_formats_that_were_named_are_read(form: str) -> None:
    """What nobody configured is no hash: nothing is guessed."""
    made = MAKERS[form](PASSWORD)
    assert PasslibHasher.cheap_for_tests().read(made).refused == "hash_format_unknown"
    assert not PasslibHasher.cheap_for_tests().matches(PASSWORD, made)


def test_passlibs_own_answer_to_72_bytes_is_read_in_both_versions() -> None:
    """The examples of passlib's documentation."""
    hashes = BcryptHashes()
    for made in (
        "$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2",
        "$bcrypt-sha256$2a,12$LrmaIX5x4TRtAwEfwJZa1.$2ehnw6LvuIUTM0iz4iz9hTxv21B6KFO",
    ):
        stored = hashes.read(made)
        assert stored is not None
        assert stored.most_bytes is None
        assert hashes.matches("password", made)
        assert not hashes.matches("passwore", made)


@pytest.mark.std(90)
@pytest.mark.attack(16)
def test_bcrypt_never_matches_by_the_first_72_bytes_alone() -> None:
    """72 bytes pass whole, one more byte is refused and not cut off; bytes, not characters."""
    whole = "\N{CAT FACE}" * 18
    assert len(whole.encode()) == 72
    made = with_bcrypt(whole.encode())
    assert HASHER.matches(whole, made)
    assert not HASHER.matches(whole + "x", made)
    assert HASHER.read(made).most_bytes == 72


@pytest.mark.attack(16)
def test_who_asks_for_it_has_long_passwords_cut_as_bcrypt_4_did() -> None:
    """Then a passphrase that bcrypt itself cut when it was set opens the account once more."""
    phrase = "a passphrase of many words that goes on and on until it is longer than that, see"
    made = with_bcrypt(phrase.encode()[:72])
    if int(bcrypt.__version__.partition(".")[0]) >= 5:
        with pytest.raises(ValueError, match="72 bytes"):
            bcrypt.checkpw(phrase.encode(), made.encode())
    else:
        assert bcrypt.checkpw(phrase.encode(), made.encode())
    assert not BcryptHashes().matches(phrase, made)
    assert BcryptHashes(cut=True).matches(phrase, made)
    wrapped = with_django_bcrypt(phrase)
    assert DjangoHashes(bcrypt=BcryptHashes()).matches(phrase, wrapped)
    assert not DjangoHashes(bcrypt=BcryptHashes()).matches(phrase[:72], wrapped)


@pytest.mark.std(94)
@pytest.mark.attack(16)
@pytest.mark.parametrize(
    "dear",
    [
        "$argon2id$v=19$m=4194304,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=9999999999,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=65536,t=65,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=65536,t=3,p=17$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "argon2$argon2id$v=19$m=4194304,t=3,p=8$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$2b$17$" + "." * 53,
        "$2b$31$" + "." * 53,
        "bcrypt_sha256$$2b$31$" + "." * 53,
        "$bcrypt-sha256$v=2,t=2b,r=31$" + "." * 22 + "$" + "." * 31,
        "pbkdf2_sha256$10000001$salt$" + "A" * 43 + "=",
        "pbkdf2:sha256:9999999999$salt$" + "00" * 32,
        "scrypt$1048576$salt$8$1$" + "A" * 43 + "=",
        "scrypt:16384:8:100000$salt$" + "00" * 64,
        "scrypt:16384:100000:1$salt$" + "00" * 64,
        "$pbkdf2-sha256$99999999$" + "." * 22 + "$" + "." * 43,
        "$scrypt$ln=25,r=8,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$scrypt$ln=16,r=64,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$scrypt$ln=16,r=8,p=99$" + "A" * 22 + "$" + "A" * 43,
        "$6$rounds=999999999$" + "." * 16 + "$" + "." * 86,
    ],
)
def test_a_hash_that_would_take_the_machine_down_is_refused_and_never_run(dear: str) -> None:
    """Gigabytes or hours stand in its parameters; the answer comes at once."""
    started = time.perf_counter()
    assert HASHER.read(dear).refused == "hash_too_dear"
    assert not HASHER.matches(PASSWORD, dear)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("form", EVERY, ids=lambda form: type(form).__name__)
def test_a_sample_is_read_as_what_it_stands_for(form: OldHashes) -> None:
    """Each has a cost of its own, and is refused by nobody."""
    for sample in form.samples:
        stored = form.read(sample)
        assert stored is not None
        assert stored.refused == ""
        assert stored.cost
    assert set(form.samples) <= set(HASHER.samples)


def test_a_sample_of_each_kind_matches_nothing_and_raises_nothing() -> None:
    """They are compared with once per process; the cheap ones are enough to show it."""
    for form in (
        BcryptHashes(rounds=4),
        DjangoHashes(iterations=10),
        PasslibHashes("pbkdf2_sha256", "pbkdf2_sha512"),
    ):
        for sample in form.samples:
            assert not form.matches("", sample)
    assert not WerkzeugHashes().matches("", "pbkdf2:sha256:10$salt$" + "00" * 32)


@pytest.mark.parametrize("form", MAKERS)
def test_no_damaged_hash_raises_or_matches(form: str) -> None:
    """A broken row is a failed login: cut, doubled, with something around it."""
    made = MAKERS[form](PASSWORD)
    for damaged in (made[:-1], made[1:], made + "\n", " " + made, made[:12], made * 9):
        assert not HASHER.matches(PASSWORD, damaged)
    assert not HASHER.matches("\ud800", made)
    assert not HASHER.matches("x" * 257, made)
    assert not HASHER.matches("a\x00b", made)


@given(
    st.text(max_size=40), st.sampled_from(["$2b$", "pbkdf2_sha256$", "scrypt:", "argon2$", "$6$"])
)
def test_no_text_behind_a_known_beginning_makes_reading_raise(text: str, beginning: str) -> None:
    """Rows are not trusted either."""
    assert not HASHER.matches("x", beginning + text)


def test_formats_that_are_fast_or_unknown_are_refused_at_start_up() -> None:
    """The error names those that are read, and where bcrypt is."""
    for names in ((), ("md5_crypt",), ("bcrypt",), ("pbkdf2_sha256", "hex_sha256")):
        with pytest.raises(ConfigurationError) as caught:
            PasslibHashes(*names)  # type: ignore[arg-type]
        assert "sha512_crypt" in caught.value.fix
        assert "BcryptHashes" in caught.value.fix


@pytest.mark.parametrize("rounds", [3, 17])
def test_a_cost_that_bcrypt_does_not_have_is_refused(rounds: int) -> None:
    """It would say how long every failed login takes."""
    with pytest.raises(ConfigurationError, match=str(rounds)):
        BcryptHashes(rounds=rounds)


def test_a_class_or_a_name_in_place_of_a_format_is_a_mistake_of_the_developer() -> None:
    """It shows at start-up, not at the first login."""
    for wrong in (BcryptHashes, "bcrypt"):
        with pytest.raises(ConfigurationError, match="format of old hashes"):
            PasslibHasher(old=[wrong])  # type: ignore[list-item]


def test_without_the_package_bcrypt_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """At construction, so that no login finds it out."""
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    with pytest.raises(MissingExtraError, match="bcrypt"):
        BcryptHashes()


@pytest.mark.parametrize(
    "row", ["$6$00000000000000000", "$6$rounds=1$salt", "$5$rounds=5000$" + "a" * 43]
)
def test_a_template_is_no_hash(row: str) -> None:
    """Without a digest there is nothing to compare with, and nothing to warn of."""
    assert not HASHER.matches("x", row)
