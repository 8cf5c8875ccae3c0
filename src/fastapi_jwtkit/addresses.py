"""Addresses of the network: whose a request is, and which proxies may say so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["UNIX", "TrustedProxies", "address_of", "source_of"]

UNIX = "unix"
"""Stands in a list of proxies for a peer without an address: one behind a Unix socket."""

MAX_ADDRESS_CHARACTERS = 64
MAX_HOPS = 32
"""More than any real chain of proxies; what is further left is not looked at."""
_SUBSCRIBER_BITS = 64
_REMEMBERED = 1_024

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def address_of(text: str) -> Address | None:
    """Return the address that a hop of ``X-Forwarded-For`` names, ``None`` for anything else.

    Takes a port behind it and brackets around it (``192.0.2.1:4711``, ``[2001:db8::1]:4711``).
    An IPv4 address that is written as an IPv6 one is the IPv4 address.
    """
    text = text.strip(" \t")
    if not text or len(text) > MAX_ADDRESS_CHARACTERS:
        return None
    if text[0] == "[":
        text, end, port = text[1:].partition("]")
        if not end or (port and not _is_port(port)):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(":" + port):
            return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            # The zone says which interface of this machine; it is nobody's address.
            address = IPv6Address(int(address))
        return address.ipv4_mapped or address
    return address


def source_of(ip: str | None) -> str:
    """Return what attempts from an address are counted under.

    An IPv6 subscriber has a /64 at least, and may send each guess from another address of it
    (RFC 6177): the network is counted. What is no address counts as it stands.
    """
    if ip is None:
        return "unknown"
    address = address_of(ip)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> _SUBSCRIBER_BITS << _SUBSCRIBER_BITS, 64)))
    return str(address) if address is not None else ip


class TrustedProxies:
    """The proxies whose word about a request is taken.

    Args:
        names: addresses and networks, and ``unix`` for a peer on a Unix socket.

    Raises:
        ValueError: one of them is neither; the message says which.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._networks: list[Network] = []
        self._trusts_unix = False
        for name in names:
            if name == UNIX:
                self._trusts_unix = True
                continue
            try:
                self._networks.append(ip_network(name))
            except ValueError:
                message = f"{name!r} is neither an address nor a network"
                raise ValueError(message) from None
        # Proxies are few and ask on every request; parsing costs more than all the rest.
        self._known: dict[str | None, bool] = {}

    def __bool__(self) -> bool:
        return self._trusts_unix or bool(self._networks)

    def trusts(self, peer: str | None) -> bool:
        """Say whether a peer is one of the proxies; ``None``: it has no address."""
        known = self._known.get(peer)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[peer] = self._is_listed(peer)
        return known

    def client(self, peer: str | None, hops: Sequence[str]) -> str | None:
        """Return who the nearest hop is that is no proxy of ours.

        Walks from the right, where our own proxy wrote, to the left, which is what the client
        said. A hop that is no address ends the walk at the proxy that passed it on.

        Args:
            peer: of the socket.
            hops: the values of ``X-Forwarded-For``, as they came.
        """
        if not self or not self.trusts(peer):
            return peer
        found = peer
        for hop in reversed(hops[-MAX_HOPS:]):
            address = address_of(hop)
            if address is None:
                break
            found = str(address)
            if not self.trusts(found):
                break
        return found

    def _is_listed(self, peer: str | None) -> bool:
        if peer is None:
            return self._trusts_unix
        address = address_of(peer)
        if address is None:
            return False
        return any(
            address.version == network.version and address in network for network in self._networks
        )


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6  # noqa: PLR2004
