"""Other implementations read what we write, and we read what they write."""

from __future__ import annotations

import functools

import jwt
import pytest
from joserfc import jws
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from fastapi_jwtkit.keys.key_ring import KeyRing
from token_forge import AUDIENCE, GRANT, ISSUER, NOW, good_claims, make_issuer, make_verifier

ALGORITHMS = (
    *("ES256", "ES384", "ES512", "EdDSA"),
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("HS256", "HS384", "HS512"),
)
KINDS = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey, "oct": OctKey}


@functools.cache
def ring_of(alg: str) -> KeyRing:
    """Return one ring per algorithm: an RSA key takes a second to make."""
    return KeyRing.generate(alg, now=NOW)


pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")


def joserfc_key(alg: str) -> ECKey | OKPKey | RSAKey | OctKey:
    """Return the active key as joserfc has it."""
    jwk = ring_of(alg).active.private_jwk()
    return KINDS[jwk["kty"]].import_key(jwk)


def readable_by_pyjwt(alg: str) -> jwt.PyJWK:
    """Return what a PyJWT service is given to verify with: the public half, if there is one."""
    key = ring_of(alg).active
    jwk = key.private_jwk() if alg.startswith("HS") else key.public_jwk()
    return jwt.PyJWK(jwk, algorithm=alg)


def header_of(alg: str) -> dict[str, str]:
    """Return the header that our verifier asks for."""
    return {"alg": alg, "kid": ring_of(alg).active.kid, "typ": "at+jwt"}


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_joserfc_reads_what_we_issue(alg: str) -> None:
    """An independent implementation finds the signature good and the claims unchanged."""
    token = make_issuer(ring_of(alg)).issue_access(GRANT)
    read = joserfc_jwt.decode(
        token.text, joserfc_key(alg), registry=jws.JWSRegistry(algorithms=[alg])
    )
    assert read.header == header_of(alg)
    assert read.claims["sub"] == "user-1"
    assert read.claims["jti"] == token.token_id


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_pyjwt_reads_what_we_issue(alg: str) -> None:
    """So does the library under most Python services."""
    token = make_issuer(ring_of(alg)).issue_access(GRANT)
    options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        token.text,
        readable_by_pyjwt(alg),
        algorithms=[alg],
        audience=AUDIENCE,
        issuer=ISSUER,
        options=options,
    )
    assert claims["sid"] == GRANT.session_id


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_we_read_what_joserfc_issues(alg: str) -> None:
    """A token is judged by what it says, not by who wrote it."""
    token = joserfc_jwt.encode(
        header_of(alg),
        good_claims(),
        joserfc_key(alg),
        registry=jws.JWSRegistry(algorithms=[alg]),
    )
    assert make_verifier(ring_of(alg)).verify(token).token_id == "token-1"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_we_read_what_pyjwt_issues(alg: str) -> None:
    """Its spaces and its order of members are as good as ours."""
    token = jwt.encode(
        good_claims(),
        jwt.PyJWK(ring_of(alg).active.private_jwk(), algorithm=alg).key,
        algorithm=alg,
        headers=header_of(alg),
    )
    claims = make_verifier(ring_of(alg)).verify(token)
    assert claims.subject == "user-1"
    assert claims.kid == ring_of(alg).active.kid
