"""A bank that has signed in, a bill of no case, and the books; and a ticket whose payment moves a real case."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from app.services import billing
from tests import make
from tests.banks import Bank, join_bank, open_test_bill
from tests.drain import drain
from tests.payments.books import Books


@dataclass(frozen=True)
class Ticket:
    """A ticket that waits for its money."""

    case_id: UUID
    bill: billing.BillView
    customer_no: str


@pytest.fixture
async def bank(house, client) -> Bank:
    return await (await join_bank(house, client)).sign_in()


@pytest.fixture
async def other(house, client) -> Bank:
    """A second bank."""
    return await (await join_bank(house, client, name="Bank Lain", profile="mandiri")).sign_in()


@pytest.fixture
async def bill(house):
    return await open_test_bill(house)


@pytest.fixture
async def ticket(house, bank) -> Ticket:
    """Issued, billed, and everything that was queued until then is done."""
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    await drain(house)
    async with house.db.read() as connection:
        bill = await billing.bill_of(connection, case_id)
    assert bill is not None
    return Ticket(case_id, bill, bill.virtual_accounts[0].customer_no)


@pytest.fixture
async def books(house) -> Books:
    """Asked for as the last argument, it is opened when everything else that the test wants stands."""
    return await Books.open(house)
