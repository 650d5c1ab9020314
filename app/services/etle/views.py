"""What the ticket looks like from outside: plain values for doors and pages, in the order people read them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from app.core.money import Rupiah
from app.core.texts import Text
from app.services.recognition import PlateLook, ReadCharacter, Validity
from app.services.reference import PlateUse

AnswerKind = Literal["self", "other_driver", "sold", "not_mine", "object"]


class ViolationView(NamedTuple):
    """The violation as it stood on the day."""

    code: str
    article: str
    title: Text


class TicketView(NamedTuple):
    """A ticket as its owner or driver sees it. `due_at` is the next thing that is due of them, if a time runs.

    A named tuple and no frozen dataclass: look-ups make one a row, and a tuple is made in a tenth of the time.
    """

    id: UUID
    reference: str
    state: str
    state_title: Text
    version: int
    unit: str
    plate: str  # shown form, "B 1234 XYZ"
    violation: ViolationView
    occurred_at: datetime
    zone: str  # IANA name
    zone_label: str  # WIB, WITA, WIT
    location: str
    fine: Rupiah
    due_at: datetime | None
    answers: tuple[AnswerKind, ...]  # what may be answered now; empty when nothing is asked
    driver_actions: tuple[str, ...]  # accept_driving / decline_driving for a named driver
    viewer_role: str  # owner | driver
    vehicle: str | None  # "Toyota Avanza, hitam"
    register_no: str | None
    court_name: str | None
    session_at: datetime | None
    verdict_fine: Rupiah | None
    verdict_cost: Rupiah | None
    has_receipt: bool
    has_bill: bool
    has_letter: bool


@dataclass(frozen=True, slots=True)
class FoundTicket:
    """One line of a look-up's answer, with the short-lived token that opens it."""

    ticket: TicketView
    access_token: str


@dataclass(frozen=True, slots=True)
class MachineReading:
    """What the machine read and how sure it was (0 to 1), with the other plates it thought possible, likeliest first, and with each
    letter and digit of `plate` where the recogniser said how sure it was of that one."""

    plate: str | None
    confidence: float | None
    alternatives: tuple[tuple[str, float], ...]
    backend: str | None
    characters: tuple[ReadCharacter, ...] = ()
    look: PlateLook | None = None
    validity: Validity | None = None
    no_plate: bool = False
    """The pictures were read, and there is no plate in them: neither this vehicle's nor another's."""

    @property
    def doubts(self) -> tuple[tuple[int, ReadCharacter], ...]:
        """The characters to look at again, with their places, counted from one without the spaces."""
        return tuple((place, each) for place, each in enumerate(self.characters, start=1) if each.doubtful)

    @property
    def marked(self) -> tuple[tuple[str, bool], ...]:
        """`plate` as it is shown, in pieces: the text, and whether it is in doubt."""
        pieces: list[tuple[str, bool]] = []
        read = iter(self.characters)
        for sign in self.plate or "":
            known = next(read, None) if sign.isalnum() else None
            doubtful = known is not None and known.doubtful
            if pieces and pieces[-1][1] == doubtful:
                pieces[-1] = (pieces[-1][0] + sign, doubtful)
            else:
                pieces.append((sign, doubtful))
        return tuple(pieces)


@dataclass(frozen=True, slots=True)
class CameraView:
    """The device that took the picture, and the certificate under which it measures."""

    name: str
    certificate_no: str | None
    certificate_until: date | None
    model: str | None


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One picture. `url` and `crop_url` are short-lived signed links."""

    url: str
    crop_url: str | None
    sha256: str  # of the original, byte for byte
    shown_sha256: str | None  # of the copy behind `url`; None until it was made
    media_type: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class DeletedEvidence:
    """A picture or film that is no longer kept: the SHA-256 of the original, and when it was deleted."""

    sha256: str
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class AverageSpeed:
    """What two cameras measured over the road between them: the least speed that both clocks allow, in whole km/h (rounded
    down); how many metres lie between; the limit there; and when the vehicle passed each, by our clock."""

    kmh: int
    metres: int
    limit_kmh: int
    entered_at: datetime
    left_at: datetime


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """What the machine saw, with everything needed to doubt it: the pictures of every capture of this violation.

    Faces and the plates of other vehicles are covered in them. `deleted` went by the policy's time.
    """

    items: tuple[EvidenceItem, ...]
    reading: MachineReading
    camera: CameraView | None
    speed_kmh: float | None
    limit_kmh: float | None
    deleted: tuple[DeletedEvidence, ...] = ()
    average: AverageSpeed | None = None


@dataclass(frozen=True, slots=True)
class VirtualAccountView:
    """Where to pay at one bank; `partner_service_id` is padded with blanks to eight characters (SNAP BI)."""

    bank: str
    partner_service_id: str
    customer_no: str
    virtual_account_no: str


@dataclass(frozen=True, slots=True)
class BillLineView:
    """One thing that a bill asks for; `payee` is ``treasury`` or the account of another office or purpose."""

    code: str
    title: Text
    amount: int
    payee: str


@dataclass(frozen=True, slots=True)
class RemittanceView:
    """That the state has this much of the money, by the treasury's own number."""

    amount: Rupiah
    ntpn: str
    remitted_on: date


@dataclass(frozen=True, slots=True)
class BillView:
    """The bill of the ticket as its payer sees it. Paid is one fact, remitted (with NTPN) another."""

    state: str  # open | paid | cancelled | expired ...
    purpose: str
    amount: Rupiah
    currency: str
    virtual_accounts: tuple[VirtualAccountView, ...]
    expires_at: datetime | None
    paid_at: datetime | None
    lines: tuple[BillLineView, ...] = ()
    remittances: tuple[RemittanceView, ...] = ()
    qris: str | None = None


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person as the registry or an answer names them; only for those who may see it."""

    role: str
    name: str | None
    nik: str | None
    address: str | None
    phone: str | None
    email: str | None
    sim: str | None


@dataclass(frozen=True, slots=True)
class VehicleRecord:
    """The vehicle as the registry holds it, for the officer's comparison."""

    vehicle_id: str
    plate: str
    make: str
    model: str
    colour: str
    kind: str
    owner_name: str | None
    blocked: bool
    use: str | None = None


@dataclass(frozen=True, slots=True)
class ExemptionView:
    """A rule of the policy that catches this vehicle for this violation; `by_machine` where a sure reading needs nobody."""

    code: str
    law: str
    by_machine: bool


@dataclass(frozen=True, slots=True)
class ShieldView:
    """A cloned-plate shield as its owner and the reviewing officer see it; `sightings` counts the forger's file."""

    id: UUID
    plate: str
    colour: str
    marks: str
    registered_at: datetime
    sightings: int


@dataclass(frozen=True, slots=True)
class ReviewView:
    """What an officer needs for one decision, on one page."""

    ticket_id: UUID
    reference: str
    state: str
    state_title: Text
    version: int
    unit: str
    occurred_at: datetime
    zone: str
    zone_label: str
    location: str
    violation: ViolationView
    fine: Rupiah
    plate: str | None
    doubtful: bool
    evidence: EvidenceView
    registry: VehicleRecord | None
    actions: tuple[str, ...]  # what this officer may do to this case now
    assigned_to: str | None
    answer: AnswerKind | None
    answer_reason: str | None
    attachments: tuple["AttachmentView", ...]
    parties: tuple[PersonRecord, ...]
    blind: bool  # the owner is not shown as long as the picture is being judged
    exemption: ExemptionView | None = None
    shield: ShieldView | None = None
    originals: tuple[tuple[str, str, datetime], ...] = ()
    """Files that this member of staff may open with a reason: SHA-256, media type, when taken; and for which reasons, below."""
    opening_reasons: tuple[str, ...] = ()
    held: bool = False
    release_asked: bool = False
    """Whether somebody holds the evidence beyond the policy's time, and whether its release was asked for."""
    looked_at_again: bool = False
    """A second look at cases of one cause waits for this member of staff."""

    @property
    def use_differs(self) -> bool:
        """Whether the colours of the plate tell another use than the registry: a hint that it is another vehicle, never a refusal."""
        look, registered = self.evidence.reading.look, self.registry.use if self.registry else None
        return look is not None and look.use is not PlateUse.UNKNOWN and registered not in (None, str(look.use))


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """A file handed in; `url` is a short-lived signed link."""

    id: UUID
    url: str
    media_type: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BlockView:
    """One STNK block or proposal of it, for the investigator's daily batch."""

    id: UUID
    case_id: UUID
    reference: str
    plate: str
    reason: str
    state: str
    proposed_at: datetime
    signed_at: datetime | None
    set_at: datetime | None
    lifted_at: datetime | None
