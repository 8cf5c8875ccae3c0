"""Defences of sessions and tokens."""

from __future__ import annotations

from mutations.cuts import Cut, Defence

__all__ = ["DEFENCES"]

_SESSIONS = "test_peer_defects.py::"
_ACCOUNTS = "test_peer_defects_accounts.py::"

DEFENCES: tuple[Defence, ...] = (
    Defence(
        "what is ended is told to every worker",
        (
            Cut(
                "sessions/sessions.py",
                "await self._revocations.publish("
                "[self._revocations.session_entry(s) for s in sids])",
            ),
        ),
        (
            _SESSIONS + "test_a_logout_left_the_access_token_alive",
            _SESSIONS + "test_ending_all_sessions_left_their_tokens_alive",
            _ACCOUNTS + "test_a_token_outlived_the_password_it_was_got_by",
        ),
    ),
    Defence(
        "a refresh asks the map, the row and the store whether the session was ended",
        (
            Cut(
                "sessions/refresh.py",
                "if self._revocations.known.is_session_revoked(attempt.token.sid):",
                "if False:",
            ),
            Cut("sessions/rotation.py", "session.revoked_at is not None", "False"),
            Cut(
                "stores/memory/sessions.py",
                "if session is None or session.revoked_at is not None:",
                "if session is None:",
            ),
        ),
        (
            _SESSIONS + "test_a_revoked_token_was_renewed_into_a_good_one",
            "test_peer_defects_cookies.py::test_a_revoked_cookie_was_renewed",
        ),
    ),
    Defence(
        "a renewed token is made as the first was",
        (
            Cut(
                "sessions/access_tokens.py",
                "extra = dict(await self._extra_claims(user))",
                "extra = {}",
            ),
        ),
        (_SESSIONS + "test_a_renewed_token_lost_its_scopes_and_claims",),
    ),
    Defence(
        "a spent refresh token that comes late ends the session",
        (Cut("sessions/rotation.py", "verdict=Verdict.REUSE,", "verdict=Verdict.REPLAY,"),),
        (_SESSIONS + "test_one_refresh_token_worked_five_times_of_five[memory]",),
    ),
    Defence(
        "whoever loses a race gets the successor",
        (Cut("sessions/rotation.py", "if grace > 0 else None", "if False else None"),),
        (_SESSIONS + "test_two_refreshes_at_once_logged_the_user_out[memory]",),
    ),
    Defence(
        "the key is the one that the token names",
        (Cut("tokens/codec.py", "key = self._ring.find(header.kid)", "key = self._ring.active"),),
        (_SESSIONS + "test_with_a_second_key_an_expired_token_was_called_forged",),
    ),
    Defence(
        "the leeway is added",
        (Cut("tokens/verifier.py", "claims.expires_at + self._leeway", "claims.expires_at"),),
        (_SESSIONS + "test_a_leeway_that_was_set_was_never_read",),
    ),
    Defence(
        "what is asked for is compared with what was granted",
        (
            Cut(
                "sessions/access_tokens.py",
                "if requested is not None and not requested <= limit:",
                "if False:",
            ),
        ),
        (
            _SESSIONS + "test_a_narrow_token_minted_a_wide_one",
            _SESSIONS + "test_a_login_was_given_every_scope_for_the_asking",
        ),
    ),
    Defence(
        "the address is asked for before there is a session",
        (
            Cut(
                "accounts/authenticator.py",
                'return "email_unverified" if self._verified_only and not is_verified(user)',
                'return "" if False',
            ),
        ),
        (_SESSIONS + "test_a_login_that_came_to_nothing_left_a_session",),
    ),
    Defence(
        "a login that fails takes its session back",
        (Cut("sessions/logins.py", "await asyncio.shield(self._undo(new, error))"),),
        (_SESSIONS + "test_a_login_that_failed_half_way_left_a_session",),
    ),
)
"""In the order of their tests."""
