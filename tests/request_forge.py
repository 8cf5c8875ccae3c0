"""Makes requests that no client should send, each anew from its number.

Half broken rather than all noise: known fields with unknown values, tokens that are good but for a
byte, forms where JSON is wanted. So they get past the first check, and the next.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from bad_requests import BadRequest, Door, Headers

__all__ = ["Forge"]

NASTY = (
    *("", " ", "\x00", "\r\nX-Injected: 1", "\ud800", "\udcff", "\u202e", "\ufeff", "\u00e9"),
    *("' OR 1=1 --", '"}', "../../etc/passwd", "${jndi:ldap://x}", "{{7*7}}", "%00", "%s%n", "\\"),
    *("<script>alert(1)</script>", "a" * 255, "a" * 5_000, "\U0001f600" * 90, "\u1112" * 300),
    *(
        "\x1b[31m",
        "null",
        "true",
        "-1",
        "1e400",
        "NaN",
        "\u0130",
        "\ufb03",
        "e\u0301",
        "tasks:read",
    ),
)
"""Texts that parsers, stores, logs and pages have stumbled over."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
TYPES = (
    *("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"),
    *("application/json; charset=utf-99", "text/plain", "application/*+json", "", ";;;=", "\xff"),
    *("multipart/form-data", "application/problem+json", "application/json, text/plain"),
)
DEEP = 20_000
TOO_LONG = 70_000
"""More bytes than a body may have."""


class Forge:
    """Makes bad requests.

    Args:
        doors: where they go.
        good: by name of field, values that would be accepted in some request.
        access_tokens: good ones.
        jars: the cookies of some browsers, by name; the last one is what a page puts into a
            header.
    """

    def __init__(
        self,
        doors: Sequence[Door],
        *,
        good: Mapping[str, Sequence[str]],
        access_tokens: Sequence[str],
        jars: Sequence[Mapping[str, str]],
    ) -> None:
        self.doors = doors
        self._good = good
        self._access = access_tokens
        self._jars = jars
        self._tokens = (*access_tokens, *good.get("refresh_token", ()))

    def make(self, number: int) -> BadRequest:
        """Return the request of this number: always the same for the same parts."""
        dice = random.Random(number)  # noqa: S311 - to be made again, not to be secret
        marker = f"Zq{number}Qz"
        door = dice.choice(self.doors)
        request = BadRequest(number, marker, door.method, self._path(dice, door, marker))
        if dice.random() < 0.05:
            request.method = dice.choice(METHODS)
        if dice.random() < 0.2:
            request.query = self._query(dice, door, marker)
        content, media_type = self._content(dice, door, marker)
        request.chunks = _chunks(dice, content)
        request.is_cut = dice.random() < 0.02
        request.headers = self._headers(dice, marker, media_type, len(content))
        request.client = _client(dice)
        return request

    def _path(self, dice: random.Random, door: Door, marker: str) -> str:
        value = dice.choice((marker, marker + dice.choice(NASTY).replace("/", ""), "%2e%2e"))
        path = door.path.replace("{sid}", value)
        if dice.random() < 0.03:
            path += dice.choice((f"/{marker}", "\x00", "\u00e9", ";x=1"))
        return path

    def _query(self, dice: random.Random, door: Door, marker: str) -> bytes:
        if dice.random() < 0.3:
            return dice.randbytes(12) + marker.encode()
        names = (*door.fields, "access_token", marker)
        pairs = {name: self._text(dice, name, marker) for name in names}
        return urlencode(pairs, errors="replace").encode()

    def _text(self, dice: random.Random, name: str, marker: str) -> str:
        roll = dice.random()
        if roll < 0.35 and self._good.get(name):
            return dice.choice(self._good[name])
        if roll < 0.5:
            return _damaged(dice, dice.choice(self._tokens), marker)
        return dice.choice((f"{marker}{dice.choice(NASTY)}", f"{dice.choice(NASTY)}{marker}"))

    def _value(self, dice: random.Random, name: str, marker: str) -> Any:
        if dice.random() < 0.75:
            return self._text(dice, name, marker)
        odd = (None, True, 0, -1, 10**400, 1e308, float("nan"), float("inf"), [], {}, [marker])
        return dice.choice((*odd, {marker: marker}, [[[marker]]], {"$ne": marker}))

    def _content(self, dice: random.Random, door: Door, marker: str) -> tuple[bytes, str]:
        names = [name for name in door.fields if dice.random() < 0.9]
        if dice.random() < 0.2:
            names += [marker, "is_admin", "scopes", "roles"]
        roll = dice.random()
        if roll < 0.6 and "grant_type" not in door.fields:
            body = {name: self._value(dice, name, marker) for name in names}
            text = json.dumps(body, ensure_ascii=dice.random() < 0.9)
            return text.encode(errors="surrogatepass"), TYPES[0]
        if roll < 0.85:
            pairs = [(name, self._text(dice, name, marker)) for name in names]
            if dice.random() < 0.1:
                pairs += pairs
            return urlencode(pairs, errors="replace").encode(), TYPES[1]
        return self._broken(dice, marker), dice.choice(TYPES)

    def _broken(self, dice: random.Random, marker: str) -> bytes:
        word = marker.encode()
        return dice.choice(
            (
                b"",
                dice.randbytes(40) + word,
                b'{"username": "' + word,
                b"[" * DEEP + word,
                b'{"a":' * DEEP,
                b'{"password": ' + b"9" * 5_000 + b"}",
                b'{"username": "' + word + b'", "username": "ann", "password": "x"}',
                b"\xff\xfe" + f'{{"username": "{marker}"}}'.encode("utf-16-le"),
                b"\xef\xbb\xbf{}",
                b"--x\r\nContent-Disposition: form-data; name=" + word + b"\r\n\r\n",
                b"&".join(b"%s=%d" % (word, n) for n in range(200)),
                b"grant_type=%ff&" + word + b"=%zz",
                word * (TOO_LONG // len(word)),
            )
        )

    def _headers(self, dice: random.Random, marker: str, media_type: str, size: int) -> Headers:
        word = marker.encode()
        headers = [(b"host", dice.choice((b"auth.example.com", b"", word + b":x")))]
        if dice.random() < 0.95:
            headers.append((b"content-type", media_type.encode("latin-1")))
        if dice.random() < 0.9:
            headers.append((b"content-length", str(size).encode()))
        roll = dice.random()
        if roll < 0.55:
            headers += self._authorization(dice, marker)
        if 0.5 < roll < 0.9:
            headers += self._cookies(dice, marker)
        for name in (b"origin", b"sec-fetch-site", b"x-csrf-token", b"x-forwarded-for"):
            if dice.random() < 0.2:
                known = (b"null", b"same-origin", b"https://auth.example.com", b"10.0.0.1")
                headers.append((name, dice.choice((*known, word, dice.randbytes(9)))))
        if dice.random() < 0.5:
            headers.append((b"user-agent", word + dice.randbytes(dice.randrange(300))))
        if dice.random() < 0.1:
            headers.append((b"if-none-match", dice.choice((b"*", b'W/"', word))))
        return headers

    def _authorization(self, dice: random.Random, marker: str) -> Headers:
        token = dice.choice(self._access)
        values = (
            f"Bearer {token}",
            f"Bearer {token}",
            f"bearer  {token}",
            f"Bearer {_damaged(dice, dice.choice(self._tokens), marker)}",
            f"Bearer {marker}",
            f"Bearer {marker}.{marker}.{marker}",
            f"Basic {marker}",
            marker,
            dice.choice(("Bearer", "")),
            f"Bearer {token}, Bearer {token}",
            "Bearer " + marker * 2_000,
        )
        chosen = dice.choice(values).encode("latin-1", errors="replace")
        if dice.random() < 0.1:
            chosen += dice.randbytes(3)
        return [(b"authorization", chosen)] * dice.choice((1,) * 19 + (2,))

    def _cookies(self, dice: random.Random, marker: str) -> Headers:
        jar = dice.choice(self._jars)
        pairs = [f"{name}={value}" for name, value in jar.items() if dice.random() < 0.9]
        for _ in range(dice.choice((0, 0, 0, 1, 2))):
            name, token = dice.choice((*jar, "session", "")), dice.choice(self._tokens)
            pairs.append(f"{name}={dice.choice((marker, token, _damaged(dice, token, marker)))}")
        dice.shuffle(pairs)
        headers = [(b"cookie", "; ".join(pairs).encode("latin-1", errors="replace"))]
        if dice.random() < 0.8:
            headers.append((b"x-csrf-token", [*jar.values()][-1].encode()))
            headers.append((b"origin", b"https://auth.example.com"))
        return headers


def _damaged(dice: random.Random, token: str, marker: str) -> str:
    at = dice.randrange(len(token))
    return dice.choice(
        (
            token[:at],
            token[:at] + dice.choice("Aa0-_.=+ ") + token[at + 1 :],
            token + marker,
            token.replace(".", marker, 1),
            marker + token,
        )
    )


def _chunks(dice: random.Random, content: bytes) -> tuple[bytes, ...]:
    if dice.random() < 0.8 or len(content) < 3:
        return (content,)
    at = dice.randrange(1, len(content))
    return content[:at], b"", content[at:]


def _client(dice: random.Random) -> tuple[str, int] | None:
    roll = dice.random()
    if roll < 0.02:
        return None
    if roll < 0.04:
        return (dice.choice(("", "unix:", "not an address", "::1%eth0")), 0)
    if roll < 0.2:
        return (f"2001:db8:{dice.randrange(65_536):x}:{dice.randrange(65_536):x}::1", 4433)
    return (".".join(str(dice.randrange(1, 255)) for _ in range(4)), 4433)
