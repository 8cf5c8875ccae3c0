"""Requests that no client should send, and the doors that they knock at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

__all__ = ["BadRequest", "Door", "Headers", "doors_of"]

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Door:
    """A route, and what its body may be made of."""

    method: str
    path: str
    fields: tuple[str, ...]


@dataclass(slots=True)
class BadRequest:
    """A request as a server would hand it to an application.

    Attributes:
        marker: a word of this request alone, in most of its values.
        is_cut: whether the client goes away in the middle of the body.
    """

    number: int
    marker: str
    method: str
    path: str
    query: bytes = b""
    headers: Headers = field(default_factory=list)
    chunks: tuple[bytes, ...] = (b"",)
    client: tuple[str, int] | None = None
    is_cut: bool = False

    def scope(self) -> dict[str, Any]:
        """Return what ASGI makes of it."""
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "https",
            "path": self.path,
            "raw_path": quote(self.path, errors="replace").encode(),
            "root_path": "",
            "query_string": self.query,
            "headers": self.headers,
            "client": self.client,
            "server": ("auth.example.com", 443),
            "state": {},
        }


def doors_of(schema: Mapping[str, Any]) -> list[Door]:
    """Return every route of an OpenAPI document: what is added later is attacked as well."""
    found: list[Door] = []
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            names: set[str] = set()
            for media in operation.get("requestBody", {}).get("content", {}).values():
                names |= _names(media["schema"], schema["components"]["schemas"])
            found.append(Door(method.upper(), path, tuple(sorted(names))))
    return found


def _names(body: Mapping[str, Any], known: Mapping[str, Any]) -> set[str]:
    names = set(body.get("properties", ()))
    for part in (body, *body.get("anyOf", ()), *body.get("allOf", ())):
        if "$ref" in part:
            names |= _names(known[part["$ref"].rpartition("/")[2]], known)
    return names
