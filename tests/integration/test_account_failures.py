"""Account flows where a part fails, or another worker has newer keys."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from account_pages import NEW_PASSWORD, Pages, opened, refused
from clocks import FakeClock
from fastapi_jwtkit.accounts import background
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.stores.memory import MemoryOneTimeStore, MemoryRevocationStore
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from mailed import EMAIL
from web_kits import PASSWORD

CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """Return an application in which ann has an account."""
    async with opened(Pages()) as pages:
        assert (await pages.register()).status_code == 201
        yield pages


def breaks(monkeypatch: pytest.MonkeyPatch, store: type, verb: str, *, after: int = 0) -> None:
    """Let a verb of a store fail, once it was called some times."""
    real, calls = getattr(store, verb), 0

    async def failing(*arguments: Any, **keywords: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise ConnectionError("down")
        return await real(*arguments, **keywords)

    monkeypatch.setattr(store, verb, failing)


async def test_where_sessions_cannot_be_ended_the_old_password_holds(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same request is made again, and does it."""
    here, there = await pages.log_in(), await pages.log_in()
    with monkeypatch.context() as broken:
        breaks(broken, MemoryRevocationStore, "publish")
        answer = await pages.send("/password/change", CHANGE, token=here)
        refused(answer, 503, "temporarily_unavailable")
        assert "retry-after" in answer.headers
    assert await pages.log_in()
    assert (await pages.send("/password/change", CHANGE, token=here)).status_code == 204
    assert not await pages.lives(there)
    assert await pages.log_in(password=NEW_PASSWORD)


@pytest.mark.parametrize(
    ("store", "verb"),
    [
        (MemoryRevocationStore, "publish"),
        (MemoryOneTimeStore, "consume"),
        (MemoryUserStore, "find_by_id"),
    ],
)
async def test_a_reset_that_fails_before_the_write_spends_no_link(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, store: type, verb: str
) -> None:
    """The person tries again with the same mail."""
    await pages.log_in()
    token = await pages.forgot()
    with monkeypatch.context() as broken:
        breaks(broken, store, verb)
        refused(await pages.reset(token), 503, "temporarily_unavailable")
    assert await pages.log_in()
    assert (await pages.reset(token)).status_code == 204
    assert await pages.log_in(password=NEW_PASSWORD)


async def test_a_reset_does_not_depend_on_the_flag_of_the_address(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The password is the new one; a link for the address can still be asked for."""
    token = await pages.forgot()
    breaks(monkeypatch, MemoryUserStore, "set_email")
    assert (await pages.reset(token)).status_code == 204
    assert await pages.log_in(password=NEW_PASSWORD)
    assert "not marked as verified" in caplog.text
    assert EMAIL not in caplog.text


async def test_a_disabling_that_could_not_be_finished_says_so(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is done by doing it again."""
    token = await pages.log_in()
    user = await pages.users.find_by_login("ann")
    assert user is not None
    with monkeypatch.context() as broken:
        breaks(broken, MemoryRevocationStore, "publish")
        with pytest.raises(Exception, match="publish"):
            await pages.kit.accounts.disable(user.id)
    (failed,) = pages.heard.of(EventName.USER_DISABLED)
    assert (failed.outcome, failed.reason) == (False, "revocation_publish_failed")
    assert await pages.kit.accounts.disable(user.id)
    assert not await pages.lives(token)


async def test_a_notice_that_finds_no_place_breaks_nothing(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The password is changed already; the event tells of the mail."""
    token = await pages.log_in()
    monkeypatch.setattr(background, "MAX_WAITING", 0)
    with caplog.at_level(logging.WARNING):
        assert (await pages.send("/password/change", CHANGE, token=token)).status_code == 204
    assert "a notice was not sent" in caplog.text
    (event,) = pages.heard.of(EventName.MAIL_FAILED)
    assert event.reason == "background_work_full"


async def test_a_user_who_is_gone_proves_nothing(pages: Pages) -> None:
    """Their token may still be good for a while, where the kit did not remove them."""
    token = await pages.log_in()
    user = await pages.users.find_by_login("ann")
    assert user is not None
    assert await pages.users.remove(user.id)
    for path, body in (
        ("/password/change", CHANGE),
        ("/email/change", {"email": "new@example.com", "password": PASSWORD}),
        ("/email/change", {"email": "new@example.com"}),
        ("/account/delete", {"password": PASSWORD}),
    ):
        refused(await pages.send(path, body, token=token), 401, "invalid_credentials")


async def test_a_disabled_user_proves_nothing(pages: Pages) -> None:
    """Not even with the right password."""
    user = await pages.users.find_by_login("ann")
    assert user is not None
    await pages.users.set_active(user.id, False)  # noqa: FBT003 - the port's
    for password in (SecretStr(PASSWORD), None):
        with pytest.raises(Exception, match="disabled"):
            await pages.kit.accounts.request_email_change(
                user.id, "new@example.com", password=password, auth_time=int(pages.clock.now())
            )


@pytest.mark.parametrize("newer", ["keys", "secrets"])
async def test_a_link_that_another_worker_made_with_newer_keys_is_known(
    tmp_path: Path, newer: str
) -> None:
    """They are read anew for it, though the last look was just now."""
    now = FakeClock().now()
    rings: dict[str, KeyRing | SecretRing] = {
        "keys": KeyRing.generate(now=now),
        "secrets": SecretRing.generate(now=now),
    }

    def write() -> None:
        for name, ring in rings.items():
            (tmp_path / name).write_text(ring.to_text())
            (tmp_path / name).chmod(0o600)

    files = {"keys_file": tmp_path / "keys", "refresh_secrets_file": tmp_path / "secrets"}
    settings = {**files, "keys": None, "refresh_secrets": None, "issuer": "https://a.example"}
    users = MemoryUserStore()

    def worker() -> Pages:
        return Pages(parts={"users": users}, **settings)

    write()
    async with opened(worker()) as first:
        await first.register()
        await first.forgot()
        rings[newer] = type(rings[newer]).generate(now=now)
        write()
        async with opened(worker()) as second:
            token = await second.forgot()
        assert (await first.reset(token)).status_code == 204
