"""The table of defences fits the code: what takes minutes to show is at least still there."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutations.cuts import Cut, CutMissesError, Defence, copy_without
from mutations.table import DEFENCES, defects_without_defence


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: defence.name)
def test_a_defence_can_be_taken_out(defence: Defence, tmp_path: Path) -> None:
    """If not, its code was changed: change the cut with it, and run ``tests/mutations``."""
    assert copy_without(defence, tmp_path)


def test_every_defect_of_others_has_a_defence() -> None:
    """Or a reason why there is nothing to take out."""
    assert defects_without_defence() == []


@pytest.mark.parametrize("text", ["not there", "return"])
def test_a_cut_that_is_not_one_is_refused(text: str, tmp_path: Path) -> None:
    """Not there, or there more than once: nobody could say what was taken out."""
    with pytest.raises(CutMissesError):
        copy_without(Defence("x", (Cut("kit.py", text),), ()), tmp_path)
