"""Who may see whose tasks: the rules, in one place."""

from __future__ import annotations

from sqlalchemy import ColumnElement

from examples.todo.app.models import Task
from fastapi_jwtkit import Principal
from fastapi_jwtkit.policies import has_roles, is_subject

__all__ = [
    "ADMIN_ROLE",
    "ADMIN_SCOPE",
    "DEFAULT_SCOPES",
    "is_admin",
    "is_owner",
    "owned_by",
]

ADMIN_ROLE = "admin"
ADMIN_SCOPE = "tasks:admin"
DEFAULT_SCOPES = frozenset({"tasks:read", "tasks:write"})


def owned_by(principal: Principal) -> ColumnElement[bool]:
    """Return the condition under which a task exists for this person.

    It is part of every statement rather than a check after it, so that somebody else's
    task cannot be told from one that never was. Admins are no exception: their view of
    other people's tasks is a route of its own, and reads only.
    """
    return Task.owner_id == principal.subject


is_owner = is_subject("owner_id")
"""The task is the caller's own. What a statement of ``owned_by`` finds has to pass it."""

is_admin = has_roles(ADMIN_ROLE)
"""The person is an administrator.

The route asks for the scope, which says what a token may do; this asks for the role, which
says who the person is. A service is also called from where no route guards.
"""
