"""How long a failed login takes, and whether that tells who exists.

Run it on a quiet machine: ``uv run --group bench python -m benchmarks.login_timing``. One
application has users whose passwords are hashed in different ways; wrong passwords are sent
to each of them and to nobody, one at a time, in rounds of random order. Beside it stands the bare
comparison with the same hashes, which is what a login would take without the floor.

"Guessed right" is how well the time alone tells a user from nobody: of the two failures of
one round, call the slower one the user, and count how often that is right. 0.5 is a coin; 0
and 1 are certainty.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bcrypt
import httpx
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from fastapi import FastAPI

from benchmarks.reports import Column, Report, Table, deliver, parser, percentile, verdict
from fastapi_jwtkit import JWTAuth, JWTKit, Settings
from fastapi_jwtkit.passwords.bcrypt_hashes import BcryptHashes
from fastapi_jwtkit.passwords.django_hashes import DjangoHashes
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.records import NewUser
from fastapi_jwtkit.stores.memory.users import MemoryUserStore

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOBODY = "unknown user"
RIGHT, WRONG = "tidy walnut seven rivers", "wrong walnut seven rivers"
WARM_UP = 5
"""Rounds that are not counted: the floor learns what this machine takes."""
GOAL_OFF_A_COIN = 0.15
COLOURS = ("#000000", "#1f77b4", "#ff7f0e", "#2ca02c")
COSTS = {"usual": (12, 1_000_000), "cheap": (4, 20_000)}
"""Rounds of bcrypt and iterations of Django; ``cheap`` is for the test of this script."""


def hasher_of(costs: str) -> PasslibHasher:
    """Return the hasher of the application."""
    rounds, iterations = COSTS[costs]
    old = (BcryptHashes(rounds=rounds), DjangoHashes(iterations=iterations))
    return PasslibHasher(old=old) if costs == "usual" else PasslibHasher.cheap_for_tests(old=old)


def stored_hashes(hasher: PasslibHasher, costs: str) -> dict[str, str]:
    """Return a hash of each kind, made by the library of that kind."""
    rounds, iterations = COSTS[costs]
    return {
        "argon2id": hasher.hash(RIGHT),
        "bcrypt": bcrypt.hashpw(RIGHT.encode(), bcrypt.gensalt(rounds)).decode(),
        "Django": PBKDF2PasswordHasher().encode(RIGHT, "abcdefghijklmnop", iterations),
    }


def bare_times(
    hasher: PasslibHasher, rows: Mapping[str, str], attempts: int
) -> dict[str, list[float]]:
    """Return what the comparison alone takes, in milliseconds; nobody's takes none."""
    taken: dict[str, list[float]] = {NOBODY: [0.0] * attempts, **{name: [] for name in rows}}
    for name in shuffled(rows, attempts):
        started = time.perf_counter()
        hasher.matches(WRONG, rows[name])
        taken[name].append((time.perf_counter() - started) * 1000)
    return taken


async def login_times(
    hasher: PasslibHasher, rows: Mapping[str, str], attempts: int
) -> dict[str, list[float]]:
    """Return what failed logins take, from the request to the answer, in milliseconds."""
    users = MemoryUserStore()
    for name, stored in rows.items():
        await users.add(NewUser(login=name.lower(), password_hash=stored))
    taken: dict[str, list[float]] = {name: [] for name in (NOBODY, *rows)}
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(env="dev", dev_directory=Path(directory), throttle="off")
        kit = JWTKit(settings, users=users, hasher=hasher)
        app = FastAPI()
        JWTAuth(kit).install(app)
        await kit.start()
        try:
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", timeout=60
            )
            async with client:
                for name in shuffled(taken, WARM_UP):
                    await failed_login(client, name.lower())
                for name in shuffled(taken, attempts):
                    taken[name].append(await failed_login(client, name.lower()))
        finally:
            await kit.stop()
    return taken


async def failed_login(client: httpx.AsyncClient, login: str) -> float:
    """Log in with a wrong password; return how long the answer took."""
    body = {"username": login, "password": WRONG}
    started = time.perf_counter()
    answer = await client.post("/auth/login", json=body)
    took = (time.perf_counter() - started) * 1000
    if answer.status_code != httpx.codes.UNAUTHORIZED:
        raise RuntimeError(f"{login}: {answer.status_code}")
    return took


def shuffled(names: Mapping[str, object], rounds: int) -> list[str]:
    """Return each name once in every round, in an order that is the same in each run."""
    order: list[str] = []
    dice = random.Random(0)  # noqa: S311 - an order, no secret
    for _ in range(rounds):
        one = list(names)
        dice.shuffle(one)
        order += one
    return order


def guessed_right(users: Sequence[float], nobodys: Sequence[float]) -> float:
    """Return in which share of the rounds the user was the slower one; a tie counts half."""
    rounds = list(zip(users, nobodys, strict=True))
    return sum((user > other) + (user == other) / 2 for user, other in rounds) / len(rounds)


def rows_of(
    bare: Mapping[str, Sequence[float]], logins: Mapping[str, Sequence[float]]
) -> list[dict[str, Any]]:
    """Return one row for each kind of user."""
    rows: list[dict[str, Any]] = []
    for name, times in logins.items():
        row: dict[str, Any] = {
            "kind": name,
            "attempts": len(times),
            "bare": statistics.median(bare[name]),
            "p5": percentile(times, 0.05),
            "p50": statistics.median(times),
            "p95": percentile(times, 0.95),
        }
        if name != NOBODY:
            row["guessed"] = guessed_right(times, logins[NOBODY])
            off = abs(row["guessed"] - 0.5)
            row["goal"] = verdict(off, at_most=GOAL_OFF_A_COIN)
        rows.append(row)
    return rows


COLUMNS = (
    Column(key="kind", title="wrong password for"),
    Column(key="attempts", title="logins", form="d"),
    Column(key="bare", title="comparison alone, ms", form=",.1f"),
    Column(key="p5", title="login p5, ms", form=",.1f"),
    Column(key="p50", title="p50, ms", form=",.1f"),
    Column(key="p95", title="p95, ms", form=",.1f"),
    Column(key="guessed", title="guessed right", form=".2f"),
    Column(key="goal", title="goal (off 0.5)"),
)


def draw(report: Report, figure: Figure) -> None:
    """Draw both distributions as shares of what has failed by a time."""
    figure.set_size_inches(9, 3.4)
    bare, logins = figure.subplots(1, 2)
    for axes, key, title in (
        (bare, "bare_ms", "the comparison alone"),
        (logins, "login_ms", "a failed login"),
    ):
        for (name, times), colour in zip(report.details[key].items(), COLOURS, strict=True):
            ordered = sorted(times)
            shares = [(place + 1) / len(ordered) for place in range(len(ordered))]
            axes.step(ordered, shares, where="post", label=name, color=colour)
        axes.set(title=title, xlabel="milliseconds", ylabel="share that is through")
        axes.set_xlim(left=0)
    bare.legend()


def measure(options: argparse.Namespace) -> Report:
    """Measure the comparisons alone, then the logins."""
    hasher = hasher_of(options.costs)
    rows = stored_hashes(hasher, options.costs)
    bare = bare_times(hasher, rows, options.attempts)
    logins = asyncio.run(login_times(hasher, rows, options.attempts))
    table = rows_of(bare, logins)
    middles = [row["p50"] for row in table]
    note = (
        f"The medians of the logins are {max(middles) - min(middles):.1f} ms apart, those of"
        f" the comparisons alone {max(row['bare'] for row in table):.0f} ms."
    )
    return Report(
        name="login_timing",
        picture="How long wrong passwords take, by kind of stored hash, without and with the floor",
        tables=(Table(columns=COLUMNS, rows=table),),
        notes=(note,),
        versions={"bcrypt": bcrypt.__version__},
        details={"bare_ms": bare, "login_ms": logins},
    )


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = parser(__doc__)
    options.add_argument("--attempts", type=int, default=100, help="counted, of each kind")
    options.add_argument("--costs", choices=sorted(COSTS), default="usual", help="of the hashes")
    given = options.parse_args(words)
    deliver(measure(given), draw, given)


if __name__ == "__main__":
    main()
