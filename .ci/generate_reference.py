"""Write the pages of the reference that are made from the code and from the marks of the tests.

Without an argument it writes them; with ``--check`` it fails if a committed page is out of
date.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path

from command_line_page import command_line_page
from rfc_coverage import coverage_page

from fastapi_jwtkit import errors, settings
from fastapi_jwtkit.abuse_settings import AbuseSettings
from fastapi_jwtkit.cookie_settings import CookieSettings
from fastapi_jwtkit.event_table import EVENTS
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.settings import Settings
from fastapi_jwtkit.web.errors import row_of

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
NOTE = "<!-- Written by .ci/generate_reference.py; do not edit. -->\n"
DAY = 86_400

SETTINGS_HEAD = """# Settings

`Settings(…)` takes each as a keyword, `JWTKit.from_env()` and `JWTAuth.from_env()` read them from
the environment. For a setting `x` the first of these that is there wins:

1. the argument `Settings(x=…)`
2. the variable `JWTKIT_X`
3. the file that `JWTKIT_X_FILE` names
4. the file `JWTKIT_X` in the directory that `JWTKIT_SECRETS_DIR` names

No `.env` file is read. A `JWTKIT_` name that is no setting is an error that names the nearest
one. Durations are in seconds. A setting that was read is frozen.

| variable | default | meaning |
|---|---|---|
"""

ERRORS_HEAD = """# Errors

Every error body has the same shape, and `error_code` is stable; `detail` is for people and may
change. Routes that speak OAuth 2.0 add `error` and `error_description` (RFC 6749, 5.2). A 422 adds
`errors`, each with `loc`, `msg` and `type`, and never what was sent.

```json
{"detail": "The access token is invalid, expired or revoked.", "error_code": "invalid_token"}
```

The precise reason is in the event and never in the answer: to a stranger all bad tokens look
alike. 429 and 503 carry `Retry-After`.

"""


EVENTS_HEAD = """# Events

Every event goes to the logger `fastapi_jwtkit.audit`, with its fields under `auth_event` in
`extra`, and to each sink of `JWTKit(events=…)`: see
[Keep an audit log](../how-to/audit-log.md) and [Metrics](../how-to/metrics.md). An event never
holds a token, a password or a part of one, and no login or address that somebody typed.

All events are one record, `AuthEvent`, told apart by `name`. Each has `time`, `realm` and
`outcome`; a failure has a `reason`. What else it may say is in the table, and a field is `None`
where nobody knows it: who presents a forged token has no subject. Names follow the OWASP Logging
Vocabulary where it has one. A good access token makes no event: that is nearly every request.

| event | outcome | level | fields | `detail` | what happened |
|---|---|---|---|---|---|
"""

EVENTS_TAIL = """
Where an event has one outcome only, the other is told by:

| event | its opposite |
|---|---|
"""

EVENTS_CODE = """
::: fastapi_jwtkit.events.AuthEvent

::: fastapi_jwtkit.events.EventName

::: fastapi_jwtkit.protocols.EventSink

::: fastapi_jwtkit.json_lines.JSONLinesSink

::: fastapi_jwtkit.opentelemetry_sink.OpenTelemetrySink

::: fastapi_jwtkit.event_sinks.QueuedSink

::: fastapi_jwtkit.event_sinks.WaitingSink

::: fastapi_jwtkit.vitals.Vitals
"""


def events_page() -> str:
    """Return the table of events, made from their names, their forms and the strings below."""
    told = field_docs(EventName)
    rows: list[str] = []
    for name, form in EVENTS.items():
        level = form.level or " / ".join(
            "INFO" if outcome == "success" else "WARN" for outcome in form.outcomes
        )
        fields = ", ".join(f"`{field}`" for field in form.fields)
        detail = ", ".join(f"`{field}`" for field in form.detail)
        outcomes = ", ".join(form.outcomes)
        rows.append(
            f"| `{name}` | {outcomes} | {level} | {fields} | {detail} | {told[name.name]} |"
        )
    opposites = [
        f"| `{name}` | `{form.opposite}` |"
        for name, form in EVENTS.items()
        if form.opposite is not None
    ]
    return (
        f"{NOTE}{EVENTS_HEAD}"
        + "\n".join(rows)
        + f"\n{EVENTS_TAIL}"
        + "\n".join(opposites)
        + f"\n{EVENTS_CODE}"
    )


def settings_page() -> str:
    """Return the table of settings, made from the fields and the strings below them."""
    told = field_docs(Settings) | field_docs(AbuseSettings) | field_docs(CookieSettings)
    rows = [
        f"| `{settings.PREFIX}{name.upper()}` | {default_of(name)} | {told[name]} |"
        for name in Settings.model_fields
    ]
    return NOTE + SETTINGS_HEAD + "\n".join(rows) + "\n"


def field_docs(part: type) -> dict[str, str]:
    """Return what stands below each field of a class."""
    body = ast.parse(inspect.getsource(part)).body[0]
    if not isinstance(body, ast.ClassDef):
        sys.exit(f"{part.__name__} is no class any more")
    docs: dict[str, str] = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign):
            target = field.target
        elif isinstance(field, ast.Assign):
            target = field.targets[0]
        else:
            continue
        if not isinstance(target, ast.Name):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            docs[target.id] = " ".join(str(text.value.value).replace("``", "`").split())
    return docs


def default_of(name: str) -> str:
    """Return the default of a setting as a person would write it."""
    field = Settings.model_fields[name]
    value = field.default
    if value in (None, "", (), frozenset()):
        return ""
    if isinstance(value, bool):
        shown = str(value).lower()
    elif isinstance(value, int | float):
        shown = f"{value:g}"
        if value >= DAY and value % DAY == 0:
            shown = f"{value:.0f}"
            return f"`{shown}` ({value / DAY:.0f} days)"
    else:
        shown = str(value)
    choices = typing.get_args(field.annotation)
    if typing.get_origin(field.annotation) is typing.Literal:
        others = [f"`{choice}`" for choice in choices if choice != value]
        return f"`{shown}`, or {', '.join(others)}"
    return f"`{shown}`"


def errors_page() -> str:
    """Return how each error reads over HTTP, and the tree of classes."""
    lines = [
        "| class | status | `error_code` | `WWW-Authenticate` | `detail` |",
        "|---|---|---|---|---|",
        *map(error_line, sorted(answered(), key=lambda error: row_of(error).status)),
    ]
    tree = "\n".join(tree_lines(errors.JWTKitError))
    return (
        f"{NOTE}{ERRORS_HEAD}"
        + "\n".join(lines)
        + "\n\n## The tree\n\nNo class knows its status: one table maps them.\n\n"
        + f"```text\n{tree}\n```\n\n"
        + "::: fastapi_jwtkit.errors\n    options:\n      show_root_heading: false\n"
        + "      show_root_toc_entry: false\n"
    )


def answered() -> Iterator[type[errors.JWTKitError]]:
    """Return the classes that a client can meet."""
    for name in errors.__all__:
        error = getattr(errors, name)
        if not issubclass(error, errors.ConfigurationError) and error is not errors.JWTKitError:
            yield error


def error_line(error: type[errors.JWTKitError]) -> str:
    """Return the row of one class."""
    row = row_of(error)
    challenge = row.challenge or ""
    if issubclass(error, errors.InsufficientScopeError):
        challenge += ', scope="…"'
    if issubclass(error, errors.ReauthenticationError):
        challenge += ', max_age="…"'
    shown = f"`{challenge}`" if challenge else ""
    return f"| `{error.__name__}` | {row.status} | `{row.error_code}` | {shown} | {row.text} |"


def tree_lines(error: type[Exception], depth: int = 0) -> Iterator[str]:
    """Draw the classes below one."""
    yield "  " * depth + error.__name__
    for child in error.__subclasses__():
        if child.__name__ in errors.__all__:
            yield from tree_lines(child, depth + 1)


PAGES: typing.Mapping[str, typing.Callable[[], str]] = types.MappingProxyType(
    {
        "settings.md": settings_page,
        "errors.md": errors_page,
        "events.md": events_page,
        "command-line.md": lambda: NOTE + command_line_page(),
        "rfc-coverage.md": lambda: NOTE + coverage_page(),
    }
)


def main() -> int:
    """Write the pages, or say which are out of date."""
    stale = 0
    for name, make in PAGES.items():
        page = REFERENCE / name
        if "--check" not in sys.argv:
            page.write_text(make(), encoding="utf-8")
        elif not page.exists() or page.read_text(encoding="utf-8") != make():
            print(f"{page.name} is out of date: python .ci/generate_reference.py")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
