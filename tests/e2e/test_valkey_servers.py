"""The servers that other tests rely on are what they are said to be."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from valkey_cluster import MASTER_NAME, running_cluster, running_sentinel
from valkey_server import ValkeyServer, running_valkey, valkey_program
from valkey_wire import ReplyError, ask
from waiting import wait_until


def ports(url: str) -> list[int]:
    """Return the ports of a URL that may name several."""
    return [int(port) for port in re.findall(r":(\d+)", url)]


def test_the_shared_server_answers(valkey_url: str) -> None:
    """Also one that the environment names."""
    assert ask(urlsplit(valkey_url).port or 6379, "PING") == "PONG"


def test_a_server_is_the_program_that_was_asked_for(valkey: ValkeyServer) -> None:
    """By what it says itself; the program may be a link to another."""
    said = Path(valkey.info("server")["executable"])
    assert said.resolve() == Path(valkey_program()).resolve()


def test_a_killed_server_comes_back_empty_at_the_same_place(valkey: ValkeyServer) -> None:
    """Without persistence; what is lost is what the tests of that rely on."""
    url, pid = valkey.url, valkey.pid
    valkey.ask("SET", "a", "1")
    valkey.kill()
    with pytest.raises(ConnectionRefusedError):
        valkey.ask("GET", "a")
    valkey.start()
    assert valkey.ask("GET", "a") is None
    assert (valkey.url, valkey.pid != pid) == (url, True)


def test_a_durable_server_keeps_what_it_has_answered() -> None:
    """Its file is written before the answer."""
    with running_valkey(durable=True) as server:
        server.ask("SET", "a", "1")
        server.kill()
        server.start()
        assert server.ask("GET", "a") == "1"


def test_a_frozen_server_answers_once_it_is_thawed(valkey: ValkeyServer) -> None:
    """Until then it takes the connection and is silent."""
    valkey.freeze()
    with pytest.raises(TimeoutError):
        valkey.ask("PING")
    valkey.thaw()
    assert valkey.ask("PING") == "PONG"


def test_commands_are_counted_as_the_server_runs_them(valkey: ValkeyServer) -> None:
    """Those of scripts too."""
    valkey.ask("GET", "a")
    valkey.ask("EVAL", "return redis.call('GET', KEYS[1])", "1", "a")
    assert (valkey.calls("get"), valkey.calls("EVAL"), valkey.calls("get", "eval")) == (2, 1, 3)


def test_the_shared_cluster_serves_all_slots_by_three_masters(valkey_cluster_url: str) -> None:
    """As every node sees it."""
    nodes = ports(valkey_cluster_url)
    assert len(nodes) == 3
    for port in nodes:
        state = ask(port, "CLUSTER", "INFO")
        assert "cluster_state:ok" in state
        assert "cluster_slots_ok:16384" in state
        assert "cluster_size:3" in state


def test_the_shared_sentinels_know_a_master_and_its_replica(valkey_sentinel_url: str) -> None:
    """And they name the same one."""
    assert valkey_sentinel_url.startswith("redis+sentinel://")
    assert valkey_sentinel_url.endswith(f"/{MASTER_NAME}")
    named = {
        ask(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME)[1]
        for port in ports(valkey_sentinel_url)
    }
    (master,) = named
    assert ask(int(master), "ROLE")[0] == "master"
    assert len(ask(int(master), "ROLE")[2]) == 1


def test_a_cluster_goes_on_with_the_replica_of_a_killed_master() -> None:
    """And the master comes back as the replica of its heir."""
    with running_cluster(replicas=1) as cluster:
        master = cluster.master_of("{a}")
        (replica,) = cluster.replicas_of(master)
        master.kill()
        wait_until(lambda: cluster.master_of("{a}") is replica, "the replica takes over")
        wait_until(lambda: replica.ask("SET", "{a}", "1") == "OK", "the heir takes writes")
        master.start()
        cluster.await_health()
        assert cluster.replicas_of(replica) == [master]


def test_sentinels_name_the_replica_of_a_killed_master() -> None:
    """Two of three agree that it is down."""
    with running_sentinel(replicas=1) as sentinel:
        (replica,) = sentinel.servers[1:]
        sentinel.master.kill()
        wait_until(lambda: sentinel.master is replica, "the replica takes over")
        wait_until(lambda: replica.ask("SET", "a", "1") == "OK", "the heir takes writes")


def test_a_refusal_of_the_server_is_an_error_of_the_test(valkey: ValkeyServer) -> None:
    """It is not taken for an answer."""
    with pytest.raises(ReplyError, match="unknown command"):
        valkey.ask("NONSENSE")


LONG_RUN = """\
import time
from pathlib import Path

from endings import ends_in_good_order
from valkey_server import valkey


def test_that_takes_long(valkey):
    Path("started").write_text(f"{valkey.port} {valkey.home}")
    time.sleep(600)
"""


def test_a_run_that_is_ended_ends_its_servers(tmp_path: Path) -> None:
    """As by ``timeout``, which may tell it twice."""
    (tmp_path / "test_long.py").write_text(LONG_RUN, "utf-8")
    started = tmp_path / "started"
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_long.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: started.exists() and started.read_text(), "it started", seconds=120)
        run.terminate()
        run.terminate()
        run.wait(60)
    finally:
        run.kill()
        run.wait()
    port, home = started.read_text().split()
    with pytest.raises(ConnectionRefusedError):
        ask(int(port), "PING")
    assert not Path(home).exists()
