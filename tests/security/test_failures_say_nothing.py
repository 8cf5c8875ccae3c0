"""A part that fails in a way nobody thought of: no door opens, and no answer says what failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from account_pages import NEW_PASSWORD, opened
from event_stage import Rows, Stage, Users
from fastapi_jwtkit.stores.memory import MemoryOneTimeStore, MemoryRevocationStore
from web_kits import PASSWORD, bearer

SAID = "SELECT line, ip FROM jwtkit_sessions WHERE sid = 'x' -- at db.internal:5432"
Send = Callable[[Stage], Awaitable[httpx.Response]]


async def log_in(stage: Stage) -> httpx.Response:
    """Log in."""
    return await stage.send("/login", {"username": "ann", "password": PASSWORD})


async def refresh(stage: Stage) -> httpx.Response:
    """Refresh."""
    return await stage.send("/refresh", {"refresh_token": stage.refresh})


async def log_out(stage: Stage) -> httpx.Response:
    """Log out."""
    return await stage.send("/logout", token=stage.access)


async def list_sessions(stage: Stage) -> httpx.Response:
    """List the caller's sessions."""
    return await stage.send("/sessions", token=stage.access, method="GET")


async def change_password(stage: Stage) -> httpx.Response:
    """Change the password."""
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    return await stage.send("/password/change", body, token=stage.access)


async def reset_password(stage: Stage) -> httpx.Response:
    """Open a link of a mail."""
    return await stage.reset(await stage.forgot())


async def delete_account(stage: Stage) -> httpx.Response:
    """Delete the account."""
    return await stage.send("/account/delete", {"password": PASSWORD}, token=stage.access)


NEEDS: list[tuple[Send, type, str]] = [
    (log_in, Rows, "add"),
    *((log_in, Users, verb) for verb in ("find_by_login", "find_by_id")),
    *((refresh, Rows, verb) for verb in ("find", "advance")),
    (refresh, Users, "find_by_id"),
    *((log_out, Rows, verb) for verb in ("find", "revoke")),
    (log_out, MemoryRevocationStore, "publish"),
    (list_sessions, Rows, "list"),
    *((change_password, Users, verb) for verb in ("find_by_id", "set_password_hash")),
    (change_password, Rows, "list"),
    (reset_password, MemoryOneTimeStore, "consume"),
    (delete_account, Users, "remove"),
    *((delete_account, Rows, verb) for verb in ("list", "revoke", "erase")),
    (delete_account, MemoryRevocationStore, "publish"),
]
"""What a request needs, and so must not do without."""


@pytest.mark.std(25)
@pytest.mark.parametrize(
    ("error", "status"), [(RuntimeError, 503), (KeyError, 503), (AttributeError, 500)]
)
@pytest.mark.parametrize(
    ("send", "store", "verb"), NEEDS, ids=lambda each: getattr(each, "__name__", str(each))
)
async def test_what_fails_refuses_and_tells_nobody_what_failed(
    send: Send,
    store: type,
    verb: str,
    error: type[Exception],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that is gone is a 503 to try again, a mistake in a program a bare 500."""

    async def fail(*_: Any, **__: Any) -> None:
        raise error(SAID)

    stage = Stage()
    async with opened(stage):
        await stage.begin()
        stage.client._transport = httpx.ASGITransport(stage.app, raise_app_exceptions=False)
        with monkeypatch.context() as broken:
            broken.setattr(store, verb, fail)
            answer = await send(stage)
        assert answer.status_code == status, answer.text
        said = f"{answer.text} {answer.headers}"
        for part in ("SELECT", "jwtkit_sessions", "db.internal", "Traceback", error.__name__):
            assert part not in said
        if status == 503:
            assert answer.json().keys() >= {"detail", "error_code"}
            assert int(answer.headers["retry-after"]) >= 1
        assert "access_token" not in answer.text


@pytest.mark.std(25)
async def test_a_theft_that_cannot_be_recorded_is_not_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither the thief nor the owner gets a pair while the session cannot be ended."""

    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(SAID)

    stage = Stage()
    async with opened(stage):
        await stage.begin()
        successor = await stage.rotate(stage.refresh)
        stage.clock.step(60)
        with monkeypatch.context() as broken:
            broken.setattr(Rows, "revoke", fail)
            assert (await refresh(stage)).status_code == 503
        assert not await stage.rotate(successor)
        me = await stage.client.get("/auth/me", headers=bearer(stage.access))
        assert me.status_code == 401
