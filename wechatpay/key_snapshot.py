"""The platform's keys at one moment."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from attrs import Factory, field, frozen
from attrs import evolve as attrs_evolve

from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from wechatpay.crypto.keys import Certificate

__all__ = ["KeySnapshot"]


def _current(snapshot: KeySnapshot) -> tuple[Certificate, ...]:
    known = (*snapshot.given, *snapshot.fetched)
    return tuple(one for one in known if snapshot.moment < one.not_after.timestamp())


def _all_keys(snapshot: KeySnapshot) -> Mapping[str, RSAPublicKey]:
    certificates = {one.serial: one.key for one in snapshot.certificates}
    return MappingProxyType(certificates | dict(snapshot.public_keys))


def _first_event(snapshot: KeySnapshot) -> float:
    return min([snapshot.due, *(one.not_after.timestamp() for one in snapshot.certificates)])


@safe_repr
@frozen
class KeySnapshot:
    """
    The platform's keys at one moment; replaced as a whole, so that no reader sees half of a change.

    Attributes:
        given: The certificates that were given, including expired ones, in case the clock is corrected.
        fetched: The certificates that were downloaded, likewise.
        due: The Unix time of the next download.
        certificates: The certificates that have not expired.
        keys: The keys of these certificates, and the public keys.
        until: The Unix time at which a certificate expires or a download is due.
    """

    public_keys: Mapping[str, RSAPublicKey]
    given: tuple[Certificate, ...] = ()
    fetched: tuple[Certificate, ...] = ()
    moment: float = float("-inf")
    due: float = float("inf")
    certificates: tuple[Certificate, ...] = field(init=False, default=Factory(_current, takes_self=True))
    keys: Mapping[str, RSAPublicKey] = field(init=False, default=Factory(_all_keys, takes_self=True))
    until: float = field(init=False, default=Factory(_first_event, takes_self=True))

    def evolve(self, **changes: Any) -> KeySnapshot:
        """Return a copy with some attributes changed."""
        snapshot: KeySnapshot = attrs_evolve(self, **changes)
        return snapshot

    def newest(self, now: float) -> str | None:
        """Return the id of the first public key, else the serial of the newest valid certificate."""
        if self.public_keys:
            return next(iter(self.public_keys))
        valid = [one for one in self.certificates if one.not_before.timestamp() <= now]
        return max(valid, key=lambda one: one.not_before).serial if valid else None
