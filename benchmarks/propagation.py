"""How long after a logout the other workers refuse the access token.

Run it on a quiet machine: ``uv run --group bench python -m benchmarks.propagation``.
One process logs sessions out, one after the other at random moments; several others,
real processes with a kit each on the same store, ask their kit again and again whether
it still accepts the token. The time is from before ``kit.close`` was called until the
other kit refused: it holds the write of the logout and up to a millisecond until the
follower looked. All are processes of one machine and read one clock. "looks apart" is
how long a follower that looks each millisecond was kept from it at worst while it
waited: what the machine, not the feed, adds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import secrets
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from benchmarks.reports import (
    COLOURS,
    ROOT,
    Column,
    Report,
    Table,
    deliver,
    parser,
    percentile,
    verdict,
)
from benchmarks.servers import Server, add_options, serving
from fastapi_jwtkit import JWTKit, Settings
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.records import NewUser, SessionProof, TokenPair
from fastapi_jwtkit.stores.memory.users import MemoryUserStore

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLLOWER = (sys.executable, "-m", "benchmarks.propagation_follower")
GOAL_MS = {"Valkey": 50, "PostgreSQL": 1_200, "SQLite": 1_200}
PAUSE_SECONDS = {"Valkey": 0.05, "PostgreSQL": 1.0, "SQLite": 1.0}
"""Logouts come at any moment between two polls, and not always just after one."""
START_SECONDS = 120.0
ANSWER_SECONDS = 30.0


def environment(server: Server) -> dict[str, str]:
    """Return the settings that all processes share."""
    now = time.time()
    return {
        "JWTKIT_ISSUER": f"https://{secrets.token_hex(8)}.example",
        "JWTKIT_KEYS": KeyRing.generate(now=now).to_text(),
        "JWTKIT_REFRESH_SECRETS": SecretRing.generate(now=now).to_text(),
        "JWTKIT_STORE_URL": server.url,
    }


def kit_of(settings: dict[str, str]) -> tuple[JWTKit, MemoryUserStore]:
    """Return the kit that logs sessions in and out."""
    users = MemoryUserStore()
    kit = JWTKit(
        Settings(
            issuer=settings["JWTKIT_ISSUER"],
            keys=SecretStr(settings["JWTKIT_KEYS"]),
            refresh_secrets=SecretStr(settings["JWTKIT_REFRESH_SECRETS"]),
            store_url=SecretStr(settings["JWTKIT_STORE_URL"]),
        ),
        users=users,
    )
    return kit, users


@contextlib.asynccontextmanager
async def following(
    settings: dict[str, str], tokens: Sequence[str], count: int
) -> AsyncIterator[list[Process]]:
    """Start so many followers, wait until they accept the tokens, and end them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JWTKIT_")}
    started: list[Process] = []
    try:
        for _ in range(count):
            process = await asyncio.create_subprocess_exec(
                *FOLLOWER, stdin=PIPE, stdout=PIPE, env=kept | settings, cwd=ROOT
            )
            started.append(process)
            assert process.stdin is not None  # noqa: S101 - it was asked for
            process.stdin.write(json.dumps(tokens).encode() + b"\n")
            await process.stdin.drain()
        for process in started:
            await line_of(process, within=START_SECONDS)
        yield started
    finally:
        for process in started:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def line_of(process: Process, *, within: float = ANSWER_SECONDS) -> str:
    """Return the next line that a follower writes.

    Raises:
        RuntimeError: it ended instead.
    """
    assert process.stdout is not None  # noqa: S101 - it was asked for
    async with asyncio.timeout(within):
        line = await process.stdout.readline()
    if not line:
        raise RuntimeError("a follower ended: see above")
    return line.decode().strip()


async def log_out(kit: JWTKit, pair: TokenPair, followers: list[Process]) -> dict[str, list[float]]:
    """Log one session out; return milliseconds of what followed."""
    session = pair.session
    started = time.time()
    await kit.close(SessionProof(sid=session.sid, subject=session.subject))
    answered = time.time()
    said = [(await line_of(process)).split() for process in followers]
    return {
        "close": [(answered - started) * 1000],
        "refused": [(float(moment) - started) * 1000 for moment, _ in said],
        "apart": [float(longest) * 1000 for _, longest in said],
    }


async def propagate(server: Server, logouts: int, followers: int) -> dict[str, list[float]]:
    """Return how long each logout took, and when each follower refused."""
    settings = environment(server)
    kit, users = kit_of(settings)
    await kit.start()
    try:
        user = await users.add(NewUser(login="ann", password_hash="none"))  # noqa: S106 - no login
        pairs = [await kit.open_session(user, amr=("swk",)) for _ in range(logouts)]
        found: dict[str, list[float]] = {"close": [], "refused": [], "apart": []}
        tokens = [pair.access_token for pair in pairs]
        async with following(settings, tokens, followers) as processes:
            for number, pair in enumerate(pairs, 1):
                await asyncio.sleep(random.uniform(0, PAUSE_SECONDS[server.name]))  # noqa: S311
                for name, values in (await log_out(kit, pair, processes)).items():
                    found[name] += values
                print(f"\r{server.name}: {number}/{logouts} logouts", end="", flush=True)
        print()
        return found
    finally:
        await kit.stop()


COLUMNS = (
    Column(key="store", title="store"),
    Column(key="logouts", title="logouts", form="d"),
    Column(key="followers", title="followers", form="d"),
    Column(key="close", title="`kit.close` p50, ms", form=",.1f"),
    Column(key="p50", title="refused p50, ms", form=",.1f"),
    Column(key="p99", title="p99, ms", form=",.1f"),
    Column(key="max", title="max, ms", form=",.1f"),
    Column(key="apart", title="looks apart p99, ms", form=",.1f"),
    Column(key="goal", title="goal (p99, ms)"),
)


def measure(options: argparse.Namespace) -> Report:
    """Measure one store after the other."""
    rows: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    refused: dict[str, list[float]] = {}
    for name in options.stores:
        logouts = options.logouts if name == "Valkey" else options.polled_logouts
        with serving(name, options) as server:
            versions[name] = server.version
            found = asyncio.run(propagate(server, logouts, options.followers))
        refused[name] = found["refused"]
        p99 = percentile(found["refused"], 0.99)
        rows.append(
            {
                "store": name,
                "logouts": logouts,
                "followers": options.followers,
                "close": statistics.median(found["close"]),
                "p50": statistics.median(found["refused"]),
                "p99": p99,
                "max": max(found["refused"]),
                "apart": percentile(found["apart"], 0.99),
                "goal": verdict(p99, at_most=GOAL_MS[name]),
            }
        )
    return Report(
        name="propagation",
        picture="Share of refusals by the time since the logout, for each store",
        tables=(Table(columns=COLUMNS, rows=rows),),
        versions=versions,
        details={"refused_ms": refused},
    )


def draw(report: Report, figure: Figure) -> None:
    """Draw the share of refusals that had come after so many milliseconds."""
    figure.set_size_inches(8, 3.8)
    axes = figure.subplots()
    for store, values in report.details["refused_ms"].items():
        ordered = sorted(values)
        shares = [100 * number / len(ordered) for number in range(1, len(ordered) + 1)]
        axes.step(ordered, shares, where="post", color=COLOURS[store], label=store)
    for goal, whose in ((GOAL_MS["Valkey"], "Redis"), (GOAL_MS["PostgreSQL"], "polling")):
        axes.axvline(goal, color="black", linestyle="--", linewidth=0.8)
        axes.annotate(f"goal of p99, {whose}", (goal, 3), rotation=90, ha="right", fontsize=7)
    axes.axhline(99, color="black", linestyle=":", linewidth=0.8)
    axes.set(xscale="log", xlabel="milliseconds since the logout began", ylim=(0, 101))
    axes.set(ylabel="per cent of refusals", title="When the other workers refuse the token")
    axes.legend(loc="center left")


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = parser(__doc__)
    options.add_argument("--followers", type=int, default=3, help="other processes")
    options.add_argument("--logouts", type=int, default=300, help="on Redis or Valkey")
    options.add_argument("--polled-logouts", type=int, default=30, help="on SQL")
    add_options(options, "SQLite", "PostgreSQL", "Valkey")
    given = options.parse_args(words)
    deliver(measure(given), draw, given)


if __name__ == "__main__":
    main()
