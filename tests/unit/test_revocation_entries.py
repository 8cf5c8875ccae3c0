"""Merging revocation entries: what is dead never comes back to life."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit.records import RevocationEntry
from fastapi_jwtkit.revocation_entries import merge_entries

bounds = st.one_of(st.none(), st.integers(0, 9))
entries = st.builds(
    lambda epoch, before, expires: RevocationEntry(
        kind="sid", value="s", min_epoch=epoch, not_before=before, expires_at=expires
    ),
    bounds,
    bounds,
    bounds,
)


def kills(entry: RevocationEntry, epoch: int, now: float) -> bool:
    """Say whether an entry kills claims of this version at this time."""
    in_force = entry.expires_at is None or now < entry.expires_at
    return in_force and (entry.min_epoch is None or epoch < entry.min_epoch)


@given(one=entries, other=entries, epoch=st.integers(0, 10), now=st.integers(0, 10))
def test_the_merged_entry_kills_what_either_kills(
    one: RevocationEntry, other: RevocationEntry, epoch: int, now: int
) -> None:
    """However weak the later entry is."""
    merged = merge_entries(one, other)
    if kills(one, epoch, now) or kills(other, epoch, now):
        assert kills(merged, epoch, now)


@given(three=st.tuples(entries, entries, entries))
def test_order_and_repetition_do_not_matter(three: tuple[RevocationEntry, ...]) -> None:
    """A feed may deliver late, twice and out of order."""
    results = {
        merge_entries(merge_entries(merge_entries(a, b), c), a) for a, b, c in permutations(three)
    }
    assert len(results) == 1
