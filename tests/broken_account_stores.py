"""User stores that break a promise of the account flows each, and the test that must say so."""

from __future__ import annotations

from dataclasses import replace

from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore


class FindsTheFirst(MemoryUserStore):
    """Whoever claimed an address first has it."""

    async def find_by_email(self, email: str, /) -> MemoryUser | None:
        """Do not ask who verified it."""
        return next((user for user in self._users.values() if user.email == email), None)


class SetsAnyEmail(MemoryUserStore):
    """An old link wins over a change."""

    async def set_email(
        self, user_id: str, email: str, /, *, expected: str | None, login: str | None = None
    ) -> bool:
        """Ask nothing."""
        del expected
        user = await self.find_by_id(user_id)
        if user is None:
            return False
        return await super().set_email(user_id, email, expected=user.email, login=login)


class VerifiesNothing(MemoryUserStore):
    """The link was opened for nothing."""

    async def set_email(
        self, user_id: str, email: str, /, *, expected: str | None, login: str | None = None
    ) -> bool:
        """Forget the flag."""
        done = await super().set_email(user_id, email, expected=expected, login=login)
        if done:
            self._users[user_id] = replace(self._users[user_id], email_verified=False)
        return done


class LeavesTheLogin(MemoryUserStore):
    """The address changes, and the old one still logs in."""

    async def set_email(
        self, user_id: str, email: str, /, *, expected: str | None, login: str | None = None
    ) -> bool:
        """Ignore the login, unless it is taken."""
        if login is not None and self._ids.get(login, user_id) != user_id:
            return await super().set_email(user_id, email, expected=expected, login=login)
        return await super().set_email(user_id, email, expected=expected)


class DisablesForGood(MemoryUserStore):
    """Nobody comes back."""

    async def set_active(self, user_id: str, active: bool, /) -> bool:
        """Ignore what was asked."""
        del active
        return await super().set_active(user_id, False)  # noqa: FBT003 - the port's


class KnowsEverybody(MemoryUserStore):
    """Whoever is disabled existed."""

    async def set_active(self, user_id: str, active: bool, /) -> bool:
        """Say so."""
        await super().set_active(user_id, active)
        return True


class ForgetsAgain(MemoryUserStore):
    """Each who asks did it."""

    async def remove(self, user_id: str, /) -> bool:
        """Say so."""
        await super().remove(user_id)
        return True


class NamesByLogin(MemoryUserStore):
    """The next of that name gets the tokens of the last."""

    async def add(self, new: NewUser, /) -> MemoryUser:
        """Use the login as the id."""
        user = replace(await super().add(new), id=new.login)
        self._users[user.id], self._ids[user.login] = user, user.id
        return user


ACCOUNT_STORES = {
    FindsTheFirst: "test_an_address_belongs_to_whoever_verified_it",
    SetsAnyEmail: "test_an_address_is_replaced_only_where_it_is_the_expected_one",
    VerifiesNothing: "test_an_address_belongs_to_whoever_verified_it",
    LeavesTheLogin: "test_a_login_moves_with_the_address_or_both_stay",
    DisablesForGood: "test_a_user_is_shut_out_and_let_in_again",
    KnowsEverybody: "test_a_user_is_shut_out_and_let_in_again",
    ForgetsAgain: "test_a_user_is_forgotten_once",
    NamesByLogin: "test_whoever_comes_after_is_somebody_else",
}
