"""Notifications: messages and letters to people, by whatever channel the installation has.

`send` in the caller's transaction; the rest happens by itself. `record_delivery` and `record_return` take
the news.
"""

from app.services.notifications.channels import (
    Channel,
    Channels,
    Outcome,
    OutgoingMessage,
    Result,
    build_channels,
)
from app.services.notifications.channels.outbox import ShownMessage, list_outbox
from app.services.notifications.delivery import (
    MessageView,
    find_message,
    messages_of,
    record_delivery,
    record_return,
)
from app.services.notifications.models import LetterState, Medium, MessageState
from app.services.notifications.paper_post import (
    BatchSummary,
    LetterToPrint,
    dispatch_letters,
    is_with_us,
    letters_of_batch,
    list_batches,
    message_by_tracking,
    open_paper,
    replace_paper,
    seal_paper,
)
from app.services.notifications.sending import Recipient, send

__all__ = [
    "BatchSummary",
    "Channel",
    "Channels",
    "LetterState",
    "LetterToPrint",
    "Medium",
    "MessageState",
    "MessageView",
    "Outcome",
    "OutgoingMessage",
    "Recipient",
    "Result",
    "ShownMessage",
    "build_channels",
    "dispatch_letters",
    "find_message",
    "is_with_us",
    "letters_of_batch",
    "list_batches",
    "list_outbox",
    "message_by_tracking",
    "messages_of",
    "open_paper",
    "record_delivery",
    "record_return",
    "replace_paper",
    "seal_paper",
    "send",
]
