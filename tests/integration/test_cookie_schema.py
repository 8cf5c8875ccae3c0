"""Cookies in the OpenAPI schema, beside bearer or alone."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from fastapi_jwtkit import OptionalPrincipal
from pages import ACCESS, BOTH, ORIGIN, make_app
from web_kits import Realm


@pytest.mark.parametrize(
    ("transports", "security", "schemes"),
    [
        (("bearer",), [{"JWTKit": []}], {"JWTKit"}),
        (BOTH, [{"JWTKit": []}, {"JWTKitCookie": []}], {"JWTKit", "JWTKitCookie"}),
        (("cookie",), [{"JWTKitCookie": []}], {"JWTKitCookie"}),
    ],
)
def test_the_schema_offers_the_transports_that_are_served(
    transports: tuple[str, ...], security: Any, schemes: set[str]
) -> None:
    """Either will do; the schema of an app without cookies knows nothing of them."""
    app = make_app(Realm(transports=transports))

    @app.get("/maybe")
    async def maybe(principal: OptionalPrincipal) -> bool:
        return principal is None

    schema = TestClient(app, base_url=ORIGIN).get("/openapi.json").json()
    paths = schema["paths"]
    assert paths["/act"]["post"]["security"] == security
    assert paths["/auth/me"]["get"]["security"] == security
    assert paths["/maybe"]["get"]["security"] == [*security, {}]
    assert set(schema["components"]["securitySchemes"]) == schemes
    by_cookie = "cookie" in transports
    if by_cookie:
        scheme = schema["components"]["securitySchemes"]["JWTKitCookie"]
        assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "cookie", ACCESS)
        assert "X-CSRF-Token" in scheme["description"]
    for path in ("/auth/login", "/auth/refresh", "/auth/logout", "/auth/logout-all", "/act"):
        assert ("403" in paths[path]["post"]["responses"]) == by_cookie, path
    assert "403" not in paths["/auth/me"]["get"]["responses"]
    assert ("/auth/token" in paths) == ("bearer" in transports)
    assert ("CookieBody" in schema["components"]["schemas"]) == by_cookie
    login = paths["/auth/login"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    both = len(transports) == 2
    assert login["$ref"].endswith("LoginOfEitherBody" if both else "LoginBody")
