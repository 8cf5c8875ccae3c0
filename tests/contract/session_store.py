"""The contract of session stores by its former place, for stores that make themselves."""

from __future__ import annotations

import pytest

from fastapi_jwtkit.protocols import SessionStore
from fastapi_jwtkit.testing.contracts import sessions
from fastapi_jwtkit.testing.contracts.session_data import REALM, advance, new_session

__all__ = ["REALM", "SessionStoreContract", "advance", "new_session"]


class SessionStoreContract(sessions.SessionStoreContract):
    """Give ``make_store`` and ``step``, and run."""

    slack = 0.0

    def make_store(self) -> SessionStore:
        """Return an empty store."""
        raise NotImplementedError

    @pytest.fixture
    def store(self) -> SessionStore:
        """Return an empty store."""
        return self.make_store()
