"""What goes out at the door of printing and handing over. Nothing of the applicant stands in a list."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.texts import Lang
from app.services.applications.issued_models import PrintOrder
from app.services.applications.worklist import Underway


class PrintOrderOut(BaseModel):
    """A document that waits for the printer."""

    id: UUID
    case: UUID
    reference: str = Field(examples=["SIM7K3M9QXT4"])
    prints: str = Field(description="What is printed.", examples=["kartu SIM"])
    number: str
    ordered_at: datetime

    @classmethod
    def of(cls, order: PrintOrder, reference: str, lang: Lang) -> Self:
        """The order as JSON."""
        return cls(
            id=order.document_id,
            case=order.case_id,
            reference=reference,
            prints=order.prints.say(lang),
            number=order.number,
            ordered_at=order.ordered_at,
        )


class HandingOver(BaseModel):
    """A printed document that nobody has in hand yet: ``printed``, ``ready`` to be fetched, or ``shipped``."""

    case: UUID
    reference: str
    service: str
    state: str
    since: datetime

    @classmethod
    def of(cls, line: Underway) -> Self:
        """The line as JSON."""
        return cls(
            case=line.case_id,
            reference=line.reference,
            service=line.service_code,
            state=line.state,
            since=line.entered_at,
        )


class Printing(BaseModel):
    """What waits for the printer, and what waits for its holder."""

    orders: list[PrintOrderOut]
    to_hand_over: list[HandingOver]


class Found(BaseModel):
    """The case of a reference."""

    id: UUID
