"""The application itself: open routes, CORS, cookies, debug, and what a login costs here."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from fastapi_jwtkit.cli.audit import audit_options
from fastapi_jwtkit.cli.doctor.findings import Finding, from_error, good, problem, warning
from fastapi_jwtkit.errors import JWTKitError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.protocols import PasswordHasher
from fastapi_jwtkit.web.audit_report import audit
from fastapi_jwtkit.web.installed import plugins_of

__all__ = ["check_application", "check_hashing"]

QUICK_MS, SLOW_MS = 20.0, 1_000.0
"""A hash that takes less is cheap to guess; one that takes more, cheap to stop a server with."""


def check_application(app: Any, kit: JWTKit) -> Iterator[Finding]:
    """Look at an application as it was imported; nothing is served."""
    yield _audited(app)
    yield from _cors(app)
    if getattr(app, "debug", False):
        yield problem(
            "debug",
            "FastAPI(debug=True) shows tracebacks to whoever causes one.",
            fix="leave it out in production",
            page="how-to/go-to-production/",
        )
    has_cookies = any(plugin.cookies is not None for plugin in plugins_of(app))
    public_url = kit.settings.public_url
    if has_cookies and public_url.startswith("http://") and kit.settings.env == "prod":
        yield problem(
            "cookies",
            "JWTKIT_PUBLIC_URL is http, and browsers keep our cookies by https alone.",
            fix="serve by https and say so: JWTKIT_PUBLIC_URL=https://…",
            page="how-to/cookies/",
        )
    elif has_cookies:
        yield good("cookies", "Secure, HttpOnly, and of this host alone")


def check_hashing(hasher: PasswordHasher | None) -> Finding:
    """Time one hash on this machine."""
    hasher = hasher or PasslibHasher()
    hasher.hash("warming up")  # loads what it needs
    started = time.perf_counter()
    hasher.hash("how long does this take")
    took = (time.perf_counter() - started) * 1000
    text = f"one password takes {took:.0f} ms here"
    if took < QUICK_MS:
        return warning(
            "hashing",
            text,
            fix="PasslibHasher(memory_mib=…, time_cost=…): spend more on each",
            page="reference/users/",
        )
    if took > SLOW_MS:
        return warning(
            "hashing", text, fix="spend less on each, or get more cores", page="reference/users/"
        )
    return good("hashing", text)


def _audited(app: Any) -> Finding:
    try:
        options = audit_options(None)
        report = audit(
            app,
            allow=options.get("allow", {}),
            public_docs=bool(options.get("public_docs", False)),
        )
    except JWTKitError as error:
        return from_error("routes", error, page="how-to/guard-every-route/")
    if report.findings:
        named = ", ".join(finding.about for finding in report.findings[:3])
        return problem(
            "routes",
            f"{len(report.findings)} of {len(report.rows)} are to be looked at: {named}…",
            fix="jwtkit audit module:app",
            page="how-to/guard-every-route/",
        )
    return good("routes", f"{len(report.rows)}, each guarded or public with a reason")


def _cors(app: Any) -> Iterator[Finding]:
    for middleware in getattr(app, "user_middleware", ()):
        if getattr(middleware.cls, "__name__", "") != "CORSMiddleware":
            continue
        options: dict[str, Any] = middleware.kwargs
        pattern = options.get("allow_origin_regex")
        everybody = "*" in options.get("allow_origins", ()) or (
            pattern is not None and re.fullmatch(pattern, "https://jwtkit-doctor.invalid")
        )
        if everybody and options.get("allow_credentials", False):
            yield problem(
                "cors",
                "Every origin may send credentials: any page can act as whoever visits it.",
                fix="name the origins of your pages in allow_origins",
                page="how-to/cookies/",
            )
        else:
            yield good("cors", "no credentials for strangers")
