"""Draw what ``jwtkit audit`` shows of the example of the documentation.

``uv run python .ci/draw_audit.py`` writes ``docs/assets/audit.svg``; with ``--check`` it fails
if that file shows something else.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import os
import re
import sys
from pathlib import Path

from rich.console import Console

from fastapi_jwtkit.cli.audit import report_table
from fastapi_jwtkit.web.audit_report import audit

ROOT = Path(__file__).parents[1]
SOURCES, TARGET = ROOT / "docs_src", ROOT / "docs/assets/audit.svg"
EXAMPLE = "how_to.guard_every_route"
WIDTH = 142


def picture() -> str:
    """Return the routes of the example itself, as a terminal shows them."""
    os.chdir(SOURCES)  # sources are shown as they are seen from here
    os.environ["JWTKIT_ENV"] = "dev"
    sys.path.insert(0, str(SOURCES))
    report = audit(importlib.import_module(EXAMPLE).app)
    # Lines of a library's files are others with each of its releases.
    own = [row for row in report.rows if row.source.startswith("how_to/")]
    shown = dataclasses.replace(report, rows=tuple(own))
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(f"$ jwtkit audit {EXAMPLE}:app", highlight=False)
    console.print(report_table(shown))
    for finding in report.findings:
        console.print(f"[bold red]{finding.about}[/] {finding.text}", highlight=False)
    svg = console.export_svg(title="jwtkit audit", unique_id="audit")
    # No font is fetched from anywhere: those of the reader will do.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def main() -> None:
    """Write the picture, or compare."""
    drawn = picture()
    if "--check" not in sys.argv:
        TARGET.write_text(drawn, "utf-8")
    elif TARGET.read_text("utf-8") != drawn:
        sys.exit("docs/assets/audit.svg is out of date: uv run python .ci/draw_audit.py")


if __name__ == "__main__":
    main()
