"""Names at the package root: all there, lazily."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import fastapi_jwtkit

WEB = {
    "CurrentPrincipal",
    "current_principal",
    "optional_principal",
    "JWTAuth",
    "OptionalPrincipal",
    "public",
    "require_auth",
    "require_permissions",
    "require_policy",
    "require_roles",
    "require_scopes",
}


def test_every_name_of_the_root_is_there() -> None:
    """What ``__all__`` promises can be imported, and ``dir`` shows it."""
    for name in fastapi_jwtkit.__all__:
        assert getattr(fastapi_jwtkit, name) is not None
        assert name in dir(fastapi_jwtkit)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    """As on any other module."""
    with pytest.raises(AttributeError, match="nope"):
        _ = import_module("fastapi_jwtkit").nope


def test_core_names_do_not_import_fastapi() -> None:
    """A worker that verifies tokens starts without a web framework."""
    names = ", ".join(sorted(set(fastapi_jwtkit.__all__) - WEB))
    code = (
        f"import sys; from fastapi_jwtkit import {names}; "
        "assert not {'fastapi', 'starlette'} & set(sys.modules), 'web was imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own code
