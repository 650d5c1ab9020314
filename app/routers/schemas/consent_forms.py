"""What goes out at the door of consent on paper. Nothing of the person stands in it."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.texts import Lang
from app.services.cases import FormView


class ConsentForm(BaseModel):
    """A form for one step; it counts once `seen_at` is set, until `good_until`, once."""

    id: UUID
    reference: str = Field(description="Its number: give it as `consent` of the step.", examples=["STJ7K3M9QXT4"])
    case: UUID | None = Field(description="null for an application that begins with it.")
    what: str = Field(description="What the citizen agrees to, as printed.")
    printed_at: datetime
    good_until: datetime
    scanned_at: datetime | None
    seen_at: datetime | None = Field(description="When a second officer confirmed having seen the person.")
    may_confirm: bool = Field(description="Whether you may be that second officer, now.")

    @classmethod
    def of(cls, view: FormView, lang: Lang) -> Self:
        """The view as JSON."""
        return cls(
            id=view.id,
            reference=view.reference,
            case=view.case_id,
            what=view.what.say(lang),
            printed_at=view.printed_at,
            good_until=view.good_until,
            scanned_at=view.scanned_at,
            seen_at=view.seen_at,
            may_confirm=view.may_confirm,
        )


class ConsentForms(BaseModel):
    """Forms, the newest first."""

    forms: list[ConsentForm]
