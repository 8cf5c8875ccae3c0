"""Attacks on passwords and on the people who have them."""

from __future__ import annotations

import asyncio
import logging
import traceback

import pytest
from pydantic import SecretStr

from fastapi_jwtkit.accounts.authenticator import Authenticator
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import HashingBusyError, InvalidCredentialsError
from fastapi_jwtkit.hashing import HashingExecutor
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore
from password_doubles import MeetingUserStore, WatchedHasher, add_user

PASSWORD = "correct horse battery"


def credentials(login: str = "alice", password: str = PASSWORD) -> Credentials:
    """Return what somebody typed."""
    return Credentials(login=login, password=SecretStr(password))


@pytest.mark.std(96)
@pytest.mark.attack(15)
async def test_every_failed_login_does_the_same_work_and_says_the_same() -> None:
    """One comparison, no hash, one class, no text, whoever asks for whom."""
    users, hasher = MemoryUserStore(), WatchedHasher()
    hashing = HashingExecutor(hasher)
    authenticator = Authenticator(users, hashing)
    made = hasher.real.hash(PASSWORD)
    await add_user(users, "alice", made)
    disabled = await add_user(users, "disabled", made)
    await users.change(disabled.id, is_active=False)
    passwordless = await add_user(users, "passwordless", made)
    users._users[passwordless.id] = MemoryUser(id=passwordless.id, login="passwordless")
    await hashing.warm()
    hashed = hasher.hashed
    for login, password in [
        ("alice", "wrong"),
        ("alice", "x" * 1_000_000),
        ("alice", "\ud800"),
        ("alice", ""),
        ("nobody", PASSWORD),
        ("nobody", "x" * 1_000_000),
        ("disabled", PASSWORD),
        ("disabled", "wrong"),
        ("passwordless", PASSWORD),
        ("passwordless", ""),
        ("al\x00ice", PASSWORD),
        ("x" * 1_000_000, PASSWORD),
    ]:
        hasher.compared.clear()
        with pytest.raises(InvalidCredentialsError) as caught:
            await authenticator.authenticate(credentials(login, password))
        assert type(caught.value) is InvalidCredentialsError
        assert len(hasher.compared) == 1
    assert hasher.hashed == hashed
    hashing.close()


@pytest.mark.std(94)
async def test_two_first_logins_that_both_upgrade_the_hash_both_succeed() -> None:
    """Real argon2id, both past the look-up before either writes: one upgrade wins."""
    hasher = PasslibHasher(memory_mib=19, time_cost=2)
    hashing = HashingExecutor(hasher, workers=2)
    users = MeetingUserStore(parties=2)
    old_hash = PasslibHasher.cheap_for_tests().hash(PASSWORD)
    user_id = (await add_user(users, "alice", old_hash)).id
    authenticator = Authenticator(users, hashing)

    async def log_in() -> tuple[bool, str | None]:
        found = await authenticator.authenticate(credentials())
        confirmed = await authenticator.confirm(
            user_id, credentials(), verified_hash=found.verified_hash
        )
        return found.upgraded, confirmed.password_hash

    outcomes = await asyncio.gather(log_in(), log_in())
    assert sorted(upgraded for upgraded, _ in outcomes) == [False, True]
    now = await users.find_by_id(user_id)
    assert now is not None
    assert now.password_hash is not None
    assert now.password_hash != old_hash
    assert not hasher.needs_upgrade(now.password_hash)
    assert {password_hash for _, password_hash in outcomes} == {now.password_hash}
    hashing.close()


@pytest.mark.attack(10, 12)
async def test_a_login_that_races_a_password_change_does_not_survive_it() -> None:
    """The thief's login passed with the old password; the change came before its session."""
    hashing = HashingExecutor(PasslibHasher.cheap_for_tests())
    users = MemoryUserStore()
    authenticator = Authenticator(users, hashing)
    user = await add_user(users, "alice", await hashing.hash(PASSWORD))
    thief = await authenticator.authenticate(credentials())
    new_hash = await hashing.hash("a new password of hers")
    assert await users.set_password_hash(user.id, new_hash, expected=thief.verified_hash)
    with pytest.raises(InvalidCredentialsError):
        await authenticator.confirm(user.id, credentials(), verified_hash=thief.verified_hash)
    owner = await authenticator.authenticate(credentials(password="a new password of hers"))
    assert owner.user.id == user.id
    hashing.close()


@pytest.mark.attack(20)
async def test_no_password_login_or_hash_is_in_an_error_a_repr_or_a_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither a success nor a failure leaves a trace of what was typed."""
    hashing = HashingExecutor(PasslibHasher(memory_mib=19, time_cost=2))
    users = MemoryUserStore()
    old_hash = PasslibHasher.cheap_for_tests().hash(PASSWORD)
    await add_user(users, "alice-the-login", old_hash)
    authenticator = Authenticator(users, hashing)
    said: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for login, password in [
            ("alice-the-login", PASSWORD),
            ("alice-the-login", "typed-in-error"),
            ("alice-the-login", "typed-in-error\ud800"),
            ("alice-the-login", "typed-in-error" * 100),
            ("nobody-the-login", "typed-in-error"),
        ]:
            given = credentials(login, password)
            said.append(repr(given.password))
            try:
                said.append(repr(await authenticator.authenticate(given)))
            except InvalidCredentialsError as error:
                said.append("".join(traceback.format_exception(error)))
    # The user that is handed back is the caller's own; what was typed is not in it.
    everything = "\n".join(said) + caplog.text
    for secret in (PASSWORD, "typed-in-error", "nobody-the-login", "$argon2id$"):
        assert secret not in everything
    hashing.close()


@pytest.mark.std(94)
async def test_a_storm_of_logins_is_bounded_and_the_rest_is_told_to_come_again() -> None:
    """Two hundred at once: what fits is answered, nothing else is queued or lost."""
    hasher = WatchedHasher()
    hashing = HashingExecutor(hasher, workers=2, queue=8)
    users = MemoryUserStore()
    await add_user(users, "alice", hasher.real.hash(PASSWORD))
    authenticator = Authenticator(users, hashing)
    outcomes = await asyncio.gather(
        *(authenticator.authenticate(credentials()) for _ in range(200)), return_exceptions=True
    )
    busy = [outcome for outcome in outcomes if isinstance(outcome, HashingBusyError)]
    served = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert len(busy) + len(served) == 200
    assert len(served) >= 10
    assert all(error.retry_after >= 1 for error in busy)
    assert len(hasher.threads) <= 2
    assert (await authenticator.authenticate(credentials())).user.login == "alice"
    hashing.close()


@pytest.mark.attack(16)
async def test_a_password_cut_at_72_bytes_is_another_password() -> None:
    """Bcrypt forgot what came after (Okta, October 2024); nothing here does."""
    hashing = HashingExecutor(PasslibHasher.cheap_for_tests())
    users = MemoryUserStore()
    long_login_prefix = "u" * 72
    await add_user(users, "alice", await hashing.hash(long_login_prefix + PASSWORD))
    authenticator = Authenticator(users, hashing)
    with pytest.raises(InvalidCredentialsError):
        await authenticator.authenticate(credentials(password=long_login_prefix + "anything"))
    await authenticator.authenticate(credentials(password=long_login_prefix + PASSWORD))
    hashing.close()
