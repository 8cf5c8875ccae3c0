"""Which origins count as the application's own, behind a proxy that ends TLS."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from fastapi_jwtkit.web.origins import why_foreign


def request(origin: str, scheme: str = "http") -> Request:
    """Return a request for app.example, as the server behind the proxy sees it."""
    headers = [(b"host", b"app.example"), (b"origin", origin.encode())]
    return Request({"type": "http", "scheme": scheme, "headers": headers})


@pytest.mark.parametrize(
    ("origin", "is_secure", "foreign"),
    [
        ("https://app.example", True, False),
        ("https://app.example", False, False),  # behind a proxy that nobody named
        ("http://app.example", False, False),  # on one's own machine
        ("http://app.example", True, True),
        ("https://evil.example", True, True),
    ],
)
def test_a_page_that_came_by_http_is_not_ours_where_the_request_came_by_tls(
    origin: str, *, is_secure: bool, foreign: bool
) -> None:
    """Whoever sits on the network can write such a page."""
    assert bool(why_foreign(request(origin), (), is_secure=is_secure)) is foreign
