"""The application's users table keeps every promise that the kit asks of a user store."""

from __future__ import annotations

import pytest

from examples.todo.app.services.user_store import SqlUserStore
from examples.todo.tests.below import Services
from fastapi_jwtkit.testing.contracts import (
    DisablingUserStoreContract,
    EmailUserStoreContract,
    RemovingUserStoreContract,
)


class TestOurUsers(EmailUserStoreContract, DisablingUserStoreContract, RemovingUserStoreContract):
    """In a file."""

    @pytest.fixture
    def store(self, services: Services) -> SqlUserStore:
        """Return an empty store."""
        return services.users
