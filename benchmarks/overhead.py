"""What a guard costs: CPU time per request, in ratios to the same route without one.

The route answers a small dict and has no response model, as in the first steps of the
FastAPI documentation: the less a route does, the larger the ratio. The route without a
guard stands in an app that has the kit installed as well, and is sent the same request,
token included; what installing costs a route that has nothing to do with it is the row
"app without the kit". "a guard that does nothing" is what FastAPI itself charges for a
dependency: no guard can cost less, and no share of the tutorial can be smaller than its.

Run it on a quiet machine: ``uv run python -m benchmarks.overhead``. Every variant is
driven in process through its ASGI app, in short batches that take turns, so that a
machine that changes its speed changes it for all. Where a process happens to lie in
memory moves a ratio by some hundredths, so several processes measure one after the
other. The ratios are of batches of one round; the table gives their minimum, median and
maximum over all rounds. "floor" is the ratio of the fastest batches of each, the median
over the processes: what else runs on the machine can only add to either, so on a noisy
machine it is the time to trust. "instr" is the same ratio in instructions where they can
be counted: it hardly depends on the machine, and knows nothing of caches.
"""

import argparse
import asyncio
import gc
import itertools
import json
import logging
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from fastapi import FastAPI, status

from benchmarks.instructions import InstructionCounter
from benchmarks.overhead_apps import (
    bare_app,
    gate_alone,
    gate_and_guard,
    grant,
    guard_and_principal,
    kit_app,
    null_guard,
    one_guard,
    policy_guard,
    three_guards,
    three_null_guards,
    tutorial_app,
    two_null_guards,
    unguarded,
)
from fastapi_jwtkit import JWTKit
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.records import RevocationEntry

RESULTS = Path(__file__).parent / "results"
BASELINE = "no guard"
WARM, WARM_TWICE = "warm, one guard", "warm, guard + CurrentPrincipal"
TUTORIAL = "FastAPI tutorial, HS256"
SHARE = "warm, one guard / tutorial"
THREE, GATED = "warm, three guards", "warm, gate + guard"
FOUR = "warm, a policy of four"
GOALS = {
    WARM: "<= 1.35",
    WARM_TWICE: "<= 1.50",
    THREE: "<= 1.65",
    GATED: "<= 1.40",
    FOUR: "<= 1.40",
    "cold, HS256": "<= 3.0",
    SHARE: "<= 0.45",
}
FIRST_REQUESTS = 2
"""Of each batch, not measured: they find the caches full of another variant."""
TURNS_OF_THE_LOOP = 10

Headers = list[tuple[bytes, bytes]]
Spent = dict[str, list[tuple[float, float]]]
"""Seconds and instructions per request of each round, by variant."""


@dataclass(frozen=True)
class Variant:
    """One way to serve a route, and where its tokens come from."""

    name: str
    app: FastAPI
    tokens: Iterator[str]


async def revoke_others(kit: JWTKit, live_entries: int) -> None:
    """Fill the revocation map with sessions that nobody presents."""
    entries = [
        RevocationEntry(kind="sid", value=f"dead-{n}", expires_at=time.time() + 3_600)
        for n in range(live_entries)
    ]
    await kit._assembly.revocations.publish(entries)  # noqa: SLF001 - no verb revokes the unknown


async def kit_variant(
    name: str,
    route: Callable[[FastAPI], None],
    *,
    live_entries: int,
    alg: str = "ES256",
    tokens: int = 1,
) -> Variant:
    """Return a variant on an app with the kit; one token is sent again and again."""
    app, issuer, kit = kit_app(alg, route)
    await kit.start()
    await revoke_others(kit, live_entries)
    issued = [issuer.issue_access(grant(n)).text for n in range(tokens)]
    return Variant(name, app, iter(issued) if tokens > 1 else itertools.repeat(issued[0]))


async def variants(tokens: int, live_entries: int) -> list[Variant]:
    """Return all variants, the cold ones with so many tokens each."""
    secret = KeyRing.generate("HS256", now=0.0).active.private_jwk()["k"]
    claims = {"sub": "ann", "exp": int(time.time()) + 3_600}
    by_hand = itertools.repeat(jwt.encode(claims, secret, algorithm="HS256"))
    found = [
        await kit_variant(name, route, live_entries=live_entries)
        for name, route in (
            (BASELINE, unguarded),
            ("a guard that does nothing", null_guard),
            ("two guards that do nothing", two_null_guards),
            ("three guards that do nothing", three_null_guards),
            (WARM, one_guard),
            (WARM_TWICE, guard_and_principal),
            (THREE, three_guards),
            (FOUR, policy_guard),
            ("warm, gate alone", gate_alone),
            (GATED, gate_and_guard),
        )
    ]
    found += [
        Variant(TUTORIAL, tutorial_app(secret), by_hand),
        Variant("app without the kit", bare_app(), found[0].tokens),
    ]
    found += [
        await kit_variant(
            f"cold, {alg}", one_guard, live_entries=live_entries, alg=alg, tokens=tokens
        )
        for alg in ("HS256", "RS256", "ES256")
    ]
    return found


async def request(app: FastAPI, path: str, headers: Headers) -> int:
    """Drive one request through an app and return its status."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1234),
        "server": ("127.0.0.1", 443),
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


def headers_with(token: str) -> Headers:
    """Return the headers of a request, new objects each time as a server makes them."""
    return [(b"host", b"bench.example"), (b"authorization", b"Bearer " + token.encode())]


async def requests(variant: Variant, sent: list[Headers]) -> None:
    """Send a list of requests, one after the other."""
    for headers in sent:
        answered = await request(variant.app, "/tasks", headers)
        if answered != status.HTTP_200_OK:
            raise RuntimeError(f"{variant.name} answered {answered}")


async def batch_spent(
    variant: Variant, size: int, counter: InstructionCounter
) -> tuple[float, float]:
    """Return CPU seconds and instructions per request over one batch."""
    # The headers are the client's work, and what follows the feed is no request's: a
    # request in process never waits, so without turns of its own the follower would
    # never run, and the map would be read anew within a request each second.
    first, measured = (
        [headers_with(token) for token in itertools.islice(variant.tokens, count)]
        for count in (FIRST_REQUESTS, size)
    )
    for _ in range(TURNS_OF_THE_LOOP):
        await asyncio.sleep(0)
    gc.collect()
    gc.disable()
    await requests(variant, first)
    counted, started = counter.read(), time.process_time()
    await requests(variant, measured)
    spent, ran = time.process_time() - started, counter.read() - counted
    gc.enable()
    return spent / size, ran / size


async def measured(batch: int, rounds: int, live_entries: int) -> Spent:
    """Return what each variant spent in each round of this process."""
    found = await variants((batch + FIRST_REQUESTS) * (rounds + 1), live_entries)
    spent: Spent = {variant.name: [] for variant in found}
    counter = InstructionCounter()
    # What was set up stays: collecting it again before each batch would only cool the caches.
    gc.collect()
    gc.freeze()
    for turn in range(rounds + 1):
        for variant in found:
            one = await batch_spent(variant, batch, counter)
            if turn:  # the first round warms up
                spent[variant.name].append(one)
    return spent


def measure(batch: int, rounds: int, live_entries: int) -> Spent:
    """Measure in this process."""
    # That sessions live in memory is what each kit would say.
    logging.getLogger("fastapi_jwtkit").setLevel(logging.ERROR)
    return asyncio.run(measured(batch, rounds, live_entries))


def compare(runs: list[Spent], mine: str, theirs: str) -> dict[str, float | None]:
    """Return the ratios of one variant to another."""
    pairs = [(run[mine], run[theirs]) for run in runs]
    ratios = sorted(
        a / b for ours, base in pairs for (a, _), (b, _) in zip(ours, base, strict=True)
    )
    floors = [min(a for a, _ in ours) / min(b for b, _ in base) for ours, base in pairs]
    counted = [(min(a for _, a in ours), min(b for _, b in base)) for ours, base in pairs]
    return {
        "microseconds": statistics.median(a for ours, _ in pairs for a, _ in ours) * 1e6,
        "floor": statistics.median(floors),
        "instructions": statistics.median(a / b for a, b in counted) if all(counted[0]) else None,
        "min": ratios[0],
        "median": statistics.median(ratios),
        "max": ratios[-1],
    }


def report(runs: list[Spent]) -> dict[str, Any]:
    """Print the table of ratios and return it."""
    print(f"{'':32}{'us':>6}{'floor':>8}{'instr':>8}{'min':>8}{'median':>8}{'max':>8}  goal")
    rows = {name: compare(runs, name, BASELINE) for name in runs[0]}
    rows[SHARE] = compare(runs, WARM, TUTORIAL)
    for name, row in rows.items():
        print(f"{name:32}{row['microseconds']:6.0f}", end="")
        for column in ("floor", "instructions", "min", "median", "max"):
            value = row[column]
            print(f"{'-':>8}" if value is None else f"{value:8.2f}", end="")
        print(f"  {GOALS.get(name, '')}")
    return {name: {**row, "goal": GOALS.get(name, "")} for name, row in rows.items()}


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=50, help="requests per batch")
    parser.add_argument("--rounds", type=int, default=40, help="batches per variant and process")
    parser.add_argument("--processes", type=int, default=3, help="one after the other")
    parser.add_argument("--live-entries", type=int, default=1_000, help="revocations in force")
    options = parser.parse_args()
    task = (options.batch, options.rounds, options.live_entries)
    # A new process for each: one that was forked would lie in memory as its parent does.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        table = report(pool.starmap(measure, [task] * options.processes, chunksize=1))
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / "overhead.json"
    target.write_text(json.dumps(table, indent=2) + "\n")
    print(f"written to {target.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
