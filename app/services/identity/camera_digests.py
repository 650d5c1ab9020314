"""HTTP digest (RFC 7616) for cameras that can be given a user name and a password and nothing else, such as Dahua's ITSAPI.

Digest wants the server to know the password, and of a camera's key we keep a hash. So the password is another: derived from
that hash under the key ring, never stored, changed with the key and ended with it. The user name is the client id.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.crypto import KeyRing
from app.services.identity.credentials import CameraCheck, camera_check, camera_row
from app.services.identity.problems import CREDENTIAL_NOT_FOUND

REALM = "loket"
PASSWORD_CHARS = 24
"""96 bits in hex; firmware cuts passwords that are longer than 32."""


@dataclass(frozen=True, slots=True)
class DigestClaim:
    """What a device says in `Authorization: Digest`; the door has checked its nonce and that `uri` is the one that it asks for."""

    username: str
    method: str
    uri: str
    nonce: str
    response: str
    qop: str = ""
    nc: str = ""
    cnonce: str = ""


async def digest_password(source: AsyncSession | AsyncConnection, keys: KeyRing, client_id: str) -> str:
    """The password of a camera's present key. Raises CREDENTIAL_NOT_FOUND, also for a key that opens the doors below `/k/` alone."""
    row = (await source.execute(camera_row(client_id))).one_or_none()
    if row is None or row.path_only or not row.secret_hash:
        raise CREDENTIAL_NOT_FOUND()
    return _password(keys, client_id, row.secret_hash)


async def check_digest(
    source: AsyncSession | AsyncConnection, keys: KeyRing, claim: DigestClaim, *, now: datetime
) -> CameraCheck | None:
    """The camera that this claim comes from; None for a wrong one, an unknown or disabled camera, and a key that is for the path."""
    row = (await source.execute(camera_row(claim.username))).one_or_none()
    if row is None or row.path_only:
        return None
    hashes = [row.secret_hash]
    if row.previous_until is not None and now < row.previous_until:
        hashes.append(row.previous_hash)
    right = [_response(claim, _password(keys, claim.username, each)) for each in hashes if each]
    if not any(hmac.compare_digest(each, claim.response.encode("utf-8", "replace")) for each in right):
        return None
    return camera_check(row, now)


def _password(keys: KeyRing, client_id: str, secret_hash: str) -> str:
    return keys.blind_index("camera-digest", f"{client_id}:{secret_hash}")[:PASSWORD_CHARS]


def _response(claim: DigestClaim, password: str) -> bytes:
    """RFC 7616 3.4.1 with MD5, the only algorithm that these devices know; without `qop` as in RFC 2069."""
    secret, asked = _md5(f"{claim.username}:{REALM}:{password}"), _md5(f"{claim.method}:{claim.uri}")
    middle = [claim.nonce, claim.nc, claim.cnonce, claim.qop] if claim.qop else [claim.nonce]
    return _md5(":".join([secret, *middle, asked])).encode()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
