"""Where the money went, for everybody; and a bank's days, for the treasurer."""

from datetime import timedelta

import pytest

from app.core.actor import SYSTEM
from app.services import billing
from app.services.billing.accounts import BANK, FINE_DEPOSITS, FINES, bank_clearing
from app.services.billing.ledger import Line, post, transfer
from app.services.billing.models import EntryKind
from app.services.identity import credentials
from app.services.identity.roles import Role
from tests.banks import KEYS, open_test_bill
from tests.browser.conftest import Site, Watcher
from tests.browser.test_counter_pages import check_both, sign_in
from tests.conftest import START
from tests.routers.pages.world import Story

pytestmark = pytest.mark.browser


async def some_months(site: Site) -> None:
    """Four months at a bank: payments, verdicts, refunds, and what it settled."""
    house = site.house
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_bank(tx, "Bank Contoh", public_key_pem=KEYS["public_key_pem"])
    clearing = bank_clearing(made.client_id)
    for number in range(12):
        house.clock.set(START + timedelta(days=10 * number))
        amount = 250_000 * (1 + number % 4)
        bill = await open_test_bill(house, amount=amount)
        async with house.db.begin(SYSTEM) as tx:
            await billing.post_payment(tx, bill.id, amount=amount, debit=clearing, memo="uji")
            if number % 2:
                await post(
                    tx, EntryKind.VERDICT, "uji", transfer(150_000, debit=FINE_DEPOSITS, credit=FINES, bill_id=bill.id)
                )
                refund = await billing.owe_refund(tx, bill.id, amount - 150_000, "uji")
                if number % 4 == 1:
                    await billing.pay_out(tx, refund)
            if number % 3:
                lines = [Line(clearing, -amount, bill.id), Line(BANK, amount)]
                await post(tx, EntryKind.SETTLEMENT, "uji", lines)


async def test_where_the_money_went(desk: Watcher, site: Site) -> None:
    await desk.go("/transparansi/uang")
    await check_both(desk, "money-empty")
    await some_months(site)
    await desk.go("/transparansi/uang")
    await check_both(desk, "money")
    assert await desk.page.get_by_role("img", name="Grafik batang bertumpuk").count() == 1
    await desk.go("/transparansi/uang?lang=en")
    await check_both(desk, "money-english")


async def test_the_days_of_a_bank(desk: Watcher, story: Story, site: Site) -> None:
    await sign_in(desk, site, Role.FINANCE)
    await desk.go("/counter/rekap")
    await check_both(desk, "statements-empty")
    await some_months(site)
    await sign_in(desk, site, Role.FINANCE)
    await desk.go("/counter/rekap")
    await check_both(desk, "statements")
    await desk.page.get_by_role("row").nth(1).get_by_role("link").first.click()
    await check_both(desk, "statement")
    async with desk.page.expect_download() as download:
        await desk.page.get_by_role("link", name="Unduh PDF").click()
    assert (await download.value).suggested_filename.endswith("-PMJ.pdf")
