"""The week in which everybody needs an SKCK: fifty times the daily mean, and no draft is lost.

One operator handled about 200 a day in such a week (medula.id, 2025-01); a Polres sees some tens on an ordinary day. So the
short run sends sixty people at once to one unit, and `make soak` two thousand. The rate limits are on, as in service. One in
ten goes on to the end: papers, pre-check, submission, a bill each.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app.core.actor import SYSTEM
from app.core.clock import SystemClock
from app.core.house import House
from app.services.billing.models import Bill
from app.services.identity import sandbox
from app.services.registries import JknMembership, PersonLine, enter_person
from app.services.registries.keyed import RecordLine, enter_records, kind_of
from tests import make
from tests.applying import POLRES, examples, paper
from tests.conftest import KEYS, open_house
from tests.ops.server import Server

AT_ONCE = 40
ISSUER = "http://loket.test"
SHORT, LONG = 60, 2_000
GOES_ON = 10
"""One in so many hands it in: checking papers is what costs."""


async def crowd(house: House, count: int) -> list[dict[str, str]]:
    """So many made-up people, each with a token."""
    headers, insured = [], []
    async with house.db.begin(SYSTEM) as tx:
        for number in range(count):
            nik = f"317401{1 + number % 28:02}0190{1000 + number:04}"
            line = PersonLine(
                nik=nik,
                name=f"Warga Contoh {number}",
                born_on=SystemClock().now().date().replace(year=1990, month=1, day=1 + number % 28),
                kk_no=f"317401010121{number:04}",
                address="Jalan Contoh, Jakarta Selatan",
                phone=f"+62812000{10_000 + number}",
            )
            await enter_person(tx, line)
            insured.append(RecordLine(kind_of("jkn"), nik, JknMembership(active=True)))
            token = await sandbox.token_for_citizen(tx, nik=nik, name=line.name, phone=line.phone or "")
            headers.append({"Authorization": f"Bearer {token}"})
        await enter_records(tx, insured)
    return headers


async def hand_in(client: httpx.AsyncClient, who: dict[str, str], id: str) -> dict[str, Any]:
    """Every paper that is wanted, and the submission, sent twice as by somebody who got no answer; gives what came of it."""
    path = f"/v1/applications/{id}"
    for each in (await patiently(client, "GET", path, headers=who)).json()["documents"]:
        if each["required"]:
            file = {"file": ("a.jpg", paper(each["name"], each["rule"]), "image/jpeg")}
            await patiently(client, "PUT", f"{path}/documents/{each['name']}", headers=who, files=file)
    key = who | {"Idempotency-Key": f"submit-{id}"}
    answers = [await patiently(client, "POST", f"{path}/submit", headers=key, json={}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    return dict(answers[0].json())


async def apply(client: httpx.AsyncClient, who: dict[str, str], form: dict[str, object], number: int) -> str:
    """A draft with its form, saved in three steps as a phone would; retried as an app would. Gives its id."""
    made = await patiently(
        client, "POST", "/v1/applications", headers=who | {"Idempotency-Key": f"peak-{number}"},
        json={"service": "skck-new", "unit": POLRES},
    )  # fmt: skip
    draft, names = made.json(), list(form)
    for part in (names[::3], names[1::3], names[2::3]):
        headers = who | {"If-Match": f'"{draft["version"]}"', "Content-Type": "application/merge-patch+json"}
        kept = await patiently(
            client, "PATCH", f"/v1/applications/{draft['id']}", headers=headers,
            json={"form": {name: form[name] for name in part}},
        )  # fmt: skip
        draft = kept.json()
    return str(draft["id"])


async def patiently(client: httpx.AsyncClient, method: str, path: str, **request: object) -> httpx.Response:
    """A call that waits where it is asked to: 429 and 503 say how long."""
    for _ in range(20):
        answer = await client.request(method, path, **request)  # type: ignore[arg-type]
        if answer.status_code not in (429, 503):
            assert answer.status_code in (200, 201), answer.text
            return answer
        await asyncio.sleep(min(float(answer.headers.get("retry-after", "1")), 5))
    raise AssertionError(f"{path} never answered")


async def run(url: str, home: Path, count: int) -> None:
    """So many people at once; then each draft is looked at."""
    KEYS.save(home / "keys.json")
    async with open_house(url, home, SystemClock(), public_url=ISSUER) as house:
        await make.demo_set(house)
        people = await crowd(house, count)
    with Server(home, url, LOKET_PUBLIC_URL=ISSUER) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            schema = (await client.get("/v1/services/skck-new")).json()["form"]
            form: dict[str, object] = examples(schema) | {"prints_on_file": True}
            gate = asyncio.Semaphore(AT_ONCE)

            async def one(number: int) -> str:
                async with gate:
                    return await apply(client, people[number], form, number)

            ids = await asyncio.gather(*(one(number) for number in range(count)))
            assert len(set(ids)) == count
            for number in range(count):
                seen = await client.get(f"/v1/applications/{ids[number]}", headers=people[number])
                kept = seen.json()["form"]
                assert {name: kept.get(name) for name in form} == form, f"draft {number} lost something"

            async def on(number: int) -> dict[str, Any]:
                async with gate:
                    return await hand_in(client, people[number], ids[number])

            ended = await asyncio.gather(*(on(number) for number in range(0, count, GOES_ON)))
            assert {each["state"] for each in ended} == {"awaiting_payment"}
            assert {(each["bill"]["state"], each["bill"]["amount"]) for each in ended} == {("open", 30_000)}
            assert len({each["reference"] for each in ended}) == len(ended)
    async with open_house(url, home, SystemClock()) as house, house.db.read() as connection:
        made = (await connection.execute(select(func.count()).select_from(Bill))).scalar_one()
    assert made == len(ended), "a bill for each who handed it in, and no second one"


@pytest.mark.slow
async def test_a_crowd_at_once_loses_no_draft(postgres_url: str, tmp_path: Path) -> None:
    await run(postgres_url, tmp_path, SHORT)


@pytest.mark.soak
async def test_fifty_times_the_daily_mean_loses_no_draft(postgres_url: str, tmp_path: Path) -> None:
    await run(postgres_url, tmp_path, int(os.environ.get("PEAK_PEOPLE", str(LONG))))
