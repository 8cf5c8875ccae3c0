"""Tasks, below the web."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from examples.todo.app.models import Priority, Task, TaskStatus
from examples.todo.app.schemas.task import TaskChanges, TaskContent, TaskQuery, TaskSort
from examples.todo.app.services.errors import (
    InvalidCursorError,
    PreconditionFailedError,
    TaskNotFoundError,
)
from examples.todo.app.services.paging import read_cursor
from examples.todo.app.services.task_service import TaskService
from examples.todo.tests.below import Services
from fastapi_jwtkit import Principal
from fastapi_jwtkit.errors import AccessDeniedError, InvalidTokenError

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def content(title: str = "A task", **fields: object) -> TaskContent:
    """Return what a person says about a task."""
    return TaskContent.model_validate({"title": title, **fields})


def changes(**fields: object) -> TaskChanges:
    """Return what a person changes about a task."""
    return TaskChanges.model_validate(fields)


async def titles(services: Services, who: Principal, **query: object) -> list[str]:
    """Return the titles of a whole list, page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = await services.tasks.list(
            who, TaskQuery.model_validate({"limit": 2, **query, "cursor": cursor})
        )
        found += [task.title for task in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


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
    bodies = [
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


@pytest.mark.spec("T-28")
async def test_filters_must_all_hold(services: Services) -> None:
    """Any of the statuses, and the priority, and the tag as it is normalised."""
    ada = await services.person("ada")
    for title, status, priority, tags in (
        ("one", "todo", "high", ["home", "garden"]),
        ("two", "in_progress", "high", ["home"]),
        ("three", "done", "low", ["home"]),
        ("four", "todo", "high", []),
    ):
        made = content(title, status=status, priority=priority, tags=tags)
        await services.tasks.create(ada, made)
    found = await titles(
        services, ada, status=["todo", "done"], priority="high", tag=" HOME ", sort="title"
    )
    assert found == ["one"]
    assert await titles(services, ada, tag="home", sort="title") == ["one", "three", "two"]
    assert await titles(services, ada, status=["todo", "done"], sort="title") == [
        "four",
        "one",
        "three",
    ]


@pytest.mark.spec("T-29")
async def test_a_range_of_due_times_is_half_open(services: Services) -> None:
    """So that neighbouring ranges neither miss nor repeat a task."""
    ada = await services.person("ada")
    for hour in (8, 9, 10):
        await services.tasks.create(ada, content(str(hour), due_at=f"2030-01-01T{hour:02}:00:00Z"))
    await services.tasks.create(ada, content("never"))
    nine, ten = "2030-01-01T10:00:00+01:00", "2030-01-01T10:00:00Z"
    assert await titles(services, ada, due_after=nine, due_before=ten) == ["9"]
    assert await titles(services, ada, due_after=nine, sort="due_at") == ["9", "10"]
    assert await titles(services, ada, due_before=nine) == ["8"]


@pytest.mark.spec("T-30")
@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("100%", ["100% sure"]),
        ("%", ["100% sure"]),
        ("_", ["snake_case"]),
        ("\\", ["back\\slash"]),
        ("STRASSE", ["Große Straße"]),
        ("groSSe", ["Große Straße"]),
        (" long ", ["snake_case"]),
        ("/", []),
        ("'; DROP TABLE tasks; --", []),
    ],
)
async def test_free_text_is_looked_for_as_it_is(
    services: Services, q: str, expected: list[str]
) -> None:
    """In title and description, in any case, and without wildcards."""
    ada = await services.person("ada")
    for title in ("100% sure", "Große Straße", "back\\slash"):
        await services.tasks.create(ada, content(title))
    await services.tasks.create(ada, content("snake_case", description="A LONG story"))
    assert await titles(services, ada, q=q) == expected


@pytest.mark.spec("T-31", "T-32")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("created_at", ["b", "C", "a", "D"]),
        ("-created_at", ["D", "a", "C", "b"]),
        ("updated_at", ["C", "a", "D", "b"]),
        ("-updated_at", ["b", "D", "a", "C"]),
        ("title", ["a", "b", "C", "D"]),
        ("-title", ["D", "C", "b", "a"]),
        ("priority", ["D", "b", "a", "C"]),
        ("-priority", ["C", "a", "b", "D"]),
        ("due_at", ["a", "C", "b", "D"]),
        ("-due_at", ["C", "a", "b", "D"]),
    ],
)
async def test_each_order_is_what_it_says(
    services: Services, sort: str, expected: list[str]
) -> None:
    """Priority by rank, title without case, no due time at the end either way."""
    clock = [NOON]
    tasks = TaskService(services.database.sessions, now=lambda: clock[0])
    ada = await services.person("ada")
    made = {}
    for title, priority, due in (
        ("b", "medium", None),
        ("C", "urgent", "2030-01-02T00:00:00Z"),
        ("a", "high", "2030-01-01T00:00:00Z"),
        ("D", "low", None),
    ):
        clock[0] += timedelta(seconds=1)
        made[title] = await tasks.create(ada, content(title, priority=priority, due_at=due))
    clock[0] += timedelta(seconds=1)
    await tasks.change(ada, made["b"].id, changes(description="touched"), expected=None)
    found = await titles(services, ada, sort=sort)
    if sort.endswith("due_at"):  # b and D tie: their ids decide, the same way each time
        assert found[:2] == expected[:2]
        assert set(found[2:]) == {"b", "D"}
    else:
        assert found == expected


@pytest.mark.spec("T-34")
@pytest.mark.parametrize("sort", list(TaskSort))
@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_pages_show_each_task_exactly_once(
    services: Services, sort: TaskSort, limit: int
) -> None:
    """With every value tied several times, and with due times and without."""
    tasks = TaskService(services.database.sessions, now=lambda: NOON)
    ada = await services.person("ada")
    made = []
    for number in range(12):
        due = None if number % 3 else f"2030-01-0{1 + number % 2}T00:00:00Z"
        title, priority = "AaB"[number % 3], list(Priority)[number % 4]
        task = await tasks.create(ada, content(title, priority=priority, due_at=due))
        made.append(task.id)
    whole = await tasks.list(ada, TaskQuery(sort=sort))
    seen: list[str] = []
    cursor = None
    while True:
        page = await tasks.list(ada, TaskQuery(sort=sort, limit=limit, cursor=cursor))
        seen += [task.id for task in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [task.id for task in whole.items]
    assert sorted(seen) == sorted(made)


@pytest.mark.spec("T-34")
async def test_the_longest_title_fits_in_a_cursor(services: Services) -> None:
    """A cursor that we give is one that we take."""
    ada = await services.person("ada")
    for _ in range(2):
        await services.tasks.create(ada, content("\U0001d160" * 200))
    assert len(await titles(services, ada, sort="title", limit=1)) == 2


@pytest.mark.spec("T-35")
async def test_what_comes_and_goes_between_pages_hides_nothing(services: Services) -> None:
    """The page starts after a position, so it does not slip when rows do."""
    ada = await services.person("ada")
    made = {title: await services.tasks.create(ada, content(title)) for title in "bdfh"}
    query = TaskQuery(sort=TaskSort.TITLE, limit=2)
    first = await services.tasks.list(ada, query)
    await services.tasks.remove(ada, made["b"].id, expected=None)
    await services.tasks.remove(ada, made["d"].id, expected=None)
    await services.tasks.create(ada, content("a"))
    rest = await services.tasks.list(ada, query.model_copy(update={"cursor": first.next_cursor}))
    assert [task.title for task in rest.items] == ["f", "h"]


@pytest.mark.spec("T-36")
async def test_a_cursor_of_another_sort_is_refused(services: Services) -> None:
    """Its value would be compared with another column."""
    ada = await services.person("ada")
    for title in "ab":
        await services.tasks.create(ada, content(title))
    page = await services.tasks.list(ada, TaskQuery(sort=TaskSort.TITLE, limit=1))
    with pytest.raises(InvalidCursorError):
        await services.tasks.list(ada, TaskQuery(sort=TaskSort.CREATED, cursor=page.next_cursor))


def forged(text: str) -> str:
    """Return a cursor that holds this text."""
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


ID = str(uuid4())


@pytest.mark.spec("T-36")
@pytest.mark.parametrize(
    ("sort", "cursor"),
    [
        ("title", ""),
        ("title", "not base64!"),
        ("title", "é"),
        ("title", "A"),
        ("title", forged("")),
        ("title", forged("[]")),
        ("title", forged("[" * 3000)),
        ("title", forged("9" * 5000)),
        ("title", forged(f'[2,"title","a","{ID}"]')),
        ("title", forged('[1,"title","a","x"]')),
        ("title", forged('[1,"title","a",7]')),
        ("title", forged(f'[1,"title",null,"{ID}"]')),
        ("title", forged(f'[1,"title",["a"],"{ID}"]')),
        ("title", forged(f'[1,"title","\\ud800","{ID}"]')),
        ("priority", forged(f'[1,"priority",3,"{ID}"]')),
        ("priority", forged(f'[1,"priority",{10**30},"{ID}"]')),
        ("priority", forged(f'[1,"priority",NaN,"{ID}"]')),
        ("due_at", forged(f'[1,"due_at","2030-01-01","{ID}"]')),
        ("due_at", forged(f'[1,"due_at","9999-12-31T23:59:59-23:00","{ID}"]')),
        ("created_at", forged(f'[1,"created_at",null,"{ID}"]')),
        ("created_at", forged(f'{{"a":1,"b":2,"c":3,"d":"{ID}"}}')),
    ],
)
def test_a_forged_cursor_is_refused(sort: str, cursor: str) -> None:
    """Whatever it holds: it is read as input, not as something that we wrote."""
    with pytest.raises(InvalidCursorError):
        read_cursor(cursor, TaskSort(sort))


@pytest.mark.spec("T-42")
async def test_a_task_of_an_account_that_is_gone_is_refused(services: Services) -> None:
    """The foreign key says so; it is no internal error."""
    with pytest.raises(InvalidTokenError):
        await services.tasks.create(Principal(subject=str(uuid4())), content())
