"""Tables: ours, and beside them those in which the kit keeps its sessions."""

from __future__ import annotations

from examples.todo.app.models.table import Table
from examples.todo.app.models.task import Priority, Task, TaskStatus, TaskTag
from examples.todo.app.models.user import UserRow
from fastapi_jwtkit.stores.sqlalchemy import tables

__all__ = ["Priority", "Table", "Task", "TaskStatus", "TaskTag", "UserRow"]

# Here, so that whatever creates or migrates our tables sees the kit's as well.
tables(Table.metadata)
