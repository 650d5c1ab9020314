"""Identifiers: UUIDv7 for machines, short references with a check character for people."""

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

# Crockford's base 32: no I, L, O or U, so that a reference read over the telephone survives.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V", "-": "", " ": "", ".": ""})


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562 5.7): unique, and roughly in order of creation."""
    return uuid7()


MOST_OF_REFERENCE = 20
"""Characters of a reference, with any prefix."""


def new_reference(prefix: str, length: int = 8) -> str:
    """A random human reference: `prefix`, `length` random characters, one check character. Never sequential."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(length))
    return prefix + body + check_character(prefix + body)


def normalise_reference(text: str) -> str:
    """What a person typed, in canonical form: upper case, no separators, look-alikes mended after the prefix."""
    cleaned = text.strip().upper()[:64]
    return cleaned[:3] + cleaned[3:].translate(_READ_AS)


def reference_is_valid(text: str) -> bool:
    """Whether the last character checks the rest. What is longer than any reference, such as a scanned token, is none."""
    return (
        2 <= len(text) <= MOST_OF_REFERENCE
        and text.isascii()
        and text.isalnum()
        and check_character(text[:-1]) == text[-1]
    )


def check_character(body: str) -> str:
    """A Luhn mod 32 check character: finds each single wrong character and nearly every swap of neighbours."""
    total, factor = 0, 2
    for character in reversed(body):
        addend = factor * (ALPHABET.index(character) if character in ALPHABET else ord(character) % 32)
        factor = 1 if factor == 2 else 2
        total += addend // 32 + addend % 32
    return ALPHABET[(32 - total % 32) % 32]


def random_digits(count: int) -> str:
    """`count` random decimal digits; the first is never 0."""
    return str(secrets.randbelow(9) + 1) + "".join(str(secrets.randbelow(10)) for _ in range(count - 1))


def luhn_digit(digits: str) -> str:
    """The Luhn check digit (ISO/IEC 7812-1 annex B) of a string of digits."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str((10 - total % 10) % 10)
