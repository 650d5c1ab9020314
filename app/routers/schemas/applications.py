"""What goes in and out at the applications' door."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from app.core.texts import Lang
from app.routers.schemas.tickets import BillLineOut, VirtualAccountOut
from app.services import billing
from app.services.applications import (
    ApplicationLine,
    ApplicationView,
    DocumentView,
    MessageView,
    PreCheck,
    PriceLine,
)
from app.services.catalogue import Verdict

Plain = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
MAX_REFERENCE = 64


class FamilyPerson(BaseModel):
    """Somebody of the applicant's own family card (KK)."""

    nik: Annotated[str, Field(max_length=40)]
    born_on: date
    kk_no: Annotated[str, Field(max_length=40)]


class FamilyMember(FamilyPerson):
    """Whom of the family card it is for; of 17 or more, with the code by which they agree."""

    consent: Annotated[str, Field(max_length=14, description="The code that the member was sent.")] | None = None


class FamilyConsentIn(BaseModel):
    """For which service somebody of the family card is asked to agree."""

    service: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]
    family_member: FamilyPerson


class FamilyConsentAsked(BaseModel):
    """`needed` is false for a child, who goes by you. Else where the code went, covered, and until when it is good."""

    needed: bool
    sent_to: str | None = None
    good_until: datetime | None = None


class ApplicationIn(BaseModel):
    """Which service, at which unit. `form` may hold what is known already."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"service": "skck-new", "unit": "PMJ-POLRESTRO-JAKARTA-SELATAN"}]}
    )

    service: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]
    unit: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Z0-9-]+$")]
    form: dict[str, JsonValue] = Field(default_factory=dict, max_length=200)
    family_member: FamilyMember | None = Field(
        default=None,
        description="For somebody of your own family card; you get the messages. Of 17 or more they agree with a code of their "
        "own (`POST /v1/applications/family-consents`).",
    )


class CopiesIn(BaseModel):
    """One more draft for each of these: the fields that differ, such as plate and chassis_tail."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"forms": [{"plate": "B 2468 KJL", "chassis_tail": "00002"}]}]}
    )

    forms: list[dict[str, JsonValue]] = Field(min_length=1, max_length=10)


class ApplicationPatch(BaseModel):
    """A JSON merge patch (RFC 7396): `form` is merged field by field, null takes a field out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"form": {"height_cm": 168}}]})

    form: dict[str, JsonValue] = Field(default_factory=dict, max_length=200)
    exemption: Annotated[
        str | None, Field(max_length=40, description="A ground of PP 76/2020 art. 7; empty for none.")
    ] = None


class SubmitIn(BaseModel):
    """`confirm_duplicate` says that a second application for the same thing is meant."""

    confirm_duplicate: bool = False


class StatusIn(BaseModel):
    """The reference and the applicant's day of birth."""

    reference: Annotated[Plain, Field(min_length=1, max_length=MAX_REFERENCE)]
    born_on: date


class ReuseIn(BaseModel):
    """A paper that was given in another application of the same person."""

    document_id: UUID


class MessageIn(BaseModel):
    """A message to the officer."""

    text: Annotated[str, Field(max_length=4_000)]


class SlotIn(BaseModel):
    """The slot, as `GET /v1/units/{code}/slots` lists it."""

    starts_at: Annotated[AwareDatetime, Field(examples=["2026-11-30T08:00:00+07:00"])]


class DocumentOut(BaseModel):
    """A paper that the service wants. `problems` say what is to be mended."""

    name: str
    state: Literal["missing", "accepted", "marked"]
    problems: list[str]
    title: str
    rule: str | None = Field(description="The photo rule that it is checked by, as the service names it.")
    required: bool
    media_type: str | None
    given_at: datetime | None

    @classmethod
    def of(cls, view: DocumentView, lang: Lang) -> Self:
        """The view as JSON."""
        return cls.model_validate(
            {
                "name": view.rule.name,
                "state": view.state,
                "problems": [each.say(lang) for each in view.problems],
                "title": view.rule.title.say(lang),
                "rule": view.rule.rule,
                "required": view.required,
                "media_type": view.media_type,
                "given_at": view.given_at,
            }
        )


class PriceOut(BaseModel):
    """One line of the price. Without `billed` it is waived, or paid to somebody else."""

    code: str
    title: str
    amount: int
    billed: bool

    @classmethod
    def of(cls, line: PriceLine, lang: Lang) -> Self:
        """The line as JSON."""
        return cls(code=line.code, title=line.title.say(lang), amount=line.amount, billed=line.billed)


class ApplicationBill(BaseModel):
    """What to pay, where, and until when; a line for each payee."""

    state: str
    amount: int
    currency: str
    virtual_accounts: list[VirtualAccountOut]
    expires_at: datetime | None
    paid_at: datetime | None
    lines: list[BillLineOut]
    qris: str | None = Field(
        default=None,
        description="A QRIS payload that the acquirer made for this bill, while it can be paid; draw it as a QR code.",
    )

    @classmethod
    def of(cls, view: billing.BillView, lang: Lang) -> Self:
        """The view as JSON."""
        return cls(
            state=str(view.state),
            amount=view.amount,
            currency=view.currency,
            virtual_accounts=[
                VirtualAccountOut(
                    bank=each.bank,
                    partner_service_id=each.partner_service_id,
                    customer_no=each.customer_no,
                    virtual_account_no=each.virtual_account_no,
                )
                for each in view.virtual_accounts
            ],
            expires_at=view.expires_at,
            paid_at=view.paid_at,
            lines=[
                BillLineOut(
                    code=each.code, title=each.title.say(lang), amount=each.amount, payee=billing.payee_of(each.account)
                )
                for each in view.lines
            ],
            qris=view.qris,
        )


class AppointmentOut(BaseModel):
    """The place of the application: ``held`` until `held_until`, then ``confirmed``."""

    unit: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    state: str
    held_until: datetime | None
    check_in_token: str | None = None
    misfit: Literal["closed", "no_window", "too_many"] | None = Field(
        default=None,
        description="The unit has changed its hours and cannot keep this appointment: choose another slot.",
    )


class IssuedOut(BaseModel):
    """What was issued. `verify` is the code that anybody can check; the PDF is at `document_url` once it is signed."""

    number: str
    kind: str
    issued_at: datetime
    valid_until: date | None
    revoked_at: datetime | None
    verify: str
    ready: bool
    document_url: str


class RefundLine(BaseModel):
    """Money that goes, or went, home."""

    amount: int
    state: str


class Application(BaseModel):
    """An application. `version` is its ETag; `actions` what its applicant may do now."""

    id: UUID
    reference: str
    service: str
    service_title: str
    unit: str
    unit_name: str
    state: str
    state_title: str
    version: int
    form: dict[str, JsonValue]
    documents: list[DocumentOut]
    marks: list[dict[str, JsonValue]]
    exemption: str | None
    price: list[PriceOut]
    amount: int
    bill: ApplicationBill | None = None
    appointment: AppointmentOut | None = None
    appointment_unit: str | None = Field(
        description="Where you come, if the service wants you to; list that unit's slots. It follows the unit that decides."
    )
    refunds: list[RefundLine]
    issued: IssuedOut | None = None
    tracking_no: str | None
    actions: list[str]
    deadline: datetime | None
    created_at: datetime
    submitted_at: datetime | None

    @classmethod
    def of(
        cls, view: ApplicationView, lang: Lang, *, appointment: AppointmentOut | None, issued: IssuedOut | None
    ) -> Self:
        """The view as JSON."""
        return cls(
            id=view.id,
            reference=view.reference,
            service=view.service.code,
            service_title=view.service.title.say(lang),
            unit=view.unit,
            unit_name=view.unit_name,
            state=view.state,
            state_title=view.state_title.say(lang),
            version=view.version,
            form=view.form,
            documents=[DocumentOut.of(each, lang) for each in view.documents],
            marks=[
                {
                    "pointer": each.pointer,
                    "code": each.code,
                    "says": each.says.say(lang),
                    "words": each.words,
                    "changed": each.changed,
                }
                for each in view.marks
            ],
            exemption=view.exemption,
            price=[PriceOut.of(each, lang) for each in view.price],
            amount=view.amount,
            bill=ApplicationBill.of(view.bill, lang) if view.bill else None,
            appointment=appointment,
            appointment_unit=view.place.code if view.service.appointment else None,
            refunds=[RefundLine(amount=each.amount, state=str(each.state)) for each in view.refunds],
            issued=issued,
            tracking_no=view.tracking_no,
            actions=list(view.actions),
            deadline=view.deadline,
            created_at=view.created_at,
            submitted_at=view.submitted_at,
        )


class ApplicationItem(BaseModel):
    """One application in a list."""

    id: UUID
    reference: str
    service: str
    service_title: str
    unit: str
    state: str
    state_title: str
    created_at: datetime
    entered_at: datetime

    @classmethod
    def of(cls, line: ApplicationLine, lang: Lang) -> Self:
        """The line as JSON."""
        return cls(
            id=line.id,
            reference=line.reference,
            service=line.service_code,
            service_title=line.service_title.say(lang),
            unit=line.unit,
            state=line.state,
            state_title=line.state_title.say(lang),
            created_at=line.created_at,
            entered_at=line.entered_at,
        )


class ApplicationPage(BaseModel):
    """Applications, newest first."""

    applications: list[ApplicationItem]
    next: str | None


class StatusOut(BaseModel):
    """Where an application stands; `found` is false for an unknown reference and for a wrong day of birth alike."""

    found: bool
    reference: str | None = None
    service_title: str | None = None
    state: str | None = None
    state_title: str | None = None
    since: datetime | None = None


class VerdictOut(BaseModel):
    """One condition of the service. ``unknown``: a register does not answer, so an officer will look; ``to_check``: an officer looks
    before anybody pays."""

    name: str
    outcome: Literal["good", "refused", "warned", "unknown", "to_check"]
    says: str
    law: str | None

    @classmethod
    def of(cls, verdict: Verdict, lang: Lang) -> Self:
        """The verdict as JSON."""
        return cls.model_validate(
            {
                "name": verdict.name,
                "outcome": str(verdict.outcome),
                "says": verdict.says.say(lang),
                "law": verdict.law,
            }
        )


class CheckOut(BaseModel):
    """What the machine finds in the draft now, before anything is paid."""

    passed: bool
    faults: list[dict[str, str]]
    eligibility: list[VerdictOut]
    price: list[PriceOut]
    price_known: bool = Field(
        description="False while an answer is missing, or a register silent, that decides it: `amount` says nothing then."
    )
    amount: int
    needs_appointment: bool
    version: int

    @classmethod
    def of(cls, result: PreCheck, version: int, lang: Lang) -> Self:
        """The result as JSON."""
        return cls(
            passed=result.passed,
            faults=[{"pointer": each.pointer, "detail": each.message.say(lang)} for each in result.faults],
            eligibility=[VerdictOut.of(each, lang) for each in result.verdicts],
            price=[PriceOut.of(each, lang) for each in result.price],
            price_known=result.price_known,
            amount=result.amount,
            needs_appointment=result.needs_slot,
            version=version,
        )


class MessageOut(BaseModel):
    """One message of the conversation."""

    id: UUID
    by: Literal["citizen", "staff"]
    text: str
    file: Mapping[str, str] | None
    at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, view: MessageView) -> Self:
        """The view as JSON."""
        file = {"name": view.file_name or "", "media_type": view.file_type or ""} if view.file_type else None
        return cls.model_validate(
            {"id": view.id, "by": view.by, "text": view.text, "file": file, "at": view.at, "read_at": view.read_at}
        )


class Messages(BaseModel):
    """The conversation, oldest first."""

    messages: list[MessageOut]


class ReusableOut(BaseModel):
    """Papers given in earlier applications that may be used again, by the name of the paper wanted here."""

    documents: dict[str, list[dict[str, JsonValue]]]
