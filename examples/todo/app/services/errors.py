"""What services refuse. HTTP numbers live in ``api/v1/errors.py``.

Where the refusal is about who is calling, services raise the kit's own errors, which
bring their challenge along.
"""

from __future__ import annotations

__all__ = [
    "InvalidCursorError",
    "PreconditionFailedError",
    "PreconditionRequiredError",
    "TaskNotFoundError",
    "TodoError",
]


class TodoError(Exception):
    """Root of what services raise; never raised itself."""


class TaskNotFoundError(TodoError):
    """There is no such task of this person; somebody else's reads the same."""


class PreconditionFailedError(TodoError):
    """The task is not at a version that the caller expects: somebody changed it."""


class PreconditionRequiredError(TodoError):
    """A full replacement must say which version it replaces (RFC 6585 3)."""


class InvalidCursorError(TodoError):
    """The cursor is not one that this list gave, or belongs to another sort order."""
