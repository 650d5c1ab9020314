"""A lifecycle that forgot a state in which cases stand is seen before anything is served."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import cases
from app.services.cases.models import Case
from tests.cli.spoken import speaker
from tests.services.cases.parcels import hand_in


async def strays(house: House) -> list[tuple[str, str, int]]:
    async with house.db.read() as connection:
        found = await cases.find_strays(connection, house[cases.Lifecycles])
    return [(each.lifecycle, each.state, each.count) for each in found]


async def test_states_that_are_gone_are_counted(parcels: House) -> None:
    await hand_in(parcels, "P1")
    second, third = await hand_in(parcels, "P2"), await hand_in(parcels, "P3")
    assert await strays(parcels) == []
    async with parcels.db.begin(SYSTEM) as tx:
        gone = update(Case).where(col(Case.id).in_([second, third])).values(state="forgotten", closed_at=tx.now)
        await tx.session.execute(gone)
    assert await strays(parcels) == [("parcel", "forgotten", 2)]


async def test_the_server_does_not_start_over_them(
    house: House,
    parcels: House,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await hand_in(parcels, "P1")  # this house's own lifecycles know no parcels
    loket = speaker(tmp_path, monkeypatch, capsys, house.db.url)

    def said(*words: str) -> tuple[int, str]:
        done = loket(*words)
        return done.status, " ".join((done.out + done.err).split())

    wrong = "1 cases of the lifecycle parcel stand in handed_in, which it does not know."
    for words in (("serve", "--port", "1"), ("worker",), ("doctor",)):
        status, text = await asyncio.to_thread(said, *words)
        assert status == 1, words
        assert wrong in text, words
