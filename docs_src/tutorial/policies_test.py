# --8<-- [start:test]
import pytest
from fastapi_jwtkit import Principal
from tutorial.policies import Note, may_change, may_read

ANN = "ann"


@pytest.mark.parametrize(
    ("subject", "role", "reads", "changes"),
    [
        ("ann", "member", True, True),
        ("ann", "guest", True, False),
        ("bob", "member", False, False),
        ("bob", "editor", True, False),
    ],
)
def test_who_may_do_what(subject: str, role: str, *, reads: bool, changes: bool) -> None:
    principal, note = Principal(subject=subject, roles=frozenset({role})), Note(ANN, "milk")
    assert may_read.decide(principal, note).allowed is reads
    assert may_change.decide(principal, note).allowed is changes


# --8<-- [end:test]
