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
    decision = may_list_everyones.check(person)
    assert (decision.allowed, decision.reason) == (lists, reason)
    assert is_admin.check(person).allowed is role


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
            assert is_owner.check(person, task).allowed is is_theirs
            found = await session.scalars(select(Task).where(owned_by(person)))
            assert (task in found.all()) is is_theirs
