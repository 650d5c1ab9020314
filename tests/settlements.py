"""Statement files for tests, in the standard CSV form, and what a test asks of the books afterwards."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.house import House
from app.services import billing
from app.services.billing.ledger import balances
from app.services.billing.settlement import decisions
from app.services.billing.settlement.decisions import Proposal
from app.services.billing.settlement.models import SettlementException, SettlementFile, SettlementLine
from app.services.identity import staff
from app.services.identity.roles import Role
from app.services.identity.sessions import SubjectKind
from tests.banks import Bank, join_bank, open_test_bill
from tests.drain import drain
from tests.signing_in import token_for

COLUMNS = (
    "BANK_REFERENCE", "PAYMENT_REQUEST_ID", "TRX_DATE_TIME", "SETTLEMENT_DATE", "VIRTUAL_ACCOUNT_NO", "CURRENCY",
    "AMOUNT", "FEE", "MARK", "END_TO_END_ID", "DESCRIPTION",
)  # fmt: skip
DAY = date(2026, 3, 2)
DOOR = "/v1/settlements"


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

    async def post(self, lines: Iterable[Told] | bytes, *, bearer: str | None = None, **params: str) -> httpx.Response:
        """Send a file to the door; the bank's own token, fresh, unless told whose."""
        data = lines if isinstance(lines, bytes) else written(lines)
        token = bearer or (await self.bank.sign_in()).access_token
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
        return await self.bank.client.post(DOOR, content=data, params={"name": "day.csv", **params}, headers=headers)

    async def send(self, lines: Iterable[Told] | bytes, *, bearer: str | None = None, **params: str) -> SettlementFile:
        """Send a file that the door takes, and have it read to its end; the file's row."""
        answer = await self.post(lines, bearer=bearer, **params)
        told = answer.json()
        assert (answer.status_code, told["already"]) in ((202, False), (200, True)), answer.text
        assert told["bank"] == self.bank.client_id
        await drain(self.house)
        return await self.file(UUID(told["id"]))

    async def ask(self, file_id: UUID) -> dict[str, Any]:
        """What the door says of a file."""
        headers = {"Authorization": f"Bearer {(await self.bank.sign_in()).access_token}"}
        answer = await self.bank.client.get(f"{DOOR}/{file_id}", headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

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


async def bearer_of(house: House, actor: Actor, *, scope: str = "counter settlements:write") -> str:
    """The access token of a member of staff."""
    return await token_for(house, UUID(actor.id), SubjectKind.STAFF, scope)


async def decided(house: House, row: SettlementException, proposal: Proposal) -> SettlementException:
    """One treasurer proposes, the other confirms."""
    first, second = await two_treasurers(house, row.unit)
    async with house.db.begin(first) as tx:
        await decisions.propose(tx, row.id, proposal)
    async with house.db.begin(second) as tx:
        return await decisions.confirm(tx, row.id, "sepakat")


async def join_desk(house: House, client: httpx.AsyncClient, **bank: Any) -> Desk:
    """A bank with its token."""
    return Desk(house, await (await join_bank(house, client, **bank)).sign_in())
