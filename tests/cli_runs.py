"""``jwtkit`` run as people run it: a process of its own, in a directory of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RUN = "from fastapi_jwtkit.cli import main; main()"


@dataclass
class Shell:
    """A directory and an environment in which commands are run."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict[str, str])

    def __call__(
        self, *words: str, stdin: str = "", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run ``jwtkit`` with these words."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("JWTKIT_")}
        return subprocess.run(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", RUN, *words],
            cwd=self.folder,
            env={**kept, "NO_COLOR": "1", **self.settings, **settings},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def json(self, *words: str, stdin: str = "", **settings: str) -> Any:
        """Run it with ``--json`` and return what it says."""
        return json.loads(self(*words, "--json", stdin=stdin, **settings).stdout)


def production(folder: Path, **settings: str) -> Shell:
    """Return a shell in which keys were generated, set up as the command says."""
    shell = Shell(folder, {"JWTKIT_ISSUER": "https://issuer.example"})
    made = shell.json(
        *("keys", "generate", "--keys-file", "keys.json"),
        *("--refresh-secrets-file", "refresh-secrets.json"),
    )
    shell.settings |= {**made["environment"], **settings}
    return shell
