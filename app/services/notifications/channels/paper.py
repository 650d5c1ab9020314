"""The post: a letter joins the print queue of its unit and leaves with the daily batch (`paper_post`)."""

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.services.notifications.channels.base import Channel, Outcome, OutgoingMessage, Result
from app.services.notifications.models import Letter, LetterState, Message


class PaperChannel:
    """Puts letters into the print queue. `also_shown_in` lets the local outbox show them beside the other
    messages."""

    name = "post"

    def __init__(self, *, also_shown_in: Channel | None = None) -> None:
        self._also_shown_in = also_shown_in

    async def deliver(self, house: House, message: OutgoingMessage) -> Outcome:
        if message.document is None:
            return Outcome(Result.REFUSED, error="letter-without-document")
        async with house.db.begin(SYSTEM) as tx:
            query = select(col(Letter.id)).where(col(Letter.message_id) == message.id)
            # Locked and looked at again: its paper may have been made anew since it was handed to us (`replace_paper`).
            row = await tx.lock(Message, message.id)
            if row is not None and (await tx.session.execute(query)).scalar_one_or_none() is None:
                tx.session.add(
                    Letter(
                        message_id=message.id,
                        unit=message.unit,
                        document=row.document or message.document,
                        state=LetterState.QUEUED,
                        created_at=tx.now,
                    )
                )
        if self._also_shown_in is not None:
            await self._also_shown_in.deliver(house, message)
        return Outcome(Result.SENT)
