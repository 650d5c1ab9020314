"""Public figures: the same whether counted now or written down, and nobody is named."""

from datetime import timedelta

import httpx

from app.core.clock import FixedClock
from app.core.house import House
from app.services import statistics
from app.services.reference import NATIONAL_ZONE
from tests import make


async def test_a_finished_day_is_written_down_once_and_says_the_same(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    await make.verified(house)
    today = clock.now().astimezone(NATIONAL_ZONE).date()
    live = await statistics.figures(house, today, today)
    assert live.total("etle", "capture") == 1
    assert {each.subject for each in live.counts} == {"287-2-APILL"}
    clock.advance(timedelta(days=2))
    for _ in range(2):
        await statistics.roll_up(house)
    written = await statistics.figures(house, today, today)
    assert written.counts == live.counts
    elsewhere = await statistics.figures(house, today, today, unit="JABAR")
    assert elsewhere.counts == ()


async def test_the_door_answers_without_anybody_signed_in(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await make.verified(house)
    answer = await client.get("/v1/statistics")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["totals"]["captures"] == 1
    rollout = {each["service"]: each for each in body["rollout"]}
    assert rollout["skck-new"]["units"] > 400
    assert body["polres_in_february_2021"] == 12
    assert (await client.get("/v1/statistics", params={"unit": "nobody"})).status_code == 422
