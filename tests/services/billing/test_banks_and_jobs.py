"""Bank profiles as data, and what billing does by itself."""

from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import pytest
import yaml
from sqlalchemy import func, select

from app.services import billing
from app.services.billing import banks, jobs
from app.services.billing.models import Bill, SnapExternalId, SnapInquiry, SnapToken
from app.services.billing.snap.callers import SignedCall
from tests.banks import INQUIRY, code, join_bank, open_test_bill


def test_every_profile_is_complete_and_the_default_stands_in():
    known = billing.bank_profiles()
    assert {"default", "standard", "bri", "bca", "bnc", "sandbox"} <= set(known)
    for profile in known.values():
        assert 0 < profile.tolerance_s <= banks.MAX_TOLERANCE_S
    assert billing.bank_profile(None) == billing.bank_profile("gone") == known["default"]
    assert known["bca"].duplicate_answer is banks.DuplicateAnswer.INCONSISTENT
    assert known["bnc"].signature is banks.SignatureType.ASYMMETRIC
    assert known["bri"].partner_service_id == "77720"


DEFAULT = yaml.safe_load((files("app") / "data" / "reference" / "bank_profiles.yaml").read_text("utf-8"))["default"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tolerance_s": 901}, "tolerance_s must be 1 to 900"),
        ({"tolerance_s": 0}, "tolerance_s must be 1 to 900"),
        ({"time_budget_s": 8}, "time_budget_s must be at most 7"),
        ({"time_budget_s": 0}, "time_budget_s must be at most 7"),
        ({"path_prefix": "bank"}, "path_prefix begins with /"),
        ({"path_prefix": "/bank/"}, "path_prefix begins with /"),
        ({"time_form": "local"}, "local"),
        ({"signature": "none"}, "none"),
        ({"signature_encoding": "base32"}, "base32"),
        ({"duplicate_answer": "maybe"}, "maybe"),
    ],
)
def test_a_profile_beyond_its_limits_is_refused(wrong, said):
    assert banks._profile("x", DEFAULT).path_prefix is None
    with pytest.raises(ValueError, match=said):
        banks._profile("x", {**DEFAULT, **wrong})


def test_what_a_bank_signed_begins_with_the_prefix_of_its_profile_else_with_the_proxys():
    call = SignedCall("POST", "/bank", f"{INQUIRY}?a=1", {}, b"")
    standard = billing.bank_profile("standard")
    assert call.path(standard) == f"/bank{INQUIRY}?a=1"
    assert call.path(replace(standard, path_prefix="/snap/polri")) == f"/snap/polri{INQUIRY}?a=1"
    assert call.path(replace(standard, path_prefix="")) == f"{INQUIRY}?a=1"
    assert banks._profile("x", {**DEFAULT, "path_prefix": "/snap"}).path_prefix == "/snap"


async def test_overdue_bills_are_marked(house, clock):
    for _ in range(5):
        await open_test_bill(house, days=1)
    await open_test_bill(house, days=2)
    clock.advance(timedelta(days=1))
    expire = next(job for job in jobs.JOBS if job.name == "billing.expire_bills")
    await expire.run(house)
    async with house.db.read() as connection:
        states = (await connection.execute(select(Bill.state, func.count()).group_by(Bill.state))).all()
    assert dict(states) == {"expired": 5, "open": 1}


async def test_what_need_not_be_remembered_is_forgotten(house, client, clock):
    bank = await (await join_bank(house, client)).sign_in()
    bill = await open_test_bill(house, days=1000)
    assert code(await bank.inquire(bill.customer_no, "R1")) == "2002400"
    forget = next(job for job in jobs.JOBS if job.name == "billing.forget")

    async def left() -> list[int]:
        await forget.run(house)
        async with house.db.read() as connection:
            return [
                (await connection.execute(select(func.count()).select_from(model))).scalar_one()
                for model in (SnapToken, SnapExternalId, SnapInquiry)
            ]

    assert await left() == [1, 1, 1]
    clock.advance(timedelta(minutes=15))
    assert await left() == [0, 1, 1]
    clock.advance(timedelta(days=3))
    assert await left() == [0, 0, 1]
    clock.advance(timedelta(days=400))
    assert await left() == [0, 0, 0]
