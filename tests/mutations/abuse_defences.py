"""Defences of cookies, and against guesses without end."""

from __future__ import annotations

from mutations.cuts import Cut, Defence

__all__ = ["DEFENCES"]

_COOKIES = "test_peer_defects_cookies.py::"
_THROTTLE = "test_peer_defects_throttle.py::"
_LIMIT = _THROTTLE + "test_a_limit_that_could_be_set_was_enforced_nowhere"

DEFENCES: tuple[Defence, ...] = (
    Defence(
        "cookies are sent over TLS alone",
        (
            Cut(
                "web/transports/cookie.py",
                'max_age=max_age, secure=True, httponly=True, samesite="lax"',
                'max_age=max_age, httponly=True, samesite="lax"',
            ),
        ),
        (_COOKIES + "test_cookies_of_tokens_went_everywhere",),
    ),
    Defence(
        "no script reads a cookie of a token",
        (
            Cut(
                "web/transports/cookie.py",
                'httponly=True,\n            samesite="strict"',
                'samesite="strict"',
            ),
        ),
        (_COOKIES + "test_cookies_of_tokens_went_everywhere",),
    ),
    Defence(
        "a Bearer token is read before cookies are",
        (
            Cut(
                "web/mounted_kit.py",
                "BEARER.read if self.serves_bearer else _read_nothing",
                "_read_nothing",
            ),
        ),
        (_COOKIES + "test_a_bearer_request_was_asked_for_a_csrf_token",),
    ),
    Defence(
        "guesses are counted, and before the hash",
        (
            Cut(
                "sessions/logins.py",
                'await self._attempts.ensure("login", account=login, device=device)',
            ),
        ),
        (
            _THROTTLE + "test_sixty_guesses_were_sixty_answers",
            _THROTTLE + "test_forty_guesses_at_once_passed_a_limit_of_five",
            _LIMIT + "[guesses]",
            _LIMIT + "[source]",
            _LIMIT + "[account]",
        ),
    ),
    Defence(
        "a counter is raised and read in one step",
        (
            Cut(
                "accounts/throttle.py",
                "if await limiter.hit(item, key):",
                "if await limiter.test(item, key) and not await __import__('asyncio').sleep(0) "
                "and (await limiter.hit(item, key) or True):",
            ),
        ),
        (_THROTTLE + "test_forty_guesses_at_once_passed_a_limit_of_five",),
    ),
    Defence(
        "whoever logged in before is no stranger",
        (Cut("accounts/throttle.py", "and await self._knows(attempt)", "and False"),),
        (_THROTTLE + "test_whoever_guessed_locked_the_owner_out",),
    ),
    Defence(
        "requests for mails are counted by source and by address, known or not",
        (
            Cut(
                "accounts/throttle.py",
                '"forgot": (_Bucket("forgot_by_source", "strangers"), '
                '_Bucket("forgot_by_account", "mails")),',
                '"forgot": (),',
            ),
        ),
        (
            _LIMIT + "[strangers: forgot]",
            _LIMIT + "[mails]",
            _THROTTLE + "test_an_address_that_was_throttled_told_that_it_was_known",
        ),
    ),
    Defence(
        "links, registrations and verifications are counted",
        (
            Cut(
                "accounts/throttle.py",
                '"reset": (_Bucket("reset_by_source", "strangers"),),',
                '"reset": (),',
            ),
            Cut(
                "accounts/throttle.py",
                '"register": (_Bucket("register_by_source", "strangers"),),',
                '"register": (),',
            ),
            Cut(
                "accounts/throttle.py",
                '"verify": (_Bucket("verify_by_source", "strangers"), '
                '_Bucket("verify_by_account", "mails")),',
                '"verify": (),',
            ),
        ),
        (
            _LIMIT + "[strangers: reset]",
            _LIMIT + "[strangers: verify]",
            _LIMIT + "[strangers]",
        ),
    ),
    Defence(
        "refreshes are counted",
        (
            Cut("accounts/throttle.py", '(_Bucket("refresh_by_session", "refreshes"),)', "()"),
            Cut(
                "accounts/throttle.py", '(_Bucket("refresh_by_source", "refresh_failures"),)', "()"
            ),
        ),
        (_LIMIT + "[refreshes]", _LIMIT + "[refresh_failures]"),
    ),
)
"""In the order of their tests."""

NOTHING_TO_TAKE_OUT = {
    "test_every_limit_that_can_be_set_is_among_these": "it is about the tests beside it",
}
