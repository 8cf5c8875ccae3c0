"""Defences of passwords, mails and accounts."""

from __future__ import annotations

from mutations.cuts import Cut, Defence

__all__ = ["DEFENCES"]

_ACCOUNTS = "test_peer_defects_accounts.py::"

DEFENCES: tuple[Defence, ...] = (
    Defence(
        "a new password ends the sessions of the old one",
        (
            Cut(
                "accounts/password_flows.py",
                "await self._parts.sessions.close_all("
                "user.id, reason=how.action, except_sid=how.keep_sid)",
            ),
        ),
        (
            _ACCOUNTS + "test_a_token_outlived_the_password_it_was_got_by",
            _ACCOUNTS + "test_a_reset_left_the_thief_in",
        ),
    ),
    Defence(
        "a link is spent by one alone",
        (Cut("accounts/links.py", "if not is_first:", "if False:"),),
        (_ACCOUNTS + "test_one_link_of_a_mail_was_used_twice_at_once[memory]",),
    ),
    Defence(
        "passwords are hashed in threads of their own",
        (
            Cut(
                "hashing.py",
                "future = lanes.threads.submit(self._timed, work)",
                "future = Future(); future.set_result(self._timed(work))",
            ),
        ),
        (_ACCOUNTS + "test_hashing_stopped_the_event_loop",),
    ),
    Defence(
        "an address is looked up after the answer",
        (
            Cut(
                "accounts/flows.py",
                "self._parts.post.later(lambda: self._passwords.send_reset(email, device))",
                "await self._passwords.send_reset(email, device)",
            ),
        ),
        (_ACCOUNTS + "test_an_answer_by_address_took_longer_for_a_known_one",),
    ),
    Defence(
        "a short password is refused",
        (
            Cut(
                "passwords/rules.py",
                "if len(normal) < least:",
                "if False:",
            ),
        ),
        (_ACCOUNTS + "test_a_password_of_one_character_was_taken",),
    ),
    Defence(
        "a change compares the current password",
        (
            Cut(
                "accounts/password_flows.py",
                "user = await self._parts.authenticator.reauthenticate(user_id, current)",
                "pass",
            ),
        ),
        (_ACCOUNTS + "test_a_password_changed_without_the_one_that_held",),
    ),
)
"""In the order of their tests."""
