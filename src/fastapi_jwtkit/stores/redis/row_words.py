"""What rows of sessions have in common, so that they need not say it.

Rows are packed with this text as the dictionary of ``zlib``: a browser's name takes ten
bytes then and not a hundred. It is part of the format: rows that were packed with
another cannot be read. What is frequent stands near its end.
"""

from __future__ import annotations

__all__ = ["ROW_WORDS"]

ROW_WORDS = (
    b"okhttp/4.12.0 python-httpx/0.28.1 curl/8.5.0 Dart/3.5 (dart:io) CFNetwork/1568 Darwin/24.1.0 "
    b"iPhone iPad Android Windows desktop mobile tablet "
    b"adminmanage:delete:write:allread:alloffline_accessaddressphoneopenidemailprofile"
    b"https://api.example.com/https://auth.www..io.dev.net.org"
    b"mfaotpfptfaceswkhwksmspinkbauserwebappcookiefirst-partybearerpwd"
    b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    b"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    b"Version/18.1 Mobile/15E148 Safari/604.1"
    b"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    b"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36 "
    b"Edg/130.0.0.0 OPR/115.0.0.0"
    b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/130.0.0.0 Safari/537.36"
)
