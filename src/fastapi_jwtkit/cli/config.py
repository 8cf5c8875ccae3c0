"""``jwtkit config``: what is in force, where each setting came from, secrets masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr
from rich.markup import escape
from rich.table import Table

from fastapi_jwtkit.cli.console import console, print_json
from fastapi_jwtkit.cli.options import AppName, AsJson, Factory, Realm
from fastapi_jwtkit.cli.target import load_kit
from fastapi_jwtkit.setting_sources import source_of
from fastapi_jwtkit.settings import Settings

__all__ = ["SettingRow", "config_command", "setting_rows", "shown_url"]

MASKED = "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting in force.

    Attributes:
        name: of the field.
        value: as text; secrets are masked.
        source: where it came from.
    """

    name: str
    value: str
    source: str


def config_command(
    *, app: AppName = None, factory: Factory = False, realm: Realm = None, as_json: AsJson = False
) -> None:
    """Show the settings in force and where each came from. Secrets are masked."""
    settings = load_kit(app, factory=factory, realm=realm).settings
    rows = list(setting_rows(settings))
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    table = Table("SETTING", "VALUE", "FROM", box=None)
    for row in rows:
        style = "dim" if row.source == "default" else "bold"
        table.add_row(row.name, f"[{style}]{escape(row.value)}[/]", escape(row.source))
    console().print(table)


def setting_rows(settings: Settings) -> Iterator[SettingRow]:
    """Return every setting in the order of its class."""
    for name, field in type(settings).model_fields.items():
        value: object = getattr(settings, name)
        source = source_of(name, settings)
        if source == "default" and value != field.get_default(call_default_factory=True):
            source = "derived from the others"
        yield SettingRow(name=name, value=_shown(name, value), source=source)


def shown_url(url: str) -> str:
    """Return a store's URL without what is secret in it: user, password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _shown(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return shown_url(value.get_secret_value()) if name == "store_url" else MASKED
    if value is None or value == "":
        return "-"
    if isinstance(value, frozenset | tuple):
        words = [str(word) for word in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return " ".join(sorted(words) if isinstance(value, frozenset) else words) or "-"
    return str(value)
