"""What goes in and out of the staff's door."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Lang
from app.routers.schemas.counter_applications import MarkIn
from app.routers.schemas.tickets import (
    AnswerIn,
    Buyer,
    Driver,
    Evidence,
    Money,
    PlateText,
    Version,
    ViolationOut,
    no_controls,
)
from app.services.cases import TaskView
from app.services.etle.answers import LetterAnswer
from app.services.etle.at_counter import KINDS, WRONG_KIND
from app.services.etle.views import BlockView, ReviewView

MAX_RUPIAH = 1_000_000_000


Reason = Annotated[str, Field(min_length=3, max_length=2000), AfterValidator(no_controls)]


ConsentGiven = Annotated[
    str,
    Field(
        max_length=20,
        pattern=r"^[0-9A-Za-z ]+$",
        description="The code that the citizen was sent and told you, or the number of the form that they signed.",
        examples=["493021", "STJ7K3M9QXT4"],
    ),
]


class TaskOut(BaseModel):
    """One open piece of work."""

    id: UUID
    kind: str
    role: str
    case_id: UUID
    reference: str
    lifecycle: str
    state: str
    opened_at: datetime
    assigned_to_me: bool
    note: str | None

    @classmethod
    def of(cls, view: TaskView, actor_id: str) -> Self:
        """The view as JSON."""
        return cls(
            id=view.id,
            kind=view.kind,
            role=view.role,
            case_id=view.case_id,
            reference=view.reference,
            lifecycle=view.lifecycle,
            state=view.state,
            opened_at=view.opened_at,
            assigned_to_me=view.assigned_to == actor_id,
            note=view.note,
        )


class UndrawnOut(BaseModel):
    """Work on a case that nobody was drawn for yet; nobody can open it before the lot has fallen."""

    case_id: UUID
    reference: str
    kind: str
    opened_at: datetime
    announced: bool = Field(
        description="The draw is under way (seconds); false: it waits until somebody of the unit is in the pool."
    )


class Tasks(BaseModel):
    """A page of work, oldest first, and what is still being drawn in the unit."""

    tasks: list[TaskOut]
    being_drawn: list[UndrawnOut] = Field(description="The oldest of them; none on the pages that follow the first.")
    next: str | None


class PersonOut(BaseModel):
    """A person of the case; shown to staff whose look was recorded."""

    role: str
    name: str | None
    nik: str | None
    address: str | None
    phone: str | None
    email: str | None
    sim: str | None


class RegistryOut(BaseModel):
    """The vehicle as the registry holds it."""

    vehicle_id: str
    plate: str
    make: str
    model: str
    colour: str
    kind: str
    owner_name: str | None
    blocked: bool
    use: str | None = Field(
        description="What it is registered for (`private`, `public`, `government`, ...), where the registry says so."
    )


class AttachmentOut(BaseModel):
    """A file that was handed in, behind a link that is good for a quarter of an hour."""

    id: UUID
    url: str
    media_type: str
    at: datetime


class ExemptionOut(BaseModel):
    """A rule that catches this vehicle for this violation: the officer decides with it in sight."""

    code: str
    law: str
    by_machine: bool = Field(description="Whether a sure reading would have been let through without an officer.")


class CaseOut(BaseModel):
    """A case as staff see it."""

    id: UUID
    reference: str
    state: str
    state_title: str
    version: int
    unit: str
    plate: str | None
    doubtful: bool
    exemption: ExemptionOut | None
    occurred_at: datetime
    location: str
    violation: ViolationOut
    fine: Money
    evidence: Evidence
    registry: RegistryOut | None
    use_differs: bool = Field(
        description="The plate's colours tell another use than the registry: a hint, never a refusal."
    )
    actions: list[str] = Field(description="What you may do now; guards may still refuse with the reason.")
    assigned_to: str | None
    answer: str | None
    answer_reason: str | None
    attachments: list[AttachmentOut]
    parties: list[PersonOut]

    @classmethod
    def of(cls, view: ReviewView, lang: Lang) -> Self:
        """The view in the caller's language."""
        violation = view.violation
        registry = view.registry
        return cls(
            id=view.ticket_id,
            reference=view.reference,
            state=view.state,
            state_title=view.state_title.say(lang),
            version=view.version,
            unit=view.unit,
            plate=view.plate,
            doubtful=view.doubtful,
            exemption=None if view.exemption is None else ExemptionOut(**asdict(view.exemption)),
            occurred_at=view.occurred_at,
            location=view.location,
            violation=ViolationOut(code=violation.code, article=violation.article, title=violation.title.say(lang)),
            fine=Money(amount=view.fine),
            evidence=Evidence.of(view.evidence),
            registry=None
            if registry is None
            else RegistryOut(
                vehicle_id=registry.vehicle_id,
                plate=registry.plate,
                make=registry.make,
                model=registry.model,
                colour=registry.colour,
                kind=registry.kind,
                owner_name=registry.owner_name,
                blocked=registry.blocked,
                use=registry.use,
            ),
            use_differs=view.use_differs,
            actions=list(view.actions),
            assigned_to=view.assigned_to,
            answer=view.answer,
            answer_reason=view.answer_reason,
            attachments=[
                AttachmentOut(id=each.id, url=each.url, media_type=each.media_type, at=each.at)
                for each in view.attachments
            ],
            parties=[
                PersonOut(
                    role=each.role,
                    name=each.name,
                    nik=each.nik,
                    address=each.address,
                    phone=each.phone,
                    email=each.email,
                    sim=each.sim,
                )
                for each in view.parties
            ],
        )


class ActionIn(BaseModel):
    """One decision. `action` is one of the case's `actions`; what else is needed depends on it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    action: Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[a-z_]+$")]
    reason: Reason | None = None
    version: Version | None = Field(
        default=None, description="The version that was looked at; refused if it has changed."
    )
    registry_matches: bool | None = Field(default=None, description="verify: picture and registry show one vehicle.")
    shield_matches: bool | None = Field(
        default=None,
        description="verify, where GET /v1/counter/cases/{id}/shield shows one: the picture shows the owner's vehicle.",
    )
    plate: PlateText | None = Field(default=None, description="verify: the plate as the officer reads it.")
    kind: Annotated[str, Field(max_length=40, pattern=r"^[a-z_]+$")] | None = Field(
        default=None,
        description="reject: no_violation, unreadable or duplicate. object, for a citizen: not_mine or object.",
    )
    fine: Annotated[int, Field(ge=0, le=MAX_RUPIAH)] | None = Field(default=None, description="enter_verdict: rupiah.")
    code: Annotated[str, Field(max_length=40, pattern=r"^[a-z_]+$")] | None = Field(
        default=None, description="propose_refusal: the reason from the list (applications)."
    )
    marks: list[MarkIn] = Field(
        default_factory=list, max_length=50, description="ask_correction: what is to be mended (applications)."
    )
    tracking_no: Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9 .-]+$")] | None = Field(
        default=None, description="ship: the parcel's number (applications)."
    )
    cost: Annotated[int, Field(ge=0, le=MAX_RUPIAH)] | None = Field(default=None, description="enter_verdict: rupiah.")
    address: Annotated[str, Field(min_length=5, max_length=400), AfterValidator(no_controls)] | None = None
    phone: Annotated[str, Field(max_length=24)] | None = None
    consent: ConsentGiven | None = Field(
        default=None,
        description="A citizen's own step (confirm_self, name_driver, report_sold, object, accept_driving): the code that "
        "the citizen was sent by POST /v1/counter/cases/{id}/consents for this step, and told you; or the number of the form "
        "that they signed (POST /v1/counter/cases/{id}/consent-forms).",
    )
    driver: Driver | None = Field(default=None, description="confirm_self, name_driver: who drove.")
    buyer: Buyer | None = Field(default=None, description="report_sold: who bought it.")
    sold_on: date | None = Field(default=None, description="report_sold: when.")
    attachments: Annotated[list[UUID], Field(max_length=10)] = Field(
        default=[], description="Files that the citizen brought (POST /v1/counter/cases/{id}/attachments)."
    )

    def to_answer(self) -> LetterAnswer | None:
        """The citizen's answer as the room takes it; None for a step that carries none."""
        kinds = KINDS.get(self.action)
        if kinds is None:
            return None
        kind = next((each for each in kinds if each == self.kind or len(kinds) == 1), None)
        if kind is None:
            raise INVALID_REQUEST(errors=[FieldError("/kind", WRONG_KIND)])
        answer = AnswerIn.model_construct(
            kind=kind,
            driver=self.driver,
            buyer=self.buyer,
            sold_on=self.sold_on,
            reason=self.reason,
            attachments=self.attachments,
            version=self.version,
        )
        return answer.to_answer()


class ConsentIn(BaseModel):
    """For which step the citizen is asked."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    action: Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[a-z_]+$")] = Field(
        description="confirm_self, name_driver, report_sold, object or accept_driving; on paper, for an application: help, "
        "submit, resubmit, cancel, reopen, rebook or account."
    )


class ConsentOut(BaseModel):
    """Where the code went, covered, and until when it is good."""

    action: str
    sent_to: str
    good_until: datetime


class ActionOut(BaseModel):
    """Where the case stands now."""

    id: UUID
    state: str
    version: int


class BlockOut(BaseModel):
    """A block or proposal of it."""

    id: UUID
    case_id: UUID
    reference: str
    plate: str
    reason: str
    state: str
    proposed_at: datetime
    set_at: datetime | None
    lifted_at: datetime | None

    @classmethod
    def of(cls, view: BlockView) -> Self:
        """The view as JSON."""
        return cls(
            id=view.id,
            case_id=view.case_id,
            reference=view.reference,
            plate=view.plate,
            reason=view.reason,
            state=view.state,
            proposed_at=view.proposed_at,
            set_at=view.set_at,
            lifted_at=view.lifted_at,
        )


class Blocks(BaseModel):
    """A page of proposals, oldest first."""

    blocks: list[BlockOut]
    next: str | None


class SignIn(BaseModel):
    """The proposals that the investigator signs, all or none."""

    model_config = ConfigDict(extra="forbid")

    blocks: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class Signed(BaseModel):
    """How many were signed."""

    signed: int
