"""The owner's five answers to the confirmation letter, and the named driver's two (`etle.md` 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.core import vault
from app.core.actor import ActorKind
from app.core.db import JsonValue, Tx
from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Text
from app.services import cases
from app.services.cases import Case, Lifecycles
from app.services.etle.models import Answer, Attachment, Party
from app.services.etle.problems import (
    ANSWER_INCOMPLETE,
    ASKED_SOMEBODY_ELSE,
    ATTACHMENT_UNKNOWN,
    TICKET_NOT_FOUND,
)
from app.services.etle.store import add_party, addressee_of, party_in_role, ticket_of
from app.services.etle.times import local_day
from app.services.etle.views import AnswerKind

NOT_YET = Text("Tanggal ini belum tiba.", "That day has not come yet.")
SOLD_LATER = Text(
    "Kendaraan dijual setelah pelanggaran ini; jadi ini masih urusan Anda. Pilih jawaban lain.",
    "The vehicle was sold after this violation, so it is still yours to answer. Choose another answer.",
)
ACTIONS: Mapping[AnswerKind, str] = {
    "self": "confirm_self",
    "other_driver": "name_driver",
    "sold": "report_sold",
    "not_mine": "object",
    "object": "object",
}
"""Which declared move each answer is."""


@dataclass(frozen=True, slots=True)
class LetterAnswer:
    """One of the five answers, checked in form. `person` is the driver (self, other_driver) or the buyer (sold)."""

    kind: AnswerKind
    person: Mapping[str, str | None] | None = None
    reason: str | None = None
    sold_on: date | None = None
    attachments: tuple[UUID, ...] = ()
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class OnBehalf:
    """That staff gave the answer for the citizen: what the citizen reads of it, and the consent that was used."""

    note: str
    consent: UUID

    @property
    def data(self) -> dict[str, JsonValue]:
        """What the event says of it."""
        return {"at_counter": True, "consent": str(self.consent)}


async def answer_letter(tx: Tx, case_id: UUID, answer: LetterAnswer, *, by_staff: OnBehalf | None = None) -> Case:
    """Take the owner's answer: store who or why, then move the case, all or nothing.

    Raises ANSWER_INCOMPLETE, INVALID_REQUEST (sold on a day to come, or after the violation), ATTACHMENT_UNKNOWN,
    ASKED_SOMEBODY_ELSE, and what the engine raises (as when it was answered already).
    """
    case = await cases.get_locked(tx, case_id)
    answerer = await addressee_of(tx, case_id)
    if answerer is None:
        raise ANSWER_INCOMPLETE(missing="addressee")
    _check_asked(tx, case, answerer, answer)
    _check_complete(answer)
    ticket = await ticket_of(tx, case_id)
    if answer.sold_on is not None:
        _check_sold_on(
            answer.sold_on, today=local_day(tx.now, ticket.zone), occurred=local_day(ticket.occurred_at, ticket.zone)
        )
    await _keep(tx, case, answerer, answer)
    if answer.person is not None:
        role = "buyer" if answer.kind == "sold" else "driver"
        await add_party(tx, case_id, role, answer.person, addressee=answer.kind == "self")
    ticket.answer = answer.kind
    return await cases.move(
        tx,
        case_id,
        ACTIONS[answer.kind],
        reason=by_staff.note if by_staff else None,
        data={
            "answer": answer.kind,
            "attachments": len(answer.attachments),
            **(by_staff.data if by_staff else {}),
        },
        expected_version=answer.expected_version,
    )


async def answer_as_driver(tx: Tx, case_id: UUID, action: str, *, expected_version: int | None = None) -> Case:
    """The named driver accepts (`accept_driving`) or declines (`decline_driving`) with his own code.

    Raises TICKET_NOT_FOUND for somebody who was named once and is so no longer.
    """
    driver = await party_in_role(tx, case_id, "driver")
    if "driver" in tx.actor.roles and (driver is None or tx.actor.id != str(driver.id)):
        raise TICKET_NOT_FOUND()
    return await cases.move(tx, case_id, action, expected_version=expected_version)


def _check_asked(tx: Tx, case: Case, answerer: Party, answer: LetterAnswer) -> None:
    """The STNK's numbers are known to seller and buyer alike; once the buyer is asked, only the buyer's letter answers.

    Where nothing is asked at all, the engine says so.
    """
    somebody_else = answerer.role == "buyer" and tx.actor.id != str(answerer.id)
    asked = tx.house[Lifecycles].of(case).find_move(case.state, ACTIONS[answer.kind]) is not None
    if tx.actor.kind is ActorKind.CITIZEN and somebody_else and asked:
        raise ASKED_SOMEBODY_ELSE()


def _check_sold_on(sold_on: date, *, today: datetime, occurred: datetime) -> None:
    """A sale on the day of the violation counts: the hour is for the officer to judge."""
    if sold_on > today.date():
        raise INVALID_REQUEST(errors=[FieldError("/sold_on", NOT_YET)])
    if sold_on > occurred.date():
        raise INVALID_REQUEST(errors=[FieldError("/sold_on", SOLD_LATER)])


def _check_complete(answer: LetterAnswer) -> None:
    wanted: dict[str, Text] = {}
    if answer.kind in ("self", "other_driver"):
        for name, words in (
            ("nik", Text("NIK pengemudi", "the driver's NIK")),
            ("name", Text("nama pengemudi", "the driver's name")),
            ("address", Text("alamat pengemudi", "the driver's address")),
        ):
            if not (answer.person or {}).get(name):
                wanted[name] = words
    elif answer.kind == "sold":
        for name, words in (
            ("name", Text("nama pembeli", "the buyer's name")),
            ("address", Text("alamat pembeli", "the buyer's address")),
        ):
            if not (answer.person or {}).get(name):
                wanted[name] = words
        if answer.sold_on is None:
            wanted["sold_on"] = Text("tanggal jual", "the date of sale")
    elif not (answer.reason or "").strip():
        wanted["reason"] = Text("alasan", "the reason")
    if wanted:
        named = list(wanted.values())
        raise ANSWER_INCOMPLETE(
            missing=Text(", ".join(each.id for each in named), ", ".join(each.en for each in named))
        )


async def _keep(tx: Tx, case: Case, answerer: Party, answer: LetterAnswer) -> None:
    sealed = await vault.seal(tx, answerer.key_id, {"reason": answer.reason})
    row = Answer(
        case_id=case.id,
        party_id=answerer.id,
        kind=answer.kind,
        key_id=answerer.key_id,
        reason_enc=sealed["reason"],
        sold_on=answer.sold_on,
        at=tx.now,
    )
    tx.session.add(row)
    await tx.session.flush()
    for attachment_id in answer.attachments:
        attachment = await tx.session.get(Attachment, attachment_id)
        if attachment is None or attachment.case_id != case.id:
            raise ATTACHMENT_UNKNOWN()
        attachment.answer_id = row.id
    await tx.session.flush()
