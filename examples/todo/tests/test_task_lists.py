"""Lists of tasks, below the web: filters, orders, pages."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from examples.todo.app.models import Priority
from examples.todo.app.schemas.task import TaskQuery, TaskSort
from examples.todo.app.services.errors import (
    InvalidCursorError,
)
from examples.todo.app.services.paging import read_cursor
from examples.todo.app.services.task_service import TaskService
from examples.todo.tests.below import Services, changes, content, titles

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


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


ID = "0b5f1c1e-7d0a-4a9e-9a43-6c1f7f0f5a10"


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
