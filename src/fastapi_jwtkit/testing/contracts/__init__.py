"""What every store must keep, as tests that you run on a store of your own.

Each contract is a class of tests. Subclass it in a test file, give a fixture ``store`` that
returns an empty store, and the few methods that its docstring names::

    class TestMyOneTimeStore(OneTimeStoreContract):
        @pytest.fixture
        def store(self) -> MyOneTimeStore:
            self.offset = 0.0
            return MyOneTimeStore(now=self.now)

        def now(self) -> float:
            return time.time() + self.offset

        def step(self, seconds: float) -> None:
            self.offset += seconds

The fixture may be asynchronous and may clean up behind a ``yield``: each test gets an instance
of the class of its own, which its fixtures share, so ``self`` is the place for what they make.

Needs the extra ``testing``: ``pytest`` and ``pytest-asyncio``, in its mode ``auto`` or ``strict``
(in ``strict``, an asynchronous fixture is a ``pytest_asyncio.fixture``). No test is skipped:
what a store cannot do it fails.
"""

from __future__ import annotations

from importlib.util import find_spec

from fastapi_jwtkit.errors import MissingExtraError

for _tool in ("pytest", "pytest-asyncio"):
    if find_spec(_tool.replace("-", "_")) is None:
        raise MissingExtraError(_tool, "testing")

import pytest  # noqa: E402

# Before they are imported: a failed assertion then shows the values it compared.
pytest.register_assert_rewrite(
    *(f"{__name__}.{_name}" for _name in ("account_users", "clock", "counters", "erasing")),
    *(f"{__name__}.{_name}" for _name in ("following", "one_time", "revocations", "rotation")),
    *(f"{__name__}.{_name}" for _name in ("session_data", "sessions", "users")),
)

from fastapi_jwtkit.testing.contracts.account_users import (  # noqa: E402
    DisablingUserStoreContract,
    EmailUserStoreContract,
    RemovingUserStoreContract,
)
from fastapi_jwtkit.testing.contracts.counters import CounterStoreContract  # noqa: E402
from fastapi_jwtkit.testing.contracts.erasing import ErasingSessionStoreContract  # noqa: E402
from fastapi_jwtkit.testing.contracts.one_time import OneTimeStoreContract  # noqa: E402
from fastapi_jwtkit.testing.contracts.revocations import RevocationStoreContract  # noqa: E402
from fastapi_jwtkit.testing.contracts.sessions import SessionStoreContract  # noqa: E402
from fastapi_jwtkit.testing.contracts.users import (  # noqa: E402
    RegisteringUserStoreContract,
    UserStoreContract,
)

__all__ = [
    "CounterStoreContract",
    "DisablingUserStoreContract",
    "EmailUserStoreContract",
    "ErasingSessionStoreContract",
    "OneTimeStoreContract",
    "RegisteringUserStoreContract",
    "RemovingUserStoreContract",
    "RevocationStoreContract",
    "SessionStoreContract",
    "UserStoreContract",
]
