"""The wire side of HTTP digest for cameras: the challenge, and what a device answers to it (RFC 7616).

The nonce is a signed time and nothing is kept of it. Whoever listens on a line without TLS can repeat the same request for five
minutes, as they can read the pictures on it; on such a line keep cameras in a network of their own.
"""

from datetime import timedelta
from urllib.request import parse_http_list, parse_keqv_list

from fastapi import Request

from app.core.crypto import BadToken
from app.core.house import House
from app.services.identity.camera_digests import REALM, DigestClaim

NONCE_GOOD_FOR = timedelta(minutes=5)
MOST_HEADER_CHARS = 2000
PURPOSE = "camera-digest"


def challenge(house: House) -> str:
    """What `WWW-Authenticate` says to a device: digest first, since simple firmware reads only the beginning."""
    nonce = house.signer.issue(PURPOSE, {}, ttl=NONCE_GOOD_FOR, now=house.clock.now())
    return f'Digest realm="{REALM}", nonce="{nonce}", qop="auth", algorithm=MD5'


def claim_of(request: Request, house: House) -> DigestClaim | None:
    """What a device claims; None where it claims nothing by digest, with a nonce that is not ours or too old, or for another
    address than the one it asks for."""
    scheme, _, rest = request.headers.get("authorization", "")[:MOST_HEADER_CHARS].partition(" ")
    if scheme.lower() != "digest":
        return None
    try:
        told = parse_keqv_list(parse_http_list(rest))
        house.signer.verify(PURPOSE, told["nonce"], house.clock.now())
        names = ("username", "uri", "nonce", "response")
        username, uri, nonce, response = (told[name] for name in names)
    except (BadToken, KeyError, ValueError):
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    same_place = uri in (request.url.path + query, str(request.url))
    if not same_place or told.get("algorithm", "MD5").upper() != "MD5" or told.get("qop", "auth") != "auth":
        return None
    qop = told.get("qop", "")
    return DigestClaim(
        username, request.method, uri, nonce, response, qop=qop, nc=told.get("nc", ""), cnonce=told.get("cnonce", "")
    )
