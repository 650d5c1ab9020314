"""One document of an application, held against what its service wants of it."""

from collections.abc import Collection

from app.services.documents.applicant_photos import PhotoVerdict, check_applicant_photo
from app.services.documents.photo_rules import PhotoRule, SignatureRule
from app.services.documents.scans import ScanVerdict, check_scan
from app.services.documents.signatures import check_signature


def check_applicant_document(
    data: bytes, rule: PhotoRule | SignatureRule | None, *, max_bytes: int, wanted: Collection[str]
) -> PhotoVerdict | ScanVerdict:
    """A photo or a signature by its rule; a scanned paper where there is none. `wanted` are the media types and
    `max_bytes` the size that the service takes.

    Problems (what is not kept at all): documents-file-too-large (413), documents-type-not-wanted (415),
    documents-file-empty, documents-image-unreadable, documents-image-moves, documents-too-many-pixels,
    documents-pdf-unreadable, documents-pdf-locked, documents-pdf-active (422).
    """
    if isinstance(rule, PhotoRule):
        return check_applicant_photo(data, rule, max_bytes=max_bytes, wanted=wanted)
    if isinstance(rule, SignatureRule):
        return check_signature(data, rule, max_bytes=max_bytes, wanted=wanted)
    return check_scan(data, max_bytes=max_bytes, wanted=wanted)
