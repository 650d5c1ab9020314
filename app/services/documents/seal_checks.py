"""Does the seal on a paper hold? Asked by whoever holds the file, without any network.

Four things must be true: the signature fits the bytes, it covers the whole file, nothing was added after it, and the
certificate is one that we published. That the certificate's authority is known is not enough: the same authority certifies
thousands of other offices. Without published certificates the file can only vouch for itself, and the verdict says so.
"""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.generic import parse_pdf_date
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.general import UnacceptableSignerError
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from app.services.documents.certificates import CertificateFault, anchors, fingerprint_of, is_root, load_pem

MAX_SEALED_BYTES = 20 * 1024 * 1024
_UNREADABLE = (
    PdfError,
    SignatureValidationError,
    UnacceptableSignerError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    RecursionError,
)
"""What a file that is damaged or made to mislead may raise in a parser."""


@dataclass(frozen=True, slots=True)
class SealVerdict:
    """What looking at a seal showed. `holds` is the answer, `fault` says what is wrong.

    `pinned`: its certificate is a published one. `sealed_at` is the sealer's own word, `stamped_at` that of a time stamp
    authority whose certificate we know. `contact` is where to ask whether the paper is still good, which no file can say.
    """

    holds: bool
    fault: str = ""
    pinned: bool = False
    signer: str = ""
    certificate: str = ""
    sealed_at: datetime | None = None
    stamped_at: datetime | None = None
    reason: str = ""
    contact: str = ""


def is_sealed(pdf: bytes) -> bool:
    """Whether the file bears a signature at all, good or not."""
    try:
        return bool(PdfFileReader(io.BytesIO(pdf)).embedded_signatures)
    except _UNREADABLE:
        return False


def verify_seal(pdf: bytes, published: bytes | None = None) -> SealVerdict:
    """The verdict on a file. `published` are our certificates as PEM; None when there are none to compare with.

    Runs an event loop of its own, so inside of one: ``await off_loop(verify_seal, ...)``.
    """
    try:
        known = load_pem(published) if published is not None else None
        return _verdict(pdf, known)
    except CertificateFault as error:
        return SealVerdict(False, str(error))
    except _UNREADABLE as error:
        return SealVerdict(False, f"the file cannot be read as a sealed PDF: {type(error).__name__}")


def _verdict(pdf: bytes, known: Sequence[x509.Certificate] | None) -> SealVerdict:
    if len(pdf) > MAX_SEALED_BYTES:
        return SealVerdict(False, "the file is larger than any paper of ours")
    signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    if len(signatures) != 1:
        return SealVerdict(False, f"the file bears {len(signatures)} signatures; a paper of ours bears one")
    [signature] = signatures
    sealer = signature.signer_cert
    if sealer is None:
        return SealVerdict(False, "the seal holds no certificate")
    ours = x509.load_der_x509_certificate(sealer.dump())
    said = _said(signature, ours)
    if known is not None and ours not in known:
        return replace(said, fault="the certificate is none that was published")
    roots = anchors(known) if known is not None else _carried_roots(signature)
    status = asyncio.run(_validated(signature, roots, said.sealed_at))
    fault = _fault(status)
    stamped_at = _stamped_at(status) if not fault else None
    return replace(said, holds=not fault, fault=fault, pinned=known is not None and not fault, stamped_at=stamped_at)


def _said(signature: EmbeddedPdfSignature, certificate: x509.Certificate) -> SealVerdict:
    """What the seal says of itself, good or not."""
    said = signature.sig_object
    written = said.get("/M")
    return SealVerdict(
        False,
        signer=certificate.subject.rfc4514_string(),
        certificate=fingerprint_of(certificate),
        sealed_at=parse_pdf_date(str(written)) if written is not None else None,
        reason=str(said.get("/Reason") or ""),
        contact=str(said.get("/ContactInfo") or ""),
    )


async def _validated(
    signature: EmbeddedPdfSignature, roots: Sequence[x509.Certificate], at: datetime | None
) -> PdfSignatureStatus:
    """Certificates are judged as of the time of the seal, so that a paper outlives the certificate it was sealed under."""
    trusted = [asn1_x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in roots]

    def context() -> ValidationContext:
        return ValidationContext(trust_roots=trusted, moment=at, allow_fetching=False)

    return await async_validate_pdf_signature(signature, context(), context())


def _fault(status: PdfSignatureStatus) -> str:
    """What is wrong with a seal; empty when nothing is. The time stamp is not asked: without it a seal is as good."""
    if not (status.intact and status.valid):
        return "the file was altered after it was sealed"
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE or status.modification_level != ModificationLevel.NONE:
        return "something was added to the file after it was sealed"
    if not status.docmdp_ok:
        return "the file was changed against the rules of its seal"
    if not status.trusted:
        return "no known authority vouches for the certificate on the day of the seal"
    return ""


def _stamped_at(status: PdfSignatureStatus) -> datetime | None:
    stamp = status.timestamp_validity
    sound = stamp is not None and stamp.intact and stamp.valid and stamp.trusted
    return stamp.timestamp if stamp is not None and sound else None


def _carried_roots(signature: EmbeddedPdfSignature) -> list[x509.Certificate]:
    """The roots that the seal brings along: with them the file vouches for itself."""
    carried = [x509.load_der_x509_certificate(each.dump()) for each in signature.other_embedded_certs]
    return [each for each in carried if is_root(each)]
