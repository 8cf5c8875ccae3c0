"""The public surface is what it says: names, docstrings, laziness, errors, settings, words."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import fastapi_jwtkit
from fastapi_jwtkit import errors
from fastapi_jwtkit.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "fastapi_jwtkit"
BANNED = (
    *("manager", "helper", "util", "backend", "strategy"),
    *("blacklist", "denylist", "blocklist", "current_user"),
)
"""Words that hide what a thing is; ``base`` is banned as a word of its own."""
THEIRS = {"base_exceptions"}
"""Names that a library asks for: ``limits`` of whatever it counts in."""


def modules() -> Iterator[ModuleType]:
    """Import every module of the package."""
    yield fastapi_jwtkit
    for info in pkgutil.walk_packages(fastapi_jwtkit.__path__, "fastapi_jwtkit."):
        if not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


MODULES = list(modules())


def declared(tree: ast.AST) -> Iterator[str]:
    """Return every name that a module gives to something of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def ours(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the functions of a module, without the shapes of third parties (``_Name``)."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef) and node.name.startswith("_"):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        yield from ours(node)


def words(name: str) -> set[str]:
    """Split a name at underscores and capitals."""
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_what_a_module_lists_can_be_imported(module: ModuleType) -> None:
    """``__all__`` names what is there, once and in order."""
    listed = list(getattr(module, "__all__", ()))
    assert [name for name in listed if not hasattr(module, name)] == []
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_what_a_module_lists_is_documented(module: ModuleType) -> None:
    """Hovering over a public class or function teaches; so does hovering over its methods."""
    assert (module.__doc__ or "").strip(), module.__name__
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        assert (thing.__doc__ or "").strip(), name
        if not inspect.isclass(thing) or not thing.__module__.startswith("fastapi_jwtkit"):
            continue
        silent = [
            f"{name}.{method}"
            for method, value in vars(thing).items()
            if not method.startswith("_")
            and inspect.isfunction(value)
            and not (inspect.getdoc(getattr(thing, method)) or "").strip()
        ]
        assert silent == []


def test_the_root_lists_every_name_it_has() -> None:
    """``__all__``, ``dir()`` and what the lazy root knows are the same names."""
    public = set(fastapi_jwtkit.__all__)
    homes = vars(fastapi_jwtkit)["_HOMES"]
    assert set(homes) == public
    assert public <= set(dir(fastapi_jwtkit))
    for name, home in homes.items():
        here = getattr(importlib.import_module(f"fastapi_jwtkit.{home}"), name)
        assert getattr(fastapi_jwtkit, name) is here


def test_a_name_that_the_root_does_not_have_is_an_attribute_error() -> None:
    """So that ``hasattr`` and misspelt imports behave as everywhere."""
    with pytest.raises(AttributeError, match="nope"):
        _ = fastapi_jwtkit.nope  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "statement",
    [
        "import fastapi_jwtkit",
        "from fastapi_jwtkit import Settings, KeyRing, Principal, JWTKit, TokenPair, Session",
        "import fastapi_jwtkit.tokens.issuer, fastapi_jwtkit.tokens.verifier",
    ],
)
def test_core_names_leave_the_web_framework_alone(statement: str) -> None:
    """A worker that verifies tokens never loads FastAPI."""
    probe = f"{statement}; import sys; print(*sorted(sys.modules))"
    answer = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", probe], check=True, capture_output=True, text=True
    )
    loaded = {name.partition(".")[0] for name in answer.stdout.split()}
    assert loaded & {"fastapi", "starlette", "typer", "uvicorn", "httpx", "opentelemetry"} == set()


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    """The drawing at the top of errors.py has every class, below its parent, and no other."""
    drawn: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"( {4}[│├└─ ]*)(\w+Error)\b", line)
        if match:
            drawn.append((len(match[1]) // 4 - 1, match[2]))
    parents: dict[str, str] = {}
    path: list[str] = []
    for depth, name in drawn:
        path[depth:] = [name]
        parents[name] = path[depth - 1] if depth else "Exception"
    real = {
        name: next(
            base.__name__
            for base in getattr(errors, name).__bases__
            if issubclass(base, errors.JWTKitError) or base is Exception
        )
        for name in errors.__all__
    }
    assert parents == real


def test_every_error_of_the_package_is_in_the_tree() -> None:
    """Whoever catches ``JWTKitError`` catches what the package raises."""
    outside = [
        f"{module.__name__}.{name}"
        for module in MODULES
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, Exception)
        and value.__module__.startswith("fastapi_jwtkit")
        and not value.__module__.startswith("fastapi_jwtkit.web")
        and not issubclass(value, errors.JWTKitError)
    ]
    assert outside == []


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_read_by_something(name: str) -> None:
    """A setting that nothing reads would be a promise that nobody keeps."""
    readers = [
        path
        for path in PACKAGE.rglob("*.py")
        if path.name != "settings.py"
        and re.search(rf"settings\.{name}\b", path.read_text(encoding="utf-8"))
    ]
    assert readers


def test_no_name_hides_what_a_thing_is() -> None:
    """Every noun says what it stands for."""
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in PACKAGE.rglob("*.py")
        for name in {path.stem, *declared(ast.parse(path.read_text(encoding="utf-8")))}
        if any(word in name.lower() for word in BANNED) or "base" in words(name)
        if name not in THEIRS
    ]
    assert sorted(set(found)) == []


def test_nothing_named_verify_returns_a_truth_value() -> None:
    """A caller who forgets to look at the answer must not be let in."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ours(ast.parse(path.read_text(encoding="utf-8")))
        if "verify" in node.name
        and isinstance(node.returns, ast.Name)
        and node.returns.id == "bool"
    ]
    assert found == []


def test_every_word_of_the_glossary_exists() -> None:
    """What the glossary calls by a name in code letters is something in the code."""
    glossary = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
    nouns = {
        noun
        for row in re.findall(r"^\| (`[^|]+`) \|", glossary, re.MULTILINE)
        for noun in re.findall(r"`(\w+)`", row)
    }
    assert len(nouns) > 20
    known = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in declared(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert nouns - known == set()
