"""What goes in and out of the ticket door."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.core.contacts import parse_email, parse_mobile
from app.core.texts import Lang
from app.routers.schemas.anpr import CHARACTERS, LOOK, VALIDITY, CharacterItem, LookItem, ValidityItem
from app.services.cases import TimelineEntry
from app.services.etle.answers import LetterAnswer
from app.services.etle.models import Attachment
from app.services.etle.queries import LetterReference, StnkNumbers
from app.services.etle.views import AnswerKind, BillView, EvidenceView, TicketView
from app.services.registries import Nik as NikValue


def no_controls(text: str) -> str:
    """Refuse control characters, NUL above all; line breaks and tabs may stand in a longer text."""
    if any(ord(character) < 32 and character not in "\n\t" for character in text):
        raise ValueError("control characters are not allowed")
    return text


def _nik(text: str) -> str:
    nik = NikValue.parse(text)
    if nik is None:
        raise ValueError("this cannot be a NIK")
    return nik.text


def _mobile(text: str) -> str:
    phone = parse_mobile(text)
    if phone is None:
        raise ValueError("an Indonesian mobile number is needed, such as 081234567890")
    return phone


def _email(text: str) -> str:
    address = parse_email(text)
    if address is None:
        raise ValueError("this is no e-mail address")
    return address


Line = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(no_controls)]
Block = Annotated[str, Field(min_length=1, max_length=400), AfterValidator(no_controls)]
Reason = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(no_controls)]
Number = Annotated[str, Field(min_length=5, max_length=25, pattern=r"^[A-Za-z0-9 .-]+$")]
PlateText = Annotated[str, Field(min_length=2, max_length=15, pattern=r"^[A-Za-z0-9 .-]+$")]
Nik = Annotated[str, Field(min_length=16, max_length=24), AfterValidator(_nik)]
Phone = Annotated[str, Field(min_length=8, max_length=40), AfterValidator(_mobile)]
Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]

Version = Annotated[int, Field(ge=1, le=2**31 - 1)]

_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Lookup(BaseModel):
    """Either the STNK's three numbers, or the letter's reference with the plate."""

    model_config = _STRICT

    plate: PlateText
    chassis_no: Number | None = None
    engine_no: Number | None = None
    reference: Annotated[str, Field(min_length=6, max_length=40, pattern=r"^[A-Za-z0-9 -]+$")] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_stnk = self.chassis_no is not None and self.engine_no is not None
        if by_stnk == (self.reference is not None) or (self.chassis_no is None) != (self.engine_no is None):
            raise ValueError("send chassis_no and engine_no, or reference")
        return self

    def key(self) -> StnkNumbers | LetterReference:
        """What is looked up."""
        if self.reference is not None:
            return LetterReference(self.reference, self.plate)
        return StnkNumbers(self.plate, self.chassis_no or "", self.engine_no or "")


class Money(BaseModel):
    """Whole rupiah."""

    amount: int
    currency: Literal["IDR"] = "IDR"


class ViolationOut(BaseModel):
    """The violation as it stood on the day, in the caller's language."""

    code: str
    article: str
    title: str


class Ticket(BaseModel):
    """A ticket as its owner or driver sees it."""

    id: UUID
    reference: str
    state: str
    state_title: str
    version: int
    unit: str
    plate: str
    violation: ViolationOut
    occurred_at: datetime
    location: str
    due_at: datetime | None
    fine: Money
    answers: list[AnswerKind] = Field(description="What may be answered now.")
    driver_actions: list[str] = Field(description="What a named driver may do now.")
    register_no: str | None
    court_name: str | None
    session_at: datetime | None

    @classmethod
    def of(cls, view: TicketView, lang: Lang) -> Self:
        """The view in the caller's language."""
        return cls(
            id=view.id,
            reference=view.reference,
            state=view.state,
            state_title=view.state_title.say(lang),
            version=view.version,
            unit=view.unit,
            plate=view.plate,
            violation=ViolationOut(
                code=view.violation.code, article=view.violation.article, title=view.violation.title.say(lang)
            ),
            occurred_at=view.occurred_at,
            location=view.location,
            due_at=view.due_at,
            fine=Money(amount=view.fine),
            answers=list(view.answers),
            driver_actions=list(view.driver_actions),
            register_no=view.register_no,
            court_name=view.court_name,
            session_at=view.session_at,
        )


def ticket_json(view: TicketView, lang: Lang) -> dict[str, object]:
    """What `Ticket.of(view, lang).model_dump()` gives, without checking our own rows once more: for look-ups."""
    return {
        "id": view.id,
        "reference": view.reference,
        "state": view.state,
        "state_title": view.state_title.say(lang),
        "version": view.version,
        "unit": view.unit,
        "plate": view.plate,
        "violation": {
            "code": view.violation.code,
            "article": view.violation.article,
            "title": view.violation.title.say(lang),
        },
        "occurred_at": view.occurred_at,
        "location": view.location,
        "due_at": view.due_at,
        "fine": {"amount": view.fine, "currency": "IDR"},
        "answers": view.answers,
        "driver_actions": view.driver_actions,
        "register_no": view.register_no,
        "court_name": view.court_name,
        "session_at": view.session_at,
    }


class FoundTicket(Ticket):
    """A ticket in a look-up's answer, with the token that opens it for half an hour."""

    access_token: str


class LookupAnswer(BaseModel):
    """Nothing found and wrong numbers look the same: an empty list."""

    tickets: list[FoundTicket]


class Driver(BaseModel):
    """Who drove. NIK and phone are checked in form and stored in one spelling."""

    model_config = _STRICT

    nik: Nik
    name: Line
    address: Block
    phone: Phone
    email: Email | None = None
    sim_class: Annotated[str, Field(max_length=12, pattern=r"^[A-Za-z0-9 _]+$")] | None = None
    sim_no: Annotated[str, Field(pattern=r"^([0-9]{12,14}|[0-9]{16})$")] | None = None


class Buyer(BaseModel):
    """Who bought the vehicle."""

    model_config = _STRICT

    name: Line
    address: Block
    nik: Nik | None = None
    phone: Phone | None = None


class AnswerIn(BaseModel):
    """One of the five answers with its data."""

    model_config = _STRICT

    kind: AnswerKind
    driver: Driver | None = None
    buyer: Buyer | None = None
    sold_on: date | None = None
    reason: Reason | None = None
    attachments: Annotated[list[UUID], Field(max_length=10)] = []
    version: Version | None = Field(
        default=None, description="The version that was looked at; refused if it has changed."
    )

    def to_answer(self) -> LetterAnswer:
        """As the room takes it."""
        person: dict[str, str | None] | None = None
        if self.driver is not None and self.kind in ("self", "other_driver"):
            driver = self.driver
            sim = " ".join(part for part in (driver.sim_class, driver.sim_no) if part) or None
            person = {
                "nik": driver.nik,
                "name": driver.name,
                "address": driver.address,
                "phone": driver.phone,
                "email": driver.email,
                "sim": sim,
            }
        elif self.buyer is not None and self.kind == "sold":
            buyer = self.buyer
            person = {"nik": buyer.nik, "name": buyer.name, "address": buyer.address, "phone": buyer.phone}
        return LetterAnswer(
            kind=self.kind,
            person=person,
            reason=self.reason,
            sold_on=self.sold_on,
            attachments=tuple(self.attachments),
            expected_version=self.version,
        )


class DriverAnswerIn(BaseModel):
    """The named driver's answer."""

    model_config = _STRICT

    action: Literal["accept_driving", "decline_driving"]
    version: Version | None = None


class AttachmentOut(BaseModel):
    """A file that was taken, named as it was handed in; the same file again has the same id."""

    id: UUID
    sha256: str
    media_type: str

    @classmethod
    def of(cls, attachment: Attachment) -> Self:
        """The file that a case has now."""
        return cls(id=attachment.id, sha256=attachment.digest, media_type=attachment.media_type)


class EvidenceItemOut(BaseModel):
    """One picture behind a link that is good for a quarter of an hour: a copy in which faces and the plates of other vehicles are
    covered. `sha256` is of the original, which is kept sealed; `shown_sha256` of the copy, null until it was made."""

    url: str
    crop_url: str | None
    sha256: str
    shown_sha256: str | None
    media_type: str
    taken_at: datetime


class DeletedEvidenceOut(BaseModel):
    """A picture or film that is no longer kept."""

    sha256: str
    deleted_at: datetime


class AlternativeOut(BaseModel):
    """Another plate that the machine thought possible."""

    plate: str
    confidence: float


class ReadingOut(BaseModel):
    """What the machine read, and how sure it was."""

    plate: str | None
    confidence: float | None
    alternatives: list[AlternativeOut] = Field(description="Likeliest first.")
    characters: list[CharacterItem] = Field(description=CHARACTERS)
    look: LookItem | None = Field(description=LOOK)
    validity: ValidityItem | None = Field(description=VALIDITY)
    no_plate: bool = Field(description="The pictures were read, and there is no plate in them.")
    backend: str | None


class CameraOut(BaseModel):
    """The device and its certificate."""

    name: str
    model: str | None
    certificate_no: str | None
    certificate_until: date | None


class AverageSpeedOut(BaseModel):
    """What two cameras measured over the road between them: the least speed that both clocks allow."""

    kmh: int = Field(description="Whole km/h, rounded down.")
    metres: int
    limit_kmh: int
    entered_at: datetime
    left_at: datetime


class Evidence(BaseModel):
    """What the machine saw, with everything needed to doubt it."""

    items: list[EvidenceItemOut]
    reading: ReadingOut
    camera: CameraOut | None
    speed_kmh: float | None
    limit_kmh: float | None
    average: AverageSpeedOut | None = Field(description="Where two cameras measured it instead of one.")
    deleted: list[DeletedEvidenceOut] = Field(description="What is no longer kept, by the policy's time.")

    @classmethod
    def of(cls, view: EvidenceView) -> Self:
        """The view as JSON."""
        reading, camera = view.reading, view.camera
        return cls(
            items=[
                EvidenceItemOut(
                    url=each.url,
                    crop_url=each.crop_url,
                    sha256=each.sha256,
                    shown_sha256=each.shown_sha256,
                    media_type=each.media_type,
                    taken_at=each.taken_at,
                )
                for each in view.items
            ],
            reading=ReadingOut(
                plate=reading.plate,
                confidence=reading.confidence,
                alternatives=[AlternativeOut(plate=plate, confidence=sure) for plate, sure in reading.alternatives],
                characters=[CharacterItem.of(each) for each in reading.characters],
                look=LookItem.of(reading.look),
                validity=ValidityItem.of(reading.validity),
                no_plate=reading.no_plate,
                backend=reading.backend,
            ),
            camera=None
            if camera is None
            else CameraOut(
                name=camera.name,
                model=camera.model,
                certificate_no=camera.certificate_no,
                certificate_until=camera.certificate_until,
            ),
            speed_kmh=view.speed_kmh,
            limit_kmh=view.limit_kmh,
            average=None if view.average is None else AverageSpeedOut(**asdict(view.average)),
            deleted=[DeletedEvidenceOut(sha256=each.sha256, deleted_at=each.deleted_at) for each in view.deleted],
        )


class VirtualAccountOut(BaseModel):
    """Where to pay at one bank; `partner_service_id` is padded with blanks to eight characters (SNAP BI)."""

    bank: str
    partner_service_id: str
    customer_no: str
    virtual_account_no: str


class BillLineOut(BaseModel):
    """One of the things that the bill asks for; `payee` says whose money it is."""

    code: str
    title: str
    amount: int
    payee: str


class RemittanceOut(BaseModel):
    """Money of this bill that the state has, by the treasury's number (NTPN)."""

    ntpn: str
    remitted_on: date
    amount: int


class Bill(BaseModel):
    """The latest bill of the ticket. `remittances` says what the treasury has of a paid one: `paid` alone does not."""

    state: str
    purpose: str
    amount: int
    currency: str
    virtual_accounts: list[VirtualAccountOut]
    expires_at: datetime | None
    paid_at: datetime | None
    lines: list[BillLineOut]
    remittances: list[RemittanceOut]
    qris: str | None = Field(
        default=None,
        description="A QRIS payload that the acquirer made for this bill, while it can be paid; draw it as a QR code.",
    )

    @classmethod
    def of(cls, view: BillView, lang: Lang) -> Self:
        """The view as JSON."""
        accounts = [
            VirtualAccountOut(
                bank=each.bank,
                partner_service_id=each.partner_service_id,
                customer_no=each.customer_no,
                virtual_account_no=each.virtual_account_no,
            )
            for each in view.virtual_accounts
        ]
        return cls(
            state=view.state,
            purpose=view.purpose,
            amount=view.amount,
            currency=view.currency,
            virtual_accounts=accounts,
            expires_at=view.expires_at,
            paid_at=view.paid_at,
            lines=[
                BillLineOut(code=each.code, title=each.title.say(lang), amount=each.amount, payee=each.payee)
                for each in view.lines
            ],
            remittances=[
                RemittanceOut(ntpn=each.ntpn, remitted_on=each.remitted_on, amount=each.amount)
                for each in view.remittances
            ],
            qris=view.qris,
        )


class BothLanguages(BaseModel):
    """A text that does not follow the reader's language: it belongs to the paper."""

    id: str
    en: str


class ReceiptLineOut(BaseModel):
    """One of the things that were paid together."""

    title: BothLanguages
    amount: int


class Receipt(BaseModel):
    """The facts of the receipt's PDF, with the same inclusion proof. `loket verify FILE` reads it offline."""

    format: str = Field(examples=["loket-receipt/1"])
    receipt_no: str
    state: Literal["paid", "void"]
    voided_at: datetime | None
    reference: str
    register_no: str | None
    plate: str | None
    bill_id: UUID
    purpose: str
    title: BothLanguages
    amount: int
    currency: str
    lines: list[ReceiptLineOut]
    paid_at: datetime
    bank: str
    virtual_account_no: str
    bank_reference: str
    remittances: list[RemittanceOut]
    issuer: str
    check_url: str
    proof: dict[str, object]


class TimelineItem(BaseModel):
    """One thing that happened, or one look that staff took."""

    at: datetime
    title: str
    action: str
    state: str | None
    by: str
    unit: str | None
    reason: str | None
    draw: UUID | None = Field(description="The draw that this tells of: `/v1/transparency/draws/{draw}` proves it.")

    @classmethod
    def of(cls, entry: TimelineEntry, lang: Lang) -> Self:
        """The entry as JSON."""
        return cls(
            at=entry.at,
            title=entry.title.say(lang),
            action=entry.action,
            state=entry.state,
            by=entry.actor_kind,
            unit=entry.unit,
            reason=entry.reason,
            draw=UUID(entry.draw) if entry.draw else None,
        )


class Timeline(BaseModel):
    """Everything, oldest first."""

    items: list[TimelineItem]
