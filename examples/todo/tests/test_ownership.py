"""Who may what: every combination, against a table that a person can read."""

from __future__ import annotations

import pytest

from examples.todo.app.models import Task
from examples.todo.app.services.ownership import is_admin, is_owner
from fastapi_jwtkit import Principal

ADMINS = {
    # role, scope: is an admin
    ("admin", "tasks:admin"): True,
    ("admin", None): True,
    ("Admin", "tasks:admin"): False,
    ("clerk", "tasks:admin"): False,
    (None, "tasks:admin"): False,
    (None, "admin"): False,
    (None, None): False,
}
OWNERS = {
    # whose the task is, who asks: is it theirs
    ("1", "1"): True,
    ("1", "2"): False,
    ("11", "1"): False,
    ("1", "11"): False,
    (None, "1"): False,
    (None, "None"): False,
}


def person(subject: str = "1", role: str | None = None, scope: str | None = None) -> Principal:
    """Return somebody who is calling."""
    return Principal(
        subject=subject,
        roles=frozenset({role} if role else ()),
        scopes=frozenset({scope} if scope else ()),
    )


@pytest.mark.spec("T-4")
def test_an_admin_is_one_by_role() -> None:
    """The scope is for the route to ask for, and makes nobody an admin."""
    found = {
        (role, scope): is_admin.decide(person("1", role, scope)).allowed for role, scope in ADMINS
    }
    assert found == ADMINS


@pytest.mark.spec("T-3")
def test_a_task_is_its_owners_alone() -> None:
    """An admin included: they have a view of their own."""
    for (owner, subject), mine in OWNERS.items():
        task = Task(owner_id=owner)
        for role in ("admin", None):
            assert is_owner.decide(person(subject, role), task).allowed is mine
