"""Check what is in a wheel: the package, its type marker, its licence, nothing else."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

PACKAGE = "fastapi_jwtkit"
WANTED = (f"{PACKAGE}/__init__.py", f"{PACKAGE}/py.typed")


def complaints(wheel: Path) -> list[str]:
    """Return what is missing from the wheel and what does not belong in it."""
    names = zipfile.ZipFile(wheel).namelist()
    here = {str(path) for path in Path("src").rglob("*") if path.is_file()}
    wanted = {name.removeprefix("src/") for name in here if "__pycache__" not in name}
    metadata = [name for name in names if ".dist-info/" in name]
    found = [f"missing: {name}" for name in sorted((wanted | set(WANTED)) - set(names))]
    found += [
        f"does not belong: {name}"
        for name in names
        if name not in metadata and (name not in wanted or not name.startswith(f"{PACKAGE}/"))
    ]
    if not any(name.endswith("/licenses/LICENSE") for name in metadata):
        found.append("missing: the licence")
    if not any(name.endswith("/entry_points.txt") for name in metadata):
        found.append("missing: the entry point of the command jwtkit")
    return found


def main() -> int:
    """Check the wheel named on the command line."""
    found = complaints(Path(sys.argv[1]))
    print("\n".join(found) or f"{Path(sys.argv[1]).name} is complete")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
