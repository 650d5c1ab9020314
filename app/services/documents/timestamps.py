"""Time stamps on seals (RFC 3161): somebody else's word on when a paper was sealed.

The authority sees a digest of a signature and nothing of the paper. Its answer counts only when it signs our digest and our
nonce, with a certificate that is made for time stamps.
"""

import asyncio
import secrets
from http import HTTPStatus

from asn1crypto import algos, cms, tsp
from pyhanko.sign.timestamps.common_utils import TimestampRequestError, handle_tsp_response
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

from app.core.config import Settings
from app.core.upstream import Upstream
from app.services.documents.threads import off_loop

NAME = "time stamp authority"
TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 64 * 1024
_NONCE_BITS = 63
_DIGEST = "sha256"


class TimestampRefused(Exception):
    """The authority said no, or answered something that is no time stamp of ours."""


class TimestampAuthority:
    """One authority, reached by HTTP (RFC 3161 section 3.4)."""

    def __init__(self, url: str) -> None:
        self._upstream = Upstream(NAME, url, timeout_s=TIMEOUT_S, max_concurrent=4, max_answer_bytes=MAX_ANSWER_BYTES)

    async def stamp(self, digest: bytes) -> cms.ContentInfo:
        """A token for this SHA-256. Raises `TimestampRefused`, and UPSTREAM_UNAVAILABLE or BUSY when nobody answers."""
        nonce = secrets.randbits(_NONCE_BITS)
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        answer = await self._upstream.request("POST", "", content=_query(digest, nonce), headers=headers)
        if answer.status_code != HTTPStatus.OK:
            raise TimestampRefused(f"the {NAME} answered {answer.status_code}")
        return await off_loop(read_answer, answer.content, digest, nonce)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()


def build_timestamps(settings: Settings) -> TimestampAuthority | None:
    """The authority that is set, if one is."""
    return TimestampAuthority(settings.timestamp_url) if settings.timestamp_url else None


def read_answer(content: bytes, digest: bytes, nonce: int) -> cms.ContentInfo:
    """The token of an answer; `TimestampRefused` unless it is sound, and for our digest and nonce.

    Who the authority is, is not judged here: a reader's own list of roots does that, and `verify_seal` by the published
    certificates.
    """
    try:
        response = tsp.TimeStampResp.load(content, strict=True)
        if response["status"]["status"].native != "granted":
            raise TimestampRefused(f"the {NAME} refused: {response['status']['status'].native}")
        token = handle_tsp_response(response, None)
        info = token["content"]["encap_content_info"]["content"].parsed
        if info["nonce"].native != nonce:
            raise TimestampRefused(f"the {NAME} answered another question")
        nobody = ValidationContext(trust_roots=[], allow_fetching=False)
        found = asyncio.run(validate_tst_signed_data(token["content"], nobody, lambda _: digest))
    except (TimestampRequestError, SignatureValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TimestampRefused(f"the {NAME} answered something else: {type(error).__name__}") from error
    if not (found["intact"] and found["valid"]):
        raise TimestampRefused(f"the {NAME} did not sign what we asked for")
    return token


def _query(digest: bytes, nonce: int) -> bytes:
    imprint = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": _DIGEST}), "hashed_message": digest}
    asked = {"version": 1, "message_imprint": tsp.MessageImprint(imprint), "nonce": nonce, "cert_req": True}
    return bytes(tsp.TimeStampReq(asked).dump())
