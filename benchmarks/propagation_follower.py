"""A worker that says when it begins to refuse each of some tokens.

Part of ``benchmarks.propagation``, which starts several of them. Configured by
``JWTKIT_*``; reads the tokens as one line of JSON, and writes a line when it has
accepted them all and, in their order, one for each that it refuses: when that was, and
the longest time between two looks, which is what the machine adds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from fastapi_jwtkit import JWTKit, Settings
from fastapi_jwtkit.errors import InvalidTokenError

LOOK_EVERY_SECONDS = 0.001
GIVE_UP_SECONDS = 900.0


async def accepts(kit: JWTKit, token: str) -> bool:
    """Say whether a request with this token would be let in."""
    try:
        await kit.verify(token)
    except InvalidTokenError:
        return False
    return True


async def follow(tokens: list[str]) -> None:
    """Wait for each token to be refused."""
    kit = JWTKit(Settings())
    await kit.start()
    try:
        if not all([await accepts(kit, token) for token in tokens]):
            raise RuntimeError("a token was refused before anybody revoked it")
        print("ready", flush=True)
        for token in tokens:
            longest, last = 0.0, time.perf_counter()
            while await accepts(kit, token):
                await asyncio.sleep(LOOK_EVERY_SECONDS)
                now = time.perf_counter()
                longest, last = max(longest, now - last), now
            print(time.time(), longest, flush=True)
    finally:
        await kit.stop()


async def main() -> None:
    """Follow, and end in any case."""
    async with asyncio.timeout(GIVE_UP_SECONDS):
        await follow(json.loads(sys.stdin.readline()))


if __name__ == "__main__":
    asyncio.run(main())
