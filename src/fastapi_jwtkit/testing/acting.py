"""``acting_as(app, "ann", scopes=…)``: a test says who is calling, by a really signed token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self, TypedDict, Unpack

from fastapi import FastAPI

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.testing.loops import run
from fastapi_jwtkit.testing.principals import principal
from fastapi_jwtkit.testing.stage import Carried, enter_stage, leave_stage
from fastapi_jwtkit.testing.stand_ins import StandIn, close_stand_in, open_stand_in
from fastapi_jwtkit.testing.targets import DOCS, ensure_dev, plugin_of
from fastapi_jwtkit.web.cookie_requests import CSRF_HEADER
from fastapi_jwtkit.web.guards import current_principal
from fastapi_jwtkit.web.mounted_kit import MountedKit

__all__ = ["ActAs", "Acting", "TokenDetails", "acting_as"]


class TokenDetails(TypedDict, total=False):
    """What else the token of a test may say; everything has a default.

    Attributes:
        auth_time: when the person logged in, seconds since the epoch; default: now, by the
            clock of the kit.
        amr: how (RFC 8176); default: ``("pwd",)``.
        claims: claims of the application's own. ``claims_for`` is not asked: it reads users,
            and there may be none.
        transport: ``bearer`` or ``cookie``; default: the first of the plugin.
    """

    auth_time: int
    amr: tuple[str, ...]
    claims: Mapping[str, Any]
    transport: str


class Acting(AbstractContextManager["Acting"], AbstractAsyncContextManager["Acting"]):
    """Somebody who acts on an app, from ``with`` or ``async with`` to its end.

    Made by ``acting_as``. The three properties are there once it began.
    """

    def __init__(
        self,
        app: FastAPI,
        plugin: MountedKit,
        wanted: Principal,
        *,
        transport: str,
        claims: Mapping[str, Any],
    ) -> None:
        self._app = app
        self._plugin = plugin
        self._wanted = wanted
        self._transport = transport
        self._claims = claims
        self._stand_in: StandIn | None = None
        self._carried: Carried | None = None

    @property
    def token(self) -> str:
        """The access token."""
        return self._begun.access_token

    @property
    def refresh_token(self) -> str:
        """The refresh token; good if the subject is the id of a user. Empty without users."""
        return self._begun.refresh_token

    @property
    def headers(self) -> dict[str, str]:
        """The headers that carry the token, for a client: ``TestClient(app, headers=…)``."""
        begun = self._begun
        cookies = self._plugin.cookies
        if begun.session.transport == "bearer" or cookies is None:
            return {"Authorization": f"Bearer {begun.access_token}"}
        return {
            "Cookie": f"{cookies.transport.access_name}={begun.access_token}",
            CSRF_HEADER: begun.csrf_token,
        }

    @property
    def principal(self) -> Principal:
        """Who the guards will say is calling."""
        return self._begun.principal

    @property
    def _begun(self) -> StandIn:
        if self._stand_in is None:
            raise ConfigurationError(
                "acting_as(…) was called, and nobody acts yet, or any more.",
                why="The session is opened on entry and ended on exit.",
                fix='with acting_as(app, "ann") as ann: … or, in an asynchronous test, async with.',
                docs=DOCS,
            )
        return self._stand_in

    def __enter__(self) -> Self:
        """Open the session, and let requests carry its token."""
        if self._stand_in is None:
            self._began(run(self._open()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """End it: requests are those of strangers again, or of whoever acted before."""
        ended = self._ended()
        if ended is not None:
            run(close_stand_in(self._plugin.kit, ended))

    async def __aenter__(self) -> Self:
        """Open the session in the running event loop."""
        if self._stand_in is None:
            self._began(await self._open())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """End it in the running event loop."""
        ended = self._ended()
        if ended is not None:
            await close_stand_in(self._plugin.kit, ended)

    async def _open(self) -> StandIn:
        self._refuse_overrides()
        return await open_stand_in(
            self._plugin.kit, self._wanted, transport=self._transport, claims=self._claims
        )

    def _began(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in
        self._carried = Carried(self.headers)
        enter_stage(self._app, self._carried)

    def _ended(self) -> StandIn | None:
        ended, self._stand_in = self._stand_in, None
        if self._carried is not None:
            leave_stage(self._app, self._carried)
            self._carried = None
        return ended

    def _refuse_overrides(self) -> None:
        overrides = self._app.dependency_overrides
        if current_principal in overrides or self._plugin.current_principal in overrides:
            raise ConfigurationError(
                "The app overrides current_principal, and acting_as(…) was asked for as well.",
                why="The override answers for every guard: nobody would look at the token.",
                fix="app.dependency_overrides.pop(current_principal), and act; other overrides "
                "may stay.",
                docs=DOCS,
            )


class ActAs(Protocol):
    """The fixture ``acting_as``: takes what the function takes, and begins at once."""

    def __call__(  # noqa: D102 - see acting_as
        self,
        app: FastAPI,
        subject: str,
        *,
        scopes: Iterable[str] = (),
        roles: Iterable[str] = (),
        permissions: Iterable[str] = (),
        realm: str | None = None,
        **details: Unpack[TokenDetails],
    ) -> Acting: ...


def acting_as(
    app: FastAPI,
    subject: str,
    *,
    scopes: Iterable[str] = (),
    roles: Iterable[str] = (),
    permissions: Iterable[str] = (),
    realm: str | None = None,
    **details: Unpack[TokenDetails],
) -> Acting:
    """Let the requests of a test come from somebody, by a token the app's own key signed.

    Inside ``with`` every request and every WebSocket of the app, of whatever client, carries
    the token, unless it brings an ``Authorization`` header or an access cookie of its own.
    Nothing is overridden: signature, audience, revocation and scopes are really checked, so
    a guard that asks for more answers its real 403. There is a session behind the token, so
    strict guards, logouts and lists of sessions work too; it ends with the block.

    The innermost block wins. It need not be a user of the store: give the id of one where a
    route reads the user.

    Args:
        app: the app that is tested; of mounted apps the one whose requests are meant.
        subject: who is calling: ``principal.subject``.
        scopes: what the token may do.
        roles: what the user is.
        permissions: what the user may.
        realm: which plugin, where the app has several.
        **details: see ``TokenDetails``.

    Raises:
        NotInstalledError: the app has no plugin.
        ConfigurationError: it has several and no realm was named, the settings are not
            those of development, or no token can carry what was asked for.
    """
    plugin = plugin_of(app, realm=realm)
    ensure_dev(plugin.kit)
    transport = details.get("transport", plugin.transports[0].name)
    _ensure_served(plugin, transport)
    who = principal(
        subject,
        scopes=scopes,
        roles=roles,
        permissions=permissions,
        auth_time=details.get("auth_time"),
        amr=details.get("amr", ("pwd",)),
    )
    return Acting(app, plugin, who, transport=transport, claims=details.get("claims", {}))


def _ensure_served(plugin: MountedKit, transport: str) -> None:
    served = [each.name for each in plugin.transports]
    if transport not in served:
        raise ConfigurationError(
            f"transport={transport!r} is none of this plugin's: {', '.join(served)}.",
            why="No request would be answered by such a token.",
            fix=f"transport={served[0]!r}, or JWTAuth(kit, transports=(…)).",
            docs=DOCS,
        )
