"""Purpose tokens: one purpose, one realm, one user as they were."""

from __future__ import annotations

from typing import Any

import pytest

from clocks import FakeClock
from fastapi_jwtkit.errors import InvalidTokenError, MissingKeyError
from fastapi_jwtkit.keys.key_ring import KeyRing
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.tokens.codec import CompactDecoder, encode_compact, header_segment
from fastapi_jwtkit.tokens.issuer import AccessGrant, TokenIssuer
from fastapi_jwtkit.tokens.purpose import Purpose, PurposeTokens
from fastapi_jwtkit.tokens.verifier import TokenVerifier

ISSUER = "https://auth.example"
RESET = Purpose.RESET_PASSWORD
LIFE = 600.0
BOUND = ("a hash", "ann@example.com")


class Desk:
    """Everything that makes and reads purpose tokens."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ring = KeyRing.generate(now=self.clock.now())
        self.secrets = SecretRing.generate(now=self.clock.now())
        self.tokens = self.tokens_of()

    def tokens_of(self, *, issuer: str = ISSUER, realm: str = "shop") -> PurposeTokens:
        """Return the tokens of a realm on the same keys."""
        return PurposeTokens(self.ring, self.secrets, issuer=issuer, realm=realm, clock=self.clock)

    def issue(self, purpose: Purpose = RESET, *, life: float = LIFE) -> str:
        """Return a token of ann's."""
        return self.tokens.issue(
            purpose, subject="ann", life=life, bound_to=BOUND, email="ann@example.com"
        )

    def claims(self) -> dict[str, Any]:
        """Return the claims of a good token."""
        return CompactDecoder(self.ring, typ=RESET.value).decode(self.issue())[0]

    def forged(self, claims: dict[str, Any], typ: str = RESET.value) -> str:
        """Sign claims as somebody with the key would."""
        key = self.ring.active
        return encode_compact(header_segment(key, typ=typ), claims, key)

    def refused(self, raw: str, purpose: Purpose = RESET, *, max_life: float = LIFE) -> str:
        """Return why a token is refused."""
        with pytest.raises(InvalidTokenError) as caught:
            self.tokens.read(purpose, raw, max_life=max_life)
        return caught.value.reason


@pytest.fixture
def desk() -> Desk:
    """Return a desk with keys of its own."""
    return Desk()


def test_a_token_says_what_it_was_made_for(desk: Desk) -> None:
    """And its digest neither the hash nor the address it is bound to."""
    grant = desk.tokens.read(RESET, desk.issue(), max_life=LIFE)
    assert (grant.purpose, grant.subject, grant.email) == (RESET, "ann", "ann@example.com")
    assert grant.expires_at == desk.clock.now() + LIFE
    desk.tokens.ensure_bound(grant, bound_to=BOUND)
    assert "ann@example.com" not in repr(grant)
    assert grant.binding not in repr(grant)


@pytest.mark.std(98, 99)
def test_each_token_has_an_id_of_128_random_bits(desk: Desk) -> None:
    """ASVS 11.5.1."""
    ids = {desk.tokens.read(RESET, desk.issue(), max_life=LIFE).token_id for _ in range(50)}
    assert len(ids) == 50
    assert {len(each) for each in ids} == {22}


@pytest.mark.std(47, 98)
@pytest.mark.attack(7)
@pytest.mark.parametrize("made_for", Purpose)
@pytest.mark.parametrize("used_for", Purpose)
def test_a_token_passes_for_its_own_purpose_only(
    desk: Desk, made_for: Purpose, used_for: Purpose
) -> None:
    """Its type decides before anything in it is looked at."""
    raw = desk.issue(made_for)
    if made_for is used_for:
        assert desk.tokens.read(used_for, raw, max_life=LIFE).subject == "ann"
    else:
        assert desk.refused(raw, used_for) == "wrong_typ"


@pytest.mark.std(46, 47)
@pytest.mark.attack(7)
def test_no_token_of_access_passes_as_one_and_none_as_that(desk: Desk) -> None:
    """They are signed by the same key."""
    clock: Any = desk.clock
    issuer = TokenIssuer(desk.ring, issuer=ISSUER, audience=ISSUER, access_ttl=LIFE, clock=clock)
    verifier = TokenVerifier(desk.ring, issuer=ISSUER, audience=ISSUER, clock=clock)
    access = issuer.issue_access(
        AccessGrant(subject="ann", client_id="c", session_id="s", epoch=0, auth_time=1, amr=())
    )
    for purpose in Purpose:
        assert desk.refused(access.text, purpose) == "wrong_typ"
        with pytest.raises(InvalidTokenError, match="wrong_typ"):
            verifier.verify(desk.issue(purpose))


@pytest.mark.parametrize("name", ["iss", "realm", "v", "sub", "jti", "iat", "exp", "bind"])
def test_a_token_without_one_of_its_claims_is_refused(desk: Desk, name: str) -> None:
    """Whoever signed it."""
    claims = desk.claims()
    del claims[name]
    assert desk.refused(desk.forged(claims)) == f"missing_{name}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://other.example"}, "wrong_issuer"),
        ({"realm": "other"}, "wrong_realm"),
        ({"v": 2}, "version_unknown"),
        ({"v": True}, "version_unknown"),
        ({"sub": 7}, "malformed_sub"),
        ({"exp": "soon"}, "malformed_exp"),
        ({"bind": 7}, "malformed_binding"),
        ({"email": ["a"]}, "malformed_binding"),
    ],
)
def test_a_token_that_says_something_else_is_refused(
    desk: Desk, changes: dict[str, Any], reason: str
) -> None:
    """Another realm on the same keys, another format, another type."""
    assert desk.refused(desk.forged(desk.claims() | changes)) == reason


@pytest.mark.std(98)
def test_a_token_is_over_when_its_time_is(desk: Desk) -> None:
    """To the second; a thief with the key cannot give himself a longer one."""
    raw = desk.issue()
    desk.clock.step(LIFE - 1)
    assert desk.tokens.read(RESET, raw, max_life=LIFE)
    desk.clock.step(1)
    assert desk.refused(raw) == "expired"
    assert desk.refused(desk.issue(life=LIFE + 1)) == "life_too_long"
    early = desk.claims() | {"iat": int(desk.clock.now()) + 31, "exp": int(desk.clock.now()) + 99}
    assert desk.refused(desk.forged(early)) == "issued_in_future"


@pytest.mark.std(98)
@pytest.mark.parametrize(
    "bound_to",
    [
        ("another hash", "ann@example.com"),
        ("a hash", "other@example.com"),
        ("a hash",),
        ("a hashann@example.com",),
        ("a hash", "ann@example.com", ""),
        (),
    ],
)
def test_a_token_is_bound_to_what_it_was_made_with(desk: Desk, bound_to: tuple[str, ...]) -> None:
    """A password or an address that is another by now overtakes it."""
    grant = desk.tokens.read(RESET, desk.issue(), max_life=LIFE)
    with pytest.raises(InvalidTokenError, match="bad_mac"):
        desk.tokens.ensure_bound(grant, bound_to=bound_to)


def test_a_digest_of_one_user_purpose_or_realm_is_none_of_another(desk: Desk) -> None:
    """The key behind it is derived for each purpose and realm."""
    good = desk.claims()["bind"]
    other_realm = desk.tokens_of(realm="other")
    for claims, purpose, tokens in (
        (desk.claims() | {"sub": "bob"}, RESET, desk.tokens),
        (desk.claims(), Purpose.VERIFY_EMAIL, desk.tokens),
        (desk.claims() | {"realm": "other"}, RESET, other_realm),
    ):
        raw = desk.forged(claims | {"bind": good}, typ=purpose.value)
        grant = tokens.read(purpose, raw, max_life=LIFE)
        with pytest.raises(InvalidTokenError, match="bad_mac"):
            tokens.ensure_bound(grant, bound_to=BOUND)


@pytest.mark.parametrize("binding", ["", "x", "0" * 16, "0" * 16 + "." + "A" * 42, "A." + "A" * 43])
def test_a_digest_that_is_none_is_refused(desk: Desk, binding: str) -> None:
    """Before anything is compared."""
    grant = desk.tokens.read(RESET, desk.forged(desk.claims() | {"bind": binding}), max_life=LIFE)
    with pytest.raises(InvalidTokenError):
        desk.tokens.ensure_bound(grant, bound_to=BOUND)


def test_a_token_outlives_a_rotation_of_the_secrets_and_no_revocation(desk: Desk) -> None:
    """The id of the secret stands in it."""
    grant = desk.tokens.read(RESET, desk.issue(), max_life=LIFE)
    desk.tokens.ensure_bound(grant, bound_to=BOUND)
    gone = PurposeTokens(
        desk.ring,
        SecretRing.generate(now=desk.clock.now()),
        issuer=ISSUER,
        realm="shop",
        clock=desk.clock,
    )
    with pytest.raises(InvalidTokenError, match="bad_mac"):
        gone.ensure_bound(grant, bound_to=BOUND)


def test_without_keys_there_is_no_token(desk: Desk) -> None:
    """It is a mistake of the operator, told as one."""
    tokens = PurposeTokens(KeyRing(), desk.secrets, issuer=ISSUER, realm="shop", clock=desk.clock)
    with pytest.raises(MissingKeyError):
        tokens.issue(RESET, subject="ann", life=LIFE, bound_to=BOUND)
