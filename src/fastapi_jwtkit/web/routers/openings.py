"""Why the kit's own routes without a guard are open to strangers."""

from __future__ import annotations

from fastapi import Depends

from fastapi_jwtkit.web.public import public

__all__ = ["BY_OWN_TOKEN", "FOR_STRANGERS", "PUBLIC_KEYS"]

FOR_STRANGERS = [Depends(public(reason="for people who are not logged in"))]
BY_OWN_TOKEN = [Depends(public(reason="asks for a token of its own"))]
PUBLIC_KEYS = [Depends(public(reason="public keys"))]
