"""Defences of what an application sees."""

from __future__ import annotations

from mutations.cuts import Cut, Defence

__all__ = ["DEFENCES"]

_APPS = "test_peer_defects_apps.py::"

DEFENCES: tuple[Defence, ...] = (
    Defence(
        "an error carries its challenge",
        (
            Cut(
                "web/errors.py",
                'headers["WWW-Authenticate"] = _challenge(row.challenge, error)',
            ),
        ),
        (_APPS + "test_a_401_came_without_a_challenge",),
    ),
    Defence(
        "answers with tokens are not cached",
        (Cut("web/routes.py", "response.headers.update(NO_STORE)"),),
        (_APPS + "test_a_401_came_without_a_challenge",),
    ),
    Defence(
        "a token that is no good is a 401",
        (Cut("web/errors.py", '401,\n            "invalid_token"', '422,\n            "x"'),),
        (_APPS + "test_an_expired_or_malformed_token_was_a_422",),
    ),
    Defence(
        "a token has its scheme before it",
        (
            Cut(
                "web/transports/bearer.py",
                "            return None\n        # What",
                "            token = found\n        # What",
            ),
        ),
        (_APPS + "test_a_token_without_its_scheme_was_taken",),
    ),
    Defence(
        "the scheme is matched in any case",
        (Cut("web/transports/bearer.py", ' and scheme.lower() != b"bearer"', ""),),
        (_APPS + "test_the_scheme_in_lower_case_was_refused",),
    ),
    Defence(
        "a guard raises what every application can answer",
        (Cut("web/refusals.py", "    return answer\n", "    return error\n"),),
        (_APPS + "test_without_a_handler_of_the_library_a_401_was_a_500",),
    ),
    Defence(
        "a short secret is refused",
        (Cut("keys/signing_key.py", "refuse_weak_secret(key, spec)"),),
        (_APPS + "test_a_secret_of_one_character_was_taken",),
    ),
    Defence(
        "what a hook returns is awaited, and has to be",
        (
            Cut(
                "sessions/access_tokens.py",
                "await answer if inspect.isawaitable(answer) else None",
                "{} if inspect.isawaitable(answer) else answer",
            ),
        ),
        (_APPS + "test_a_coroutine_that_nobody_awaited_was_true",),
    ),
    Defence(
        "OpenAPI is told of each guard",
        (
            Cut(
                "web/guards.py",
                "class _Asking(SecurityBase):",
                "class _Asking:",
            ),
            Cut("web/plugin.py", "        hook_openapi(app)\n", ""),
        ),
        (_APPS + "test_a_guarded_route_was_open_to_the_eye_of_openapi",),
    ),
    Defence(
        "a setting is read",
        (Cut("assembly.py", "settings.max_staleness", "30"),),
        (_APPS + "test_a_setting_was_read_by_nobody",),
    ),
    Defence(
        "extras are imported where they are used",
        (
            Cut(
                "kit.py",
                "from fastapi_jwtkit.account_protocols import Mailer\n",
                "import redis\nfrom fastapi_jwtkit.account_protocols import Mailer\n",
            ),
        ),
        (_APPS + "test_a_star_import_needed_what_a_plain_install_has_not",),
    ),
)
"""In the order of their tests."""

NOTHING_TO_TAKE_OUT = {
    "test_a_refresh_token_passed_as_an_access_token": "the two have no form in common",
    "test_an_algorithm_that_was_offered_could_not_verify": "each key object does both",
    "test_a_second_kit_in_the_process_broke_the_first": "no module has a state of its own",
}
"""Tests of defects that no line keeps out, but the way things are built."""
