"""Passwords of staff: argon2id (RFC 9106), computed off the event loop. Citizens have none."""

import asyncio
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.services.identity.problems import PASSWORD_TOO_WEAK

MIN_LENGTH, MAX_LENGTH = 12, 128  # long enough to matter, short enough that hashing cannot be made to hurt

# RFC 9106 section 4, second recommendation: 64 MiB and three passes.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)


async def hash_password(password: str) -> str:
    """The argon2id hash to keep. Raises PASSWORD_TOO_WEAK outside the allowed lengths."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise PASSWORD_TOO_WEAK(minimum=MIN_LENGTH, maximum=MAX_LENGTH)
    return await asyncio.to_thread(_HASHER.hash, password)


async def matches(kept: str | None, password: str) -> bool:
    """Whether the password is the one kept. Without a kept one the same work is done and the answer is no."""
    return await asyncio.to_thread(_verify, kept or _decoy(), password[:MAX_LENGTH]) and kept is not None


def _verify(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _decoy() -> str:
    """Compared with where there is no account, so that its absence takes as long as a wrong password."""
    return _HASHER.hash("no account has this password")
