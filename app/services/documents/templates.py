"""The papers that Loket issues, one frozen dataclass of plain values for each, and the function that makes
it.

Callers give values (moments in the zone of the place, whole rupiah, texts); how an official paper says them
is decided here and in ``app/templates``. Long values are cut to what one page can hold, because a letter
has one page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from app.core.db import JsonValue
from app.core.money import Rupiah, show_rupiah
from app.core.texts import Text
from app.services.documents.rendering import qr_svg, render_pdf
from app.services.documents.words import long_date, long_moment, rupiah_in_words, short_date

PROOF_NAME = "loket-proof.json"
MAX_LINE, MAX_BLOCK = 90, 160
MAX_VIOLATIONS = 3


@dataclass(frozen=True, slots=True)
class Sender:
    """The unit whose paper it is. `parent` is the line above it, as ``Kepolisian Daerah Metro Jaya``;
    `signatory` the office that answers for the paper, as ``Kepala Subdirektorat Penegakan Hukum`` (never a
    person's name); `city` where it is dated."""

    name: str
    parent: str
    signatory: str
    city: str | None = None
    address: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """What is suspected: article as in the reference table, and its name in both languages."""

    article: str
    title: Text


@dataclass(frozen=True, slots=True)
class Post:
    """A counter where people are helped in person."""

    address: str
    hours: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the machine read, and how sure it was (0 to 1)."""

    plate: str
    confidence: float


@dataclass(frozen=True, slots=True)
class CheckCode:
    """The code by which anybody can ask whether the paper is genuine, and the public page that answers for
    it."""

    code: str
    url: str


@dataclass(frozen=True, slots=True)
class Vehicle:
    """The vehicle as registered. Numbers are given whole and shown by their last five characters."""

    plate: str
    make: str
    model: str
    colour: str | None = None
    kind: str | None = None
    chassis_no: str | None = None
    engine_no: str | None = None


@dataclass(frozen=True, slots=True)
class LetterData:
    """A confirmation letter, to the owner, a named driver or a buyer (`etle.md` 3).

    `written_at` and `occurred_at` are aware and in the zone of the place, `zone_name` is WIB, WITA or WIT.
    The answer time ends at the later of `days_from_violation` from the event (None where the clock starts
    anew, for a driver or a buyer) and `days_from_delivery` from proven delivery. `photo` and `crop` are
    JPEG or PNG with everyone else's plate blurred.
    """

    written_at: datetime
    zone_name: str
    sender: Sender
    reference: str
    addressee_name: str
    addressee_address: Sequence[str]
    vehicle: Vehicle
    occurred_at: datetime
    place: str
    violations: Sequence[Violation]
    photo: bytes | None
    confirm_url: str
    check: CheckCode
    days_from_violation: int | None
    days_from_delivery: int
    crop: bytes | None = None
    reading: Reading | None = None
    camera: str | None = None
    speed_kmh: float | None = None
    limit_kmh: float | None = None
    over_metres: int | None = None  # the speed is the average over so much road, measured by two cameras
    post: Post | None = None
    role: Literal["owner", "driver", "buyer"] = "owner"


@dataclass(frozen=True, slots=True)
class VirtualAccount:
    """Where a bill is paid: the bank's name and the number to type, digits only."""

    bank: str
    number: str


@dataclass(frozen=True, slots=True)
class TicketData:
    """The ticket (tilang) that follows the confirmation: notice and summons in one (PP 80/2012 art. 28).

    `amount` is the maximum fine of the articles, payable as a deposit until `pay_until`; `court_at` in the
    court's zone.
    """

    written_at: datetime
    zone_name: str
    sender: Sender
    reference: str
    register_no: str
    driver_name: str
    driver_address: Sequence[str]
    driver_nik: str | None
    driver_sim: str | None
    vehicle: Vehicle
    occurred_at: datetime
    place: str
    violations: Sequence[Violation]
    amount: Rupiah
    accounts: Sequence[VirtualAccount]
    pay_until: datetime
    court_name: str | None
    court_at: datetime | None
    photo: bytes | None
    ticket_url: str
    check: CheckCode
    crop: bytes | None = None
    post: Post | None = None


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One of several things that were paid together."""

    title: Text
    amount: Rupiah


@dataclass(frozen=True, slots=True)
class ReceiptRemittance:
    """That the state has the money: the treasury's number of it (NTPN)."""

    ntpn: str
    remitted_on: date
    amount: Rupiah


@dataclass(frozen=True, slots=True)
class ReceiptData:
    """The receipt for a paid bill. `purpose` is the bill's: a fine paid before the verdict is a deposit (UU
    22/2009 art. 267), the rest after it is not. `proof` is the inclusion proof as JSON, carried inside the
    PDF."""

    written_at: datetime
    zone_name: str
    sender: Sender
    receipt_no: str
    reference: str
    register_no: str | None
    virtual_account_no: str
    bank: str
    bank_reference: str
    paid_at: datetime
    amount: Rupiah
    purpose: Literal["fine", "fee", "rest"]
    title: Text
    check: CheckCode
    proof: bytes
    plate: str | None = None
    violations: Sequence[Violation] = ()
    court_name: str | None = None
    court_on: date | None = None
    bill_id: str = ""
    lines: Sequence[ReceiptLine] = ()
    remittances: Sequence[ReceiptRemittance] = ()
    voided_at: datetime | None = None


async def etle_letter(letter: LetterData) -> bytes:
    """The confirmation letter as PDF: to the owner, or by `role` to the named driver or the buyer."""
    template = "letters/etle_confirmation" if letter.role == "owner" else "letters/etle_driver"
    return await render_pdf(template, letter_values(letter), _pictures(letter.photo, letter.crop))


async def etle_ticket(ticket: TicketData) -> bytes:
    """The ticket as PDF."""
    return await render_pdf("letters/etle_ticket", ticket_values(ticket), _pictures(ticket.photo, ticket.crop))


async def payment_receipt(receipt: ReceiptData) -> bytes:
    """The receipt as PDF, of a ticket or an application, with the proof attached as ``loket-proof.json``."""
    return await render_pdf("receipts/payment", receipt_values(receipt), {PROOF_NAME: receipt.proof})


def answer_rule(days_from_violation: int | None, days_from_delivery: int) -> Text:
    """The answer time in words: it cannot end before the letter had time to be answered (the default clock
    of the ticket's lifecycle)."""
    if days_from_violation is None:
        return Text(
            f"{days_from_delivery} hari sejak surat ini terbukti sampai kepada Anda. Tanggal pastinya tampil di "
            "halaman konfirmasi.",
            f"Answer within {days_from_delivery} days after this letter was proven to have reached you.",
        )
    return Text(
        f"{days_from_violation} hari sejak kejadian, dan tidak kurang dari {days_from_delivery} hari sejak surat ini "
        "terbukti sampai kepada Anda. Tanggal pastinya tampil di halaman konfirmasi.",
        f"Answer within {days_from_violation} days of the event, and no less than {days_from_delivery} days after this "
        "letter was proven to have reached you.",
    )


def letter_values(letter: LetterData) -> dict[str, JsonValue]:
    """What the letter templates show, as plain JSON."""
    rule = answer_rule(letter.days_from_violation, letter.days_from_delivery)
    return {
        **_common(letter.written_at, letter.sender, letter.reference, letter.check),
        **_event(letter.occurred_at, letter.zone_name, letter.place, letter.violations, letter.vehicle),
        "description": "Surat konfirmasi ETLE; bukan surat tilang",
        "role": letter.role,
        "addressee": _lines(letter.addressee_name, *letter.addressee_address),
        "confirm_url": letter.confirm_url,
        "confirm_qr_svg": qr_svg(letter.confirm_url),
        "answer_rule_id": rule.id,
        "answer_rule_en": rule.en,
        "reading": _reading(letter.reading),
        "camera": _cut(letter.camera),
        "speed": _speed(letter),
        "posko": _post(letter.post),
    }


def ticket_values(ticket: TicketData) -> dict[str, JsonValue]:
    """What the ticket template shows, as plain JSON."""
    court = ticket.court_at
    return {
        **_common(ticket.written_at, ticket.sender, ticket.reference, ticket.check),
        **_event(ticket.occurred_at, ticket.zone_name, ticket.place, ticket.violations, ticket.vehicle),
        "description": "Surat tilang elektronik",
        "register_no": _cut(ticket.register_no),
        "addressee": _lines(ticket.driver_name, *ticket.driver_address),
        "nik": _last(ticket.driver_nik, 4),
        "sim": _cut(ticket.driver_sim),
        "amount": show_rupiah(ticket.amount),
        "amount_en": show_rupiah(ticket.amount, "en"),
        "amount_words": rupiah_in_words(ticket.amount),
        "accounts": [[_cut(each.bank), grouped(each.number)] for each in ticket.accounts[:4]],
        "pay_until": long_moment(ticket.pay_until, ticket.zone_name),
        "pay_until_en": long_moment(ticket.pay_until, ticket.zone_name, "en"),
        "court_name": _cut(ticket.court_name),
        "court_at": long_moment(court, ticket.zone_name) if court else None,
        "ticket_url": ticket.ticket_url,
        "ticket_qr_svg": qr_svg(ticket.ticket_url),
        "posko": _post(ticket.post),
    }


def receipt_values(receipt: ReceiptData) -> dict[str, JsonValue]:
    """What the receipt template shows, as plain JSON."""
    return {
        **_common(receipt.written_at, receipt.sender, receipt.reference, receipt.check),
        "description": "Bukti pembayaran",
        "receipt_no": _cut(receipt.receipt_no),
        "purpose": receipt.purpose,
        "title": _cut(receipt.title.id),
        "title_en": _cut(receipt.title.en),
        "plate": _cut(receipt.plate),
        "violations": _violations(receipt.violations),
        "register_no": _cut(receipt.register_no),
        "va_no": grouped(receipt.virtual_account_no),
        "bank": _cut(receipt.bank),
        "bank_reference": _cut(receipt.bank_reference),
        "paid_at": long_moment(receipt.paid_at, receipt.zone_name),
        "paid_at_en": long_moment(receipt.paid_at, receipt.zone_name, "en"),
        "amount": show_rupiah(receipt.amount),
        "amount_en": show_rupiah(receipt.amount, "en"),
        "amount_words": rupiah_in_words(receipt.amount),
        "court_name": _cut(receipt.court_name),
        "court_on": long_date(receipt.court_on) if receipt.court_on else None,
        "lines": [
            {"title": _cut(each.title.id), "amount": show_rupiah(each.amount)}
            for each in (receipt.lines if len(receipt.lines) > 1 else ())
        ],
        "remittances": [
            {
                "ntpn": _cut(each.ntpn),
                "remitted_on": long_date(each.remitted_on),
                "amount": show_rupiah(each.amount),
            }
            for each in receipt.remittances
        ],
        "voided_at": long_moment(receipt.voided_at, receipt.zone_name) if receipt.voided_at else None,
        "voided_at_en": long_moment(receipt.voided_at, receipt.zone_name, "en") if receipt.voided_at else None,
        "proof_name": PROOF_NAME,
    }


def grouped(number: str) -> str:
    """Digits in groups of four, as people read them out; anything else stays."""
    digits = number.strip()
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4)) if digits.isdigit() else _cut(digits) or ""


def _common(written_at: datetime, sender: Sender, reference: str, check: CheckCode) -> dict[str, JsonValue]:
    return {
        "created_at": written_at.replace(microsecond=0).isoformat(),  # PDF dates know no fractions
        "written_on": short_date(written_at.date()),
        "sender": {
            "name": _cut(sender.name),
            "parent": _cut(sender.parent),
            "address": _cut(sender.address),
            "phone": _cut(sender.phone),
        },
        "signatory": _cut(sender.signatory),
        "place_of_issue": f"{_cut(sender.city)}," if sender.city else "",
        "reference": reference,
        "check_code": check.code,
        "check_url": check.url,
        "check_qr_svg": qr_svg(check.url),
    }


def _event(
    occurred_at: datetime, zone_name: str, place: str, violations: Sequence[Violation], vehicle: Vehicle
) -> dict[str, JsonValue]:
    moment = long_moment(occurred_at, zone_name)
    numbers = [f"...{_last(no, 5)}" for no in (vehicle.chassis_no, vehicle.engine_no) if no]
    return {
        "plate": vehicle.plate,
        "occurred_at": moment,
        "place": _cut(place, MAX_BLOCK),
        "violations": _violations(violations),
        "vehicle": _cut(", ".join(filter(None, (f"{vehicle.make} {vehicle.model}", vehicle.kind, vehicle.colour)))),
        "numbers": " dan ".join(numbers),
        "photo_alt": _cut(f"Foto kendaraan {vehicle.plate} di {place}, {moment}", 2 * MAX_BLOCK),
        "crop_alt": f"Potongan foto pelat nomor {vehicle.plate}",
    }


def _violations(violations: Sequence[Violation]) -> list[JsonValue]:
    return [
        {
            "article": _cut(each.article),
            "title": _cut(each.title.id, MAX_BLOCK),
            "title_en": _cut(each.title.en, MAX_BLOCK),
        }
        for each in violations[:MAX_VIOLATIONS]
    ]


def _reading(reading: Reading | None) -> str | None:
    if reading is None:
        return None
    return f"Terbaca mesin: {reading.plate}, keyakinan {reading.confidence:.0%}. Sudah diperiksa petugas."


def _speed(letter: LetterData) -> str | None:
    if letter.speed_kmh is None:
        return None
    over = "" if letter.over_metres is None else f" rata-rata sepanjang {letter.over_metres} m"
    limit = "" if letter.limit_kmh is None else f", batas {letter.limit_kmh:g} km/jam"
    return f"{letter.speed_kmh:g} km/jam{over}{limit}"


def _post(post: Post | None) -> JsonValue:
    return (
        None if post is None else {"address": _cut(post.address), "hours": _cut(post.hours), "phone": _cut(post.phone)}
    )


def _lines(*lines: str) -> list[JsonValue]:
    shown: list[JsonValue] = [_cut(line) for line in lines if line.strip()]
    return shown[:6]


def _pictures(photo: bytes | None, crop: bytes | None) -> dict[str, bytes]:
    return {name: data for name, data in (("photo.jpg", photo), ("crop.jpg", crop)) if data is not None}


def _last(text: str | None, count: int) -> str | None:
    return None if text is None else text.strip()[-count:]


def _cut(text: str | None, limit: int = MAX_LINE) -> str | None:
    if text is None:
        return None
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
