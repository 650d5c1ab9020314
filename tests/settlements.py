"""Statement files for tests, in the standard CSV form, and what a test asks of the books afterwards."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.house import House
from app.services import billing
from app.services.billing.ledger import balances
from app.services.billing.settlement import receiving
from app.services.billing.settlement.models import SettlementException, SettlementFile, SettlementLine
from app.services.identity import staff
from app.services.identity.roles import Role
from tests.banks import Bank, join_bank, open_test_bill
from tests.drain import drain

COLUMNS = (
    "BANK_REFERENCE", "PAYMENT_REQUEST_ID", "TRX_DATE_TIME", "SETTLEMENT_DATE", "VIRTUAL_ACCOUNT_NO", "CURRENCY",
    "AMOUNT", "FEE", "MARK", "END_TO_END_ID", "DESCRIPTION",
)  # fmt: skip
DAY = date(2026, 3, 2)


@dataclass(frozen=True)
class Told:
    """One line as the bank writes it."""

    reference: str
    request: str = ""
    account: str = ""
    amount: int = 250_000
    fee: int = 0
    mark: str = "C"
    day: date = DAY
    end_to_end: str = ""
    text: str = ""
    at: str = ""

    def cells(self) -> list[str]:
        at = self.at or f"{self.day}T09:00:00+07:00"
        return [
            self.reference, self.request, at, str(self.day), self.account, "IDR",
            str(self.amount), str(self.fee), self.mark, self.end_to_end, self.text,
        ]  # fmt: skip


def written(lines: Iterable[Told]) -> bytes:
    """The file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(line.cells() for line in lines)
    return text.getvalue().encode()


@dataclass
class Desk:
    """A bank that has paid bills, and the office that reads its files."""

    house: House
    bank: Bank
    bills: list[Any] = field(default_factory=list)

    async def paid(self, request: str, amount: int = 250_000, **bill: Any) -> Told:
        """A bill that this bank has paid, and the line that tells of it."""
        made = await open_test_bill(self.house, amount=amount, **bill)
        answer = await self.bank.pay(made.customer_no, request, amount)
        assert answer.status_code == 200, answer.text
        self.bills.append(made)
        return Told(f"REF{request}", request, self.bank.partner + made.customer_no, amount)

    async def unpaid(self, request: str, amount: int = 250_000, **bill: Any) -> Told:
        """A bill that nobody told us to be paid, and the line that says it is."""
        made = await open_test_bill(self.house, amount=amount, **bill)
        self.bills.append(made)
        return Told(f"REF{request}", request, self.bank.partner + made.customer_no, amount)

    async def send(
        self, lines: Iterable[Told] | bytes, *, actor: Actor | None = None, name: str = "day.csv", **how: Any
    ):
        """Receive a file and read it to its end; the file's row."""
        data = lines if isinstance(lines, bytes) else written(lines)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            path.write_bytes(data)
            sent = await receiving.receive(
                self.house, actor or self.as_bank(), path, **{"bank": None, "unit": None, "name": name, **how}
            )
        await drain(self.house)
        return await self.file(sent.id)

    def as_bank(self) -> Actor:
        """The bank's own bearer."""
        return Actor(ActorKind.BANK, self.bank.client_id, frozenset({"bank"}), scopes=frozenset({"settlements:write"}))

    async def file(self, file_id: UUID) -> SettlementFile:
        async with self.house.db.begin(SYSTEM) as tx:
            found = await tx.one(SettlementFile, file_id)
        assert found is not None
        return found

    async def lines(self) -> list[SettlementLine]:
        """All lines, in the order in which they were booked."""
        return await self.rows(SettlementLine, SettlementLine.id)

    async def differences(self) -> list[SettlementException]:
        return await self.rows(SettlementException, SettlementException.opened_at)

    async def rows(self, model: Any, order: Any) -> list[Any]:
        async with self.house.db.begin(SYSTEM) as tx:
            return list((await tx.session.execute(select(model).order_by(col(order)))).scalars())

    async def books(self) -> dict[str, int]:
        """The accounts that are not at zero, the bank's clearing account as `BC`; proven sound on the way."""
        report = await billing.ledger_check(self.house)
        assert report.faults == ()
        async with self.house.db.read() as connection:
            found = await balances(connection)
        return {name.replace(f"BC:{self.bank.client_id}", "BC"): amount for name, amount in found.items() if amount}


async def two_treasurers(house: House, unit: str | None = "PMJ") -> tuple[Actor, Actor]:
    """Two people who may decide about money; None: of Mabes, whose door takes their unit off."""
    made, polda, unit = [], unit, unit or "KORLANTAS"
    for number in (1, 2):
        async with house.db.begin(SYSTEM) as tx:
            await staff.plant(
                tx,
                f"bendahara{number}.{unit.lower()}@example.test",
                roles=[Role.FINANCE],
                unit=unit,
                password_hash="-",
                totp_secret="-",
            )
    async with house.db.begin(SYSTEM) as tx:
        for each in await staff.list_officers(tx.session, unit=unit, role=Role.FINANCE):
            made.append(Actor(ActorKind.STAFF, str(each.id), each.roles, unit=polda, scopes=frozenset({"counter"})))
    return made[0], made[1]


async def join_desk(house: House, client: httpx.AsyncClient, **bank: Any) -> Desk:
    """A bank with its token."""
    return Desk(house, await (await join_bank(house, client, **bank)).sign_in())
