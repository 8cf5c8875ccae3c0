"""Argon2id through passlib."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher as Reference
from argon2.low_level import Type, hash_secret
from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit.errors import ConfigurationError, PasswordRejectedError
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher

MIB = 1024 * 1024
CHEAP = PasslibHasher.cheap_for_tests()
A_HASH = CHEAP.hash("correct horse")


def argon2(*, variant: Type = Type.ID, memory: int = 65536, passes: int = 3, **more: int) -> str:
    """Return a hash made by the reference library, without passlib."""
    return hash_secret(
        b"correct horse",
        b"0123456789abcdef"[: more.get("salt", 16)],
        time_cost=passes,
        memory_cost=memory,
        parallelism=more.get("lanes", 1),
        hash_len=more.get("digest", 32),
        type=variant,
        version=more.get("version", 19),
    ).decode()


@pytest.mark.std(94)
def test_the_default_is_argon2id_with_64_mebibytes_and_three_passes() -> None:
    """The parameters stand in the hash, and no two hashes are alike."""
    hasher = PasslibHasher()
    made = hasher.hash("correct horse")
    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert made != hasher.hash("correct horse")
    assert hasher.memory_bytes == 64 * MIB
    assert hasher.matches("correct horse", made)
    assert not hasher.matches("correct horsf", made)
    assert not hasher.for_tests


def test_hashes_are_the_ones_of_the_reference_library() -> None:
    """Users can be brought from, and taken to, anything that speaks the PHC format."""
    assert Reference().verify(A_HASH, "correct horse")
    assert CHEAP.matches("correct horse", argon2(memory=8, passes=1))


@pytest.mark.std(94)
@pytest.mark.parametrize(
    "cost",
    [
        {"memory_mib": 18},
        {"time_cost": 1},
        {"parallelism": 0},
        {"memory_mib": 1025},
        {"time_cost": 65},
        {"parallelism": 17},
    ],
)
def test_costs_below_owasps_floor_or_beyond_reason_are_refused(cost: dict[str, int]) -> None:
    """The error names the parameter and says what to do."""
    with pytest.raises(ConfigurationError, match=next(iter(cost))) as caught:
        PasslibHasher(**cost)
    assert "cheap_for_tests" in caught.value.fix


def test_the_cheap_hasher_says_that_it_is_for_tests() -> None:
    """A kit in production looks at it."""
    assert CHEAP.for_tests
    assert CHEAP.memory_bytes < MIB
    assert A_HASH.startswith("$argon2id$v=19$m=8,t=1,p=1$")


@pytest.mark.std(91)
@pytest.mark.attack(16)
def test_composed_and_decomposed_spellings_match_each_other() -> None:
    """A password set on one system works on the next."""
    made = CHEAP.hash("caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait")
    assert CHEAP.matches("cafe\N{COMBINING ACUTE ACCENT} au lait", made)
    assert not CHEAP.matches("cafe au lait", made)


@pytest.mark.std(90)
@pytest.mark.attack(16)
def test_the_last_character_of_the_longest_password_counts() -> None:
    """Nothing is cut off at 72 bytes, nor anywhere else."""
    longest = "\N{CAT FACE}" * 255
    made = CHEAP.hash(longest + "a")
    assert CHEAP.matches(longest + "a", made)
    assert not CHEAP.matches(longest + "b", made)
    assert not CHEAP.matches(longest, made)


@pytest.mark.parametrize("password", ["\x00", "before\x00after", "tab\t", ""])
def test_old_passwords_that_the_rules_would_refuse_still_match(password: str) -> None:
    """Rules are for new passwords; a NUL byte ends nothing."""
    made = CHEAP.hash(password)
    assert CHEAP.matches(password, made)
    assert not CHEAP.matches(password + "x", made)
    assert not CHEAP.matches("before", made)


@pytest.mark.parametrize("password", ["\ud800", "x" * 257, "x" * 1_000_000])
def test_what_can_be_no_password_matches_nothing_and_is_never_hashed(password: str) -> None:
    """A login answers no; setting it says why."""
    assert not CHEAP.matches(password, A_HASH)
    with pytest.raises(PasswordRejectedError):
        CHEAP.hash(password)


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "x",
        "correct horse",
        "$2b$12$" + "a" * 53,
        "$argon2id$",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0$",
        "$argon2id$v=19$m=8,t=1,p=1$A$B",
        "$argon2id$v=99$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=1,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=8,t=0,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=8,t=1,p=0$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=99999999,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=8,t=9999,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        A_HASH + "\n",
        A_HASH + "=",
        A_HASH[:-1],
        " " + A_HASH,
        A_HASH.replace("$m=8", ",keyid=YQ$m=8"),
        A_HASH.replace("p=1", "p=1,data=YQ"),
        A_HASH.replace("m=8", "m=\N{ARABIC-INDIC DIGIT EIGHT}"),
        "$argon2id$" + "9" * 1_000_000,
        "\ud800",
        "\x00",
    ],
)
def test_a_hash_that_is_none_matches_nothing_and_raises_nothing(garbage: str) -> None:
    """A broken row is a failed login, not a server error."""
    assert not CHEAP.matches("correct horse", garbage)


def test_a_store_that_hands_over_none_gets_a_failed_login() -> None:
    """Not every store is type-checked."""
    nothing: str = {"password_hash": None}["password_hash"]  # type: ignore[assignment]
    assert not CHEAP.matches("", nothing)
    assert CHEAP.needs_upgrade(nothing)


@given(st.text(max_size=400), st.text(max_size=100))
def test_no_pair_of_texts_makes_a_comparison_raise(password: str, password_hash: str) -> None:
    """Neither side is trusted."""
    assert not CHEAP.matches(password, password_hash)


@given(st.data())
def test_no_damaged_hash_makes_a_comparison_raise_or_succeed(data: st.DataObject) -> None:
    """One character changed anywhere is another hash or none."""
    place = data.draw(st.integers(0, len(A_HASH) - 1))
    other = data.draw(st.sampled_from("$,=+/0129Aaz \x00\N{CAT FACE}"))
    damaged = A_HASH[:place] + other + A_HASH[place + 1 :]
    assert CHEAP.matches("correct horse", damaged) == (damaged == A_HASH)


@pytest.mark.std(94)
@pytest.mark.parametrize(
    "weaker",
    [
        argon2(memory=19456),
        argon2(passes=2),
        argon2(variant=Type.I),
        argon2(variant=Type.D),
        argon2(version=16),
        argon2(salt=8),
        argon2(digest=16),
        A_HASH,
        "$2b$12$" + "a" * 53,
    ],
)
def test_a_weaker_hash_is_to_be_upgraded(weaker: str) -> None:
    """Each parameter alone is reason enough."""
    assert PasslibHasher().needs_upgrade(weaker)


def test_a_hash_as_strong_or_stronger_stays_as_it_is() -> None:
    """A cheaper release does not take back what a dearer one did."""
    assert not PasslibHasher().needs_upgrade(argon2())
    assert not PasslibHasher().needs_upgrade(argon2(memory=2 * 65536, passes=4))
    assert not PasslibHasher().needs_upgrade(argon2(lanes=4))
    assert not PasslibHasher(memory_mib=19, time_cost=2).needs_upgrade(argon2())
