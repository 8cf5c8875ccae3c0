"""What requests may hold, to the last character."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from examples.todo.app.models import Priority, TaskStatus
from examples.todo.app.schemas.profile import ProfileChanges
from examples.todo.app.schemas.task import TaskChanges, TaskContent, TaskQuery
from examples.todo.app.schemas.text import fold


def content(**fields: object) -> TaskContent:
    """Return a task's content as FastAPI reads it: from Python values."""
    return TaskContent.model_validate({"title": "A task", **fields})


@pytest.mark.spec("T-6")
@pytest.mark.parametrize("title", ["a", "x" * 200, "  Water the plants \n", "👩‍👩‍👧", "مهمة"])
def test_a_title_that_can_be_read_is_taken(title: str) -> None:
    """One to two hundred characters of any script, without the space around them."""
    assert content(title=title).title == title.strip()


@pytest.mark.spec("T-6")
@pytest.mark.parametrize(
    "title",
    [
        "",
        "   ",
        "x" * 201,
        "a\nb",
        "a\x00b",
        "a\x7fb",
        "a\u2028b",
        "\ud800",
        "\u200b\u200d",
        None,
        7,
    ],
)
def test_a_title_that_cannot_be_read_is_refused(title: object) -> None:
    """Empty, too long, invisible, more than one line, or no text at all."""
    with pytest.raises(ValidationError):
        content(title=title)


@pytest.mark.spec("T-7")
def test_a_description_has_line_breaks_and_no_other_control_character() -> None:
    """Ten thousand characters with tabs and line breaks, and not one more."""
    assert content(description="a\tb\r\nc").description == "a\tb\r\nc"
    assert content().description == ""
    for bad in ("x" * 10_001, "a\x00", "\x1b[31m", "\udfff"):
        with pytest.raises(ValidationError):
            content(description=bad)


@pytest.mark.spec("T-8", "T-9")
@pytest.mark.parametrize(
    ("field", "value"),
    [("status", "Done"), ("status", 1), ("status", None), ("priority", "HIGH"), ("priority", 3)],
)
def test_a_status_and_a_priority_are_exact(field: str, value: object) -> None:
    """Neither another case nor a number stands for one."""
    with pytest.raises(ValidationError):
        content(**{field: value})


@pytest.mark.spec("T-8", "T-9")
def test_a_task_is_to_do_and_of_medium_priority_by_default() -> None:
    """The defaults are stated, not guessed."""
    assert (content().status, content().priority) == (TaskStatus.TODO, Priority.MEDIUM)


@pytest.mark.spec("T-10")
@pytest.mark.parametrize(
    "text",
    ["2030-01-31T09:00:00+01:00", "2030-01-31T08:00:00Z", "2030-01-31 08:00:00.000000z"],
)
def test_a_time_with_a_zone_is_kept_in_utc(text: str) -> None:
    """The same point in time, whatever zone it was written in."""
    assert content(due_at=text).due_at == datetime(2030, 1, 31, 8, tzinfo=UTC)


@pytest.mark.spec("T-10")
@pytest.mark.parametrize(
    "value",
    [
        "2030-01-31T09:00:00",
        "2030-01-31",
        "1700000000",
        1700000000,
        True,
        "9999-12-31T23:59:59-23:00",
        "0001-01-01T00:00:00+01:00",
        "2030-02-30T00:00:00Z",
        "2030-01-31T09:00:00+25:00",
        "٢٠٣٠-01-31T09:00:00Z",
        "tomorrow",
    ],
)
def test_a_time_that_names_no_point_in_utc_is_refused(value: object) -> None:
    """No zone, no number, no date alone, nothing beyond the calendar."""
    with pytest.raises(ValidationError):
        content(due_at=value)


@pytest.mark.spec("T-11")
def test_tags_are_normalised_and_kept_once() -> None:
    """Case, width and spaces do not make another tag."""
    tags = content(tags=[" Home ", "\uff28ome", "two  words", "two\u00a0words", "ß", "SS"]).tags
    assert tags == ["home", "two words", "ss"]


@pytest.mark.spec("T-11")
@pytest.mark.parametrize(
    "tags",
    [[""], [" "], ["x" * 51], ["ﷺ" * 3], ["a\nb"], [1], "home", [f"t{n}" for n in range(21)], None],
)
def test_tags_that_are_too_many_too_long_or_no_text_are_refused(tags: object) -> None:
    """The limits hold after normalising: three ligatures can be fifty-four characters."""
    with pytest.raises(ValidationError):
        content(tags=tags)


@pytest.mark.spec("T-11")
def test_twenty_different_tags_are_taken() -> None:
    """The limit counts different tags: a repeated one does not count."""
    assert len(content(tags=[f"t{n}" for n in range(20)] * 2).tags) == 20


@pytest.mark.spec("T-5", "T-12")
@pytest.mark.parametrize("field", ["owner_id", "id", "version", "created_at", "completed_at", "x"])
def test_a_field_that_is_not_the_persons_to_set_is_refused(field: str) -> None:
    """Neither a new task nor a change may name one."""
    with pytest.raises(ValidationError):
        content(**{field: "x"})
    with pytest.raises(ValidationError):
        TaskChanges.model_validate({"title": "A task", field: "x"})


@pytest.mark.spec("T-19")
def test_a_change_holds_only_what_was_sent() -> None:
    """A null due time is something that was sent; a missing one is not."""
    changes = TaskChanges.model_validate({"due_at": None})
    assert changes.model_dump(exclude_unset=True) == {"due_at": None}


@pytest.mark.spec("T-19")
@pytest.mark.parametrize(
    "body",
    [{}, {"title": None}, {"status": None}, {"tags": None}, {"description": None}, {"title": ""}],
)
def test_a_change_of_nothing_or_to_nothing_is_refused(body: dict[str, object]) -> None:
    """Only the due time may be null."""
    with pytest.raises(ValidationError):
        TaskChanges.model_validate(body)


@pytest.mark.spec("T-37")
@pytest.mark.parametrize(
    "query",
    [
        {"sort": "owner"},
        {"limit": "0"},
        {"status": ["x"]},
        {"q": "\x00"},
        {"page": "2"},
        {"tag": ""},
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(query: dict[str, object]) -> None:
    """A list is never answered to a question that was not understood."""
    with pytest.raises(ValidationError):
        TaskQuery.model_validate(query)


@pytest.mark.spec("T-30")
def test_search_folds_case_beyond_ascii() -> None:
    """SQLite's own LIKE would only fold A to Z."""
    assert fold("STRASSE") == fold("Straße")
    assert fold("É") == fold("e\u0301")


@pytest.mark.spec("P-4")
@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb", "\u200b", "\ud800", 1])
def test_a_display_name_that_cannot_be_read_is_refused(name: object) -> None:
    """A name is one line that can be seen."""
    with pytest.raises(ValidationError):
        ProfileChanges.model_validate({"display_name": name})


@pytest.mark.spec("P-4")
def test_a_display_name_can_be_given_and_cleared() -> None:
    """The space around it is taken off; null clears it."""
    assert ProfileChanges.model_validate({"display_name": " Ada "}).display_name == "Ada"
    assert ProfileChanges.model_validate({"display_name": None}).display_name is None


@pytest.mark.spec("P-5")
@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia"])
def test_a_zone_of_the_database_is_taken(name: str) -> None:
    """By its name, exactly."""
    assert ProfileChanges.model_validate({"time_zone": name}).time_zone == name


@pytest.mark.spec("P-5")
@pytest.mark.parametrize(
    "name",
    [
        "",
        "Mars/Olympus",
        "europe/berlin",
        "../../etc/passwd",
        "/etc/localtime",
        "Europe",
        None,
        "UTC\n",
    ],
)
def test_what_is_no_zone_is_refused(name: object) -> None:
    """A path is a name like any other: it is looked up, never opened."""
    with pytest.raises(ValidationError):
        ProfileChanges.model_validate({"time_zone": name})


@pytest.mark.spec("P-3", "P-6")
@pytest.mark.parametrize(
    "body", [{}, {"username": "x"}, {"scopes": ["tasks:admin"]}, {"roles": ["admin"]}, {"id": "x"}]
)
def test_a_profile_change_names_profile_fields_only(body: dict[str, object]) -> None:
    """Nobody gives themselves a role, and nobody changes nothing."""
    with pytest.raises(ValidationError):
        ProfileChanges.model_validate(body)
