"""Ask a Valkey or a Redis by one command, without a client that does more than that."""

from __future__ import annotations

import socket
from typing import IO, Any

HOST = "127.0.0.1"
ANSWER_SECONDS = 2.0


class ReplyError(OSError):
    """The server answered with an error."""


def ask(port: int, *words: str) -> Any:
    """Send one command over a connection of its own and return the answer.

    Args:
        port: Of the server, on this machine.
        words: The command.

    Raises:
        ReplyError: The server refused.
        OSError: Nothing answers there, or not in time.
    """
    parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
    with socket.create_connection((HOST, port), ANSWER_SECONDS) as connection:
        connection.sendall("".join([f"*{len(words)}\r\n", *parts]).encode())
        with connection.makefile("rb") as answer:
            return _read(answer)


def _read(answer: IO[bytes]) -> Any:
    line = answer.readline()
    kind, rest = line[:1], line[1:-2].decode()
    match kind:
        case b"+":
            return rest
        case b":":
            return int(rest)
        case b"$":
            size = int(rest)
            return (
                None if size < 0 else answer.read(size + 2)[:-2].decode("utf-8", "surrogateescape")
            )
        case b"*":
            return [_read(answer) for _ in range(int(rest))]
        case b"-":
            raise ReplyError(rest)
        case _:
            raise ConnectionError(f"{line!r} is no answer")


def info(port: int, section: str) -> dict[str, str]:
    """Return a section of what a server says of itself."""
    lines = ask(port, "INFO", section).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
