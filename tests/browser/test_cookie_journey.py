"""Cookies in a real Chromium: log in, act, expire in two tabs, log out, and be attacked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, Request

from todo_server import TodoServer

PASSWORD = "correct horse battery staple"
ACCESS = "__Host-jwtkit-access"
REFRESH = "__Secure-jwtkit-refresh"
CSRF = "__Host-jwtkit-csrf"
TASKS = "/api/v1/tasks"


@pytest.fixture
def ada(todo: TodoServer) -> str:
    """Return the name of somebody with an account."""
    name = f"ada-{uuid4().hex[:8]}"
    body = {"username": name, "password": PASSWORD}
    answer = httpx.post(f"{todo.url}/auth/register", json=body, trust_env=False)
    assert answer.status_code == 201, answer.text
    return name


@pytest.fixture
def evil_port() -> Iterator[int]:
    """Serve a page that posts an empty form to the address in its query, if there is one."""

    class Evil(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = self.path.partition("?")[2]
            onload = "document.forms[0].submit()" if target else ""
            page = f'<body onload="{onload}"><form method=post action="{target}">'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


async def open_tab(browser: BrowserContext, origin: str) -> Page:
    """Return a tab on the application's origin."""
    tab = await browser.new_page()
    await tab.goto(f"{origin}/health")
    return tab


async def run(tab: Page, script: str, argument: Any = None) -> Any:
    """Run a script with the documented client as ``jwtkit``."""
    wrapped = f"async (given) => {{ const jwtkit = await import('/client.js'); {script} }}"
    return await tab.evaluate(wrapped, argument)


async def log_in(tab: Page, login: str) -> None:
    """Log in by the documented client."""
    script = "const a = await jwtkit.logIn(given[0], given[1]); return [a.status, await a.text()]"
    status, text = await run(tab, script, [login, PASSWORD])
    assert status == 200, text
    assert "jkr_" not in text
    assert "access_token" not in text


async def call(tab: Page, path: str, **options: Any) -> int:
    """Call the application by the documented client and return the status."""
    script = "return (await jwtkit.call(given[0], given[1])).status"
    status: int = await run(tab, script, [path, options])
    return status


async def cookies_of(browser: BrowserContext) -> dict[str, Any]:
    """Return what the browser keeps, by name."""
    return {cookie["name"]: cookie for cookie in await browser.cookies()}  # type: ignore[typeddict-item]


async def test_two_tabs_live_through_login_expiry_and_logout(
    browser: BrowserContext, origin: str, ada: str
) -> None:
    """One refresh serves both, whatever they ask at once, and nobody is logged out."""
    refreshes: list[Request] = []
    one, two = await open_tab(browser, origin), await open_tab(browser, origin)
    browser.on("request", lambda r: refreshes.append(r) if r.url.endswith("/refresh") else None)
    assert await call(one, TASKS) == 401
    assert len(refreshes) == 1
    await log_in(one, ada)
    kept = await cookies_of(browser)
    assert kept.keys() == {ACCESS, REFRESH, CSRF}
    assert {name for name in kept if kept[name]["httpOnly"]} == {ACCESS, REFRESH}
    assert all(cookie["secure"] for cookie in kept.values())
    visible = await one.evaluate("document.cookie")
    assert visible.startswith(f"{CSRF}=")
    assert "jkr_" not in visible
    task = {"method": "POST", "headers": {"Content-Type": "application/json"}}
    assert await call(one, TASKS, **task, body='{"title": "milk"}') == 201
    assert await call(two, TASKS) == 200
    assert len(refreshes) == 1

    while ACCESS in await cookies_of(browser):  # for ten seconds: the browser lets go of it
        await one.wait_for_timeout(100)
    many = [call(tab, TASKS) for tab in (one, two) for _ in range(5)]
    assert await asyncio.gather(*many) == [200] * 10
    assert len(refreshes) == 2
    assert (await cookies_of(browser))[REFRESH]["value"] != kept[REFRESH]["value"]

    assert await run(two, "return (await jwtkit.logOut()).status") == 204
    assert await cookies_of(browser) == {}
    assert await call(one, TASKS) == 401


async def test_tabs_that_race_without_a_lock_are_all_answered(
    browser: BrowserContext, origin: str, ada: str
) -> None:
    """The lock spares requests; the grace window is what keeps people logged in."""
    tabs = [await open_tab(browser, origin) for _ in range(2)]
    await log_in(tabs[0], ada)
    script = """
      const token = document.cookie.split("=").slice(1).join("=");
      const options = { method: "POST", headers: { "X-CSRF-Token": token } };
      const all = [1, 2, 3].map(() => fetch("/auth/refresh", options));
      return (await Promise.all(all)).map((answer) => answer.status);
    """
    statuses = await asyncio.gather(*(run(tab, script) for tab in tabs))
    assert statuses == [[200] * 3] * 2
    assert [await call(tab, TASKS) for tab in tabs] == [200, 200]
    assert await run(tabs[0], script) == [200] * 3


@pytest.mark.std(85)
@pytest.mark.attack(18)
@pytest.mark.parametrize("path", ["/auth/logout", "/auth/logout-all", "/auth/refresh"])
@pytest.mark.parametrize(
    ("host", "refusals"),
    [
        # Another site: SameSite keeps the cookies out, so it is a stranger's request.
        ("127.0.0.1", {"not_authenticated", "invalid_request"}),
        # Another origin of the same site: every cookie is in, and the origin gives it away.
        ("localhost", {"csrf_failed"}),
    ],
)
async def test_a_form_of_another_origin_is_refused(
    browser: BrowserContext,
    origin: str,
    ada: str,
    evil_port: int,
    host: str,
    path: str,
    refusals: set[str],
) -> None:
    """The visitor stays logged in, and the session untouched."""
    tab = await open_tab(browser, origin)
    await log_in(tab, ada)
    before = await cookies_of(browser)
    evil = await browser.new_page()
    async with evil.expect_response(f"{origin}{path}") as posted:
        await evil.goto(f"http://{host}:{evil_port}/?{origin}{path}")
    answer = await posted.value
    sent = await answer.request.all_headers()
    assert sent["origin"] == f"http://{host}:{evil_port}"
    assert (REFRESH in sent.get("cookie", "")) == (host == "localhost")
    assert answer.status in {400, 401, 403}
    assert (await answer.json())["error_code"] in refusals
    assert await cookies_of(browser) == before
    assert await call(tab, TASKS) == 200


async def test_a_page_of_another_origin_can_read_neither_token_nor_answer(
    browser: BrowserContext, origin: str, ada: str, evil_port: int
) -> None:
    """On another host it does not see the CSRF cookie; its requests are not let in."""
    tab = await open_tab(browser, origin)
    await log_in(tab, ada)
    evil = await browser.new_page()
    await evil.goto(f"http://127.0.0.1:{evil_port}/")
    assert await evil.evaluate("document.cookie") == ""
    script = """async (url) => {
      const options = { method: "POST", credentials: "include", headers: { "X-CSRF-Token": "x" } };
      try { return (await fetch(url, options)).status } catch (error) { return error.name }
    }"""
    assert await evil.evaluate(script, f"{origin}/auth/logout") == "TypeError"
    assert await call(tab, TASKS) == 200
