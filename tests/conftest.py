"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from endings import ends_in_good_order as ends_in_good_order  # noqa: PLC0414 - for all
from postgres_server import postgres_url as postgres_url  # noqa: PLC0414 - likewise
from sql_databases import empty_url as empty_url  # noqa: PLC0414 - a fixture for all
from valkey_cluster import valkey_cluster_url as valkey_cluster_url  # noqa: PLC0414 - likewise
from valkey_cluster import valkey_sentinel_url as valkey_sentinel_url  # noqa: PLC0414 - likewise
from valkey_server import valkey as valkey  # noqa: PLC0414 - likewise
from valkey_server import valkey_url as valkey_url  # noqa: PLC0414 - likewise

# How long something takes says nothing on a machine that does other things as well.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a hash by its place: its salt is new in each of the processes that share a run."""
    return argname if isinstance(val, str) and "$argon2" in val else None
