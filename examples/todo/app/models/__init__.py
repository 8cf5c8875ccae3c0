"""Tables."""

from __future__ import annotations

from examples.todo.app.models.table import Table
from examples.todo.app.models.task import Priority, Task, TaskStatus, TaskTag
from examples.todo.app.models.user import UserRow

__all__ = ["Priority", "Table", "Task", "TaskStatus", "TaskTag", "UserRow"]
