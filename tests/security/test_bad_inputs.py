"""Ten thousand requests that no client should send: none is a 500, and none is echoed."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from fastapi import FastAPI

from bad_requests import BadRequest, doors_of
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.records import Device, NewUser, TokenPair
from fastapi_jwtkit.web.mounted_kit import ALL, BY_NAME_ONLY
from kits import PASSWORD, SCOPES, House, credentials
from mailed import PUBLIC_URL, Postbox, token_of
from pages import ACCESS, BOTH, CSRF, REFRESH
from request_forge import Forge

REQUESTS = 10_000
TOGETHER = 20
USERS = 40
MEMBERS = frozenset({"detail", "error_code", "errors", "error", "error_description"})
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
"""What RFC 6749 5.2 allows."""
OAUTH = frozenset({"/auth/token", "/auth/refresh"})


class Answer:
    """What an application sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = b""

    def header(self, name: str) -> str:
        """Return the only header of a name; empty if there is none."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) <= 1, name
        return "".join(found)

    async def take(self, message: Any) -> None:
        """Take one message of the application."""
        if message["type"] == "http.response.start":
            assert self.status == 0
            self.status = message["status"]
            headers = message.get("headers", ())
            self.headers = [
                (key.decode("ascii"), value.decode("latin-1")) for key, value in headers
            ]
        else:
            self.body += message.get("body", b"")


class Target:
    """An application with every route there is, people, and tokens of theirs."""

    def __init__(self) -> None:
        self.post = Postbox()
        self.house = House(
            parts={"mailer": self.post}, public_url=PUBLIC_URL, email_verification="ask"
        )
        self.app = FastAPI()
        auth = JWTAuth(self.house.kit, routes=ALL | BY_NAME_ONLY, transports=BOTH)
        auth.install(self.app, error_bodies="app")

    async def forge(self) -> Forge:
        """Return what makes bad requests of tokens that are good."""
        kit = self.house.kit
        password_hash = PasslibHasher.cheap_for_tests().hash(PASSWORD)
        logins = [f"person{n}" for n in range(USERS)]
        pairs: list[TokenPair] = []
        cookies: list[TokenPair] = []
        for n, login in enumerate(logins):
            # Not by the flows, which would count so many from one source.
            email, device = f"{login}@example.com", Device(ip=f"198.51.100.{n}")
            new = NewUser(login=login, password_hash=password_hash, scopes=SCOPES, email=email)
            user = await self.house.users.add(new)
            pairs.append(await kit.login(credentials(login), device=device))
            cookies.append(await kit.open_session(user, amr=("pwd",), transport="cookie"))
            await kit.accounts.request_reset(email, device=device)
        links = [token_of(mail) for mail in await self.post.taken(kit)]
        good = {
            "username": logins,
            "password": [PASSWORD],
            "current_password": [PASSWORD],
            "new_password": ["a new one that is long"],
            "email": [f"{login}@example.com" for login in logins],
            "token": links,
            "refresh_token": [pair.refresh_token for pair in pairs],
            "grant_type": ["password", "refresh_token"],
            "client_id": ["first-party"],
            "scope": ["tasks:read"],
        }
        doors = doors_of(self.app.openapi())
        tokens = [pair.access_token for pair in pairs]
        jars = [self.jar_of(pair) for pair in cookies]
        return Forge(doors, good=good, access_tokens=tokens, jars=jars)

    def jar_of(self, pair: TokenPair) -> dict[str, str]:
        """Return what a browser would hold."""
        csrf_token = self.house.kit.for_cookies.csrf_tokens.token_of(pair.session.sid)
        return {ACCESS: pair.access_token, REFRESH: pair.refresh_token, CSRF: csrf_token}

    async def ask(self, request: BadRequest) -> Answer:
        """Hand a request to the application; what it raises is raised here."""
        answer = Answer()
        messages = _messages(request)

        async def receive() -> Any:
            return next(messages, {"type": "http.disconnect"})

        await self.app(request.scope(), receive, answer.take)
        self.house.clock.step(0.05)
        return answer


def _messages(request: BadRequest) -> Iterator[dict[str, Any]]:
    last = len(request.chunks) - 1
    for n, chunk in enumerate(request.chunks):
        more = n < last or request.is_cut
        yield {"type": "http.request", "body": chunk, "more_body": more}


def check(request: BadRequest, answer: Answer) -> None:
    """Assert what holds for every answer."""
    assert 200 <= answer.status < 500 or answer.status == 503, "no 500"
    if answer.status in {429, 503}:
        assert re.fullmatch(r"[1-9]\d*", answer.header("retry-after"))
    if answer.status < 400:
        return
    if answer.status not in {404, 405}:
        assert answer.header("cache-control") == "no-store"
    if answer.status == 401:
        assert answer.header("www-authenticate").startswith("Bearer")
    told = answer.body.decode() + repr(answer.headers)
    assert request.marker not in told, "nothing is echoed"
    if request.method == "HEAD":
        return
    assert answer.header("content-type") == "application/json"
    check_body(json.loads(answer.body), is_oauth=is_oauth(request, answer))
    assert answer.status != 422 or not is_oauth(request, answer)


def is_oauth(request: BadRequest, answer: Answer) -> bool:
    """Say whether an answer comes from a route that speaks RFC 6749."""
    return request.path in OAUTH and answer.status not in {404, 405}


def check_body(body: Any, *, is_oauth: bool) -> None:
    """Assert that a body is the one of every error."""
    assert {"detail", "error_code"} <= body.keys() <= MEMBERS
    assert isinstance(body["detail"], str)
    assert re.fullmatch(r"[a-z0-9_]+", body["error_code"])
    for item in body.get("errors", ()):
        assert item.keys() == {"loc", "msg", "type"}
    if is_oauth:
        assert body["error"] == body["error_code"]
        assert body["error_description"] == body["detail"]
        assert DESCRIPTION.fullmatch(body["detail"])


@pytest.mark.std(1, 4, 13, 25, 34)
@pytest.mark.attack(16, 20)
async def test_ten_thousand_bad_requests_are_refused_in_one_schema_and_never_echoed() -> None:
    """A failure names the number of its request: ``forge.make(number)`` makes it again."""
    target = Target()
    forge = await target.forge()
    statuses: Counter[int] = Counter()
    asked: Counter[tuple[str, str]] = Counter()
    for first in range(0, REQUESTS, TOGETHER):
        requests = [forge.make(number) for number in range(first, first + TOGETHER)]
        answers = await asyncio.gather(*map(target.ask, requests))
        for request, answer in zip(requests, answers, strict=True):
            try:
                check(request, answer)
            except AssertionError as error:
                error.add_note(f"{request}\n{answer.status} {answer.headers} {answer.body!r}")
                raise
            statuses[answer.status] += 1
            asked[request.method, request.path.partition(request.marker)[0]] += 1
    await target.house.kit.stop()
    # Not all were stopped at the first door, and each door was knocked at.
    assert {200, 202, 204, 400, 401, 403, 404, 405, 413, 422, 429} <= statuses.keys()
    assert max(statuses.values()) < REQUESTS / 2
    for door in forge.doors:
        assert asked[door.method, door.path.partition("{")[0]] > REQUESTS / 100, door


PLAIN = {"detail": "x", "error_code": "x"}


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (500, PLAIN, ()),
        (503, PLAIN, ()),
        (429, PLAIN, [("retry-after", "0")]),
        (422, {**PLAIN, "errors": [{"loc": [], "msg": "", "type": "", "input": 1}]}, ()),
        (422, {"detail": [{"loc": [], "msg": "", "type": ""}]}, ()),
        (400, {**PLAIN, "body": 1}, ()),
        (400, {**PLAIN, "detail": "Zq1Qz is no password"}, ()),
        (400, PLAIN, [("x-seen", "Zq1Qz")]),
        (400, PLAIN, [("cache-control", "public")]),
        (401, PLAIN, ()),
    ],
)
def test_an_answer_that_is_not_allowed_is_noticed(
    status: int, body: dict[str, Any], headers: Sequence[tuple[str, str]]
) -> None:
    """Or ten thousand requests would show nothing."""
    request = BadRequest(1, "Zq1Qz", "POST", "/auth/login")
    answer = Answer()
    answer.status, answer.body = status, json.dumps(body).encode()
    given = {"content-type": "application/json", "cache-control": "no-store", **dict(headers)}
    answer.headers = list(given.items())
    with pytest.raises(AssertionError):
        check(request, answer)
    good = Answer()
    good.status, good.body = 400, json.dumps(PLAIN).encode()
    good.headers = [("content-type", "application/json"), ("cache-control", "no-store")]
    check(request, good)
