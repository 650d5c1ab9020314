"""What goes in and out of the counter's doors of differences and incidents."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.db import JsonValue
from app.core.texts import Lang
from app.services.billing.incidents import IncidentView
from app.services.billing.settlement.actions import Action
from app.services.billing.settlement.decisions import MAX_REASON
from app.services.billing.settlement.differences import (
    KINDS,
    BillSeen,
    DifferencePage,
    DifferenceView,
    LineView,
    StepView,
)
from app.services.billing.settlement.models import ExceptionKind, ExceptionState
from app.services.billing.snap.client_jobs import BankAnswer

Reason = Annotated[str, Field(min_length=1, max_length=MAX_REASON)]


class ProposalIn(BaseModel):
    """What should be done about a difference. Somebody else confirms or declines it."""

    model_config = ConfigDict(extra="forbid")

    action: Annotated[str, Field(max_length=20, pattern="^[a-z]+$", description="One of the difference's `possible`.")]
    reason: Reason
    bill: Annotated[
        str | None,
        Field(
            max_length=40,
            pattern="^[0-9 ]+$",
            description="The virtual account or customer number of the bill, for `link`, `match` and `refund`; by default "
            "the one that the bank's line names.",
        ),
    ] = None
    other_id: Annotated[UUID | None, Field(description="The difference to set it off against, for `offset`.")] = None


class ReasonIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class ConfirmIn(BaseModel):
    """What the second person adds, if anything."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str | None, Field(max_length=MAX_REASON)] = None


class ActionOut(BaseModel):
    """An action that makes sense now."""

    name: str
    title: str
    hint: str

    @classmethod
    def of(cls, action: Action, lang: Lang) -> Self:
        """The action in words."""
        return cls(name=action.name, title=action.text.say(lang), hint=action.hint.say(lang))


class DifferenceOut(BaseModel):
    """A difference: ``open`` wants a proposal, ``proposed`` a second person, ``closed`` nobody. Rupiah."""

    id: UUID
    kind: ExceptionKind
    title: str
    state: ExceptionState
    bank: str = Field(description="Its client id.")
    bank_name: str
    unit: str | None = Field(description="The Polda; null where the money belongs to none that is known.")
    held: int = Field(description="What suspense has for it; negative where it is owed to us.")
    suggested: str
    opened_at: datetime
    case_id: UUID | None
    reference: str | None
    action: str | None
    proposed_by: str | None
    proposed_at: datetime | None
    closed_by: str | None
    closed_at: datetime | None
    entry_id: UUID | None = Field(description="The ledger entry that closed it.")

    @classmethod
    def of(cls, view: DifferenceView, lang: Lang) -> Self:
        """The view as JSON."""
        told = {name: getattr(view, name) for name in DifferenceOut.model_fields if name != "title"}
        return cls(**told, title=KINDS[view.kind].say(lang))


class LineOut(BaseModel):
    """The bank's line. Rupiah; `amount` is gross."""

    bank_reference: str
    payment_request_id: str | None
    virtual_account_no: str | None
    amount: int
    fee: int
    credit: bool
    reversal: bool
    booked_on: date
    trx_at: str | None

    @classmethod
    def of(cls, view: LineView) -> Self:
        """The view as JSON."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class BillSeenOut(BaseModel):
    """A bill as far as finance needs it."""

    id: UUID
    customer_no: str
    title: str
    state: str
    amount: int

    @classmethod
    def of(cls, view: BillSeen) -> Self:
        """The view as JSON."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class BankSaysOut(BaseModel):
    """What the bank answered when it was asked (SNAP service 26)."""

    status: str
    code: str | None
    amount: int | None
    asked_at: datetime
    times_asked: int
    next_at: datetime | None

    @classmethod
    def of(cls, answer: BankAnswer) -> Self:
        """The answer as JSON."""
        return cls(**{name: getattr(answer, name) for name in cls.model_fields})


class StepOut(BaseModel):
    """What somebody did about it."""

    at: datetime
    step: str
    action: str | None
    actor_kind: str
    actor: str
    reason: str | None

    @classmethod
    def of(cls, view: StepView) -> Self:
        """The step as JSON."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class OneDifference(DifferenceOut):
    """One difference with everything for one decision."""

    line: LineOut | None
    bill: BillSeenOut | None
    action_bill: BillSeenOut | None
    payment_request_id: str | None
    text: str | None = Field(description="What the bank wrote beside the money; your look is recorded.")
    day: str | None
    told: str | None
    bank_says: BankSaysOut | None
    possible: list[ActionOut]
    opposites: list[DifferenceOut]
    steps: list[StepOut]

    @classmethod
    def of_page(cls, page: DifferencePage, lang: Lang) -> Self:
        """The page as JSON."""
        return cls(
            **DifferenceOut.of(page.difference, lang).model_dump(),
            line=LineOut.of(page.line) if page.line else None,
            bill=BillSeenOut.of(page.bill) if page.bill else None,
            action_bill=BillSeenOut.of(page.action_bill) if page.action_bill else None,
            payment_request_id=page.payment_request_id,
            text=page.text,
            day=page.day,
            told=page.told.say(lang) if page.told else None,
            bank_says=BankSaysOut.of(page.bank_says) if page.bank_says else None,
            possible=[ActionOut.of(each, lang) for each in page.possible],
            opposites=[DifferenceOut.of(each, lang) for each in page.opposites],
            steps=[StepOut.of(each) for each in page.steps],
        )


class Differences(BaseModel):
    """A page of differences."""

    differences: list[DifferenceOut]
    next: str | None


class Decided(BaseModel):
    """How a difference stands now."""

    id: UUID
    state: ExceptionState


class IncidentOut(BaseModel):
    """Something that a bank did and a person must look at; `facts` are figures and codes, never a person's data."""

    id: UUID
    at: datetime
    kind: str
    title: str
    client_id: str
    bank_name: str
    subject: str
    facts: dict[str, JsonValue]
    case_id: UUID | None
    reference: str | None
    closes_by_itself: bool
    closed_at: datetime | None
    closed_by: str | None
    closed_why: str | None

    @classmethod
    def of(cls, view: IncidentView, lang: Lang) -> Self:
        """The view as JSON."""
        told = {name: getattr(view, name) for name in cls.model_fields if name != "title"}
        return cls(**told, title=view.title.say(lang))


class Incidents(BaseModel):
    """A page of incidents, the newest first."""

    incidents: list[IncidentOut]
    next: str | None


class IncidentClosed(BaseModel):
    """An incident that somebody has looked into."""

    id: UUID
