"""What was revoked is on a replica before anybody is told that it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from fastapi_jwtkit.errors import NotReplicatedError, StoreUnavailableError
from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.stores.redis import RedisStores, redis_stores
from fastapi_jwtkit.stores.redis.keys import KeyNames
from fastapi_jwtkit.testing.contracts.session_data import REALM, advance, new_session
from valkey_cluster import ValkeyCluster, running_cluster
from valkey_server import ValkeyServer, running_valkey
from waiting import wait_until

ENTRY = RevocationEntry(kind="sid", value="s1")


@pytest.fixture
def replica(valkey: ValkeyServer, tmp_path: Path) -> Iterator[ValkeyServer]:
    """Return a server that copies ``valkey``, and is in step."""
    server = ValkeyServer(tmp_path, replica_of=valkey)
    try:
        server.start()
        wait_until(server.linked, "the replica is in step")
        wait_until(lambda: online(valkey) == 1, "the master sees it so, too")
        yield server
    finally:
        server.stop()


@pytest.fixture
async def stores(valkey: ValkeyServer) -> AsyncIterator[RedisStores]:
    """Return stores on a server of the test's own."""
    made = redis_stores(valkey.url)
    yield made
    await made.close()


def online(master: ValkeyServer) -> int:
    """Return how many replicas a master holds to be in step."""
    return sum("state=online" in value for value in master.info("replication").values())


async def test_where_there_is_no_replica_nobody_waits(
    valkey: ValkeyServer, stores: RedisStores
) -> None:
    """``WAIT`` would then take its whole time."""
    await stores.sessions.add(new_session())
    assert await stores.sessions.revoke(REALM, "s1", reason="logout")
    await stores.revocations.publish(REALM, [ENTRY])
    assert valkey.calls("WAIT") == 0


async def test_a_revocation_is_on_the_replica_when_it_is_done(
    valkey: ValkeyServer, replica: ValkeyServer, stores: RedisStores
) -> None:
    """The row and the feed; what is less dear waits for nobody."""
    await stores.sessions.add(new_session())
    await stores.sessions.advance(REALM, "s1", advance(0))
    assert await stores.one_time.consume(REALM, "t1", expires_at=2e9)
    assert valkey.calls("WAIT") == 0
    assert await stores.sessions.revoke(REALM, "s1", reason="logout")
    assert "logout" in replica.ask("GET", KeyNames().session(REALM, "s1"))
    await stores.revocations.publish(REALM, [ENTRY])
    assert float(replica.ask("ZSCORE", KeyNames().feed(REALM)[0], "sid:s1")) == float("inf")
    assert valkey.calls("WAIT") == 2
    assert not await stores.sessions.revoke(REALM, "nobody", reason="logout")
    assert valkey.calls("WAIT") == 2


async def test_a_replica_that_does_not_answer_is_told(
    replica: ValkeyServer, stores: RedisStores
) -> None:
    """It is done, and a fail-over could undo it; to do it again asks for it again."""
    await stores.sessions.add(new_session())
    await stores.revocations.snapshot(REALM)
    replica.freeze()
    for _ in range(2):
        with pytest.raises(NotReplicatedError):
            await stores.sessions.revoke(REALM, "s1", reason="logout")
        with pytest.raises(NotReplicatedError):
            await stores.revocations.publish(REALM, [ENTRY])
    found = await stores.sessions.find(REALM, "s1")
    assert found is not None
    assert found.session.revoked_reason == "logout"
    assert (await stores.revocations.snapshot(REALM)).entries == (ENTRY,)
    replica.thaw()
    assert await stores.sessions.revoke(REALM, "s1", reason="logout")
    await stores.revocations.publish(REALM, [ENTRY])


async def test_a_replica_that_went_is_not_waited_for(
    valkey: ValkeyServer, replica: ValkeyServer, stores: RedisStores
) -> None:
    """Right after, and it is waited for again right after it came back."""
    await stores.sessions.add(new_session())
    replica.stop()
    wait_until(lambda: online(valkey) == 0, "the master knows")
    assert await stores.sessions.revoke(REALM, "s1", reason="logout")
    assert valkey.calls("WAIT") == 0
    replica.start()
    wait_until(replica.linked, "the replica is in step")
    wait_until(lambda: online(valkey) == 1, "the master knows")
    assert await stores.sessions.revoke(REALM, "s1", reason="logout")
    assert valkey.calls("WAIT") == 1


async def test_a_master_that_wants_a_replica_and_has_none_is_an_outage() -> None:
    """``min-replicas-to-write``: it takes no write, and so nothing is half done."""
    with running_valkey(options={"min-replicas-to-write": "1"}) as server:
        stores = redis_stores(server.url)
        for call in (
            stores.sessions.add(new_session()),
            stores.revocations.publish(REALM, [ENTRY]),
        ):
            with pytest.raises(StoreUnavailableError):
                await call
        assert await stores.sessions.find(REALM, "s1") is None
        await stores.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[ValkeyCluster]:
    """Return a cluster whose masters have a replica each."""
    with running_cluster(replicas=1) as made:
        yield made


async def test_in_a_cluster_the_node_of_the_key_waits(cluster: ValkeyCluster) -> None:
    """Each row and each feed has a master and a replica of its own."""
    stores = redis_stores(cluster.url)
    for number in range(12):
        sid, realm = f"s{number}", f"https://{number}.example"
        await stores.sessions.add(new_session(sid, realm=realm))
        assert await stores.sessions.revoke(realm, sid, reason="logout")
        await stores.revocations.publish(realm, [ENTRY])
    waited = [node.calls("WAIT") for node in cluster.nodes]
    assert sum(waited) == 24
    assert sum(count > 0 for count in waited) == 3
    key = KeyNames().session("https://0.example", "s0")
    (replica,) = cluster.replicas_of(cluster.master_of(key))
    await stores.close()
    replica.freeze()
    stores = redis_stores(cluster.url)
    with pytest.raises(NotReplicatedError):
        await stores.sessions.revoke("https://0.example", "s0", reason="logout")
    replica.thaw()
    await stores.close()
