"""Defences of who may do what: the gate, policies, connections that stay, and keys."""

from __future__ import annotations

from mutations.cuts import Cut, Defence

__all__ = ["DEFENCES"]

_COMPOSED = "tests/unit/test_policy_composition.py::"
_RULES = "tests/unit/test_policies.py::"
_HARD = "tests/integration/test_hard_app.py::"
_STEP_UP = "tests/integration/test_step_up.py::"
_ROTATION = "tests/unit/keys/test_rotation.py::"
_SOURCES = "tests/unit/key_sources/test_rotation.py::"
_KIT_KEYS = "tests/integration/test_kit_keys.py::"

DEFENCES: tuple[Defence, ...] = (
    Defence(
        "a gate refuses what is not marked",
        (Cut("web/gate.py", "return self.public.get(operation.path)", 'return "open"'),),
        (_HARD + "test_behind_a_gate_only_what_is_marked_is_open",),
    ),
    Defence(
        "what no route matches is closed by a gate",
        (Cut("web/gate.py", "return self.public.get(UNMATCHED)", 'return "open"'),),
        (_HARD + "test_behind_a_gate_only_what_is_marked_is_open",),
    ),
    Defence(
        "a policy that fails denies",
        (
            Cut(
                "policies/functions.py",
                'logger.exception("the policy %s failed: access is denied", self.name)\n'
                "            return FAILED",
                "return self._allowed",
            ),
        ),
        (_COMPOSED + "test_composed_policies_follow_kleene",),
    ),
    Defence(
        "the opposite of a failure is a failure",
        (
            Cut(
                "policies/decisions.py", "return self if self.failed else replace", "return replace"
            ),
            Cut("policies/decisions.py", " or (self.allowed and self.failed)", ""),
            Cut("policies/composing.py", "self._last = (FAILED, FAILED)", "self._last = (0, 0)"),
        ),
        (_COMPOSED + "test_composed_policies_follow_kleene",),
    ),
    Defence(
        "one failure among terms that allow denies",
        (
            Cut(
                "policies/composing.py",
                "return FAILED if failed else self._allowed",
                "return self._allowed",
            ),
        ),
        (_COMPOSED + "test_composed_policies_follow_kleene",),
    ),
    Defence(
        "what is truthy by accident lets nobody in",
        (Cut("policies/decisions.py", "if isinstance(answer, bool):", "if True:"),),
        (_RULES + "test_what_is_no_answer_is_a_denial[<lambda>0-1]",),
    ),
    Defence(
        "a socket is closed when its session ends",
        (Cut("revocations/vigils.py", "known.listen(self._hear)"),),
        ("tests/integration/test_watch.py::test_a_watched_token_ends_with_its_session",),
    ),
    Defence(
        "a socket is closed when its token expires",
        (Cut("revocations/vigils.py", "        if left <= 0:", "        if False:"),),
        ("tests/integration/test_watch.py::test_a_watched_token_ends_when_it_expires",),
    ),
    Defence(
        "a step-up ends the session before",
        (Cut("sessions/logins.py", "if request.replaces is not None:", "if False:"),),
        (_STEP_UP + "test_a_step_up_opens_a_session_and_ends_the_one_before",),
    ),
    Defence(
        "a refresh is no login",
        (Cut("sessions/access_tokens.py", "auth_time=session.auth_time", "auth_time=issued_at"),),
        (_STEP_UP + "test_a_refresh_is_no_login",),
    ),
    Defence(
        "a key is published before it signs",
        (
            Cut(
                "keys/rotation.py",
                " and now - entry.changed_at >= times.publish_for",
                "",
            ),
        ),
        (_ROTATION + "test_a_key_is_published_then_signs_then_verifies_then_is_forgotten",),
    ),
    Defence(
        "a retired key stays until nothing needs it",
        (Cut("keys/rotation.py", " and now - entry.changed_at >= times.keep_for", ""),),
        (_ROTATION + "test_a_key_is_published_then_signs_then_verifies_then_is_forgotten",),
    ),
    Defence(
        "one at a time changes a key file",
        (
            Cut(
                "key_sources/changing.py",
                "with FileLock(locked, timeout=LOCK_SECONDS, mode=0o600)",
                "if locked",
            ),
        ),
        (_SOURCES + "test_a_file_that_another_process_changes_is_waited_for_and_then_given_up",),
    ),
    Defence(
        "a key file keeps its owner and mode",
        (Cut("key_sources/changing.py", "_give_to_owner(descriptor, status)\n", "pass\n"),),
        (_SOURCES + "test_mode_and_owner_stay_and_no_draft_is_left",),
    ),
    Defence(
        "the feed tells of a revoked key",
        (Cut("key_verbs.py", "await self._assembly.revocations.publish([entry])"),),
        (
            _KIT_KEYS
            + "test_a_revoked_key_kills_what_it_signed_where_the_ring_has_not_arrived[sqlite]",
        ),
    ),
    Defence(
        "a refresh secret that the feed calls revoked is refused",
        (Cut("key_sources/live_rings.py", "key_id not in self._refused and ", ""),),
        (_KIT_KEYS + "test_a_revoked_refresh_secret_ends_what_hangs_on_it",),
    ),
)
