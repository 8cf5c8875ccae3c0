"""What the package gives to tests costs an application nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest


def said_by(program: str) -> str:
    """Run a program in a new interpreter and return what it prints."""
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


def test_the_package_for_tests_loads_no_test_framework() -> None:
    """Whoever imports it by accident, or walks over all modules, has pytest no sooner."""
    program = "import sys, fastapi_jwtkit.testing; print(sorted(sys.modules))"
    said = said_by(program)
    assert "fastapi_jwtkit.testing" in said
    assert "pytest" not in said
    assert "fastapi_jwtkit.protocols" not in said


@pytest.mark.parametrize("missing", ["pytest", "pytest_asyncio"])
def test_a_contract_says_what_it_needs(missing: str) -> None:
    """An import error, with the line to type."""
    said = said_by(
        f"import sys; sys.modules[{missing!r}] = None\n"
        "try:\n    import fastapi_jwtkit.testing.contracts.one_time\n"
        "except ImportError as error:\n    print(type(error).__name__, error)"
    )
    assert said.startswith("MissingExtraError")
    assert missing.replace("_", "-") in said
    assert "pip install 'fastapi-jwtkit[testing]'" in said
