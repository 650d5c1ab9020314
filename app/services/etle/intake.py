"""The first step of a ticket: a camera's capture is kept, and stands in the line of those to be read."""

from collections.abc import Sequence

from app.core.actor import Actor
from app.core.db import Tx
from app.services import cameras
from app.services.etle import turns


async def accept_capture(
    tx: Tx,
    device: Actor,
    images: Sequence[cameras.Image],
    checked: cameras.CheckedMetadata,
    *,
    came: cameras.Came | None = None,
) -> tuple[cameras.CaptureView, bool]:
    """Keep a capture and have its plate read; True when it is new. A repeated capture is read only once.

    Problems: those of `cameras.accept_capture`, and of `turns.check_room` when no more fit into the line."""
    capture, is_new = await cameras.accept_capture(tx, device, images, checked, came=came)
    if is_new:
        await turns.line_up(tx, capture)
    return capture, is_new
