"""The local outbox: takes the part of post, mail and telephones outside production, so that a demo can show
what was sent. Addresses and texts are sealed here as everywhere; they are opened to be shown.

Its telephones report delivery at once, as a provider would; its mail and its post do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.contacts import parse_email, parse_mobile
from app.core.crypto import KeyRing
from app.core.house import House
from app.core.ids import new_id
from app.services.notifications.channels.base import Outcome, OutgoingMessage, Result
from app.services.notifications.models import Medium, OutboxMessage

SHOWN_AT_MOST = 100
PROVIDER_RECEIPT = "provider_receipt"


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """One message in the outbox, opened. `to` is None where the person was erased since."""

    id: UUID
    message_id: UUID
    medium: str
    template: str
    to: str
    subject: str
    text: str
    document: str | None
    check_code: str
    sent_at: datetime


class OutboxChannel:
    """Keeps messages in the database instead of sending them."""

    name = "outbox"

    async def deliver(self, house: House, message: OutgoingMessage) -> Outcome:
        async with house.db.begin(SYSTEM) as tx:
            sealed = await vault.seal(
                tx, message.key_id, {"address": message.address, "subject": message.subject, "text": message.text}
            )
            insert = postgres_insert if house.db.dialect == "postgresql" else sqlite_insert
            row = {
                "id": new_id(),
                "message_id": message.id,
                "medium": message.medium.value,
                "template": message.template,
                "address_bidx": _address_bidx(house.keys, message.address),
                "key_id": message.key_id,
                "address_enc": sealed["address"],
                "subject_enc": sealed["subject"],
                "text_enc": sealed["text"],
                "document": message.document,
                "check_code": message.check_code,
                "sent_at": tx.now,
            }
            await tx.session.execute(
                insert(OutboxMessage).values(row).on_conflict_do_nothing(index_elements=["message_id"])
            )
            now = tx.now
        if message.medium in (Medium.WHATSAPP, Medium.SMS):
            return Outcome(Result.DELIVERED, proven_at=now, proof=PROVIDER_RECEIPT)
        return Outcome(Result.SENT)


async def list_outbox(
    conn: AsyncConnection, keys: KeyRing, *, to: str | None = None, limit: int = SHOWN_AT_MOST
) -> Sequence[ShownMessage]:
    """What the local outbox holds, newest first; with `to` only what went to that number or address,
    however typed."""
    query = select(OutboxMessage.__table__)  # type: ignore[attr-defined]
    if to is not None:
        query = query.where(col(OutboxMessage.address_bidx) == _address_bidx(keys, to))
    newest = query.order_by(col(OutboxMessage.sent_at).desc(), col(OutboxMessage.id).desc())
    rows = (await conn.execute(newest.limit(min(limit, SHOWN_AT_MOST)))).all()
    shown = []
    for row in rows:
        sealed = {"address": row.address_enc, "subject": row.subject_enc, "text": row.text_enc}
        plain = await vault.open_(conn, keys, row.key_id, sealed)
        shown.append(
            ShownMessage(
                row.id,
                row.message_id,
                row.medium,
                row.template,
                plain["address"] or "",
                plain["subject"] or "",
                plain["text"] or "",
                row.document,
                row.check_code,
                row.sent_at,
            )
        )
    return shown


def _address_bidx(keys: KeyRing, address: str) -> str:
    canonical = parse_mobile(address) or parse_email(address) or " ".join(address.casefold().split())
    return keys.blind_index("outbox", canonical)
