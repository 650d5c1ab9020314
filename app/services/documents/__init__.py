"""Documents: files that come in are checked here, and papers that go out are made here.

In: `check_image`, `check_attachment`; of applicants `check_applicant_document`, by the rules of `PhotoRules`, and what
is kept of it, `normalised`. Shown: `cover_scene`, `thumbnail`, `reencode_image`. All of
these are synchronous and heavy: call them as ``await off_loop(check_image, data, ...)``.

Out: `etle_letter`, `etle_ticket`, `payment_receipt` (as data: `receipt_json`), each from its dataclass; `render_pdf` for any other
template.
"""

from app.services.documents.applicant_documents import check_applicant_document
from app.services.documents.applicant_photos import PhotoVerdict, check_applicant_photo
from app.services.documents.faces import find_street_faces
from app.services.documents.file_kinds import PICTURES, SCANS
from app.services.documents.opening import Kept, normalised
from app.services.documents.photo_problems import PhotoProblem
from app.services.documents.photo_rules import (
    PhotoRule,
    PhotoRuleError,
    PhotoRules,
    SignatureRule,
    load_photo_rules,
)
from app.services.documents.pictures import Box, CoveredScene, cover_scene, thumbnail
from app.services.documents.receipts import RECEIPT_FORMAT, receipt_json, verify_receipt
from app.services.documents.rendering import qr_svg, render_pages, render_pdf
from app.services.documents.scans import ScanVerdict, check_scan
from app.services.documents.scenes import Scene, measure_scene
from app.services.documents.signatures import check_signature
from app.services.documents.templates import (
    CheckCode,
    LetterData,
    Post,
    Reading,
    ReceiptData,
    ReceiptLine,
    ReceiptRemittance,
    Sender,
    TicketData,
    Vehicle,
    Violation,
    VirtualAccount,
    answer_rule,
    etle_letter,
    etle_ticket,
    grouped,
    payment_receipt,
)
from app.services.documents.threads import off_loop
from app.services.documents.uploads import (
    AttachmentInfo,
    ImageInfo,
    check_attachment,
    check_image,
    reencode_image,
    sniff,
)
from app.services.documents.videos import VIDEO_TYPE, VideoInfo, check_video
from app.services.documents.words import long_date, long_moment, rupiah_in_words, short_date

__all__ = [
    "PICTURES",
    "RECEIPT_FORMAT",
    "SCANS",
    "VIDEO_TYPE",
    "AttachmentInfo",
    "Box",
    "CheckCode",
    "CoveredScene",
    "ImageInfo",
    "Kept",
    "LetterData",
    "PhotoProblem",
    "PhotoRule",
    "PhotoRuleError",
    "PhotoRules",
    "PhotoVerdict",
    "Post",
    "Reading",
    "ReceiptData",
    "ReceiptLine",
    "ReceiptRemittance",
    "ScanVerdict",
    "Scene",
    "Sender",
    "SignatureRule",
    "TicketData",
    "Vehicle",
    "VideoInfo",
    "Violation",
    "VirtualAccount",
    "answer_rule",
    "check_applicant_document",
    "check_applicant_photo",
    "check_attachment",
    "check_image",
    "check_scan",
    "check_signature",
    "check_video",
    "cover_scene",
    "etle_letter",
    "etle_ticket",
    "find_street_faces",
    "grouped",
    "load_photo_rules",
    "long_date",
    "long_moment",
    "measure_scene",
    "normalised",
    "off_loop",
    "payment_receipt",
    "qr_svg",
    "receipt_json",
    "reencode_image",
    "render_pages",
    "render_pdf",
    "rupiah_in_words",
    "short_date",
    "sniff",
    "thumbnail",
    "verify_receipt",
]
