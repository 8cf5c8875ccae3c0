"""What is installed beside us: packages that take each other's place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version

from fastapi_jwtkit.cli.doctor.findings import Finding, good, problem, warning

__all__ = ["REPORTED", "check_environment", "version_of"]

REPORTED = (
    "fastapi-jwtkit",
    "fastapi",
    "starlette",
    "pydantic",
    "pyjwt",
    "cryptography",
    "passlib",
    "libpass",
    "redis",
    "sqlalchemy",
    "uvicorn",
)
"""Packages whose versions a report names."""
_OWNERS = {"jwt": "PyJWT", "multipart": "python-multipart"}
"""Which distribution has to bring a module of that name."""
_owners = cache(packages_distributions)  # reads what every package brought
_BROKEN_FASTAPI = {"0.137.0", "0.137.1"}


def check_environment() -> Iterator[Finding]:
    """Look at Python, FastAPI, and packages that fight over a name."""
    yield good("python", f"Python {sys.version.split()[0]}")
    installed = version_of("fastapi") or "none"
    if installed in _BROKEN_FASTAPI:
        yield problem(
            "fastapi version",
            f"FastAPI {installed} hides included routes from every audit.",
            fix="pip install -U fastapi",
            page="explanation/deny-by-default/",
        )
    else:
        yield good("fastapi version", f"FastAPI {installed}")
    owners = _owners()
    for module, owner in _OWNERS.items():
        found = sorted(set(owners.get(module, ())))
        others = [name for name in found if name.lower() != owner.lower()]
        if others:
            yield problem(
                f"module {module}",
                f"{', '.join(others)} and {owner} both install a module named {module}.",
                fix=f"pip uninstall {' '.join(others)}; pip install --force-reinstall {owner}",
                page="how-to/go-to-production/",
            )
        else:
            yield good(f"module {module}", f"{module} comes from {owner}")
    if version_of("passlib") and version_of("libpass"):
        yield warning(
            "passlib",
            "passlib and libpass are both installed: they write the same files.",
            fix="pip uninstall passlib libpass; pip install the one you want",
            page="how-to/passwords-you-already-have/",
        )


def version_of(name: str) -> str | None:
    """Return the version of a distribution, if it is installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
