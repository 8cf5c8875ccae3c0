"""``jwtkit`` run as people run it: with words, an environment, a directory and stdin.

In this process, through the same entry point, because a process of its own costs a second
each time. What it imported of the directory is forgotten after it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from fastapi_jwtkit.cli import main


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Shell:
    """A directory and an environment in which commands are run."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict[str, str])

    def __call__(self, *words: str, stdin: str = "", **settings: str) -> Said:
        """Run ``jwtkit`` with these words."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self._environment(settings), clear=True),
            mock.patch.object(sys, "argv", ["jwtkit", *words]),
            mock.patch.object(sys, "stdin", io.StringIO(stdin)),
            mock.patch.object(sys, "path", [*sys.path]),
            mock.patch.object(sys, "dont_write_bytecode", True),  # noqa: FBT003 - the name says it
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
            finally:
                self._forget_modules()
        return Said(code, out.getvalue(), err.getvalue())

    def json(self, *words: str, stdin: str = "", **settings: str) -> Any:
        """Run it with ``--json`` and return what it says."""
        return json.loads(self(*words, "--json", stdin=stdin, **settings).stdout)

    def _forget_modules(self) -> None:
        for name, module in list(sys.modules.items()):
            where = getattr(module, "__file__", None)
            if where is not None and Path(where).is_relative_to(self.folder):
                del sys.modules[name]
        importlib.invalidate_caches()

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("JWTKIT_")}
        return {**kept, "NO_COLOR": "1", **self.settings, **settings}


def production(folder: Path, **settings: str) -> Shell:
    """Return a shell in which keys were generated, set up as the command says."""
    shell = Shell(folder, {"JWTKIT_ISSUER": "https://issuer.example"})
    made = shell.json(
        *("keys", "generate", "--keys-file", "keys.json"),
        *("--refresh-secrets-file", "refresh-secrets.json"),
    )
    shell.settings |= {**made["environment"], **settings}
    return shell
