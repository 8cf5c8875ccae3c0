"""A real Chromium: `.ci/run browser` installs what these tests need and runs them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, async_playwright

from todo_server import TodoServer, running_todo

CLIENT = Path(__file__).parents[2] / "docs_src" / "browser" / "client.js"


@pytest.fixture(scope="session")
def todo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TodoServer]:
    """Return the todo application as a process, its access tokens as short-lived as can be."""
    directory = tmp_path_factory.mktemp("todo")
    with running_todo(directory, TODO_TRANSPORTS="bearer,cookie", JWTKIT_ACCESS_TTL="10") as server:
        yield server


@pytest.fixture
def origin(todo: TodoServer) -> str:
    """Return where the browser reaches it: localhost counts as secure without TLS."""
    return todo.url.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def program() -> str:
    """Return the Chromium to start."""
    path = os.environ.get("JWTKIT_TEST_CHROMIUM", "/usr/bin/chromium")
    assert Path(path).is_file(), f"no Chromium at {path}: run .ci/run browser"
    return path


@pytest.fixture
async def browser(origin: str, program: str) -> AsyncIterator[BrowserContext]:
    """Return a browser without cookies, in which the origin has the documented client."""
    async with async_playwright() as playwright:
        # The sandbox needs rights that a container's root has not; every page here is ours.
        chromium = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = await chromium.new_context()
        # The one thing that the application does not serve; the rest is its own.
        await context.route(f"{origin}/client.js", lambda route: route.fulfill(path=CLIENT))
        yield context
        await chromium.close()
