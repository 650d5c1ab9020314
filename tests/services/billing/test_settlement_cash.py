"""Refunds in cash: the bank's statement tells of the drawing alone, and the books let the money leave once."""

from datetime import timedelta

import pytest

from app.core.actor import Actor, ActorKind
from app.core.house import House
from app.services import cases
from app.services.billing.settlement.decisions import Proposal
from tests import make
from tests.refunds import OWED, refund_due
from tests.settlements import DAY, Desk, Told, decided, join_desk

FINE = 102_000
CLERKS = [Actor(ActorKind.STAFF, name, frozenset({"prosecutor"}), unit="PMJ") for name in ("one", "two")]


@pytest.fixture
async def desk(house: House, client) -> Desk:
    await make.demo_set(house)
    return await join_desk(house, client)


async def paid_in_cash(house: House) -> None:
    """What this case's payee was owed was counted out by two clerks."""
    case_id = await refund_due(house)
    for clerk, action in zip(CLERKS, ("note_cash", "confirm_cash"), strict=True):
        async with house.db.begin(clerk) as tx:
            await cases.move(tx, case_id, action, reason="tidak punya rekening")


async def closed_as_cash(desk: Desk) -> None:
    [difference] = [each for each in await desk.differences() if each.state != "closed"]
    await decided(desk.house, difference, Proposal("cash", "kuitansi dan buku kas sudah dilihat"))


async def test_cash_that_was_drawn_for_refunds_leaves_the_bank_once(desk: Desk) -> None:
    await paid_in_cash(desk.house)
    assert await desk.books() == {"BA": OWED + FINE, "KS": -OWED, "RV": -FINE}, (
        "counted out before the bank tells of it"
    )
    await desk.send([Told("TARIK1", amount=OWED, mark="D", text="TARIK TUNAI")])
    await closed_as_cash(desk)
    assert await desk.books() == {"BA": FINE, "RV": -FINE}


async def test_what_is_left_of_the_cash_is_brought_back(desk: Desk) -> None:
    await paid_in_cash(desk.house)
    await desk.send([Told("TARIK1", amount=OWED + 2_000, mark="D", text="TARIK TUNAI")])
    await closed_as_cash(desk)
    assert await desk.books() == {"BA": FINE - 2_000, "KS": 2_000, "RV": -FINE}
    await desk.send([Told("SETOR1", amount=2_000, day=DAY + timedelta(days=1), text="SETOR TUNAI")])
    await closed_as_cash(desk)
    assert await desk.books() == {"BA": FINE, "RV": -FINE}
