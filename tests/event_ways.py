"""What has to happen in an application so that each event is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from account_pages import NEW_PASSWORD
from event_stage import Secrets, Stage
from fastapi_jwtkit.mail import MailKind
from web_kits import PASSWORD

WRONG = "a rather wrong password"

Way = Callable[[Stage], Awaitable[None]]


async def log_in(stage: Stage) -> None:
    """Log in."""
    await stage.pair()


async def log_in_wrongly(stage: Stage) -> None:
    """Guess a password, and present a user who is gone."""
    await stage.log_in(password=WRONG)
    user = await stage.users_store.find_by_login("ann")
    assert user is not None
    await stage.tried(stage.kit.open_session(replace(user, id="gone"), amr=("swk",)))


async def guess(stage: Stage) -> None:
    """Guess until it is too much."""
    for _ in range(6):
        await stage.send("/login", {"username": "ann", "password": WRONG})


async def forge_requests(stage: Stage) -> None:
    """Log somebody in from a page of another site, and log ann out without her CSRF token."""
    body = {"username": "ann", "password": PASSWORD, "transport": "cookie"}
    evil = {"Origin": "https://evil.example"}
    await stage.client.post("/auth/login", json=body, headers=evil)
    answer = await stage.send("/login", body)
    cookies = [line.partition(";")[0] for line in answer.headers.get_list("set-cookie")]
    await stage.client.post("/auth/logout", headers={"Cookie": "; ".join(cookies)})


async def log_out_wrongly(stage: Stage) -> None:
    """Log out with a made-up refresh token, and with a made-up cookie."""
    await stage.send("/logout", {"refresh_token": "jkr_made.up"})
    await stage.client.post("/auth/logout", headers={"Cookie": "__Host-jwtkit-access=made.up"})


async def use_old_token(stage: Stage) -> None:
    """Present an access token that ran out."""
    stage.clock.step(700)
    await stage.me(stage.access)


async def use_revoked_token(stage: Stage) -> None:
    """Present an access token of a session that was ended."""
    await stage.send("/logout", token=stage.access)
    await stage.me(stage.access)


async def steal(stage: Stage) -> None:
    """Present a refresh token long after its successor was used."""
    second = await stage.rotate(stage.refresh)
    stage.clock.step(60)
    await stage.rotate(second)
    await stage.rotate(stage.refresh)


async def refresh(stage: Stage) -> None:
    """Refresh."""
    assert await stage.rotate(stage.refresh)


async def refresh_wrongly(stage: Stage) -> None:
    """Refresh with a made-up token, and with one of a session that is over."""
    await stage.rotate("jkr_made.up")
    await stage.kit.close_all(stage.user_id)
    await stage.rotate(stage.refresh)


async def replay(stage: Stage) -> None:
    """Race with oneself."""
    await stage.rotate(stage.refresh)
    await stage.rotate(stage.refresh)


async def replay_thrice(stage: Stage) -> None:
    """Race with somebody else, refresh after refresh."""
    token = stage.refresh
    for _ in range(4):
        spent, token = token, await stage.rotate(token)
        await stage.rotate(spent)


async def fall_behind(stage: Stage) -> None:
    """Restore the store from a backup."""
    backup = stage.rows._rows[stage.kit.realm, stage.sid]
    token = await stage.rotate(stage.refresh)
    stage.rows.memory = backup
    assert await stage.rotate(token)


async def log_out(stage: Stage) -> None:
    """Log out."""
    await stage.send("/logout", token=stage.access)


async def log_out_half(stage: Stage) -> None:
    """Log out while the store is gone."""
    stage.rows.is_broken = True
    assert (await stage.send("/logout", token=stage.access)).status_code == 503


async def expire_claims(stage: Stage) -> None:
    """Change roles, and once more while the store is gone."""
    await stage.kit.expire_claims(stage.user_id)
    stage.rows.is_broken = True
    await stage.tried(stage.kit.expire_claims(stage.user_id))


async def erase(stage: Stage) -> None:
    """Erase ann, and try to while the store is gone."""
    await stage.kit.erase(stage.user_id)
    stage.rows.is_broken = True
    await stage.tried(stage.kit.erase(stage.user_id))


async def register(stage: Stage) -> None:
    """Register somebody, and the same once more."""
    await stage.register("bob")
    await stage.register("bob")


async def upgrade(stage: Stage) -> None:
    """Log in with a password whose hash is an old one."""
    user = await stage.users_store.find_by_login("ann")
    assert user is not None
    assert user.password_hash is not None
    stage.hasher.outdated.add(user.password_hash)
    await stage.pair()


async def change_password(stage: Stage) -> None:
    """Change the password."""
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    await stage.send("/password/change", body, token=stage.access)


async def change_password_wrongly(stage: Stage) -> None:
    """Change the password without knowing it."""
    body = {"current_password": WRONG, "new_password": NEW_PASSWORD}
    await stage.send("/password/change", body, token=stage.access)


async def forget_password(stage: Stage) -> None:
    """Ask for a reset for an address that is known, and one that is not."""
    for email in ("ann@example.com", "nobody@example.com"):
        await stage.send("/password/forgot", {"email": email})


async def reauthenticate(stage: Stage) -> None:
    """End another session, which needs proof."""
    await stage.pair()
    (_, other) = await stage.kit.list_sessions(stage.user_id)
    await stage.send(f"/sessions/{other.sid}", token=stage.access, method="DELETE")


async def reauthenticate_wrongly(stage: Stage) -> None:
    """End another session with a wrong password."""
    await stage.send("/sessions/other", {"password": WRONG}, token=stage.access, method="DELETE")


async def open_link_twice(stage: Stage) -> None:
    """Use a link twice, and a made-up one."""
    token = await stage.forgot()
    for raw in (token, token, "made-up"):
        await stage.reset(raw)


async def ask_for_verification(stage: Stage) -> None:
    """Ask for a link for an address that is known, and one that is not."""
    for email in ("ann@example.com", "nobody@example.com"):
        await stage.send("/email/verify-request", {"email": email})


async def verify_email(stage: Stage) -> None:
    """Open the link of the registration."""
    token = await stage.post.token(stage.kit, MailKind.VERIFY_EMAIL)
    await stage.send("/email/verify", {"token": token})


async def ask_for_email_change(stage: Stage) -> None:
    """Ask for another address."""
    body = {"email": "new@example.com", "password": PASSWORD}
    await stage.send("/email/change", body, token=stage.access)


async def change_email(stage: Stage) -> None:
    """Ask for another address and open the link."""
    await ask_for_email_change(stage)
    token = await stage.post.token(stage.kit, MailKind.CHANGE_EMAIL)
    await stage.send("/email/change/confirm", {"token": token})


async def disable(stage: Stage) -> None:
    """Disable ann, and try to while the user store is gone."""
    await stage.kit.accounts.disable(stage.user_id)
    stage.users_store.is_broken = True
    await stage.tried(stage.kit.accounts.disable(stage.user_id))


async def enable(stage: Stage) -> None:
    """Enable ann, and try to while the user store is gone."""
    await stage.kit.accounts.enable(stage.user_id)
    stage.users_store.is_broken = True
    await stage.tried(stage.kit.accounts.enable(stage.user_id))


async def delete(stage: Stage) -> None:
    """Let ann delete her account, which fails the first time."""
    stage.users_store.is_broken = True
    body = {"password": PASSWORD}
    await stage.send("/account/delete", body, token=stage.access)
    stage.users_store.is_broken = False
    pair = await stage.pair()
    await stage.send("/account/delete", body, token=pair["access_token"])


async def fail_to_mail(stage: Stage) -> None:
    """Lose the mail server."""

    async def send(_: object) -> None:
        raise ConnectionError("the server is gone")

    stage.post.send = send  # type: ignore[method-assign,assignment]
    await stage.send("/password/forgot", {"email": "ann@example.com"})


async def read_keys(stage: Stage) -> None:
    """Lose the source of the secrets, which the next look sees."""
    source: Any = stage.kit.rings._followed[1]
    source._source = Secrets()
    stage.clock.step(10)
    await stage.pair()
    source._source.is_broken = True
    stage.clock.step(10)
    await stage.pair()


async def lack_a_scope(stage: Stage) -> None:
    """Ask for what needs a scope that ann lacks."""
    await stage.client.get("/guarded", headers={"Authorization": f"Bearer {stage.access}"})
