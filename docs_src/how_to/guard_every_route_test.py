# --8<-- [start:test]
from fastapi_jwtkit.testing.guarded import assert_all_guarded
from how_to.guard_every_route import app


def test_no_route_was_forgotten() -> None:
    assert_all_guarded(app)


# --8<-- [end:test]
