"""Documents: files that come in are checked here, and papers that go out are made here.

In: `check_image`, `check_attachment`. Shown: `crop`, `blur_except`, `thumbnail`, `reencode_image`. All of
these are synchronous and heavy: call them as ``await off_loop(check_image, data, ...)``.
"""

from app.services.documents.pictures import Box, blur_except, crop, thumbnail
from app.services.documents.threads import off_loop
from app.services.documents.uploads import (
    AttachmentInfo,
    ImageInfo,
    check_attachment,
    check_image,
    reencode_image,
    sniff,
)

__all__ = [
    "AttachmentInfo",
    "Box",
    "ImageInfo",
    "blur_except",
    "check_attachment",
    "check_image",
    "crop",
    "off_loop",
    "reencode_image",
    "sniff",
    "thumbnail",
]
