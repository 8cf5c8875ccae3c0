"""What a guard costs: CPU time per request, in ratios to the same route without one.

The route answers a small dict and has no response model, as in the first steps of the
FastAPI documentation: the less a route does, the larger the ratio. The route without a
guard stands in an app that has the kit installed as well; what installing costs a route
that has nothing to do with it is the row "app without the kit".

Run it on a quiet machine: ``uv run python -m benchmarks.overhead``. Every variant is
driven in process through its ASGI app, in short batches that take turns, so that a
machine that changes its speed changes it for all. The ratios are of batches of one
round; the table gives their minimum, median and maximum over the rounds. "floor" is the
ratio of the fastest batches of each: what else runs on the machine can only add to
either, so on a noisy machine it is the figure to trust.
"""

import argparse
import asyncio
import gc
import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from fastapi import FastAPI, status

from benchmarks.overhead_apps import (
    bare_app,
    grant,
    guard_and_principal,
    kit_app,
    one_guard,
    tutorial_app,
    unguarded,
)
from fastapi_jwtkit import JWTKit
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.records import RevocationEntry

RESULTS = Path(__file__).parent / "results"
BASELINE = "no guard"


@dataclass(frozen=True)
class Variant:
    """One way to serve a route, and where its tokens come from."""

    name: str
    app: FastAPI
    tokens: Callable[[], Iterator[str]]
    goal: str = ""


def no_token() -> Iterator[str]:
    """Return what sends no header."""
    return itertools.repeat("")


async def revoke_others(kit: JWTKit, live_entries: int) -> None:
    """Fill the revocation map with sessions that nobody presents."""
    entries = [
        RevocationEntry(kind="sid", value=f"dead-{n}", expires_at=time.time() + 3_600)
        for n in range(live_entries)
    ]
    await kit._assembly.revocations.publish(entries)  # noqa: SLF001 - no verb revokes the unknown


async def variants(batch: int, rounds: int, live_entries: int) -> list[Variant]:
    """Return all variants, warmed up."""
    secret = KeyRing.generate("HS256", now=0.0).active.private_jwk()["k"]
    claims = {"sub": "ann", "exp": time.time() + 3_600}
    by_hand = jwt.encode(claims, secret, algorithm="HS256")
    found = [Variant(BASELINE, kit_app("ES256", unguarded)[0], no_token)]
    for name, route, goal in (
        ("warm, one guard", one_guard, "<= 1.35"),
        ("warm, guard + CurrentPrincipal", guard_and_principal, "<= 1.50"),
    ):
        app, issuer, kit = kit_app("ES256", route)
        await kit.start()
        await revoke_others(kit, live_entries)
        same = issuer.issue_access(grant(0)).text
        found.append(Variant(name, app, lambda same=same: itertools.repeat(same), goal))
    found += [
        Variant("FastAPI tutorial, HS256", tutorial_app(secret), lambda: itertools.repeat(by_hand)),
        Variant("app without the kit", bare_app(), no_token),
    ]
    goals = {"HS256": "<= 3.0"}
    for alg in ("HS256", "RS256", "ES256"):
        app, issuer, kit = kit_app(alg, one_guard)
        await kit.start()
        await revoke_others(kit, live_entries)
        many = [issuer.issue_access(grant(n)).text for n in range(batch * (rounds + 1))]
        stream = iter(many)
        name, goal = f"cold, {alg}", goals.get(alg, "")
        found.append(Variant(name, app, lambda stream=stream: stream, goal))
    return found


async def request(app: FastAPI, path: str, token: str) -> int:
    """Drive one request through an app and return its status."""
    headers = [(b"host", b"bench.example")]
    if token:
        headers.append((b"authorization", b"Bearer " + token.encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1234),
        "server": ("127.0.0.1", 80),
    }
    answered = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal answered
        if message["type"] == "http.response.start":
            answered = message["status"]

    await app(scope, receive, send)
    return answered


async def batch_seconds(variant: Variant, tokens: Iterator[str], size: int) -> float:
    """Return CPU seconds per request over one batch."""
    mine = list(itertools.islice(tokens, size))
    gc.collect()
    gc.disable()
    started = time.process_time()
    for token in mine:
        answered = await request(variant.app, "/tasks", token)
        if answered != status.HTTP_200_OK:
            raise RuntimeError(f"{variant.name} answered {answered}")
    spent = time.process_time() - started
    gc.enable()
    return spent / size


async def measure(
    batch: int, rounds: int, live_entries: int
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Return CPU seconds per request of each round, and the goals, by variant."""
    found = await variants(batch, rounds, live_entries)
    streams = [(variant, variant.tokens()) for variant in found]
    seconds: dict[str, list[float]] = {variant.name: [] for variant in found}
    for turn in range(rounds + 1):
        for variant, tokens in streams:
            spent = await batch_seconds(variant, tokens, batch)
            if turn:  # the first round warms up
                seconds[variant.name].append(spent)
        print(f"\rround {turn}/{rounds}", end="", flush=True)
    print()
    return seconds, {variant.name: variant.goal for variant in found}


def report(seconds: dict[str, list[float]], goals: dict[str, str]) -> dict[str, Any]:
    """Print the table of ratios and return it."""
    base = seconds[BASELINE]
    print(f"{'':32}{'us':>7}{'floor':>8}{'min':>8}{'median':>8}{'max':>8}  goal")
    table: dict[str, Any] = {}
    for name, spent in seconds.items():
        ratios = sorted(mine / theirs for mine, theirs in zip(spent, base, strict=True))
        row = {
            "microseconds": statistics.median(spent) * 1e6,
            "floor": min(spent) / min(base),
            "min": ratios[0],
            "median": statistics.median(ratios),
            "max": ratios[-1],
            "goal": goals[name],
        }
        table[name] = row
        print(
            f"{name:32}{row['microseconds']:7.0f}{row['floor']:8.2f}{row['min']:8.2f}{row['median']:8.2f}"
            f"{row['max']:8.2f}  {row['goal']}"
        )
    warm, tutorial = seconds["warm, one guard"], seconds["FastAPI tutorial, HS256"]
    share = statistics.median(a / b for a, b in zip(warm, tutorial, strict=True))
    floor = min(warm) / min(tutorial)
    table["warm over tutorial"] = {"floor": floor, "median": share, "goal": "<= 0.45"}
    print(f"{'warm, one guard / tutorial':32}{'':7}{floor:8.2f}{'':8}{share:8.2f}{'':8}  <= 0.45")
    return table


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=50, help="requests per batch")
    parser.add_argument("--rounds", type=int, default=120, help="batches per variant")
    parser.add_argument("--live-entries", type=int, default=1_000, help="revocations in force")
    options = parser.parse_args()
    table = report(*asyncio.run(measure(options.batch, options.rounds, options.live_entries)))
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / "overhead.json"
    target.write_text(json.dumps(table, indent=2) + "\n")
    print(f"written to {target.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
