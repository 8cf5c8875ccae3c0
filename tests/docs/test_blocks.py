"""Pages show code that runs, all of it, and say where it is."""

from __future__ import annotations

import re

import doc_examples as examples

SECTION = re.compile(r"# --8<-- \[start:(\w+)\]")


def test_every_block_of_python_in_a_page_is_a_file_that_runs() -> None:
    """A block includes a file, is the very text of one, or says why it is not run."""
    whole = {
        examples.without_markers(path.read_text(encoding="utf-8"))
        for path in examples.SOURCES.rglob("*.py")
    }
    astray = [
        f"{block.page.relative_to(examples.ROOT)}: {block.body.splitlines()[0]}"
        for block in examples.python_blocks()
        if block.included() is None and not block.not_run and block.body.strip() not in whole
    ]
    assert astray == []


def test_every_block_includes_something_that_is_there() -> None:
    """No page points to a file or a section that is gone; and there are pages."""
    included = [block.included() for block in examples.python_blocks()]
    assert sum(where is not None for where in included) > 20
    for name, wanted in filter(None, included):
        if wanted is None:
            assert (examples.SOURCES / f"{name}.py").is_file()
        else:
            assert examples.section(name, wanted)


def test_every_included_file_is_named_above_its_block() -> None:
    """On the repository, where nothing is included, a page still says where its code is."""
    unnamed = []
    for page in sorted((examples.ROOT / "docs").rglob("*.md")):
        lines = [line.strip() for line in page.read_text(encoding="utf-8").splitlines()]
        for number, line in enumerate(lines):
            if (include := examples.INCLUDE.match(line)) is None:
                continue
            if lines[number - 3] != f"From `docs_src/{include['path']}`:":
                unnamed.append(f"{page.name}: {line}")
    assert unnamed == []


def test_every_file_and_section_of_the_examples_is_shown_in_a_page() -> None:
    """What no page shows need not be kept."""
    shown = {where for block in examples.python_blocks() if (where := block.included())}
    for path in examples.SOURCES.rglob("*.py"):
        name = str(path.relative_to(examples.SOURCES)).removesuffix(".py")
        sections = set(SECTION.findall(path.read_text(encoding="utf-8")))
        if (name, None) not in shown:
            assert sections, name
            assert {(name, wanted) for wanted in sections} <= shown, name


def test_the_readme_shows_the_quick_start_as_it_runs() -> None:
    """The first block of Python in the README is the file, letter by letter."""
    first = next(block for block in examples.python_blocks() if block.page.name == "README.md")
    path = examples.SOURCES / "quickstart.py"
    assert first.body.strip() == examples.without_markers(path.read_text(encoding="utf-8"))
