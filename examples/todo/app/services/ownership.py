"""Who may see whose tasks: the rules, in one place."""

from __future__ import annotations

from sqlalchemy import ColumnElement

from examples.todo.app.models import Task
from fastapi_jwtkit import Principal
from fastapi_jwtkit.policies import has_roles, has_scopes, is_subject

__all__ = [
    "ADMIN_ROLE",
    "ADMIN_SCOPE",
    "DEFAULT_SCOPES",
    "is_admin",
    "is_owner",
    "may_list_everyones",
    "owned_by",
]

ADMIN_ROLE = "admin"
ADMIN_SCOPE = "tasks:admin"
DEFAULT_SCOPES = frozenset({"tasks:read", "tasks:write"})


is_admin = has_roles(ADMIN_ROLE)
"""Who the person is. Services ask it: they are also called from where no route guards."""

may_list_everyones = has_scopes(ADMIN_SCOPE) & is_admin
"""And what the token may do. The route asks it, as a guard."""


is_owner = is_subject("owner_id")
"""Whether a task exists for this person.

Admins are no exception: their view of other people's tasks is a route of its own, and reads
only.
"""


def owned_by(principal: Principal) -> ColumnElement[bool]:
    """Return ``is_owner`` as a condition of a statement.

    It is part of every statement, so that somebody else's task cannot be told from one that
    never was, and a write is decided where it happens.
    """
    return Task.owner_id == principal.subject
