"""``forge(app, "expired")``: tokens that no route may be opened by, each really built."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args

from fastapi import FastAPI

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.testing.forgeries import BUILDERS, ForgeryName, Good
from fastapi_jwtkit.testing.loops import run
from fastapi_jwtkit.testing.principals import principal
from fastapi_jwtkit.testing.stand_ins import StandIn, close_stand_in, open_stand_in
from fastapi_jwtkit.testing.targets import DOCS, Target, kit_of, plugin_of
from fastapi_jwtkit.tokens.access_types import typ_of
from fastapi_jwtkit.tokens.codec import decode_segment

__all__ = ["FORGERIES", "ForgeryName", "forge"]

FORGERIES: tuple[ForgeryName, ...] = get_args(ForgeryName)
"""All names, for ``@pytest.mark.parametrize("name", FORGERIES)``."""


def forge(
    target: Target,
    name: ForgeryName,
    *,
    subject: str = "ann",
    scopes: Iterable[str] = (),
    roles: Iterable[str] = (),
    permissions: Iterable[str] = (),
    realm: str | None = None,
    transport: str | None = None,
) -> str:
    """Return a token with one flaw: it would open the door but for that.

    Ask for the rights that the route asks for. The session behind it is real and lives on,
    but for ``ended_session``; what is not about the signature is signed by the app's own key.

    Args:
        target: an app, its plugin or a kit.
        name: the flaw, one of ``FORGERIES``.
        subject: who it says is calling.
        scopes: what it may do.
        roles: what the user is.
        permissions: what the user may.
        realm: which plugin, where an app has several.
        transport: ``bearer`` or ``cookie``; default: the first of the plugin.

    Raises:
        NotInstalledError: the app has no plugin.
        ConfigurationError: there is no such flaw, or the settings are not those of development.
    """
    if name not in BUILDERS:
        raise ConfigurationError(
            f"There is no forgery {name!r}.",
            why="A token that was not made would be refused for nothing.",
            fix=f"Choose from {', '.join(FORGERIES)}.",
            docs=DOCS,
        )
    kit = kit_of(target, realm=realm)
    wanted = principal(subject, scopes=scopes, roles=roles, permissions=permissions, amr=("pwd",))
    chosen = transport or _first_transport(target, realm)
    return run(_forged(kit, name, wanted, chosen))


async def _forged(kit: JWTKit, name: ForgeryName, wanted: Principal, transport: str) -> str:
    stand_in = await open_stand_in(kit, wanted, transport=transport)
    if name == "ended_session":
        await close_stand_in(kit, stand_in)
    return BUILDERS[name](_good(kit, stand_in))


def _good(kit: JWTKit, stand_in: StandIn) -> Good:
    return Good(
        key=kit.rings.ring.active,
        typ=typ_of(stand_in.session.transport),
        claims=_claims_of(stand_in.access_token),
        now=int(kit.now()),
        access_ttl=int(kit.settings.access_ttl),
        token=stand_in.access_token,
        refresh_token=stand_in.refresh_token,
    )


def _claims_of(token: str) -> Mapping[str, Any]:
    return cast("dict[str, Any]", json.loads(decode_segment(token.split(".")[1])))


def _first_transport(target: Target, realm: str | None) -> str:
    if isinstance(target, JWTKit):
        return "bearer"
    plugin = plugin_of(target, realm=realm) if isinstance(target, FastAPI) else target
    return plugin.transports[0].name
