"""Versions that cases stay on, and units that begin, suspend and resume a service: each change one record of the log."""

import asyncio
import json
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.core.texts import Text
from app.services import catalogue, reference
from app.services.catalogue import Catalogue, OfferChange, OfferState, Suspension
from app.services.reference import Unit
from app.services.transparency.models import Leaf
from tests.services.catalogue.crowd import TEXT, TODAY, service_of

CODE = "sim-renewal"
NOTICE = Text("Server dirawat.", "The server is being serviced.")
POLRES = "PMJ-POLRESTRO-JAKARTA-PUSAT"


async def unit_of(house: House, code: str = POLRES) -> Unit:
    async with house.db.read() as conn:
        return await reference.unit(conn, code)


async def leaves(house: House) -> list[dict[str, object]]:
    async with house.db.read() as conn:
        rows = await conn.execute(select(Leaf.body).where(Leaf.kind == "service_offer").order_by(Leaf.id))
        return [json.loads(body) for body in rows.scalars()]


async def test_a_version_is_kept_once_and_read_again_as_it_was(house: House) -> None:
    service = service_of()
    async with house.db.begin(SYSTEM) as tx:
        first = await catalogue.keep_version(tx, service)
        assert await catalogue.keep_version(tx, service) == first
        other = await catalogue.keep_version(tx, service_of(TEXT.replace("version: 3", "version: 4")))
    assert other != first
    async with house.db.read() as conn:
        kept = await catalogue.service_version(conn, first)
        assert (kept.code, kept.version, kept.digest) == (service.code, 3, service.digest)
        assert await catalogue.service_version(conn, first) is kept
        with pytest.raises(Problem, match="catalogue-service-not-found"):
            await catalogue.service_version(conn, NOBODY)


NOBODY = UUID(int=0)


async def test_two_who_keep_a_version_at_once_get_the_same(postgres_house: House) -> None:
    service, meet = service_of(), asyncio.Barrier(2)

    async def keep() -> object:
        async with postgres_house.db.begin(SYSTEM) as tx:
            await meet.wait()
            return await catalogue.keep_version(tx, service)

    first, second = await asyncio.gather(keep(), keep())
    assert first == second


async def test_the_default_holds_until_a_unit_says_otherwise(house: House) -> None:
    services, unit = house[Catalogue], await unit_of(house)
    async with house.db.read() as conn:
        found = await catalogue.is_offered(conn, services, unit, CODE, TODAY)
        assert found is not None
        assert (found.state, found.from_date, found.own) == (OfferState.OFFERED, date(2026, 1, 1), False)
        assert await catalogue.is_offered(conn, services, unit, CODE, date(2025, 12, 31)) is None
        polda = await reference.unit(conn, "PMJ")
        assert await catalogue.is_offered(conn, services, polda, CODE, TODAY) is None, "only a Polres renews a SIM"
        with pytest.raises(Problem, match="catalogue-service-not-found"):
            await catalogue.is_offered(conn, services, unit, "nothing", TODAY)

    later = TODAY + timedelta(days=10)
    async with house.db.begin(SYSTEM) as tx:
        view = await catalogue.offer(tx, unit, CODE, later, target=date(2026, 6, 30))
    assert (view.state, view.target_on, view.own) == (OfferState.PLANNED, date(2026, 6, 30), True)
    async with house.db.read() as conn:
        assert await catalogue.is_offered(conn, services, unit, CODE, TODAY) is None
        assert await catalogue.is_offered(conn, services, unit, CODE, later) is not None
    assert [each["change"] for each in await leaves(house)] == ["offered"]


async def test_a_suspension_has_a_notice_and_ends_with_its_last_day(house: House, clock: FixedClock) -> None:
    services, unit = house[Catalogue], await unit_of(house)
    async with house.db.begin(SYSTEM) as tx:
        await catalogue.suspend(tx, unit, CODE, NOTICE, TODAY + timedelta(days=2))
    async with house.db.read() as conn:
        found = await catalogue.is_offered(conn, services, unit, CODE, TODAY + timedelta(days=2))
        assert found is not None
        assert (found.state, found.notice) == (OfferState.SUSPENDED, NOTICE)
        after = await catalogue.is_offered(conn, services, unit, CODE, TODAY + timedelta(days=3))
        assert after is not None
        assert (after.state, after.notice) == (OfferState.OFFERED, None)
    async with house.db.begin(SYSTEM) as tx:
        resumed = await catalogue.resume(tx, unit, CODE)
        assert (await catalogue.resume(tx, unit, CODE)).state is OfferState.OFFERED
    assert resumed.state is OfferState.OFFERED
    recorded = await leaves(house)
    assert [each["change"] for each in recorded] == ["suspended", "resumed"], "resuming twice is resuming once"
    assert recorded[0]["notice"] == {"id": NOTICE.id, "en": NOTICE.en}
    assert recorded[0]["actor"] == {"kind": "system", "id": "system", "unit": None}


async def test_what_cannot_be_is_refused(house: House) -> None:
    unit = await unit_of(house)
    polda = await unit_of(house, "PMJ")
    async with house.db.begin(SYSTEM) as tx:
        for work, problem in (
            (lambda: catalogue.offer(tx, polda, CODE, TODAY), "catalogue-never-offered-there"),
            (lambda: catalogue.offer(tx, unit, "nothing", TODAY), "catalogue-service-not-found"),
            (lambda: catalogue.suspend(tx, unit, CODE, NOTICE, TODAY - timedelta(days=1)), "catalogue-offer-dates"),
            (lambda: catalogue.suspend(tx, unit, CODE, Text(" ", "x"), None), "catalogue-offer-dates"),
        ):
            with pytest.raises(Problem, match=problem):
                await work()
        await catalogue.offer(tx, unit, CODE, None)
        with pytest.raises(Problem, match="catalogue-not-offered-yet"):
            await catalogue.suspend(tx, unit, CODE, NOTICE, None)


async def test_only_the_unit_and_its_polda_arrange_and_only_what_changes_is_recorded(house: House) -> None:
    unit = await unit_of(house)
    wanted = OfferChange(date(2026, 1, 1), date(2026, 12, 31), Suspension(NOTICE, None))
    for own in ("DIY", "PMJ-POLRESTRO-JAKARTA-BARAT", None):
        async with house.db.begin(Actor(ActorKind.STAFF, "s", unit=own)) as tx:
            with pytest.raises(Problem, match="catalogue-not-your-unit"):
                await catalogue.arrange(tx, unit, CODE, wanted)
    for own in ("PMJ", POLRES):
        async with house.db.begin(Actor(ActorKind.STAFF, "s", unit=own)) as tx:
            assert (await catalogue.arrange(tx, unit, CODE, wanted)).state is OfferState.SUSPENDED
    assert [each["change"] for each in await leaves(house)] == ["suspended"]


async def test_two_who_change_an_offer_at_once_leave_one_row(postgres_house: House) -> None:
    unit, meet = await unit_of(postgres_house), asyncio.Barrier(2)

    async def change(target: date) -> None:
        async with postgres_house.db.begin(SYSTEM) as tx:
            await meet.wait()
            await catalogue.offer(tx, unit, CODE, TODAY, target)

    await asyncio.gather(change(date(2026, 5, 1)), change(date(2026, 6, 1)))
    assert len(await leaves(postgres_house)) == 2


async def test_how_far_the_country_is(house: House) -> None:
    services, unit = house[Catalogue], await unit_of(house)
    async with house.db.begin(SYSTEM) as tx:
        await catalogue.suspend(tx, unit, CODE, NOTICE, None)
        await catalogue.offer(tx, await reference.unit(tx.session, "PMJ-POLRESTRO-JAKARTA-BARAT"), CODE, None)
    async with house.db.read() as conn:
        found = {each.service: each for each in await catalogue.rollout(conn, services, TODAY)}
    assert len(found) == 13
    assert (found[CODE].units, found[CODE].offered, found[CODE].suspended) == (508, 507, 1)
