"""JWT auth for FastAPI that you can rotate, revoke and audit.

The names below load at first use (PEP 562): who only verifies tokens, in a worker or a
script, never imports FastAPI.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi_jwtkit.errors import JWTKitError
    from fastapi_jwtkit.keys.key_ring import KeyRing
    from fastapi_jwtkit.kit import JWTKit
    from fastapi_jwtkit.policies import Decision, Policy, policy
    from fastapi_jwtkit.principal import Principal
    from fastapi_jwtkit.records import Session, TokenPair
    from fastapi_jwtkit.settings import Settings
    from fastapi_jwtkit.web.guards import (
        CurrentPrincipal,
        OptionalPrincipal,
        current_principal,
        optional_principal,
        require_auth,
        require_permissions,
        require_policy,
        require_roles,
        require_scopes,
    )
    from fastapi_jwtkit.web.plugin import JWTAuth
    from fastapi_jwtkit.web.public import public

__all__ = [
    "CurrentPrincipal",
    "Decision",
    "JWTAuth",
    "JWTKit",
    "JWTKitError",
    "KeyRing",
    "OptionalPrincipal",
    "Policy",
    "Principal",
    "Session",
    "Settings",
    "TokenPair",
    "current_principal",
    "optional_principal",
    "policy",
    "public",
    "require_auth",
    "require_permissions",
    "require_policy",
    "require_roles",
    "require_scopes",
]

# Hidden from type checkers, which would otherwise accept any name.
if not TYPE_CHECKING:
    _HOMES = {
        "CurrentPrincipal": "web.guards",
        "Decision": "policies",
        "JWTAuth": "web.plugin",
        "JWTKit": "kit",
        "JWTKitError": "errors",
        "KeyRing": "keys.key_ring",
        "OptionalPrincipal": "web.guards",
        "Policy": "policies",
        "Principal": "principal",
        "Session": "records",
        "Settings": "settings",
        "TokenPair": "records",
        "current_principal": "web.guards",
        "optional_principal": "web.guards",
        "policy": "policies",
        "public": "web.public",
        "require_auth": "web.guards",
        "require_permissions": "web.guards",
        "require_policy": "web.guards",
        "require_roles": "web.guards",
        "require_scopes": "web.guards",
    }

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        value = getattr(import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
