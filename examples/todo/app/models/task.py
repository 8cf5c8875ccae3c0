"""Tasks and their tags."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Dialect, Enum, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from examples.todo.app.models.table import ID_CHARACTERS, Table, UtcDateTime, new_id

__all__ = ["Priority", "Task", "TaskStatus", "TaskTag"]


class TaskStatus(StrEnum):
    """How far a task is."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    DONE = "done"


class Priority(StrEnum):
    """How much a task matters, least first: the order of the members is their rank."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class _PriorityRank(TypeDecorator[Priority]):
    """Stored as a number, so that ``urgent`` sorts above ``high`` and not by its letters."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Priority | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else list(Priority).index(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Priority | None:
        del dialect
        return None if value is None else list(Priority)[value]


class Task(Table):
    """One task.

    ``version`` counts changes: it is the ETag, and the condition of every conditional
    write. The ``*_folded`` columns hold what search and sort compare.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        Index(None, "owner_id", "created_at", "id"),
        Index(None, "owner_id", "due_at", "id"),
        Index(None, "owner_id", "status", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_CHARACTERS), primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(Text)
    title_folded: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    description_folded: Mapped[str] = mapped_column(Text)
    status: Mapped[TaskStatus] = mapped_column(
        Enum(TaskStatus, native_enum=False, values_callable=lambda kind: [m.value for m in kind])
    )
    priority: Mapped[Priority] = mapped_column(_PriorityRank)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    tag_rows: Mapped[list[TaskTag]] = relationship(
        order_by="TaskTag.position", lazy="selectin", passive_deletes=True
    )

    @property
    def tags(self) -> list[str]:
        """Tags in the order in which they were given."""
        return [row.tag for row in self.tag_rows]


class TaskTag(Table):
    """One tag of one task."""

    __tablename__ = "task_tags"

    task_id: Mapped[str] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(String(50), primary_key=True, index=True)
    position: Mapped[int]
