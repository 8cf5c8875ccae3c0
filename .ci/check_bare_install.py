"""Check an installation of the wheel without extras; run by the Python that has it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import fastapi_jwtkit

CORE = "from fastapi_jwtkit import Settings, KeyRing, Principal, JWTKit, TokenPair, JWTKitError"
FLOOR_1 = "import fastapi_jwtkit.tokens.issuer, fastapi_jwtkit.tokens.verifier"
ASK = "; import json, sys; print(json.dumps(sorted(sys.modules)))"


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a new interpreter holds after a statement."""
    answer = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-I", "-W", "error", "-c", statement + ASK],
        check=True,
        capture_output=True,
        text=True,
    )
    return {name.partition(".")[0] for name in json.loads(answer.stdout)}


def every_public_name_is_there() -> None:
    """Import each name of the package's root."""
    for name in fastapi_jwtkit.__all__:
        getattr(fastapi_jwtkit, name)
    print(f"{len(fastapi_jwtkit.__all__)} public names import without an extra")


def core_leaves_the_web_alone() -> None:
    """Check that no core name brings a web framework or an optional dependency."""
    unwanted = {
        "fastapi",
        "starlette",
        "typer",
        "sqlalchemy",
        "redis",
        "httpx",
        "uvicorn",
        "opentelemetry",
    }
    for statement in (CORE, FLOOR_1):
        loaded = modules_after(statement) & unwanted
        if loaded:
            sys.exit(f"{statement!r} loads {sorted(loaded)}")
    print("core names load neither fastapi nor starlette")


def the_command_names_its_extra() -> None:
    """Run ``jwtkit`` without the extra ``cli``: one line to type, exit status 2."""
    command = Path(sys.executable).with_name("jwtkit")
    answer = subprocess.run(  # noqa: S603 - installed by the wheel
        [str(command), "--help"], check=False, capture_output=True, text=True
    )
    wanted = "pip install 'fastapi-jwtkit[cli]'"
    if answer.returncode != 2 or wanted not in answer.stderr:  # noqa: PLR2004 - usage error
        sys.exit(f"jwtkit: status {answer.returncode}\n{answer.stdout}{answer.stderr}")
    if "Traceback" in answer.stderr:
        sys.exit(f"jwtkit shows a traceback:\n{answer.stderr}")
    print("the command names its extra")


if __name__ == "__main__":
    every_public_name_is_there()
    core_leaves_the_web_alone()
    the_command_names_its_extra()
