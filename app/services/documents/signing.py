"""The electronic seal on issued papers: PAdES (ETSI EN 319 142-1), level B-B, and B-T where a time stamp authority is set.

A seal is an organisation's signature (*segel elektronik*, UU 1/2024 art. 13A): it says which unit's paper this is and that
nothing was changed since, not which person pressed a key. The signature certifies the file (DocMDP, no changes allowed), so
that a PDF reader warns of a single added comment. The same paper sealed at the same time gives the same bytes, time stamps
apart: ECDSA nonces follow RFC 6979, and neither a clock nor chance comes into the file.

Everything heavy runs in a thread. The authority of time stamps is asked between two such pieces of work, never inside a
transaction. When it is down the paper is sealed without a stamp: a citizen does not wait for a licence because of somebody
else's clock, and the public log dates the paper as well.
"""

import asyncio
import hashlib
import io
import logging
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko_certvalidator.registry import CertificateStore, SimpleCertificateStore

from app.core.config import Settings
from app.core.crypto import KeyRing
from app.core.problems import Problem
from app.services.documents.certificates import Certificates, Identity, build_certificates
from app.services.documents.seal_checks import verify_seal
from app.services.documents.threads import off_loop
from app.services.documents.timestamps import TimestampAuthority, TimestampRefused, build_timestamps

FIELD = "Segel"
FIELD_TITLE = "Segel elektronik kesatuan yang menerbitkan dokumen ini"
DIGEST = "sha256"
_CMS_BYTES = 4096  # of a signature without its certificates
_TIMESTAMP_BYTES = 16_384
log = logging.getLogger(__name__)


class SealBroken(Exception):
    """A seal that we have just made does not verify: nothing may leave with it."""


@dataclass(frozen=True, slots=True)
class SealNote:
    """What the seal says in words, none of it personal: why, where, and where to ask whether the paper is still good."""

    reason: str
    location: str
    contact: str


@dataclass(frozen=True, slots=True)
class SealedPaper:
    """A sealed file. `level` is ``B-B`` or ``B-T``; `certificate` the SHA-256 of the certificate that it was sealed under."""

    pdf: bytes
    level: str
    certificate: str


class DocumentSigner:
    """Seals papers in the name of this installation; `certificates` are those to publish."""

    def __init__(self, certificates: Certificates, timestamps: TimestampAuthority | None = None) -> None:
        self.certificates = certificates
        self._timestamps = timestamps

    async def sign(self, pdf: bytes, note: SealNote, *, at: datetime) -> SealedPaper:
        """The paper with its seal, made at this time and checked before it is given out.

        `CertificateFault` when no certificate is good now; `SealBroken` when the seal does not verify.
        """
        identity = self.certificates.current(at)
        started = await off_loop(_start, pdf, note, identity, at, stamped=self._timestamps is not None)
        token = await self._stamp(started.signature)
        sealed = await off_loop(_finish, started, token)
        verdict = await off_loop(verify_seal, sealed, self.certificates.pem().encode())
        if not verdict.holds:
            raise SealBroken(verdict.fault)
        return SealedPaper(sealed, "B-T" if token else "B-B", identity.fingerprint)

    async def aclose(self) -> None:
        """Let go of the authority's connections."""
        if self._timestamps is not None:
            await self._timestamps.aclose()

    async def _stamp(self, signature: bytes) -> cms.ContentInfo | None:
        if self._timestamps is None:
            return None
        try:
            token = await self._timestamps.stamp(hashlib.sha256(signature).digest())
        except (Problem, TimestampRefused) as error:
            log.warning("a paper is sealed without a time stamp: %s", error)
            return None
        if len(token.dump()) > _TIMESTAMP_BYTES:
            log.warning("a paper is sealed without a time stamp: the token is longer than %d bytes", _TIMESTAMP_BYTES)
            return None
        return token


def build_signer(settings: Settings, keys: KeyRing) -> DocumentSigner:
    """The signer for these settings. `CertificateFault` where the certificates do not allow to seal."""
    return DocumentSigner(build_certificates(settings, keys), build_timestamps(settings))


@dataclass(frozen=True)
class _Started:
    """A file with room for its seal, and the seal that comes there."""

    writing: Generator[Any, Any, None]
    output: io.BytesIO
    content: cms.ContentInfo

    @property
    def signature(self) -> bytes:
        """What a time stamp is for."""
        return bytes(self.content["content"]["signer_infos"][0]["signature"].native)


def _start(pdf: bytes, note: SealNote, identity: Identity, at: datetime, *, stamped: bool) -> _Started:
    field = SigFieldSpec(FIELD, readable_field_name=FIELD_TITLE)
    writing = PdfCMSEmbedder(field).write_cms(FIELD, _SameBytesWriter(io.BytesIO(pdf)))
    next(writing)
    room = SignatureObject(
        timestamp=at.replace(microsecond=0),
        subfilter=SigSeedSubFilter.PADES,
        reason=note.reason,
        location=note.location,
        contact_info=note.contact,
        bytes_reserved=2 * _room_for(identity, stamped=stamped),
    )
    writing.send(SigObjSetup(room, SigMDPSetup(DIGEST, certify=True, docmdp_perms=MDPPerm.NO_CHANGES)))
    digest, output = writing.send(SigIOSetup(DIGEST))
    signing = _RingSigner(identity).async_sign(digest.document_digest, DIGEST, use_pades=True)
    return _Started(writing, output, asyncio.run(signing))


def _finish(started: _Started, token: cms.ContentInfo | None) -> bytes:
    if token is not None:
        attribute = {"type": cms.CMSAttributeType("signature_time_stamp_token"), "values": (token,)}
        stamp = cms.CMSAttributes([cms.CMSAttribute(attribute)])
        started.content["content"]["signer_infos"][0]["unsigned_attrs"] = stamp
    started.writing.send(started.content)
    return started.output.getvalue()


def _room_for(identity: Identity, *, stamped: bool) -> int:
    """Bytes that the seal may take; the file holds room for it before it exists."""
    certificates = (identity.certificate, *identity.chain)
    carried = sum(len(each.public_bytes(Encoding.DER)) for each in certificates)
    return _CMS_BYTES + carried + (_TIMESTAMP_BYTES if stamped else 0)


class _RingSigner(Signer):
    """Signs with a key of the ring, and without chance: the nonce follows from key and content (RFC 6979)."""

    def __init__(self, identity: Identity) -> None:
        chain: CertificateStore = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # says nothing of its result
        chain.register_multiple(_asn1(each) for each in identity.chain)
        super().__init__(signing_cert=_asn1(identity.certificate), cert_registry=chain, embed_roots=True)
        self._key = identity.key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != DIGEST:
            raise ValueError(f"a seal is made over {DIGEST}, not {digest_algorithm}")
        return self._key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


class _SameBytesWriter(IncrementalPdfFileWriter):
    """Adds to a file without a clock and without chance, and leaves its metadata as the template made it: written anew,
    they would lose what marks the file as PDF/A and PDF/UA."""

    def _update_meta(self) -> None:
        """The dates inside are those of the paper."""

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> generic.ArrayObject:
        prev.stream.seek(0)
        second = generic.ByteStringObject(hashlib.sha256(prev.stream.read()).digest()[:16])
        first = prev.trailer["/ID"][0]
        original = first.original_bytes if isinstance(first, generic.TextStringObject) else bytes(first)
        return generic.ArrayObject([generic.ByteStringObject(original), second])


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
