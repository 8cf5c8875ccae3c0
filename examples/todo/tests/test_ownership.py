"""The rules about tasks, by their truth tables."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import select

from examples.todo.app.models import Task
from examples.todo.app.schemas.task import TaskContent
from examples.todo.app.services.ownership import (
    is_admin,
    is_owner,
    may_list_everyones,
    owned_by,
)
from examples.todo.tests.below import Services
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


YES, NO = True, False


@pytest.mark.spec("T-4")
@pytest.mark.parametrize(
    ("scope", "role", "lists", "reason"),
    [
        (NO, NO, NO, "insufficient_scope"),
        (NO, YES, NO, "insufficient_scope"),
        (YES, NO, NO, "missing_role"),
        (YES, YES, YES, "has_scopes_and_has_roles"),
    ],
)
def test_everyones_tasks_want_the_scope_and_the_role(
    *, scope: bool, role: bool, lists: bool, reason: str
) -> None:
    """The token may, and the person is: one without the other is not enough."""
    person = Principal(
        subject="ada",
        scopes=frozenset({"tasks:read", *(["tasks:admin"] if scope else [])}),
        roles=frozenset(["admin"] if role else []),
    )
    decision = may_list_everyones.decide(person)
    assert (decision.allowed, decision.reason) == (lists, reason)
    assert is_admin.decide(person).allowed is role


@pytest.mark.spec("T-3")
async def test_a_task_is_its_owners_and_nobody_elses(services: Services) -> None:
    """An admin's neither; in Python and in SQL alike."""
    ada, eve = await services.person("ada"), await services.person("eve", "admin")
    for person in (ada, eve):
        await services.tasks.create(person, TaskContent.model_validate({"title": "A task"}))
    async with services.database.sessions() as session:
        everything = (await session.scalars(select(Task))).all()
        for person, task in itertools.product((ada, eve), everything):
            is_theirs = task.owner_id == person.subject
            assert is_owner.decide(person, task).allowed is is_theirs
            found = await session.scalars(select(Task).where(owned_by(person)))
            assert (task in found.all()) is is_theirs


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
