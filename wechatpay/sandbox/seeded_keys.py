"""Keys that a seed gives: the same seed, the same keys. They are for tests only: whoever knows the seed has them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, rsa

if TYPE_CHECKING:
    from chainable.sandbox.randomness import Randomness

__all__ = ["new_ec_key", "new_rsa_key"]

E = 65537
BITS = 1024
PARTNER = 2**61 - 1
"""A known prime: with it, a number makes an RSA key if it is a prime itself."""
SMALL = math.prod(n for n in range(3, 4000, 2) if all(n % d for d in range(3, math.isqrt(n) + 1, 2)))


def new_rsa_key(random: Randomness, purpose: str) -> rsa.RSAPrivateKey:
    """Return a 2048-bit key: fresh, or that of the seed."""
    if random.seed is None:
        return rsa.generate_private_key(public_exponent=E, key_size=2 * BITS)
    p, q = (prime(random.bytes(BITS // 8, f"{purpose} {name}")) for name in "pq")
    return key_of(p, q, known=True)


def new_ec_key(random: Randomness, purpose: str) -> ec.EllipticCurvePrivateKey:
    """Return a key on P-256."""
    return ec.derive_private_key(random.below(2**255, purpose) + 1, ec.SECP256R1())


@lru_cache(maxsize=64)
def prime(start: bytes) -> int:
    """Return the first prime that suits the exponent, from a number with its two highest bits set on."""
    candidate = int.from_bytes(start, "big") | 3 << BITS - 2 | 1
    while math.gcd(candidate, SMALL) > 1 or not is_prime(candidate):
        candidate += 2
    return candidate


def is_prime(number: int) -> bool:
    """Return whether a number is a prime by OpenSSL's test, which checks the primes of a private key as it is built."""
    try:
        key_of(number, PARTNER)
    except ValueError:
        return False
    return True


def key_of(p: int, q: int, *, known: bool = False) -> rsa.RSAPrivateKey:
    """Return the key of two primes; ValueError if one is none, unless they are known to be."""
    d = pow(E, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(E, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=known)
