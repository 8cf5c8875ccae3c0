"""Tasks as they travel."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, model_validator

from examples.todo.app.models import Priority, TaskStatus
from examples.todo.app.schemas.text import (
    DescriptionText,
    SearchText,
    Tag,
    TitleText,
    UtcTime,
)

__all__ = [
    "AdminTaskQuery",
    "TaskChanges",
    "TaskContent",
    "TaskOut",
    "TaskPage",
    "TaskQuery",
    "TaskSort",
]

MAX_TAGS = 20
MAX_PAGE = 100


def _once_each(tags: list[str]) -> list[str]:
    unique = list(dict.fromkeys(tags))
    if len(unique) > MAX_TAGS:
        message = f"must be at most {MAX_TAGS} different tags"
        raise ValueError(message)
    return unique


# An enum or a time arrives as text, which strict mode takes from JSON bytes only, while
# FastAPI hands over what it has already parsed: these two are read leniently, and are
# strict by themselves (a member's exact value; RFC 3339 text).
StatusField = Annotated[TaskStatus, Strict(strict=False)]
PriorityField = Annotated[Priority, Strict(strict=False)]
Tags = Annotated[list[Tag], Field(max_length=10 * MAX_TAGS), AfterValidator(_once_each)]


class TaskContent(BaseModel):
    """Everything a person says about a task: the body of POST and PUT."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    title: TitleText
    description: DescriptionText = ""
    status: StatusField = TaskStatus.TODO
    priority: PriorityField = Priority.MEDIUM
    due_at: UtcTime | None = None
    tags: Tags = Field(default_factory=list)


class TaskChanges(BaseModel):
    """What PATCH changes: a field that is left out stays as it is.

    Only ``due_at`` may be null, which clears it. The defaults are never read: what was
    not sent is not in ``model_dump(exclude_unset=True)``.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    title: TitleText = Field(default_factory=str)
    description: DescriptionText = Field(default_factory=str)
    status: StatusField = Field(default_factory=lambda: TaskStatus.TODO)
    priority: PriorityField = Field(default_factory=lambda: Priority.MEDIUM)
    due_at: UtcTime | None = Field(default_factory=lambda: None)
    tags: Tags = Field(default_factory=list)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            message = "must name at least one field to change"
            raise ValueError(message)
        return self


class TaskOut(BaseModel):
    """A task as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    owner_id: str
    title: str
    description: str
    status: TaskStatus
    priority: Priority
    due_at: datetime | None
    tags: list[str]
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    version: int


class TaskPage(BaseModel):
    """One page of a list; ``next_cursor`` is null on the last one."""

    items: list[TaskOut]
    next_cursor: str | None


class TaskSort(StrEnum):
    """How a list is sorted; a minus sign turns the order round. No due time comes last."""

    CREATED = "created_at"
    NEWEST = "-created_at"
    UPDATED = "updated_at"
    LATEST_UPDATED = "-updated_at"
    DUE = "due_at"
    LATEST_DUE = "-due_at"
    PRIORITY = "priority"
    HIGHEST_PRIORITY = "-priority"
    TITLE = "title"
    TITLE_REVERSED = "-title"

    @property
    def field(self) -> str:
        """Name of the field that is compared."""
        return self.value.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.value.startswith("-")


class TaskQuery(BaseModel):
    """What a list is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: list[TaskStatus] = Field(
        default_factory=list, max_length=len(TaskStatus), description="Any of these; repeatable."
    )
    priority: Priority | None = None
    tag: Tag | None = None
    due_after: UtcTime | None = Field(default=None, description="Due at this time or later.")
    due_before: UtcTime | None = Field(default=None, description="Due earlier than this.")
    q: SearchText = Field(default="", description="Text in title or description, in any case.")
    sort: TaskSort = TaskSort.NEWEST
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(
        default=None, max_length=8192, description="`next_cursor` of the page before."
    )


class AdminTaskQuery(TaskQuery):
    """What an admin's list is asked for."""

    owner_id: UUID | None = Field(default=None, description="Only this person's tasks.")
