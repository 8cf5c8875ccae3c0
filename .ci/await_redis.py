"""Wait until a Redis answers at a port and is the process it should be; print its version."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from valkey_server import answers
from valkey_wire import info
from waiting import wait_until

LEAST_VERSION = 7


def main(port: int, process: int) -> int:
    """Print the version; 1 where it is older than the store needs."""
    wait_until(lambda: answers(port, process), f"Redis on port {port}", seconds=10)
    version = info(port, "server")["redis_version"]
    print(version)
    return int(version.split(".")[0]) < LEAST_VERSION


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
