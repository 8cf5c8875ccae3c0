"""Keys rotated three times in a running fleet, under load, and then one revoked.

``uv run --group bench python -m benchmarks.key_rotations``. Workers of one uvicorn serve
people who ask and refresh all the time, while ``jwtkit keys rotate`` runs again and again,
as a job would. Another service verifies every new access token with PyJWT and keeps the
key set for as long as it may. The key files are looked at every few milliseconds. At the
end the active key is revoked, and each worker is asked until it refuses what it signed.
Exits with 1 if anybody was refused, or if there was ever another number of active keys
than one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.reports import Column, Report, Table, deliver, parser, verdict
from benchmarks.rotation_load import Load, Person, ThirdParty, key_id_of
from benchmarks.rotation_watch import Watched, watch
from benchmarks.servers import add_options, serving
from fastapi_jwtkit.key_sources.file import write_new_file
from fastapi_jwtkit.key_sources.from_settings import PUBLISH_SLACK_SECONDS
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from server_processes import UVICORN, ServerProcess, environment_of, running
from shared_places import SERVED, Place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROTATE = "from fastapi_jwtkit.cli import main; main()"
ISSUER = "https://fleet.example"
JOB_EVERY_SECONDS = 2.0
DEATH_SECONDS = 30.0
STATE_COLOURS = {"next": "#9ecae1", "active": "#31a354", "retired": "#bdbdbd", "revoked": "#de2d26"}


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """A running fleet: its server, its files, its environment and how many workers it has."""

    server: ServerProcess
    folder: Path
    settings: dict[str, str]
    workers: int

    @property
    def rings(self) -> tuple[Path, Path]:
        """The files of the signing keys and of the refresh secrets."""
        return self.folder / "keys.json", self.folder / "secrets.json"


@contextlib.contextmanager
def fleet_on(url: str, *, workers: int, max_age: int) -> Iterator[Fleet]:
    """Start a fleet with keys of its own, and stop it."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "served.py").write_text(SERVED, "utf-8")
        now = time.time()
        write_new_file(folder / "keys.json", KeyRing.generate(now=now).to_text())
        write_new_file(folder / "secrets.json", SecretRing.generate(now=now).to_text())
        place = Place(store_url=url, users_url=f"sqlite+aiosqlite:///{folder / 'users.db'}")
        settings = place.environment | {
            "JWTKIT_ISSUER": ISSUER,
            "JWTKIT_KEYS_FILE": str(folder / "keys.json"),
            "JWTKIT_REFRESH_SECRETS_FILE": str(folder / "secrets.json"),
            "JWTKIT_JWKS_MAX_AGE": str(max_age),
            "JWTKIT_THROTTLE": "off",  # all people come from one address, and refresh all the time
        }
        command = (*UVICORN, "--workers", str(workers), "--no-access-log", "served:app")
        with running(folder, command, **settings) as server:
            server.workers(workers)
            yield Fleet(server=server, folder=folder, settings=settings, workers=workers)


async def jwtkit(fleet: Fleet, *words: str) -> str:
    """Run the command line in the fleet's environment, as a job would."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ROTATE, *words),
        cwd=fleet.folder,
        env=environment_of(fleet.folder, **fleet.settings) | {"PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(said.decode())
    return said.decode()


async def rotate_until(fleet: Fleet, watched: Watched, *, rotations: int, max_age: int) -> None:
    """Run the job until there were so many rotations, and the last cached key set is over."""
    patience = (rotations + 1) * (max_age + PUBLISH_SLACK_SECONDS + JOB_EVERY_SECONDS) + 60
    async with asyncio.timeout(patience):
        while watched.rotations < rotations:
            await jwtkit(fleet, "keys", "rotate")
            print(f"\r{watched.rotations}/{rotations} rotations", end="", flush=True)
            await asyncio.sleep(JOB_EVERY_SECONDS)
    await asyncio.sleep(max_age + 1)


async def revoke(fleet: Fleet, person: Person) -> tuple[float, float]:
    """Revoke the key of somebody's token; return seconds of the command and of the last worker.

    The second is from before the command began until every worker refused.
    """
    token = {"Authorization": f"Bearer {person.tokens['access_token']}"}
    async with fleet.server.connections(fleet.workers, 1) as connections:
        clients = [clients[0] for clients in connections.values()]
        started = time.perf_counter()

        async def refused(client: httpx.AsyncClient) -> float:
            async with asyncio.timeout(DEATH_SECONDS):
                answer = await client.get("/tasks", headers=token)
                while answer.is_success:
                    await asyncio.sleep(0.002)
                    answer = await client.get("/tasks", headers=token)
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                raise RuntimeError(answer.text)
            return time.perf_counter() - started

        waiting = [asyncio.create_task(refused(client)) for client in clients]
        await jwtkit(fleet, "keys", "revoke", key_id_of(person.tokens["access_token"]))
        done = time.perf_counter() - started
        return done, max(await asyncio.gather(*waiting))


@contextlib.asynccontextmanager
async def people_of(
    fleet: Fleet, count: int, load: Load, third_party: ThirdParty
) -> AsyncIterator[list[Person]]:
    """Return so many people who are logged in."""
    async with contextlib.AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(fleet.server.connect_async()) for _ in range(count)
        ]
        people = [Person(client, load, third_party) for client in clients]
        for person in people:
            await person.arrive()
        yield people


async def rotate(fleet: Fleet, options: argparse.Namespace) -> dict[str, Any]:
    """Rotate under load, then revoke; return what was seen."""
    load, watched = Load(), Watched()
    third_party = ThirdParty(fleet.server.url, issuer=ISSUER, max_age=options.max_age)
    began = asyncio.get_running_loop().time()
    async with people_of(fleet, options.people, load, third_party) as people:
        lives = [asyncio.create_task(person.live()) for person in people]
        looking = asyncio.create_task(watch(fleet.rings, watched, load))
        await rotate_until(fleet, watched, rotations=options.rotations, max_age=options.max_age)
        load.is_over = True
        await asyncio.gather(looking, *lives)
        print()
        seconds = asyncio.get_running_loop().time() - began
        command, heard = await revoke(fleet, people[0])
        before = len(load.refused)
        await people[0].refresh()
        await people[0].ask()
        goes_on = len(load.refused) == before
    return {
        "rotations": watched.rotations,
        "seconds": seconds,
        "requests": load.statuses["requests"],
        "refreshes": load.statuses["refreshes"],
        "refused": len(load.refused),
        "why": load.refused[:5],
        "third_party": third_party.accepted,
        "third_party_refused": len(third_party.refused),
        "third_party_why": third_party.refused[:5],
        "keys_at_work": len(load.signed_by),
        "looks": watched.looks,
        "active": sorted(watched.active),
        "command": command,
        "heard": heard,
        "goes_on": "yes" if goes_on else "no",
        "spans": {
            kid: [[at - began, s] for at, s in spans] for kid, spans in watched.spans.items()
        },
        "signed_by": {kid: at - began for kid, at in load.signed_by.items()},
    }


ROTATION_COLUMNS = (
    Column(key="workers", title="workers", form="d"),
    Column(key="rotations", title="rotations", form="d"),
    Column(key="seconds", title="in, s", form=",.0f"),
    Column(key="requests", title="requests", form=",d"),
    Column(key="refreshes", title="refreshes", form=",d"),
    Column(key="refused", title="refused", form=",d"),
    Column(key="third_party", title="verified elsewhere", form=",d"),
    Column(key="third_party_refused", title="refused there", form=",d"),
    Column(key="keys_at_work", title="keys at work", form="d"),
    Column(key="active_text", title="active at once"),
)
REVOCATION_COLUMNS = (
    Column(key="workers", title="workers", form="d"),
    Column(key="command", title="`jwtkit keys revoke`, s", form=",.2f"),
    Column(key="heard", title="all workers refuse after, s", form=",.2f"),
    Column(key="goes_on", title="the session goes on"),
)


def measure(options: argparse.Namespace) -> Report:
    """Run the fleet on Valkey."""
    with (
        serving("Valkey", options) as store,
        fleet_on(store.url, workers=options.workers, max_age=options.max_age) as fleet,
    ):
        found = asyncio.run(rotate(fleet, options))
        found["tracebacks"] = fleet.server.output.count("Traceback")
    found |= {
        "workers": options.workers,
        "active_text": " or ".join(map(str, found["active"])),
    }
    published = options.max_age + PUBLISH_SLACK_SECONDS
    refused = verdict(found["refused"] + found["third_party_refused"], at_most=0)
    return Report(
        name="key_rotations",
        picture="The states of each key over the run, and when each was first seen to sign",
        tables=(
            Table(columns=ROTATION_COLUMNS, rows=[found]),
            Table(columns=REVOCATION_COLUMNS, rows=[found]),
        ),
        notes=(
            f"A key set may be kept for {options.max_age} s; a key is known {published:.0f} s.",
            f"The key files were looked at {found['looks']} times; refused: {refused}.",
        ),
        versions={"Valkey": store.version},
        details=found,
    )


def draw(report: Report, figure: Figure) -> None:
    """Draw a bar for each key, coloured by its state."""
    found = report.details
    figure.set_size_inches(8, 2.6)
    axes = figure.subplots()
    for row, (kid, spans) in enumerate(found["spans"].items()):
        ends = [at for at, _ in spans[1:]] + [found["seconds"]]
        for (start, state), end in zip(spans, ends, strict=True):
            axes.barh(row, end - start, left=start, color=STATE_COLOURS[state], height=0.6)
        if kid in found["signed_by"]:
            axes.plot(found["signed_by"][kid], row, marker="v", color="black", markersize=5)
    labels = [f"key {number}" for number in range(1, len(found["spans"]) + 1)]
    axes.set(xlabel="seconds", yticks=range(len(labels)), yticklabels=labels)
    axes.invert_yaxis()
    handles = [
        axes.barh(0, 0, color=colour, label=state)
        for state, colour in STATE_COLOURS.items()
        if any(state == each for spans in found["spans"].values() for _, each in spans)
    ]
    axes.legend(handles=handles, loc="upper center", ncols=4, bbox_to_anchor=(0.5, 1.25))


def main(words: Sequence[str] | None = None) -> int:
    """Run, print, keep the figures, and say by the exit code whether all was well."""
    options = parser(__doc__)
    options.add_argument("--workers", type=int, default=4)
    options.add_argument("--people", type=int, default=12)
    options.add_argument("--rotations", type=int, default=3)
    options.add_argument("--max-age", type=int, default=2, help="of the key set, seconds")
    add_options(options, "Valkey")
    given = options.parse_args(words)
    report = measure(given)
    deliver(report, draw, given)
    found = report.details
    for reason in (*found["why"], *found["third_party_why"]):
        print(f"refused: {reason}")
    is_well = not found["refused"] and not found["third_party_refused"] and found["active"] == [1]
    return 0 if is_well and found["goes_on"] == "yes" and not found["tracebacks"] else 1


if __name__ == "__main__":
    sys.exit(main())
