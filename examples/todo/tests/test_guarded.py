"""Every route of the application is guarded, and the audit sees each guard that goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from examples.todo.app.core.config import TodoSettings
from examples.todo.app.main import create_app
from fastapi_jwtkit.testing.guarded import assert_all_guarded
from fastapi_jwtkit.web.audit import Status
from fastapi_jwtkit.web.audit_report import audit
from fastapi_jwtkit.web.guards import Guard
from fastapi_jwtkit.web.walker import _contexts


@pytest.fixture
def app(settings: TodoSettings) -> FastAPI:
    """Return the application, as it is served."""
    return create_app(settings)


@pytest.mark.spec("P-24")
def test_no_route_was_forgotten(app: FastAPI) -> None:
    """Guarded by a guard of ours, or public with a reason."""
    assert_all_guarded(app)
    rows = audit(app).rows
    own = {row.status for row in rows if row.path.startswith("/api/")}
    assert own == {Status.GUARDED}
    public = {row.path for row in rows if row.status is Status.PUBLIC}
    assert {path for path in public if not path.startswith("/auth/")} == {
        *("/docs", "/docs/oauth2-redirect", "/openapi.json", "/redoc"),
        *("/health", "/health/ready", "/.well-known/jwks.json"),
    }


def lists_with_guards(dependant: Any) -> Iterator[list[Any]]:
    """Yield each list of dependencies of a tree in which a guard is."""
    if any(isinstance(each.call, Guard) for each in dependant.dependencies):
        yield dependant.dependencies
    for each in dependant.dependencies:
        yield from lists_with_guards(each)


@pytest.mark.spec("P-24")
def test_a_guard_that_goes_is_missed_on_every_route(app: FastAPI) -> None:
    """On each in turn: the audit names that route and no other."""
    trees = [each.dependant for each in _contexts(app.routes) if hasattr(each, "dependant")]
    guarded = [found for tree in trees if tree and (found := list(lists_with_guards(tree)))]
    assert len(guarded) > len([row for row in audit(app).rows if row.path.startswith("/api/")])
    for lists in guarded:
        before = [list(each) for each in lists]
        for each in lists:
            each[:] = [inner for inner in each if not isinstance(inner.call, Guard)]
        (finding,) = audit(app).findings
        with pytest.raises(AssertionError, match="gate-only") as caught:
            assert_all_guarded(app)
        assert finding.about in str(caught.value)
        for each, whole in zip(lists, before, strict=True):
            each[:] = whole
    assert_all_guarded(app)
