"""Masters that die and are followed by a replica, in a Cluster and under Sentinel."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from fastapi_jwtkit.stores.redis.keys import KeyNames
from faults.held import MayLose
from faults.people import ISSUER
from faults.stands import Fault, Stage, Stand
from faults.valkey_faults import PROMPT_SECONDS
from valkey_cluster import ValkeyCluster, ValkeySentinel, running_cluster, running_sentinel
from valkey_server import ValkeyServer
from waiting import wait_until

APART_SECONDS = 1.5
"""How long a replica hears nothing before its master dies."""
BEFORE_SECONDS = 0.3
"""A login of so short a time ago may be on its way to the replica when the master dies."""
_LOGIN = ("masteruser", "masterauth")


async def _fail_over_cluster(stage: Stage, *, apart: bool) -> None:
    """Kill the master of the feed: its slots hold a third of the sessions as well."""
    cluster: ValkeyCluster = stage.server
    state = KeyNames().feed(ISSUER)[0]
    await asyncio.to_thread(cluster.await_health)
    master = await asyncio.to_thread(cluster.master_of, state)
    replicas = await asyncio.to_thread(cluster.replicas_of, master)
    await _kill(stage, master, replicas, apart=apart)

    def followed() -> bool:
        return cluster.master_of(state) is not master

    await asyncio.to_thread(wait_until, followed, "a replica follows the master")
    await asyncio.to_thread(_mend, replicas)
    await asyncio.to_thread(master.start)
    await asyncio.to_thread(cluster.await_health)


async def _fail_over_sentinel(stage: Stage, *, apart: bool) -> None:
    """Kill the master; one that died before stays dead."""
    sentinel: ValkeySentinel = stage.server
    # A failover in the middle of another is not the fault that is meant here.
    await asyncio.to_thread(wait_until, sentinel.settled, "no failover is under way")
    master = await asyncio.to_thread(lambda: sentinel.master)
    replicas = [server for server in sentinel.servers if server is not master and server.runs]

    def in_step() -> bool:
        return all(server.linked() for server in replicas)

    await asyncio.to_thread(wait_until, in_step, "the replicas are in step")
    await _kill(stage, master, replicas, apart=apart)

    def followed() -> bool:
        return sentinel.master is not master

    await asyncio.to_thread(wait_until, followed, "a replica follows the master")
    await asyncio.to_thread(_mend, replicas)


async def _kill(
    stage: Stage, master: ValkeyServer, replicas: Sequence[ValkeyServer], *, apart: bool
) -> None:
    if apart:
        for replica in replicas:
            await asyncio.to_thread(_part, replica)
    await asyncio.sleep(APART_SECONDS if apart else BEFORE_SECONDS)
    written = int(master.info("replication")["master_repl_offset"])
    master.kill()
    heard = max(int(server.info("replication")["slave_repl_offset"]) for server in replicas)
    stage.note(f"{max(0, written - heard)} bytes of writes were on the master alone when it died")
    if apart and heard >= written:
        stage.crowd.promises.ledger.broken("no write was lost", "the fault did not happen")


def _part(replica: ValkeyServer) -> None:
    """Cut a replica off its master: it may not log in there again."""
    for option in _LOGIN:
        replica.ask("CONFIG", "SET", option, "nobody")
    replica.ask("CLIENT", "KILL", "TYPE", "master")
    wait_until(lambda: not replica.linked(), "the replica is cut off")


def _mend(replicas: Sequence[ValkeyServer]) -> None:
    for replica in replicas:
        for option in _LOGIN:
            replica.ask("CONFIG", "SET", option, "")


def _both(of: str, fail_over: Callable[..., Awaitable[None]]) -> tuple[Fault, Fault]:
    in_step, apart = partial(fail_over, apart=False), partial(fail_over, apart=True)
    return (
        Fault(
            slug=f"{of}-failover",
            name="Master killed (-9), a replica follows",
            strike=in_step,
            may_lose=MayLose.RECENT,
        ),
        Fault(
            slug=f"{of}-lost-writes",
            name=f"The same, its writes of the last {APART_SECONDS} s lost",
            strike=apart,
            may_lose=MayLose.RECENT,
            newcomer=True,
        ),
    )


CLUSTER = Stand(
    name="Valkey Cluster",
    open=lambda: running_cluster(replicas=1),
    url=lambda cluster: str(cluster.url),
    prompt=PROMPT_SECONDS,
    faults=_both("cluster", _fail_over_cluster),
)
SENTINEL = Stand(
    name="Valkey with Sentinel",
    open=lambda: running_sentinel(replicas=2),
    url=lambda sentinel: str(sentinel.url),
    prompt=PROMPT_SECONDS,
    faults=_both("sentinel", _fail_over_sentinel),
)
STANDS = (CLUSTER, SENTINEL)
