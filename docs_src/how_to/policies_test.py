# --8<-- [start:test]
from fastapi_jwtkit import Principal
from how_to.policies import Task, may_change

TABLE = {
    # who asks, their role, the task of ann
    ("ann", "member", "open"): True,
    ("ann", "member", "locked"): False,
    ("bob", "member", "open"): False,
    ("bob", "admin", "locked"): True,
}


def test_who_may_change_a_task() -> None:
    for (subject, role, state), may in TABLE.items():
        principal = Principal(subject=subject, roles=frozenset({role}))
        task = Task("ann", locked=state == "locked")
        assert may_change.decide(principal, task).allowed is may


# --8<-- [end:test]
