"""What runs in the process of a worker: uvicorn, in a fork of one that has imported it all.

Servers that start a worker anew fork it likewise. Importing everything again would take
most of the time of all faults together.
"""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import aiosqlite
import asyncpg
import uvicorn

from fastapi_jwtkit import CurrentPrincipal, JWTAuth
from fastapi_jwtkit.stores import redis, sqlalchemy
from faults import people

IMPORTED = (aiosqlite, asyncpg, redis, sqlalchemy, people, CurrentPrincipal, JWTAuth)
"""Of no use here: the fork finds them imported."""


def serve(environment: Mapping[str, str], port: int, output: Path) -> None:
    """Serve the app until it is ended; end with the process that asked for it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(output.parent)
    with output.open("ab", buffering=0) as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    logging.basicConfig(level=logging.WARNING)
    uvicorn.run(
        "faults.app:app",
        port=port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=3,
    )


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
