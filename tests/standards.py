"""The standards as a numbered checklist, each line in a few words of our own.

A test names the lines that it shows with ``@pytest.mark.std(…)``. The numbers and words here are
all that the test of the marks and the page ``docs/reference/rfc-coverage.md`` know.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["SECTIONS", "STANDARDS", "Number"]

Number = int | str
"""Of a line; a letter follows where one was put between two others."""

TOKEN_ENDPOINT: Mapping[Number, str] = {
    1: "Answers about tokens, errors included, are never cached (RFC 6749 5.1, ASVS 14.3.2)",
    2: "A token answer has the members of the standard, and scope if it differs (RFC 6749 5.1)",
    3: "An error is a 400 in JSON with a member error (RFC 6749 5.2)",
    4: "A parameter that is missing, repeated or malformed is invalid_request (RFC 6749 5.2)",
    5: "Every refresh token or credential that grants nothing is one invalid_grant (RFC 6749 5.2)",
    6: "An unknown grant type and a client that may not are named so (RFC 6749 5.2)",
    7: "A scope wider than the grant is invalid_scope and consumes nothing (RFC 6749 5.2, 6)",
    8: "A client that fails to authenticate is a 401 invalid_client (RFC 6749 5.2)",
    9: "Only POST, and nothing is read from the query (RFC 6749 3.2, ASVS 14.2.1)",
    10: "Unknown parameters are ignored, empty ones count as left out (RFC 6749 3.2)",
    11: "Both halves of a client's Basic credentials are form-decoded (RFC 6749 2.3.1)",
    12: "A client authenticates in one way per request (RFC 6749 2.3)",
    13: "A description of an error is printable ASCII (RFC 6749 5.2)",
    14: "The password form is for first-party clients, can be switched off, is never advertised "
    "(RFC 9700 2.4, ASVS 10.4.4)",
    15: "Too many attempts are a 429 with Retry-After (RFC 6585 4)",
    16: "A refresh token belongs to its client (RFC 6749 6, ASVS 10.4.10)",
    17: "Refresh tokens rotate, and the reuse of a spent one ends the session (RFC 9700 4.14.2)",
    18: "Narrowing an access token leaves the grant as it was (RFC 6749 6)",
    19: "The session that a refresh token names is under its MAC (RFC 9700 4.14.2)",
    20: "A session ends unused after a while, and at last however much it is used "
    "(RFC 9700 4.14.2, ASVS 10.4.8)",
    21: "A new password and a log-out end refresh tokens (RFC 9700 4.14.2, ASVS 7.4.3)",
    22: "No client gets a refresh token that it does not need (RFC 9700 4.14.2)",
    23: "No token, password or cookie is in a log (ASVS 16.2.5)",
    24: "Log-ins, failures, refreshes, reuse, log-outs and new keys are events (ASVS 16.3)",
    25: "What was not foreseen tells nothing and lets nobody in (ASVS 16.5.1, 16.5.3)",
}
BEARER: Mapping[Number, str] = {
    26: "The scheme Bearer is matched in any case (RFC 6750 2.1, RFC 9110 11.1)",
    27: "A malformed token is a 401 or a 400, never a 422 or a 500 (RFC 6750 2.1, 3.1)",
    28: "More than one token in a request is refused (RFC 6750 2, 3.1)",
    29: "A token in the query string is not seen (RFC 6750 2.3, RFC 9700 4.3.2)",
    30: "Without a token the challenge has no error code (RFC 6750 3, 3.1)",
    31: "An expired, revoked, malformed or forged token is invalid_token (RFC 6750 3.1)",
    32: "A missing scope is a 403 insufficient_scope that lists what is needed (RFC 6750 3.1)",
    33: "Attributes of a challenge come once and cannot be broken out of (RFC 6750 3)",
    34: "Every 401 carries a challenge (RFC 9110 15.5.2)",
    35: "No answer is cached for a token in the query, for none is read (RFC 6750 2.3)",
    36: "The challenge may name the metadata of the resource (RFC 9728 5.1)",
    37: "An old login can be asked for again: step-up (RFC 9470 3)",
    38: "auth_time and amr describe the login, not the refresh (RFC 9068 2.2.1)",
}
TOKENS: Mapping[Number, str] = {
    39: "The application chooses the algorithms, and a key has one (RFC 8725 3.1)",
    40: "The algorithm none is never accepted (ASVS 9.1.2)",
    41: "kid selects the key, and alg must be that key's (RFC 8725 3.1)",
    42: "jku, x5u, jwk and x5c find no key (RFC 8725 3.10, ASVS 9.1.3)",
    43: "An unknown crit is refused, and b64 too (RFC 7515 4.1.11)",
    44: "kid is data of bounded length: no path, no query, no log line (RFC 8725 3.10)",
    45: "Only the compact form in its alphabet is a token (RFC 7515 7.1)",
    46: "typ must be at+jwt (RFC 9068 4, RFC 8725 3.11)",
    47: "No kind of token passes as another (RFC 8725 3.12, ASVS 9.2.2)",
    48: "iss is matched exactly, and the key belongs to it (RFC 8725 3.8)",
    49: "aud is required and holds this resource (RFC 8725 3.9, RFC 9068 4)",
    50: "exp is required, times are numbers, leeway is at most a minute (RFC 9068 4)",
    51: "The claims that RFC 9068 2.2 requires are there and are required",
    52: "sub is a string that is never given to somebody else (RFC 9700 4.15)",
    53: "Weak secrets, short RSA keys and foreign curves are refused (RFC 7518 3.2, 3.3)",
    54: "Ed25519 and ES256 are preferred, ECDSA is deterministic (RFC 9864, RFC 6979)",
    55: "JSON is UTF-8 without duplicate members (RFC 8725 3.7, RFC 7515 4)",
    56: "Sizes are capped before parsing; no compression, no encryption (RFC 8725 3.13)",
    57: "Secrets are compared in constant time (ASVS 11.2.4)",
    58: "Nothing is believed before the signature, and every failure reads alike",
    59: "Claims of an application cannot override those of the kit",
}
KEYS: Mapping[Number, str] = {
    60: "The key set holds public members of signing keys and no shared secret (RFC 7517 4, 5)",
    61: "A key's id is its thumbprint (RFC 7638)",
    62: "The key set has its media type, a life and an ETag",
    63: "A next key is published before it signs, a retired one outlives its tokens",
    64: "Whoever reads a key set ignores what they do not know (RFC 7517 5)",
    65: "Unknown key ids cost one read per cool-down",
    66: "The server has a metadata document (RFC 8414 2, 3)",
}
REVOCATION: Mapping[Number, str] = {
    67: "Revocation answers 200 for valid, invalid and unknown tokens (RFC 7009 2.1, 2.2)",
    68: "Revoking a refresh token ends the access tokens of its grant (RFC 7009 2.1)",
    69: "A wrong hint does no harm, an unknown type of token is named so (RFC 7009 2.2.1)",
    70: "A client revokes no token of another (RFC 7009 2.1)",
    71: "What could not be revoked is a 503 with Retry-After (RFC 7009 2.2.1)",
    72: "Introspection needs authorization (RFC 7662 2.1)",
    73: "A token that is no good is inactive, and no reason is given (RFC 7662 2.2)",
    74: "A good token is told with its claims, and never cached (RFC 7662 2.2)",
}
DPOP: Mapping[Number, str] = {
    75: "A proof has its type, key, method and address (RFC 9449 4.2, 4.3)",
    76: "A proof is good for one request (RFC 9449 11.1)",
    77: "Tokens are bound to the key of the proof (RFC 9449 5, 6)",
    78: "A bound token is refused as plain Bearer (RFC 9449 7.2)",
}
COOKIES: Mapping[Number, str] = {
    79: "Cookies are Secure and have the prefix that their path allows (ASVS 3.3.1, 3.3.3)",
    80: "Cookies of tokens are HttpOnly, and no token of theirs is in a body (ASVS 3.3.4)",
    81: "Cookies are SameSite, the refresh cookie strictly (ASVS 3.3.2)",
    82: "A cookie longer than browsers keep is an error when it is issued (ASVS 3.3.5)",
    83: "No cookie outlives its session or 400 days (RFC 6265bis 5.5)",
    84: "A cookie is deleted by the attributes it was set with",
    85: "Unsafe requests by cookie, log-ins too, need proof that our page made them; "
    "Bearer requests need none (ASVS 3.5.1 to 3.5.3)",
    86: "The proof is bound to the session, so a planted pair proves nothing",
    87: "Safe methods change nothing (ASVS 3.5.3)",
    88: "Clear-Site-Data on log-out (ASVS 14.3.1)",
    89: "No origin is ever reflected with credentials",
    "89a": "A cookie tells nothing about the person (SP 800-63B-4 5.1.1)",
    "89b": "A token does not show that the person is there: step-up asks auth_time alone "
    "(SP 800-63B-4 5.1.2)",
}
PASSWORDS: Mapping[Number, str] = {
    90: "Passwords have at least 15 characters, or 8 by preset or with a second factor; 256 pass "
    "whole, more is refused, nothing is cut (SP 800-63B-4 3.1.1.2, ASVS 6.2.1, 6.2.8, 6.2.9)",
    91: "Every character counts as one and has one spelling (SP 800-63B-4 3.1.1.2)",
    92: "No kind of character is demanded, nothing expires (ASVS 6.2.5, 6.2.10)",
    93: "Common passwords and words of the service are refused, and why is said (ASVS 6.2.4)",
    94: "Hashes are argon2id, upgraded at login, made off the event loop (ASVS 11.4.2)",
    95: "Guesses are limited, by themselves for a while, and lock no owner out "
    "(SP 800-63B-4 3.2.2, ASVS 6.3.1)",
    96: "An unknown user and a wrong password answer, and take time, alike (ASVS 6.3.8)",
    97: "A change needs the current password and ends the other sessions (ASVS 6.2.3, 7.4.3)",
    98: "Links are random, short-lived, good once and for one purpose, and end with the password "
    "(ASVS 6.4.1, 11.5.1)",
    99: "Secrets have 128 bits from the system's generator (ASVS 11.5.1, 7.2.3)",
    100: "The owner hears of new credentials (ASVS 6.3.7)",
}
SESSIONS: Mapping[Number, str] = {
    101: "Each login is a new session, whatever the request brings along (ASVS 7.2.4)",
    102: "What was logged out is over at once, access tokens included (ASVS 7.4.1)",
    103: "Disabling or deleting a user ends all sessions (ASVS 7.4.2)",
    104: "Sessions end unused and in any case, and refreshing does not move that (ASVS 7.3)",
    105: "People list and end their sessions, and nobody else's (ASVS 7.5.2, 7.4.5)",
    106: "The sessions of a user can be limited (ASVS 7.1.2)",
    107: "Addresses, passwords and accounts change after a proof only (ASVS 7.5.1)",
    108: "A change of rights takes effect at the next request (ASVS 8.3.2)",
    109: "Who lacks a right is refused by each function (ASVS 8.2.1)",
    110: "Times come from one clock of the server, which tests can set",
}

SECTIONS: Mapping[str, Mapping[Number, str]] = {
    "Token endpoint, login and refresh": TOKEN_ENDPOINT,
    "Bearer tokens at resources": BEARER,
    "Validation of JWTs": TOKENS,
    "Key set and metadata": KEYS,
    "Revocation and introspection": REVOCATION,
    "Tokens bound to a key": DPOP,
    "Cookies and forged requests": COOKIES,
    "Passwords, throttling, accounts": PASSWORDS,
    "Sessions": SESSIONS,
}
"""The lines of the checklist, in its order."""

STANDARDS: Mapping[Number, str] = {
    number: text for section in SECTIONS.values() for number, text in section.items()
}
