"""What services refuse, as HTTP answers: one table, one body, one handler."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from examples.todo.app.services import errors
from fastapi_jwtkit.web.schemas import JWTKitErrorBody

__all__ = ["ANSWERS", "Answer", "describe", "install_errors"]

logger = logging.getLogger("examples.todo")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, code, sentence and headers of one kind of refusal."""

    status: int
    error_code: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)


ANSWERS: Mapping[type[errors.TodoError], Answer] = {
    errors.TaskNotFoundError: Answer(404, "task_not_found", "There is no such task."),
    errors.PreconditionFailedError: Answer(
        412, "precondition_failed", "The task has changed: read it again, then retry."
    ),
    errors.PreconditionRequiredError: Answer(
        428, "precondition_required", "Send If-Match with the ETag of what you replace."
    ),
    errors.InvalidCursorError: Answer(
        422, "invalid_cursor", "The cursor is not one that this list gave for this sort."
    ),
}
"""Every error of the services has a row here; a test walks them."""

_UNAVAILABLE = Answer(
    503,
    "temporarily_unavailable",
    "The service cannot answer now. Try again.",
    {"Retry-After": "1"},
)

_DESCRIPTIONS: Mapping[int, str] = {
    404: "No such task of this person.",
    412: "`If-Match` names another version than the present one.",
    428: "`If-Match` is missing.",
    503: "Something the answer needs cannot be had now.",
}


def describe(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI ``responses`` for these statuses, in the one error schema.

    401, 403 and 422 are not named: the kit adds them where they can happen.
    """
    return {
        status: {"description": _DESCRIPTIONS[status], "model": JWTKitErrorBody}
        for status in statuses
    }


def install_errors(app: FastAPI) -> None:
    """Let the application answer what services refuse."""
    app.add_exception_handler(errors.TodoError, _refuse)
    app.add_exception_handler(OperationalError, _excuse)
    app.add_exception_handler(PoolTimeoutError, _excuse)


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    del request
    return _render(next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS))


async def _excuse(request: Request, error: Exception) -> JSONResponse:
    # The message may hold SQL and its parameters: the kind of error is all that is logged.
    logger.error("database failed on %s: %s", request.url.path, type(error).__name__)
    return _render(_UNAVAILABLE)


def _render(answer: Answer) -> JSONResponse:
    body = JWTKitErrorBody(detail=answer.detail, error_code=answer.error_code)
    return JSONResponse(body.model_dump(), status_code=answer.status, headers=dict(answer.headers))
