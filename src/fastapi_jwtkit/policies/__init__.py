"""Policies: yes or no, with a reason, about who is calling and what they want to touch."""

from __future__ import annotations

from fastapi_jwtkit.policies.builtin import (
    amr_includes,
    has_permissions,
    has_roles,
    has_scopes,
    is_subject,
    logged_in_within,
)
from fastapi_jwtkit.policies.policy import Decision, Policy, policy

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
