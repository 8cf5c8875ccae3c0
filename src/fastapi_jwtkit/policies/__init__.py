"""Policies: rules about who may do what, composed with ``&``, ``|`` and ``~``.

``composing.py`` is what a policy is and how two become one; ``functions.py`` makes one of a
function; ``rules.py`` has the ones that ship; ``demands.py`` the names that scopes, roles and
permissions are compared by. Synchronous and
pure: a policy asks no store and knows no web framework.
"""

from __future__ import annotations

from fastapi_jwtkit.policies.composing import Policy
from fastapi_jwtkit.policies.decisions import Decision
from fastapi_jwtkit.policies.functions import policy
from fastapi_jwtkit.policies.rules import (
    amr_includes,
    has_permissions,
    has_roles,
    has_scopes,
    is_subject,
    logged_in_within,
)

__all__ = [
    "Decision",
    "Policy",
    "amr_includes",
    "has_permissions",
    "has_roles",
    "has_scopes",
    "is_subject",
    "logged_in_within",
    "policy",
]
