"""Several real Valkey servers that stand in for each other: a Cluster, and Sentinel."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from valkey_server import ValkeyServer, valkey_home
from valkey_wire import HOST, ReplyError
from waiting import wait_until

MASTERS = 3
SENTINELS = 3
SLOTS = 16_384
# After so long a silence a master counts as dead.
NODE_TIMEOUT_MS = 700
DOWN_AFTER_MS = 800
# Where nobody is killed: on a busy machine a living server may be silent for seconds.
PATIENCE_MS = 30_000
MASTER_NAME = "jwtkit"


class ValkeyCluster:
    """Three masters, with a replica each if you like, and all slots between them.

    Args:
        home: An empty directory.
        replicas: How many copies each master has, 0 or 1.
        timeout_ms: After how long a silence a node counts as dead.
    """

    def __init__(self, home: Path, *, replicas: int = 0, timeout_ms: int = NODE_TIMEOUT_MS) -> None:
        options = {
            "cluster-enabled": "yes",
            "cluster-node-timeout": str(timeout_ms),
            "cluster-announce-ip": HOST,
            "cluster-replica-validity-factor": "0",
            "cluster-allow-replica-migration": "no",
        }
        self.nodes: list[ValkeyServer] = []
        for number in range(MASTERS * (1 + replicas)):
            directory = home / f"node{number}"
            directory.mkdir()
            self.nodes.append(ValkeyServer(directory, options=options))

    @property
    def url(self) -> str:
        """Where the cluster answers, all nodes of it."""
        return "redis+cluster://" + ",".join(f"{HOST}:{node.port}" for node in self.nodes)

    def start(self) -> None:
        """Start the nodes, give them their slots and wait until all serve."""
        for node in self.nodes:
            node.start()
        first, share = self.nodes[0], SLOTS // MASTERS
        for number, node in enumerate(self.nodes):
            # Each an epoch of its own: without it they first quarrel for a while.
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
            first.ask("CLUSTER", "MEET", HOST, str(node.port), str(node.bus_port))
        for number, node in enumerate(self.nodes[:MASTERS]):
            last = SLOTS if number == MASTERS - 1 else (number + 1) * share
            node.ask("CLUSTER", "ADDSLOTSRANGE", str(number * share), str(last - 1))
        wait_until(self._all_met, "every node knows every other")
        for master, replica in zip(self.nodes, self.nodes[MASTERS:], strict=False):
            replica.ask("CLUSTER", "REPLICATE", master.ask("CLUSTER", "MYID"))
        self.await_health()

    def stop(self) -> None:
        """End all nodes."""
        for node in self.nodes:
            node.stop()

    def await_health(self) -> None:
        """Wait until each node says that the cluster serves, and each replica is in step."""
        wait_until(self.healthy, "the cluster serves and its replicas are in step")

    def healthy(self) -> bool:
        """Tell whether all slots are served, and all nodes agree on who serves them."""
        views = [self._masters_seen_by(node) for node in self.nodes]
        return all(view == views[0] for view in views) and all(
            "cluster_state:ok" in node.ask("CLUSTER", "INFO") and _in_step(node)
            for node in self.nodes
        )

    def master_of(self, key: str) -> ValkeyServer:
        """Return the node that the living nodes hold to be the master of a key."""
        for node in self.nodes:
            with contextlib.suppress(OSError):
                slot = int(node.ask("CLUSTER", "KEYSLOT", key))
                for start, end, (_, port, *_), *_ in node.ask("CLUSTER", "SLOTS"):
                    if start <= slot <= end:
                        return self._at(port)
        message = f"no node knows a master for {key!r}"
        raise ReplyError(message)

    def replicas_of(self, master: ValkeyServer) -> list[ValkeyServer]:
        """Return the nodes that copy a master, by what the master says."""
        replication = master.info("replication")
        found = [value for name, value in replication.items() if name.startswith("slave")]
        return [self._at(int(value.split("port=")[1].split(",")[0])) for value in found]

    def _at(self, port: int) -> ValkeyServer:
        return next(node for node in self.nodes if node.port == port)

    def _all_met(self) -> bool:
        return all(
            f"cluster_known_nodes:{len(self.nodes)}\r" in node.ask("CLUSTER", "INFO")
            and "handshake" not in node.ask("CLUSTER", "NODES")
            for node in self.nodes
        )

    @staticmethod
    def _masters_seen_by(node: ValkeyServer) -> list[Any]:
        slots = node.ask("CLUSTER", "SLOTS")
        return sorted([start, end, master[1]] for start, end, master, *_ in slots)


def _in_step(node: ValkeyServer) -> bool:
    """Tell whether a replica has its master's data, and a master its replicas."""
    replication = node.info("replication")
    return (
        replication["role"] == "master" or replication["master_link_status"] == "up"
    ) and replication.get("master_sync_in_progress", "0") == "0"


class ValkeySentinel:
    """A master, its replicas, and three sentinels of which two decide.

    Args:
        home: An empty directory.
        replicas: How many copies the master has.
        down_after_ms: After how long a silence the master counts as dead.
    """

    name = MASTER_NAME

    def __init__(
        self, home: Path, *, replicas: int = 1, down_after_ms: int = DOWN_AFTER_MS
    ) -> None:
        self._home = home
        self._down_after_ms = down_after_ms
        self._replicas = replicas
        self.servers: list[ValkeyServer] = []
        self.sentinels: list[ValkeyServer] = []

    @property
    def url(self) -> str:
        """Where the sentinels answer, and what they call the master."""
        nodes = ",".join(f"{HOST}:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{nodes}/{self.name}"

    def start(self) -> None:
        """Start all servers and wait until the sentinels know each other and the replicas."""
        master = self._add(self.servers, "master")
        for number in range(self._replicas):
            self._add(self.servers, f"replica{number}", replica_of=master)
        for replica in self.servers[1:]:
            wait_until(replica.linked, "the replica is in step")
        for number in range(SENTINELS):
            self._add(self.sentinels, f"sentinel{number}", sentinel_of=master)
        self.await_health()

    def stop(self) -> None:
        """End the sentinels first, so that they see no master die."""
        for server in (*self.sentinels, *self.servers):
            server.stop()

    def await_health(self) -> None:
        """Wait until every sentinel knows the others and all replicas, in step.

        A master that comes back is made a replica after some 20 s: sentinels have periods of
        their own that no option shortens.
        """
        wait_until(self.healthy, "the sentinels know each other and replicas in step", seconds=60)

    def healthy(self) -> bool:
        """Tell whether a failover could begin now."""
        return all(self._knows_all(sentinel) for sentinel in self.sentinels)

    @property
    def master(self) -> ValkeyServer:
        """The server that most of the sentinels that answer hold to be the master."""
        votes: list[int] = []
        for sentinel in self.sentinels:
            with contextlib.suppress(OSError):
                address = sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.name)
                votes.append(int(address[1]))
        port = max(votes, key=votes.count)
        return next(server for server in self.servers if server.port == port)

    def settled(self) -> bool:
        """Tell whether no failover is under way: all name one master and its living replicas."""
        port = self.master.port
        living = {server.port for server in self.servers if server.runs and server.port != port}
        return all(self._agrees(sentinel, port, living) for sentinel in self.sentinels)

    def _agrees(self, sentinel: ValkeyServer, port: int, living: set[int]) -> bool:
        master = _pairs(sentinel.ask("SENTINEL", "MASTER", self.name))
        replicas = [_pairs(row) for row in sentinel.ask("SENTINEL", "REPLICAS", self.name)]
        in_step = {
            int(row["port"])
            for row in replicas
            if row["flags"] == "slave"
            and row["master-link-status"] == "ok"
            and int(row["master-port"]) == port
        }
        return int(master["port"]) == port and master["flags"] == "master" and living <= in_step

    def _knows_all(self, sentinel: ValkeyServer) -> bool:
        master = _pairs(sentinel.ask("SENTINEL", "MASTER", self.name))
        replicas = [_pairs(row) for row in sentinel.ask("SENTINEL", "REPLICAS", self.name)]
        return (
            master["flags"] == "master"
            and int(master["num-other-sentinels"]) == SENTINELS - 1
            and len(replicas) == self._replicas
            and all(row["flags"] == "slave" for row in replicas)
            and all(row["master-link-status"] == "ok" for row in replicas)
        )

    def _add(
        self,
        to: list[ValkeyServer],
        directory: str,
        *,
        replica_of: ValkeyServer | None = None,
        sentinel_of: ValkeyServer | None = None,
    ) -> ValkeyServer:
        home = self._home / directory
        home.mkdir()
        config = None
        if sentinel_of is not None:
            config = home / "sentinel.conf"  # which it writes over itself
            config.write_text(_sentinel_config(sentinel_of, self._down_after_ms), "utf-8")
        server = ValkeyServer(home, replica_of=replica_of, sentinel_config=config)
        to.append(server)
        server.start()
        return server


def _sentinel_config(master: ValkeyServer, down_after_ms: int) -> str:
    return (
        f"sentinel monitor {MASTER_NAME} {HOST} {master.port} 2\n"
        f"sentinel down-after-milliseconds {MASTER_NAME} {down_after_ms}\n"
        f"sentinel failover-timeout {MASTER_NAME} 5000\n"
        f"sentinel parallel-syncs {MASTER_NAME} 1\n"
        f"sentinel announce-ip {HOST}\n"
    )


def _pairs(row: list[str]) -> dict[str, str]:
    return dict(zip(row[::2], row[1::2], strict=True))


@contextlib.contextmanager
def running_cluster(
    *, replicas: int = 0, timeout_ms: int = NODE_TIMEOUT_MS
) -> Iterator[ValkeyCluster]:
    """Run a cluster, and stop it whatever happens."""
    with valkey_home() as home:
        cluster = ValkeyCluster(home, replicas=replicas, timeout_ms=timeout_ms)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


@contextlib.contextmanager
def running_sentinel(
    *, replicas: int = 1, down_after_ms: int = DOWN_AFTER_MS
) -> Iterator[ValkeySentinel]:
    """Run a master under sentinels, and stop all whatever happens."""
    with valkey_home() as home:
        sentinel = ValkeySentinel(home, replicas=replicas, down_after_ms=down_after_ms)
        try:
            sentinel.start()
            yield sentinel
        finally:
            sentinel.stop()


@pytest.fixture(scope="session")
def valkey_cluster_url() -> Iterator[str]:
    """Where a cluster of three masters answers, for all tests of the run."""
    with running_cluster(timeout_ms=PATIENCE_MS) as cluster:
        yield cluster.url


@pytest.fixture(scope="session")
def valkey_sentinel_url() -> Iterator[str]:
    """Where sentinels name a master that has a replica, for all tests of the run."""
    with running_sentinel(down_after_ms=PATIENCE_MS) as sentinel:
        yield sentinel.url
