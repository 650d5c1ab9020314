"""Cameras: what they sent and when, the evidence byte for byte, and the certificates they measure under."""

from app.services.cameras.captures import (
    MOST_IMAGES,
    CaptureState,
    CaptureView,
    EvidenceFileView,
    Image,
    accept_capture,
    find_repeated,
    forget,
    get_capture,
    is_evidence,
    record_reading,
)
from app.services.cameras.devices import Certificate, DeviceView, find_device, record_certificate
from app.services.cameras.metadata import (
    MOST_METADATA_BYTES,
    CaptureMetadata,
    CheckedMetadata,
    check_metadata,
    parse_metadata,
)
from app.services.cameras.problems import IMAGE_COUNT

__all__ = [
    "IMAGE_COUNT",
    "MOST_IMAGES",
    "MOST_METADATA_BYTES",
    "CaptureMetadata",
    "CaptureState",
    "CaptureView",
    "Certificate",
    "CheckedMetadata",
    "DeviceView",
    "EvidenceFileView",
    "Image",
    "accept_capture",
    "check_metadata",
    "find_device",
    "find_repeated",
    "forget",
    "get_capture",
    "is_evidence",
    "parse_metadata",
    "record_certificate",
    "record_reading",
]
