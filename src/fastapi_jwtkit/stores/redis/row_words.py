"""What rows of sessions have in common, so that they need not say it.

The text of a row is deflated with this as its dictionary: a browser's name takes a few
bytes then and not a hundred. It is part of the format: what was deflated with another
dictionary cannot be read. What is frequent stands near its end.
"""

from __future__ import annotations

__all__ = ["ROW_WORDS"]

ROW_WORDS = (
    b'okhttp/4.12.0",python-httpx/0.28.1",curl/8.5.0",Dart/3.5 (dart:io)",CFNetwork/1568 '
    b'Darwin/24.1.0","iPhone"]"iPad"]"Android"]"Windows"]"desktop"]"mobile"]"tablet"]'
    b'"admin","manage:delete:all","write:all","read:alloffline_access","address","phone",'
    b'"openid","email","profile",":read",":write"],'
    b'null,["https://www..io.dev.netauth..org"],["https://api.example.com"],"bearer",18,'
    b'"cookie",17,["pwd","otp"],"192.168."mfa"fpt"face"swk"hwk"sms"pin"kba"user","web","app",'
    b'"mobile",[",["pwd"],"10.0.0.","127.0.0.1","::1","2001:db8:'
    b'"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",null]'
    b'"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) '
    b'Version/18.1 Mobile/15E148 Safari/604.1",null]'
    b'"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 '
    b'"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile '
    b'Safari/537.36",null] Edg/130.0.0.0 OPR/115.0.0.0",null]'
    b',"bearer",17,["pwd"],"172.16.",""Mozilla/5.0 (Windows NT 10.0; Win64; x64) '
    b'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",null]'
    b'","first-party",["'
)
