"""A running application, asked over the network: its published keys and its clock."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from fastapi_jwtkit.cli.console import span
from fastapi_jwtkit.cli.doctor.findings import Finding, good, problem, warning
from fastapi_jwtkit.cli.target import misused
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.key_sources.rotation import KeyReport
from fastapi_jwtkit.keys.json_values import as_list, as_object
from fastapi_jwtkit.keys.state import KeyState

__all__ = ["check_url"]

TIMEOUT_SECONDS = 5.0
SKEW_SECONDS = 5.0
_MOST = 1 << 20
_PAGE = "how-to/go-to-production/"


def check_url(url: str, report: KeyReport | None) -> Iterator[Finding]:
    """Fetch the published keys of a running application and compare.

    Args:
        url: of its key set.
        report: the keys that are here; ``None`` where they cannot be read.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        misused(f"{url!r} is no URL of a key set, such as https://…/.well-known/jwks.json.")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - checked
            body, date = answer.read(_MOST), answer.headers.get("Date")
    except (OSError, ValueError) as error:
        yield problem(
            "published keys",
            f"{url} cannot be fetched: {error}",
            fix="check the URL, the certificate and the proxy",
            page=_PAGE,
        )
        return
    yield from _keys(body, report)
    if date is not None:
        yield _clock(parsedate_to_datetime(date).timestamp())


def _keys(body: bytes, report: KeyReport | None) -> Iterator[Finding]:
    published = _kids(body)
    if published is None:
        yield problem(
            "published keys",
            "What is served is no key set.",
            fix="name the URL that ends in /jwks.json",
            page=_PAGE,
        )
        return
    keys = [key for key in (report.keys if report else ()) if key.ring == "keys"]
    hidden = [
        key for key in keys if key.state is not KeyState.REVOKED and key.key_id not in published
    ]
    alive = [key for key in keys if key.state is KeyState.REVOKED and key.key_id in published]
    for missing in hidden:
        yield problem(
            "published keys",
            f"The {missing.state} key {missing.key_id} is not among them.",
            fix="the application has other keys than this shell: compare JWTKIT_KEYS_FILE",
            page="how-to/rotate-keys/",
        )
    for revoked in alive:
        yield problem(
            "published keys",
            f"The revoked key {revoked.key_id} is still among them.",
            fix="the changed file has not reached the application",
            page="how-to/rotate-keys/",
        )
    if not hidden and not alive:
        yield good("published keys", f"{len(published)}, as they are here")


def _kids(body: bytes) -> set[object] | None:
    try:
        document: object = json.loads(body)
    except ValueError:
        return None
    keys = as_list((as_object(document) or {}).get("keys"))
    return None if keys is None else {(as_object(key) or {}).get("kid") for key in keys}


def _clock(theirs: float) -> Finding:
    skew = abs(SystemClock().now() - theirs)
    # A Date header has whole seconds.
    if skew > SKEW_SECONDS + 1:
        return warning(
            "clock",
            f"The clock of the application and the one here differ by {span(skew)}.",
            fix="run NTP on both: tokens from the future are refused after 30 s",
            page=_PAGE,
        )
    return good("clock", "as the application's, to a second or so")
