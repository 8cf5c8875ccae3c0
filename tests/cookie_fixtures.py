"""Fixtures of the tests of cookies; import those that a file needs."""

from __future__ import annotations

import pytest

from clocks import FakeClock
from pages import BOTH, Page, open_page
from web_kits import Realm


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock to step."""
    return FakeClock()


@pytest.fixture
def realm(clock: FakeClock) -> Realm:
    """Return a realm with one user, who may choose a transport."""
    realm = Realm(clock=clock, transports=BOTH)
    realm.add_user(scopes=["tasks:read", "tasks:write"])
    return realm


@pytest.fixture
def page(realm: Realm) -> Page:
    """Return a page of an app with that realm."""
    return open_page(realm)
