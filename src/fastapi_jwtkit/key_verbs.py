"""The kit's verbs on keys: rotate and revoke them, for every worker at once."""

from __future__ import annotations

from fastapi_jwtkit.assembly import Assembly
from fastapi_jwtkit.key_sources.rotation import KeyReport, KeyRotation
from fastapi_jwtkit.keys.state import KeyState
from fastapi_jwtkit.records import RevocationEntry

__all__ = ["KeyVerbs"]


class KeyVerbs:
    """What a kit does with its keys.

    Args:
        assembly: the parts of the kit.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    @property
    def key_rotation(self) -> KeyRotation:
        """The keys where they are kept: what there is, and what would be done."""
        return self._assembly.key_rotation

    @property
    def shares_revocations(self) -> bool:
        """Whether other processes hear what this one revokes: a store was given or named."""
        return self._assembly.stores.brought

    async def rotate_keys(self, *, min_age: float = 0.0, alg: str | None = None) -> KeyReport:
        """Take every step of a rotation that is due: of signing keys and refresh secrets.

        A key is published for longer than others may keep the key set (``jwks_max_age``),
        then it signs, then it verifies until what it signed has expired, then it is
        forgotten. Call it as often as you like, from any number of workers: a step that
        was taken is not taken twice. Nobody is logged out, and no worker is restarted.

        Args:
            min_age: seconds that a key signs at least; with it a job can run each hour
                and rotate once a month.
            alg: algorithm of the coming signing key; default: that of the active one.

        Raises:
            ConfigurationError: keys are kept where nothing can change them.
            MissingKeyError: there are none.
            KeySourceUnavailableError: they cannot be changed now.
        """
        report = await self.key_rotation.rotate(min_age=min_age, alg=alg)
        if report.changes:
            await self._assembly.rings.look()
        return report

    async def revoke_key(self, key_id: str) -> KeyReport:
        """Refuse from now on what a key signed, because somebody else may have it.

        Of a signing key: every access token, and every link in a mail. Clients refresh and go
        on. Of a refresh secret: every refresh token; their sessions cannot go on. Another
        key signs from now on: the next one, which verifiers know already. Workers hear of it
        from the feed. Doing it twice is fine.

        Args:
            key_id: the ``kid`` of a signing key, or the id of a refresh secret.

        Raises:
            InvalidKeyError: there is no such key.
            ConfigurationError: keys are kept where nothing can change them.
            StoreUnavailableError: the rings are changed, which workers see within 5 s of
                the change reaching them, and the feed could not be told; do it again.
        """
        # The ring first: who hears of it from the feed looks at the ring at once.
        report = await self.key_rotation.revoke(key_id)
        await self._assembly.rings.look()
        entry = RevocationEntry(kind="kid", value=key_id, reason="key_revoked")
        await self._assembly.revocations.publish([entry])
        return report

    async def keys_in_use(self) -> list[str]:
        """Return the ids of the keys that signed what lives: all but next and revoked ones."""
        report = await self.key_rotation.report()
        unused = {KeyState.NEXT, KeyState.REVOKED}
        return [key.key_id for key in report.keys if key.state not in unused]

    async def revoke_all_keys(self) -> list[str]:
        """End everything that was ever issued, and say which keys had signed it.

        For when the store or the keys were stolen. The next keys sign from now on, and
        everybody logs in again.

        Raises:
            ConfigurationError: keys are kept where nothing can change them.
            StoreUnavailableError: it could not be done whole; do it again.
        """
        revoked = await self.keys_in_use()
        for key_id in revoked:
            await self.revoke_key(key_id)
        return revoked
