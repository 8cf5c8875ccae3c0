"""The pytest plugin ``jwtkit``: two fixtures, and nothing that happens by itself.

pytest imports this module before any test, in every suite of an environment that has the
package. So it imports nothing but pytest, and what a fixture needs when that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi_jwtkit.testing.acting import ActAs, Acting
    from fastapi_jwtkit.testing.clock import FakeClock


@pytest.fixture
def acting_as() -> Iterator[ActAs]:
    """Say who is calling: ``acting_as(app, "ann", scopes=["tasks:read"])``, until the test ends.

    Takes what ``fastapi_jwtkit.testing.acting.acting_as`` takes and begins at once.
    """
    from fastapi_jwtkit.testing import acting  # noqa: PLC0415 - see above

    with ExitStack() as stack:

        def act_as(*args: Any, **details: Any) -> Acting:
            return stack.enter_context(acting.acting_as(*args, **details))

        yield act_as


@pytest.fixture
def jwtkit_clock() -> FakeClock:
    """Return a clock that moves only by ``step(seconds)``: ``JWTKit(settings, clock=…)``."""
    from fastapi_jwtkit.testing import clock  # noqa: PLC0415 - see above

    return clock.FakeClock()
