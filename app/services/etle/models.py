"""Tables of the electronic traffic ticket. Its state lives in `cases`; here is what the case is about.

Names, addresses, NIK and phones of people are ciphertexts (``*_enc``) under the person's own data key (`core/vault`);
chassis and engine numbers are kept as blind indexes only, whole and by their last five characters.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from app.core.db import JsonColumn, JsonValue, Table, UtcDateTime
from app.core.ids import new_id


class Ticket(Table, table=True):
    """One suspected violation: what the camera saw, which vehicle it is, and what has become of it."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index("ix_tickets_plate_occurred", "plate", "occurred_at"),
        Index("ix_tickets_vehicle_occurred", "vehicle_id", "occurred_at"),
    )

    case_id: UUID = Field(primary_key=True, foreign_key="cases.id")
    capture_id: UUID = Field(foreign_key="captures.id", unique=True)
    polda_code: str = Field(index=True)
    zone: str
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    location: str
    violation_id: UUID = Field(foreign_key="violations.id")
    violation_code: str
    article: str
    title_id: str
    title_en: str
    fine: int = Field(sa_type=BigInteger)
    """Maximum fine of the article in rupiah, as it stood on the day of the violation."""

    machine_plate: str | None = None
    """What the machine read, canonical; None when nobody could read it."""
    confidence: float | None = None
    doubtful: bool = False
    """Read with too little confidence, or matched only by a corrected reading: a second officer looks as well."""
    plate: str | None = None
    """The plate on which the case stands: the machine's, or the officer's correction."""
    vehicle_id: str | None = None
    """The registry's own id of the vehicle; the plate is not a stable key."""
    vehicle: dict[str, JsonValue] = Field(default_factory=dict, sa_type=JsonColumn)
    """Make, model, colour, kind as registered on the day: no person's data."""
    chassis_bidx: str | None = None
    chassis5_bidx: str | None = None
    engine_bidx: str | None = None
    engine5_bidx: str | None = None

    answer: str | None = None
    """Which of the five answers was given, if any."""
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When delivery of the present letter was proven; the owner's time runs from then."""
    resend: bool = False
    """An officer found another address or channel for a letter that did not arrive."""
    register_no: str | None = Field(default=None, unique=True)
    """The ticket's number at court and prosecutor: one letter and seven digits."""
    issued_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    court_name: str | None = None
    session_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    verdict_fine: int | None = Field(default=None, sa_type=BigInteger)
    verdict_cost: int | None = Field(default=None, sa_type=BigInteger)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    evidence_gone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When its pictures were deleted by the policy's time; the ticket itself is kept longer."""


class TicketCapture(Table, table=True):
    """Further captures of the same vehicle, place and violation within the policy's window: one violation, one case."""

    __tablename__ = "ticket_captures"

    capture_id: UUID = Field(primary_key=True, foreign_key="captures.id")
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    joined_at: datetime = Field(sa_type=UtcDateTime)


class ShadowReading(Table, table=True):
    """What a recogniser that is only watched said of a picture of a capture, beside what counted. A plate is None where none
    was seen; `problem` is why it could not be asked. Goes with its capture, whoever deletes that."""

    __tablename__ = "shadow_readings"
    __table_args__ = (UniqueConstraint("capture_id", "position", "shadow"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    capture_id: UUID = Field(foreign_key="captures.id", ondelete="CASCADE")
    position: int
    backend: str | None
    plate: str | None
    confidence: float
    shadow: str
    shadow_plate: str | None
    shadow_confidence: float
    shadow_ms: int
    problem: str | None
    read_at: datetime = Field(sa_type=UtcDateTime, index=True)


class Party(Table, table=True):
    """A person of the case: the owner as registered, a driver whom the owner named, or a buyer."""

    __tablename__ = "ticket_parties"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    role: str  # owner | driver | buyer
    key_id: UUID = Field(foreign_key="data_keys.id")
    nik_bidx: str | None = Field(default=None, index=True)
    name_enc: str | None = None
    nik_enc: str | None = None
    address_enc: str | None = None
    phone_enc: str | None = None
    email_enc: str | None = None
    sim_enc: str | None = None
    code: str = Field(unique=True)
    """The reference that stands on this person's own letter; with the plate it opens the case for this person."""
    addressee: bool = False
    """Whether the case is addressed to this person now."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    superseded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Answer(Table, table=True):
    """What a person answered to the letter; the reason may name people, so it is sealed with the answerer's key."""

    __tablename__ = "ticket_answers"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    party_id: UUID = Field(foreign_key="ticket_parties.id")
    kind: str
    key_id: UUID = Field(foreign_key="data_keys.id")
    reason_enc: str | None = None
    sold_on: date | None = None
    at: datetime = Field(sa_type=UtcDateTime)


class Attachment(Table, table=True):
    """A file that a person handed in with an answer; it lies in the object store, sealed.

    `sha256` names the sealed object; `digest` and `media_type` are those of the file as it was handed in. `key_id` is None
    for one that was handed in before files were sealed and is not sealed yet.
    """

    __tablename__ = "ticket_attachments"
    __table_args__ = (UniqueConstraint("case_id", "digest"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    answer_id: UUID | None = Field(default=None, foreign_key="ticket_answers.id")
    key_id: UUID | None = Field(default=None, foreign_key="data_keys.id")
    sha256: str = Field(max_length=64)
    digest: str = Field(max_length=64)
    media_type: str
    at: datetime = Field(sa_type=UtcDateTime)


class Letter(Table, table=True):
    """A letter or message of this case to one person, and what is known of its delivery."""

    __tablename__ = "ticket_letters"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    party_id: UUID = Field(foreign_key="ticket_parties.id")
    check_code: str = Field(unique=True)
    written_at: datetime = Field(sa_type=UtcDateTime)
    channels: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    proof: str | None = None
    returned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LetterMessage(Table, table=True):
    """Which messages carried a letter; their delivery outcome is the proof, if the policy takes it as such."""

    __tablename__ = "ticket_letter_messages"

    message_id: UUID = Field(primary_key=True, foreign_key="messages.id")
    letter_id: UUID = Field(foreign_key="ticket_letters.id", index=True)
    channel: str
    settled: bool = Field(default=False, index=True)
    """Its outcome was taken into account."""


class DispatchDay(Table, table=True):
    """How many letters a Polda has sent on one local day; the daily quota is counted here."""

    __tablename__ = "dispatch_days"

    polda_code: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    sent: int = 0


class Block(Table, table=True):
    """A block of a vehicle's STNK (Perpol 7/2021 art. 87): a record of its own beside the case.

    proposed -> signed (by an investigator) -> set (the registry did it) -> lifting -> lifted; or withdrawn before it
    was set. A vehicle may have several and is free only when all are lifted.
    """

    __tablename__ = "stnk_blocks"
    __table_args__ = (
        Index("ix_stnk_blocks_state", "state", "proposed_at"),
        Index("ix_stnk_blocks_vehicle_id", "vehicle_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    vehicle_id: str
    plate: str
    unit: str
    state: str = "proposed"
    reason: str
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    signed_by: str | None = None
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    set_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lift_asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lifted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leaf_id: UUID | None = Field(default=None, foreign_key="leaves.id")


class TicketReceipt(Table, table=True):
    """The receipt for one payment: the event that proves it, its entry, and the code by which anybody can check it.

    A payment that the bank takes back voids its receipt (the code is revoked); paid again, the bill has a second one.
    """

    __tablename__ = "ticket_receipts"

    event_id: UUID = Field(foreign_key="case_events.id", primary_key=True)
    bill_id: UUID = Field(foreign_key="bills.id", index=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    entry_id: UUID | None = Field(default=None, foreign_key="ledger_entries.id", unique=True)
    check_code: str = Field(unique=True)
    at: datetime = Field(sa_type=UtcDateTime)


class VerdictFile(Table, table=True):
    """A file of verdicts that somebody handed in: looked at first, then applied, in the background where it is long.

    The counts are of its last look or import; `done` lines of `lines` are through. `faults` names faulty lines.
    """

    __tablename__ = "verdict_files"
    __table_args__ = (UniqueConstraint("unit", "sha256"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    unit: str = Field(max_length=60)
    file_name: str = Field(max_length=200)
    sha256: str = Field(max_length=64)
    state: str = Field(max_length=20)  # checking | checked | applying | applied | refused
    lines: int = 0
    done: int = 0
    ready: int = 0
    decided: int = 0
    differs: int = 0
    unknown: int = 0
    imported: int = 0
    refused: int = 0
    faults: list[JsonValue] = Field(default_factory=list, sa_type=JsonColumn)
    uploaded_at: datetime = Field(sa_type=UtcDateTime)
    uploaded_by: str = Field(max_length=80)
    applied_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    applied_by: str | None = Field(default=None, max_length=80)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Reminder(Table, table=True):
    """A reminder that was sent, so that it is sent once: `kind` is ``answer:<letter>``."""

    __tablename__ = "ticket_reminders"

    case_id: UUID = Field(primary_key=True, foreign_key="cases.id")
    kind: str = Field(primary_key=True, max_length=60)
    at: datetime = Field(sa_type=UtcDateTime)
