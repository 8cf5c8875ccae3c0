"""Where settings come from: the environment, files that it names, a directory of secrets."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from fastapi_jwtkit.errors import ConfigurationError

__all__ = ["PREFIX", "FileSource", "source_of"]

PREFIX = "JWTKIT_"


def source_of(name: str, settings: BaseSettings) -> str:
    """Return where the value of a setting came from, for people.

    Args:
        name: of the field.
        settings: that were read in this environment.
    """
    variable = PREFIX + name.upper()
    if name not in settings.model_fields_set:
        return "default"
    for given in os.environ:
        if given.upper() == variable and os.environ[given]:
            return f"environment: {given}"
    path = _file_for(name, type(settings))
    return "argument, in code" if path is None else f"file: {path}"


class FileSource(PydanticBaseSettingsSource):
    """``JWTKIT_X_FILE`` and the secrets directory; refuses names that mean nothing."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Return the content of the file that stands for a field, if there is one."""
        del field
        path = _file_for(field_name, self.settings_cls)
        if path is None:
            return None, field_name, False
        try:
            return path.read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            raise ConfigurationError(
                f"The file that {PREFIX}{field_name.upper()}_FILE names cannot be read: "
                f"{error.strerror}.",
                why="A setting that was given must not silently fall back to its default.",
                fix="Check the path and that this user may read it.",
                docs="reference/settings/",
            ) from None

    def __call__(self) -> dict[str, Any]:
        """Return what files say about the fields that the environment does not set."""
        fields = self.settings_cls.model_fields
        _refuse_unknown(
            {PREFIX + name.upper() for name in fields}
            | {f"{PREFIX}{name.upper()}_FILE" for name in fields}
            | {f"{PREFIX}SECRETS_DIR"}
        )
        values = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in values.items() if value is not None}


def _refuse_unknown(known: set[str]) -> None:
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), sorted(known), n=1, cutoff=0.5)
            raise ConfigurationError(
                f"{name} is not a setting.",
                why="A misspelt setting would leave its default in force, unseen.",
                fix=f"Did you mean {near[0]}?" if near else "Remove it.",
                docs="reference/settings/",
            )


def _file_for(name: str, settings_cls: type[BaseSettings]) -> Path | None:
    """Return the file that stands for a setting, if one is named or laid out."""
    variable = PREFIX + name.upper()
    named = os.environ.get(f"{variable}_FILE")
    if named is not None and f"{name}_file" not in settings_cls.model_fields:
        return Path(named)
    directory = os.environ.get(f"{PREFIX}SECRETS_DIR")
    laid_out = Path(directory) / variable if directory else None
    return laid_out if laid_out is not None and laid_out.is_file() else None
