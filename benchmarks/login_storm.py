"""32 logins at once, and what a route beside them feels.

Run it on a quiet machine: ``uv run python -m benchmarks.login_storm``. Three servers take
turns on the same machine: the kit's bounded executor, the default thread pool and the
event loop itself. The other route is asked every few milliseconds while the logins run.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from benchmarks.storm_app import PASSWORD

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

RESULTS = Path(__file__).parent / "results"
SERVER = (sys.executable, "-m", "uvicorn", "benchmarks.storm_app:app", "--log-level", "error")
PING_EVERY_SECONDS = 0.005
GOAL_PING_P99_MS = 50
GOAL_PEAK_MB = 250


@dataclass
class Outcome:
    """What one server did with the storm (milliseconds, megabytes)."""

    hashing: str
    logins: int
    succeeded: int
    busy: int
    login_p50_ms: float
    all_done_ms: float
    ping_idle_p99_ms: float
    ping_p50_ms: float
    ping_p99_ms: float
    ping_max_ms: float
    peak_mb: float


def percentile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@asynccontextmanager
async def serving(hashing: str) -> "AsyncGenerator[tuple[httpx.AsyncClient, int]]":
    """Start a server on a free port and stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own server, started before the clock
            [*SERVER, "--port", str(port)],
            env={
                **os.environ,
                "STORM_HASHING": hashing,
                "JWTKIT_DEV_DIRECTORY": directory,
                "JWTKIT_ENV": "dev",
                "JWTKIT_THROTTLE": "off",  # a storm at one account is what is measured
            },
        )
        limits = httpx.Limits(max_connections=100)
        try:
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=60
            ) as client:
                await ready(client)
                yield client, process.pid
        finally:
            process.terminate()
            process.wait()


async def ready(client: httpx.AsyncClient) -> None:
    """Wait for the server and make the account."""
    for _ in range(200):
        try:
            await client.get("/ping")
        except httpx.ConnectError:
            await asyncio.sleep(0.05)
        else:
            break
    (await client.post("/prepare")).raise_for_status()


async def pings(client: httpx.AsyncClient, done: asyncio.Event) -> list[float]:
    """Ask the other route again and again until the logins are through."""
    taken: list[float] = []
    while not done.is_set():
        started = time.perf_counter()
        (await client.get("/ping")).raise_for_status()
        taken.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(PING_EVERY_SECONDS)
    return taken


async def login(client: httpx.AsyncClient, hashing: str) -> tuple[int, float]:
    """Log in once; return the status and how long it took."""
    started = time.perf_counter()
    if hashing == "kit":
        body = {"username": "ann", "password": PASSWORD}
        answer = await client.post("/auth/login", json=body)
    else:
        answer = await client.post("/naive-login")
    return answer.status_code, (time.perf_counter() - started) * 1000


async def idle_p99(client: httpx.AsyncClient) -> float:
    """Return what the other route takes when nothing else happens."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(1.0, done.set)
    return percentile(await pings(client, done), 0.99)


async def storm(hashing: str, logins: int) -> Outcome:
    """Run one storm against one server."""
    async with serving(hashing) as (client, pid):
        await login(client, hashing)
        idle = await idle_p99(client)
        done = asyncio.Event()
        beside = asyncio.create_task(pings(client, done))
        await asyncio.sleep(0.05)
        started = time.perf_counter()
        answers = await asyncio.gather(*(login(client, hashing) for _ in range(logins)))
        all_done = (time.perf_counter() - started) * 1000
        done.set()
        waited = await beside
        return Outcome(
            hashing=hashing,
            logins=logins,
            succeeded=sum(status == httpx.codes.OK for status, _ in answers),
            busy=sum(status == httpx.codes.SERVICE_UNAVAILABLE for status, _ in answers),
            login_p50_ms=statistics.median(took for _, took in answers),
            all_done_ms=all_done,
            ping_idle_p99_ms=idle,
            ping_p50_ms=statistics.median(waited),
            ping_p99_ms=percentile(waited, 0.99),
            ping_max_ms=max(waited),
            peak_mb=peak_megabytes(pid),
        )


def peak_megabytes(pid: int) -> float:
    """Return the most memory the process ever held (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Run the storms, print the table, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logins", type=int, default=32, help="logins at once")
    options = parser.parse_args()
    outcomes = [asyncio.run(storm(name, options.logins)) for name in ("kit", "pool", "loop")]
    print(f"{'':8}{'ok':>5}{'503':>5}{'login p50':>11}{'all done':>10}", end="")
    print(f"{'idle p99':>10}{'ping p50':>10}{'ping p99':>10}{'ping max':>10}{'peak MB':>9}")
    for one in outcomes:
        print(f"{one.hashing:8}{one.succeeded:5}{one.busy:5}{one.login_p50_ms:11.0f}", end="")
        print(f"{one.all_done_ms:10.0f}{one.ping_idle_p99_ms:10.1f}{one.ping_p50_ms:10.1f}", end="")
        print(f"{one.ping_p99_ms:10.1f}{one.ping_max_ms:10.1f}{one.peak_mb:9.0f}")
    print(f"goals of the kit: ping p99 < {GOAL_PING_P99_MS} ms, peak < {GOAL_PEAK_MB} MB")
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / "login_storm.json"
    target.write_text(json.dumps([asdict(one) for one in outcomes], indent=2) + "\n")
    print(f"written to {target.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
