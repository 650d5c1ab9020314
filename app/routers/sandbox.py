"""The local outbox, as JSON for testers and as a page for the demo: what would have gone to telephones,
mailboxes and the post. It stands open, one-time codes included, and therefore does not exist in
production."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.core.actor import PUBLIC, Actor
from app.core.house import House
from app.core.problems import NOT_FOUND
from app.routers.http.deps import TheHouse
from app.routers.http.guards import guard
from app.routers.pages.visit import TheVisit
from app.services.notifications import ShownMessage, list_outbox

MAX_ADDRESS = 400


@guard
async def outside_production(house: TheHouse) -> Actor:
    """Anybody, except in production, where this door is NOT_FOUND."""
    if house.settings.production:
        raise NOT_FOUND()
    return PUBLIC


router = APIRouter(
    prefix="/sandbox", tags=["sandbox"], dependencies=[Depends(outside_production)], include_in_schema=False
)
To = Annotated[
    str | None, Query(max_length=MAX_ADDRESS, description="Only what went to this number, e-mail or postal address.")
]


class OutboxItem(BaseModel):
    """One message that the local outbox took."""

    id: str
    channel: str = Field(description="whatsapp, sms, email or post.")
    template: str
    to: str
    subject: str
    text: str
    check_code: str
    document: str | None = Field(description="SHA-256 of the printed paper, for the post.")
    sent_at: datetime

    @classmethod
    def of(cls, message: ShownMessage) -> Self:
        """From the room's message."""
        return cls(
            id=str(message.message_id),
            channel=message.medium,
            template=message.template,
            to=message.to,
            subject=message.subject,
            text=message.text,
            check_code=message.check_code,
            document=message.document,
            sent_at=message.sent_at,
        )


class Outbox(BaseModel):
    """What was sent, newest first."""

    messages: list[OutboxItem]


@router.get("/outbox.json")
async def outbox(house: TheHouse, response: Response, to: To = None) -> Outbox:
    """The newest messages, or those to one address."""
    response.headers["Cache-Control"] = "no-store"
    return Outbox(messages=[OutboxItem.of(each) for each in await _shown(house, to)])


@router.get("/outbox")
async def outbox_page(visit: TheVisit, to: To = None) -> Response:
    """The same for people."""
    return visit.show("pages/sandbox_outbox.html", messages=await _shown(visit.house, to), to=to or "")


async def _shown(house: House, to: str | None) -> Sequence[ShownMessage]:
    async with house.db.read() as connection:
        return await list_outbox(connection, house.keys, to=to or None)
