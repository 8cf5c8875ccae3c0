"""Whose a request is: addresses as they are written, and chains of proxies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit.addresses import TrustedProxies, address_of, source_of

PROXIES = TrustedProxies(["10.0.0.0/8", "192.0.2.1", "2001:db8:ff::/48"])


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9\t", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    """Ports, brackets, zones and mapped addresses are not part of it."""
    assert str(address_of(text)) == address


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "unknown", "_hidden", "example.com", "203.0.113", "203.0.113.9.1", "0x7f.1"),
        *(
            "203.0.113.9:",
            "203.0.113.9:x",
            "203.0.113.9:123456",
            "203.0.113.9:-1",
            "[::1",
            "[::1]x",
        ),
        *(
            "127.0.0.01",
            "203.0.113.9, 1.1.1.1",
            "203.0.113.9\n",
            "1" * 10_000,
            "[" + ":" * 60 + "]",
        ),
        *("203.0.113.9:\u0661", "for=203.0.113.9", '"203.0.113.9"', "::1%", "[]"),
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    """A hop that somebody made up ends the walk."""
    assert address_of(text) is None


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    """It comes from a header."""
    address_of(text)
    assert isinstance(source_of(text), str)
    assert PROXIES.client("10.0.0.1", [text]) is not None


def test_what_is_counted_is_the_subscriber() -> None:
    """An IPv4 address, an IPv6 /64, and what has no address as one."""
    assert source_of("203.0.113.9") == source_of("::ffff:203.0.113.9") == "203.0.113.9"
    assert source_of("2001:db8:1:2:3::4") == source_of("2001:db8:1:2::") == "2001:db8:1:2::/64"
    assert source_of("2001:db8:1:3::") != source_of("2001:db8:1:2::")
    assert source_of(None) == "unknown"
    assert source_of("testclient") == "testclient"


@pytest.mark.attack(14)
@pytest.mark.parametrize(
    ("peer", "hops", "client"),
    [
        # Nobody we trust: what they say is ignored.
        ("203.0.113.9", ["198.51.100.7"], "203.0.113.9"),
        ("203.0.113.9", [], "203.0.113.9"),
        # A proxy that says nothing is the client.
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        # What the client itself sent stands on the left, and is not looked at.
        ("10.0.0.1", ["1.2.3.4", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["10.0.0.9", "1.2.3.4", "198.51.100.7", "192.0.2.1"], "198.51.100.7"),
        ("2001:db8:ff::1", ["2001:db8:1::7", "10.0.0.3"], "2001:db8:1::7"),
        ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
        # Only proxies: the furthest of them asked by itself.
        ("10.0.0.1", ["10.0.0.3", "10.0.0.2"], "10.0.0.3"),
        # What is no address ends the walk at whoever passed it on.
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7", "", "10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["198.51.100.7", "evil\x00", "10.0.0.2"], "10.0.0.2"),
        (None, ["198.51.100.7"], None),
        ("testclient", ["198.51.100.7"], "testclient"),
    ],
)
def test_the_client_is_the_nearest_hop_that_is_no_proxy(
    peer: str | None, hops: list[str], client: str | None
) -> None:
    """From the right to the left."""
    assert PROXIES.client(peer, hops) == client


def test_without_proxies_no_hop_counts() -> None:
    """The default."""
    assert TrustedProxies().client("10.0.0.1", ["198.51.100.7"]) == "10.0.0.1"
    assert not TrustedProxies()


def test_a_proxy_behind_a_unix_socket_has_a_name() -> None:
    """Such a peer has no address."""
    proxies = TrustedProxies(["unix"])
    assert proxies.client(None, ["198.51.100.7"]) == "198.51.100.7"
    assert proxies.client("10.0.0.1", ["198.51.100.7"]) == "10.0.0.1"


def test_a_long_chain_is_not_walked_to_its_end() -> None:
    """A header of megabytes costs what a short one does."""
    hops = ["198.51.100.7", *["10.0.0.2"] * 100_000]
    assert PROXIES.client("10.0.0.1", hops) == "10.0.0.2"


@pytest.mark.parametrize("name", ["proxy.example", "10.0.0.0/33", "10.0.0.1/8", "*", "0.0.0.0/0/0"])
def test_a_proxy_that_is_no_address_is_refused(name: str) -> None:
    """A star, a name and a network with host bits are no networks."""
    with pytest.raises(ValueError, match="is neither an address nor a network"):
        TrustedProxies([name])
