"""The first step of a ticket: a camera's capture is kept, and a job is set to read it."""

from collections.abc import Sequence

from app.core.actor import Actor
from app.core.db import Tx
from app.services import cameras


async def accept_capture(
    tx: Tx, device: Actor, images: Sequence[cameras.Image], checked: cameras.CheckedMetadata
) -> tuple[cameras.CaptureView, bool]:
    """Keep a capture and have its plate read; True when it is new. A repeated capture is read only once.

    Problems: those of `cameras.accept_capture`."""
    capture, is_new = await cameras.accept_capture(tx, device, images, checked)
    if is_new:
        await tx.enqueue("etle.read_capture", str(capture.id))
    return capture, is_new
