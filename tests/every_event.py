"""A way to each event, and what is told under its name."""

from __future__ import annotations

import event_ways as ways
from fastapi_jwtkit.events import EventName

WAYS: dict[EventName, tuple[ways.Way, list[tuple[bool, str]]]] = {
    EventName.LOGIN_SUCCEEDED: (ways.log_in, [(True, "")]),
    EventName.LOGIN_FAILED: (
        ways.log_in_wrongly,
        [(False, "wrong_password"), (False, "user_gone")],
    ),
    EventName.THROTTLED: (ways.guess, [(False, "guess_by_pair")]),
    EventName.CSRF_FAILED: (
        ways.forge_requests,
        [(False, "foreign_origin"), (False, "csrf_token_missing")],
    ),
    EventName.LOGOUT_FAILED: (
        ways.log_out_wrongly,
        [(False, "refresh_token_malformed"), (False, "not_compact")],
    ),
    EventName.TOKEN_REFUSED: (ways.use_old_token, [(False, "expired")]),
    EventName.TOKEN_REVOKED_USED: (ways.use_revoked_token, [(False, "session_revoked")]),
    EventName.TOKEN_REUSED: (ways.steal, [(False, "refresh_token_reused")]),
    EventName.REFRESH_SUCCEEDED: (ways.refresh, [(True, "")]),
    EventName.REFRESH_FAILED: (
        ways.refresh_wrongly,
        [(False, "refresh_token_malformed"), (False, "session_revoked")],
    ),
    EventName.REFRESH_REPLAYED: (ways.replay, [(True, "")]),
    EventName.REPLAY_STREAK: (ways.replay_thrice, [(True, "")]),
    EventName.SESSION_STORE_BEHIND: (ways.fall_behind, [(True, "")]),
    EventName.SESSION_CREATED: (ways.log_in, [(True, "")]),
    EventName.SESSION_ENDED: (ways.log_out, [(True, "logout")]),
    EventName.SESSION_END_FAILED: (ways.log_out_half, [(False, "session_revoke_failed")]),
    EventName.CLAIMS_EXPIRED: (ways.expire_claims, [(True, ""), (False, "session_bump_failed")]),
    EventName.SUBJECT_ERASED: (ways.erase, [(True, ""), (False, "session_erase_failed")]),
    EventName.USER_CREATED: (ways.register, [(True, ""), (False, "login_taken")]),
    EventName.PASSWORD_UPGRADED: (ways.upgrade, [(True, "")]),
    EventName.PASSWORD_CHANGED: (ways.change_password, [(True, "")]),
    EventName.PASSWORD_CHANGE_FAILED: (ways.change_password_wrongly, [(False, "wrong_password")]),
    EventName.RESET_REQUESTED: (ways.forget_password, [(True, ""), (False, "unknown_email")]),
    EventName.REAUTHENTICATED: (ways.reauthenticate, [(True, "")]),
    EventName.REAUTHENTICATION_FAILED: (ways.reauthenticate_wrongly, [(False, "wrong_password")]),
    EventName.LINK_REFUSED: (ways.open_link_twice, [(False, "overtaken"), (False, "not_compact")]),
    EventName.VERIFICATION_REQUESTED: (
        ways.ask_for_verification,
        [(True, ""), (False, "unknown_email")],
    ),
    EventName.EMAIL_VERIFIED: (ways.verify_email, [(True, "")]),
    EventName.EMAIL_CHANGE_REQUESTED: (ways.ask_for_email_change, [(True, "")]),
    EventName.EMAIL_CHANGED: (ways.change_email, [(True, "")]),
    EventName.USER_DISABLED: (ways.disable, [(True, ""), (False, "user_store_failed")]),
    EventName.USER_ENABLED: (ways.enable, [(True, ""), (False, "user_store_failed")]),
    EventName.USER_DELETED: (ways.delete, [(False, "user_store_failed"), (True, "")]),
    EventName.MAIL_FAILED: (ways.fail_to_mail, [(False, "ConnectionError")]),
    EventName.KEYS_CHANGED: (
        ways.read_keys,
        [(True, ""), (False, "key_source_failed")],
    ),
    EventName.ACCESS_DENIED: (ways.lack_a_scope, [(False, "insufficient_scope")]),
}
"""What leads to each event, and the outcomes and reasons that are told under its name."""
