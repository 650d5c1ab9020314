"""Money that went to the treasury stands in the bank's statement, too: the books let it leave once."""

import pytest

from app.core.problems import Problem
from app.services.billing.settlement import decisions
from app.services.billing.settlement.decisions import Proposal
from app.services.billing.treasury import remittances
from app.services.billing.treasury.models import Remittance, RemittanceDebit
from tests.services.billing.test_remittances import ONE, PROOF, TODAY, TREASURY, TWO, paid_fee
from tests.settlements import Desk, Told, decided, join_desk, two_treasurers

OTHER_PROOF = remittances.read_numbers(
    TREASURY, billing_code="820260302465629", ntb="210987654321", ntpn="8H7G6F5E4D3C2B1A"
)


@pytest.fixture
async def desk(house, client) -> Desk:
    return await join_desk(house, client)


async def recorded(desk: Desk, amount: int, proof=PROOF):
    async with desk.house.db.begin(ONE) as tx:
        return await remittances.record(tx, "PMJ", TREASURY, proof, amount=amount, remitted_on=TODAY, until=TODAY)


async def confirmed(desk: Desk, remittance_id) -> None:
    async with desk.house.db.begin(TWO) as tx:
        await remittances.confirm(tx, remittance_id, "PMJ")


def left(amount: int, reference: str = "SETOR1") -> Told:
    return Told(reference, "", "", amount, mark="D", text="SETORAN PNBP")


async def test_a_remittance_that_the_statement_shows_leaves_once(desk: Desk) -> None:
    await paid_fee(desk.house)
    await confirmed(desk, await recorded(desk, 200_000))
    assert await desk.books() == {}
    await desk.send([left(200_000)])
    [difference] = await desk.differences()
    assert (difference.kind, difference.held, difference.suggested) == ("debit", -200_000, "remitted")
    assert await desk.books() == {"BA": -200_000, "SU": 200_000}
    await decided(desk.house, difference, Proposal("remitted", "NTPN sudah dilihat"))
    assert await desk.books() == {}
    [difference] = await desk.differences()
    assert (difference.state, difference.action) == ("closed", "remitted")


async def test_the_statement_may_come_before_the_remittance_is_recorded(desk: Desk) -> None:
    await paid_fee(desk.house)
    await desk.send([left(200_000)])
    [difference] = await desk.differences()
    assert difference.suggested == "charge"
    first, _ = await two_treasurers(desk.house, None)
    remittance = await recorded(desk, 200_000)
    [difference] = await desk.differences()
    assert difference.suggested == "remitted"
    with pytest.raises(Problem, match="settlement-action-not-possible"):  # nobody has confirmed it yet
        async with desk.house.db.begin(first) as tx:
            await decisions.propose(tx, difference.id, Proposal("remitted", "uji"))
    await confirmed(desk, remittance)
    await decided(desk.house, difference, Proposal("remitted", "uji"))
    assert await desk.books() == {}


async def test_one_remittance_explains_one_debit_and_a_named_one_its_own(desk: Desk) -> None:
    """Of two over one amount the line's own number decides; a third debit finds none."""
    await paid_fee(desk.house)
    await confirmed(desk, await recorded(desk, 200_000))
    await paid_fee(desk.house)
    await confirmed(desk, await recorded(desk, 200_000, OTHER_PROOF))
    await desk.send([left(200_000, "210987654321"), left(200_000, "SETOR2"), left(200_000, "SETOR3")])
    named, other, third = sorted(await desk.differences(), key=lambda each: each.id)
    for each in (named, other):
        await decided(desk.house, each, Proposal("remitted", "uji"))
    first, _ = await two_treasurers(desk.house, None)
    with pytest.raises(Problem, match="settlement-action-not-possible"):
        async with desk.house.db.begin(first) as tx:
            await decisions.propose(tx, third.id, Proposal("remitted", "uji"))
    assert await desk.books() == {"BA": -200_000, "SU": 200_000}
    shown = {
        each.exception_id: each.remittance_id
        for each in await desk.rows(RemittanceDebit, RemittanceDebit.remittance_id)
    }
    by_ntb = {each.ntb: each.id for each in await desk.rows(Remittance, Remittance.id)}
    assert shown == {named.id: by_ntb["210987654321"], other.id: by_ntb["123456789012"]}
