"""Tasks, below the web."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from examples.todo.app.models import Priority, Task, TaskStatus
from examples.todo.app.schemas.task import TaskQuery
from examples.todo.app.services.errors import (
    PreconditionFailedError,
    TaskNotFoundError,
)
from examples.todo.app.services.task_service import TaskService
from examples.todo.tests.below import Services, changes, content, titles
from fastapi_jwtkit import Principal
from fastapi_jwtkit.errors import AccessDeniedError, InvalidTokenError

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.spec("T-26")
@pytest.mark.parametrize("_round", range(3))
async def test_of_twenty_writers_with_one_version_exactly_one_wins(
    services: Services, _round: int
) -> None:
    """The condition stands in the statement that writes, so nobody's update is lost."""
    ada = await services.person("ada")
    task = await services.tasks.create(ada, content())

    async def write(number: int) -> Task | Exception:
        try:
            return await services.tasks.change(
                ada,
                task.id,
                changes(title=f"by {number}", tags=[f"t{number}"]),
                expected=frozenset({1}),
            )
        except PreconditionFailedError as error:
            return error

    answers = await asyncio.gather(*(write(number) for number in range(20)))
    won = [answer for answer in answers if isinstance(answer, Task)]
    assert len(won) == 1
    kept = await services.tasks.find(ada, task.id)
    assert (kept.title, kept.tags, kept.version) == (won[0].title, won[0].tags, 2)


@pytest.mark.spec("T-27")
async def test_parallel_changes_of_different_fields_all_hold(services: Services) -> None:
    """A change writes what it names and nothing that it read."""
    ada = await services.person("ada")
    task = await services.tasks.create(ada, content())
    bodies: list[dict[str, object]] = [
        {"title": "New"},
        {"description": "Long"},
        {"status": "done"},
        {"priority": "urgent"},
        {"tags": ["home"]},
        {"due_at": "2030-01-01T00:00:00Z"},
    ]
    await asyncio.gather(
        *(services.tasks.change(ada, task.id, changes(**body), expected=None) for body in bodies)
    )
    kept = await services.tasks.find(ada, task.id)
    assert (kept.title, kept.description, kept.tags) == ("New", "Long", ["home"])
    assert (kept.status, kept.priority) == (TaskStatus.DONE, Priority.URGENT)
    assert kept.due_at == datetime(2030, 1, 1, tzinfo=UTC)
    assert kept.version == 7


@pytest.mark.spec("T-3")
async def test_somebody_elses_task_is_not_there_for_any_verb(services: Services) -> None:
    """Not even for an admin, and not even to say that a version is wrong."""
    ada, eve = await services.person("ada"), await services.person("eve", "admin")
    task = await services.tasks.create(ada, content())
    wrong = frozenset({9})
    for attempt in (
        services.tasks.find(eve, task.id),
        services.tasks.replace(eve, task.id, content("Mine"), expected=None),
        services.tasks.replace(eve, task.id, content("Mine"), expected=wrong),
        services.tasks.change(eve, task.id, changes(title="Mine"), expected=frozenset({1})),
        services.tasks.complete(eve, task.id, expected=None),
        services.tasks.complete(eve, task.id, expected=wrong),
        services.tasks.remove(eve, task.id, expected=None),
        services.tasks.remove(eve, task.id, expected=wrong),
    ):
        with pytest.raises(TaskNotFoundError):
            await attempt
    assert await titles(services, eve) == []
    assert (await services.tasks.find(ada, task.id)).version == 1


@pytest.mark.spec("T-4")
async def test_everyones_tasks_are_for_the_admin_role(services: Services) -> None:
    """The role is asked for below the web too, and one owner can be singled out."""
    ada, eve = await services.person("ada"), await services.person("eve", "admin")
    await services.tasks.create(ada, content("Ada's"))
    await services.tasks.create(eve, content("Eve's"))
    with pytest.raises(AccessDeniedError):
        await services.tasks.list_everyones(ada, TaskQuery(), owner_id=None)
    everyones = await services.tasks.list_everyones(eve, TaskQuery(), owner_id=None)
    assert {task.title for task in everyones.items} == {"Ada's", "Eve's"}
    adas = await services.tasks.list_everyones(eve, TaskQuery(), owner_id=ada.subject)
    assert [task.title for task in adas.items] == ["Ada's"]


@pytest.mark.spec("T-14")
async def test_a_task_keeps_the_time_at_which_it_became_done(services: Services) -> None:
    """Done again changes nothing; undone forgets; done anew is a new time."""
    clock = [NOON]
    tasks = TaskService(services.database.sessions, now=lambda: clock[0])
    ada = await services.person("ada")
    task = await tasks.create(ada, content(status="done"))
    assert task.completed_at == NOON
    clock[0] += timedelta(hours=1)
    again = await tasks.change(ada, task.id, changes(status="done"), expected=None)
    assert again.completed_at == NOON
    assert again.updated_at == clock[0]
    undone = await tasks.change(ada, task.id, changes(status="todo"), expected=None)
    assert undone.completed_at is None
    done = await tasks.complete(ada, task.id, expected=None)
    assert done.completed_at == clock[0]
    replaced = await tasks.replace(ada, task.id, content(), expected=None)
    assert replaced.completed_at is None


@pytest.mark.spec("T-13")
async def test_the_time_of_creation_stays_and_the_time_of_change_moves(services: Services) -> None:
    """Both in UTC, to the microsecond."""
    clock = [NOON]
    tasks = TaskService(services.database.sessions, now=lambda: clock[0])
    ada = await services.person("ada")
    task = await tasks.create(ada, content())
    clock[0] += timedelta(microseconds=1)
    changed = await tasks.change(ada, task.id, changes(title="New"), expected=None)
    assert (changed.created_at, changed.updated_at) == (NOON, clock[0])
    assert changed.updated_at.tzinfo is UTC


@pytest.mark.spec("T-20")
async def test_completing_a_done_task_changes_nothing(services: Services) -> None:
    """Neither its version nor its time; a wrong version is refused all the same."""
    ada = await services.person("ada")
    task = await services.tasks.create(ada, content())
    first = await services.tasks.complete(ada, task.id, expected=frozenset({1}))
    second = await services.tasks.complete(ada, task.id, expected=frozenset({2}))
    assert (first.version, second.version) == (2, 2)
    assert second.updated_at == first.updated_at
    with pytest.raises(PreconditionFailedError):
        await services.tasks.complete(ada, task.id, expected=frozenset({1}))


@pytest.mark.spec("T-18")
async def test_a_replacement_returns_what_it_leaves_out_to_its_default(services: Services) -> None:
    """All that a person said is gone but what they say now."""
    ada = await services.person("ada")
    full = content(
        description="Long", priority="urgent", tags=["a", "b"], due_at="2030-01-01T00:00:00Z"
    )
    task = await services.tasks.create(ada, full)
    new = await services.tasks.replace(ada, task.id, content("New"), expected=frozenset({1}))
    assert (new.title, new.description, new.tags, new.due_at) == ("New", "", [], None)
    assert (new.priority, new.version) == (Priority.MEDIUM, 2)


@pytest.mark.spec("T-23")
async def test_a_wrong_version_changes_nothing(services: Services) -> None:
    """For each verb that writes."""
    ada = await services.person("ada")
    task = await services.tasks.create(ada, content(tags=["a"]))
    for expected in (frozenset({2}), frozenset[int]()):
        for attempt in (
            services.tasks.replace(ada, task.id, content("New"), expected=expected),
            services.tasks.change(ada, task.id, changes(tags=["b"]), expected=expected),
            services.tasks.complete(ada, task.id, expected=expected),
            services.tasks.remove(ada, task.id, expected=expected),
        ):
            with pytest.raises(PreconditionFailedError):
                await attempt
    kept = await services.tasks.find(ada, task.id)
    assert (kept.title, kept.tags, kept.status, kept.version) == (
        "A task",
        ["a"],
        TaskStatus.TODO,
        1,
    )


@pytest.mark.spec("T-21")
async def test_a_removed_task_takes_its_tags_along(services: Services) -> None:
    """Removed again, it is not there; and no tag of it is found."""
    ada = await services.person("ada")
    task = await services.tasks.create(ada, content(tags=["home"]))
    await services.tasks.remove(ada, task.id, expected=None)
    with pytest.raises(TaskNotFoundError):
        await services.tasks.remove(ada, task.id, expected=None)
    assert await titles(services, ada, tag="home") == []


@pytest.mark.spec("T-42")
async def test_a_task_of_an_account_that_is_gone_is_refused(services: Services) -> None:
    """The foreign key says so; it is no internal error."""
    with pytest.raises(InvalidTokenError):
        await services.tasks.create(Principal(subject=str(uuid4())), content())
