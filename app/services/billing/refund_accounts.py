"""The account that a person gives once for whatever is owed back, checked by name before any money goes there.

It belongs to the person (a data key), not to the case: later cases of the same person reuse it. Money never goes to the
account that a payment came from, which may be anybody's. A name that is the same is taken, one that is somebody else's
is refused and told, and what lies between goes to a person who sees the names.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, select, update
from sqlmodel import col

from app.core import vault
from app.core.crypto import KeyRing
from app.core.db import Tx
from app.core.house import House
from app.core.problems import BUSY, UPSTREAM_UNAVAILABLE, FieldError, Problem
from app.core.texts import Text
from app.services.billing.account_names import AccountNames, Holder, NameAnswer
from app.services.billing.bank_list import bank_list
from app.services.billing.ledger import Reader
from app.services.billing.models import Bill, Refund, RefundState
from app.services.billing.refund_models import AccountState, Payout, PayoutState, RefundAccount
from app.services.billing.refund_names import LONGEST, Likeness, likeness
from app.services.billing.refund_problems import (
    ACCOUNT_ANSWER_WRONG,
    ACCOUNT_CAME_BACK,
    ACCOUNT_DECIDED,
    ACCOUNT_IN_USE,
    ACCOUNT_INVALID,
    ACCOUNT_NOT_FOUND,
)
from app.services.cases.models import Case

_NUMBER = re.compile(r"[0-9]{5,20}")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_FIELDS = ("number", "holder", "person", "at_bank")
SHOWN_DIGITS = 4
CHECK_ACCOUNT = "billing.check_refund_account"
TELL_ACCOUNT = ("etle.tell_refund_account", "applications.tell_refund_account")
"""Jobs of the rooms whose cases may owe a person: each tells those whom it owes what became of their account."""
ALIKE, OTHER_HOLDER, NO_ACCOUNT, NOT_CONFIRMED, BY_PERSON = (
    "names_alike",
    "other_holder",
    "no_account",
    "not_confirmed",
    "by_person",
)


@dataclass(frozen=True, slots=True)
class GivenAccount:
    """An account as somebody wrote it, in canonical form: the bank's three digits, the number in digits, the name."""

    bank_code: str
    number: str
    holder: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as its owner and finance see it: the last digits only. `reason` is a word for what is wrong."""

    id: UUID
    key_id: UUID
    bank_code: str
    bank: str
    masked: str
    state: AccountState
    reason: str | None
    given_at: datetime


@dataclass(frozen=True, slots=True)
class NamesView:
    """The three names that a person compares: as given, as the bank says, and as the case knows the payee."""

    given: str | None
    at_bank: str | None
    person: str | None


def parse_account(bank_code: str, number: str, holder: str) -> GivenAccount:
    """What a person wrote, in canonical form. Raises ACCOUNT_INVALID, naming each field that is wrong."""
    code, digits = bank_code.strip(), re.sub(r"[\s.\-]", "", number)
    name = " ".join(holder.split())
    errors = []
    if code not in bank_list():
        errors.append(FieldError("/bank_code", Text("Pilih bank dari daftar.", "Choose a bank from the list.")))
    if not _NUMBER.fullmatch(digits):
        errors.append(FieldError("/number", Text("Tuliskan 5 sampai 20 angka.", "Write the number, 5 to 20 digits.")))
    if not (_LETTERS.search(name) and len(name) <= LONGEST and name.isprintable()):
        said = Text(
            "Tuliskan nama pemilik rekening, paling banyak 140 huruf.", "Write the holder's name, at most 140 letters."
        )
        errors.append(FieldError("/holder", said))
    if errors:
        raise ACCOUNT_INVALID(errors=errors)
    return GivenAccount(code, digits, name)


async def ask_bank(house: House, account: GivenAccount) -> NameAnswer | None:
    """Whose account it is; None when nobody answers now. Asked between transactions."""
    try:
        return await house[AccountNames].find(account.bank_code, account.number)
    except Problem as problem:
        if problem.type in (UPSTREAM_UNAVAILABLE, BUSY, ACCOUNT_ANSWER_WRONG):
            return None
        raise


def judge(answer: NameAnswer, *, given: str | None, person: str | None) -> tuple[AccountState, str | None]:
    """Whether money may go there: the bank's name must be the given one *and* the payee's, as the case knows it."""
    if answer.holder is Holder.NO_ACCOUNT:
        return AccountState.REFUSED, NO_ACCOUNT
    if answer.holder is Holder.NOT_SAID or not answer.name or not person:
        return AccountState.DOUBTFUL, NOT_CONFIRMED
    worst = min(likeness(answer.name, person), likeness(answer.name, given or ""))
    if worst is Likeness.SAME:
        return AccountState.CHECKED, None
    return (AccountState.DOUBTFUL, ALIKE) if worst is Likeness.NEAR else (AccountState.REFUSED, OTHER_HOLDER)


async def give(
    tx: Tx, key_id: UUID, account: GivenAccount, *, person: str | None, answer: NameAnswer | None
) -> AccountView:
    """Keep a person's account, in place of an earlier one; `person` is the name that the case knows.

    With `answer` None it stays unchecked, and a job asks the bank later. The same account again changes nothing. Raises ACCOUNT_IN_USE while a payout to the earlier one is on its way, and ACCOUNT_CAME_BACK.
    """
    await tx.serialise(f"refund-account:{key_id}")
    current = await _current(tx, key_id)
    if current is not None:
        if await _is_the_same(tx, current, account):
            if current.state == AccountState.RETURNED:
                raise ACCOUNT_CAME_BACK()
            if current.state != AccountState.REFUSED:
                return await view_of(tx.session, tx.house.keys, current.id)
        if await _on_its_way(tx, current.id):
            raise ACCOUNT_IN_USE()
        current.replaced_at = tx.now
        await tx.session.flush()
    sealed = await vault.seal(tx, key_id, {"number": account.number, "holder": account.holder, "person": person})
    row = RefundAccount(
        key_id=key_id,
        bank_code=account.bank_code,
        number_enc=sealed["number"],
        holder_enc=sealed["holder"],
        person_enc=sealed["person"],
        given_at=tx.now,
    )
    tx.session.add(row)
    await tx.session.flush()
    if answer is not None:
        await _note(tx, row, answer, given=account.holder, person=person)
    else:
        await tx.enqueue(CHECK_ACCOUNT, str(row.id))
    return await view_of(tx.session, tx.house.keys, row.id)


async def given_account(source: Reader, keys: KeyRing, account_id: UUID) -> GivenAccount | None:
    """The account in plain, to ask the bank; None once it was replaced or erased, or when it waits for no answer."""
    row = await _row(source, col(RefundAccount.id) == account_id)
    if row is None or row["state"] != AccountState.UNCHECKED or row["replaced_at"] is not None:
        return None
    plain = await _plain(source, keys, row)
    if plain["number"] is None:
        return None
    return GivenAccount(row["bank_code"], plain["number"], plain["holder"] or "")


async def note_answer(tx: Tx, account_id: UUID, answer: NameAnswer) -> AccountView | None:
    """What the bank said of an account that waited for it, told its owner; None where it no longer waits. Locks the account."""
    row = await tx.lock(RefundAccount, account_id)
    if row is None or row.state != AccountState.UNCHECKED or row.replaced_at is not None:
        return None
    names = await names_of(tx.session, tx.house.keys, account_id)
    await _note(tx, row, answer, given=names.given, person=names.person)
    if row.state != AccountState.DOUBTFUL:
        await _tell(tx, row)
    return await view_of(tx.session, tx.house.keys, account_id)


async def decide(tx: Tx, account_id: UUID, *, accept: bool) -> AccountView:
    """A person has looked at the names; the owner is told. Raises ACCOUNT_NOT_FOUND, and ACCOUNT_DECIDED for one that waits for nobody."""
    row = await tx.lock(RefundAccount, account_id)
    if row is None:
        raise ACCOUNT_NOT_FOUND()
    if row.state != AccountState.DOUBTFUL or row.replaced_at is not None:
        raise ACCOUNT_DECIDED()
    row.state = AccountState.CHECKED if accept else AccountState.REFUSED
    row.reason, row.decided_at, row.decided_by = BY_PERSON, tx.now, tx.actor.id
    await tx.session.flush()
    await _tell(tx, row)
    return await view_of(tx.session, tx.house.keys, account_id)


async def find_account(source: Reader, keys: KeyRing, key_id: UUID) -> AccountView | None:
    """The account that a person has given, and what is known of it; None before, and once the person was erased."""
    row = await _row(source, col(RefundAccount.key_id) == key_id, col(RefundAccount.replaced_at).is_(None))
    return None if row is None else await _view(source, keys, row)


async def seen_account(source: Reader, keys: KeyRing, account_id: UUID) -> AccountView | None:
    """One account, present or replaced, masked; None once its owner was erased."""
    row = await _row(source, col(RefundAccount.id) == account_id)
    return None if row is None else await _view(source, keys, row)


async def view_of(source: Reader, keys: KeyRing, account_id: UUID) -> AccountView:
    """One account, masked. Raises ACCOUNT_NOT_FOUND."""
    view = await seen_account(source, keys, account_id)
    if view is None:
        raise ACCOUNT_NOT_FOUND()
    return view


async def names_of(source: Reader, keys: KeyRing, account_id: UUID) -> NamesView:
    """The names that a person compares; whoever shows them records the look. Raises ACCOUNT_NOT_FOUND."""
    row = await _row(source, col(RefundAccount.id) == account_id)
    if row is None:
        raise ACCOUNT_NOT_FOUND()
    plain = await _plain(source, keys, row)
    return NamesView(plain["holder"], plain["at_bank"], plain["person"])


async def name_payee(tx: Tx, case_id: UUID, key_id: UUID) -> None:
    """Say to whom a case's refunds go, where nobody has said it yet."""
    bills = select(col(Bill.id)).where(col(Bill.case_id) == case_id)
    nobody = col(Refund.payee_key_id).is_(None)
    await tx.session.execute(update(Refund).where(col(Refund.bill_id).in_(bills), nobody).values(payee_key_id=key_id))


async def cases_owed(source: Reader, key_id: UUID, lifecycle: str | None = None) -> Sequence[UUID]:
    """The cases, of this life or of any, that owe this person money, the oldest first."""
    query = (
        select(col(Bill.case_id))
        .join(Refund, col(Refund.bill_id) == col(Bill.id))
        .where(
            col(Refund.payee_key_id) == key_id,
            col(Refund.state) == RefundState.OWED,
            col(Bill.case_id).is_not(None),
        )
        .order_by(col(Refund.owed_at))
    )
    if lifecycle is not None:
        query = query.join(Case, col(Case.id) == col(Bill.case_id)).where(col(Case.lifecycle) == lifecycle)
    return list(dict.fromkeys(each for each in (await source.execute(query)).scalars() if each is not None))


async def _tell(tx: Tx, row: RefundAccount) -> None:
    for job in TELL_ACCOUNT:
        await tx.enqueue(job, str(row.id))


async def _note(tx: Tx, row: RefundAccount, answer: NameAnswer, *, given: str | None, person: str | None) -> None:
    state, reason = judge(answer, given=given, person=person)
    sealed = await vault.seal(tx, row.key_id, {"at_bank": answer.name})
    row.at_bank_enc, row.state, row.reason = sealed["at_bank"], state, reason
    if state != AccountState.DOUBTFUL:
        row.decided_at, row.decided_by = tx.now, "system"
    await tx.session.flush()


async def _current(tx: Tx, key_id: UUID) -> RefundAccount | None:
    query = select(RefundAccount).where(col(RefundAccount.key_id) == key_id, col(RefundAccount.replaced_at).is_(None))
    query = query.with_for_update().execution_options(populate_existing=True)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def _is_the_same(tx: Tx, row: RefundAccount, account: GivenAccount) -> bool:
    opened = await vault.open_(
        tx.session, tx.house.keys, row.key_id, {"number": row.number_enc, "holder": row.holder_enc}
    )
    return (row.bank_code, opened["number"], opened["holder"]) == (account.bank_code, account.number, account.holder)


async def _on_its_way(tx: Tx, account_id: UUID) -> bool:
    query = select(col(Payout.id)).where(col(Payout.account_id) == account_id, col(Payout.state) == PayoutState.LIVE)
    return (await tx.session.execute(query.limit(1))).first() is not None


async def _row(source: Reader, *where: ColumnElement[bool]) -> RowMapping | None:
    table = RefundAccount.__table__  # type: ignore[attr-defined]
    found: RowMapping | None = (await source.execute(select(table).where(*where))).mappings().first()
    return found


async def _plain(source: Reader, keys: KeyRing, row: RowMapping) -> dict[str, str | None]:
    return await vault.open_(source, keys, row["key_id"], {name: row[f"{name}_enc"] for name in _FIELDS})


async def _view(source: Reader, keys: KeyRing, row: RowMapping) -> AccountView | None:
    number = (await _plain(source, keys, row))["number"]
    if number is None:
        return None
    bank = bank_list().get(row["bank_code"])
    return AccountView(
        id=row["id"],
        key_id=row["key_id"],
        bank_code=row["bank_code"],
        bank=bank.short if bank else row["bank_code"],
        masked=mask(number),
        state=AccountState(row["state"]),
        reason=row["reason"],
        given_at=row["given_at"],
    )


def mask(number: str) -> str:
    """``••••••1234``: enough to know one's own account by, and no more."""
    return "\u2022" * (len(number) - SHOWN_DIGITS) + number[-SHOWN_DIGITS:]
