"""Check codes: was this really sent by the police?"""

import pytest

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.texts import Text
from app.services.transparency import check_codes

ABOUT = Text("Surat konfirmasi ETLE", "ETLE confirmation letter")


async def test_what_was_issued_is_found_however_it_is_typed(house: House, clock: FixedClock) -> None:
    async with house.db.begin(SYSTEM) as tx:
        code = await check_codes.issue(tx, "letter", "METRO", ABOUT)
    async with house.db.read() as connection:
        for typed in (code, code.lower(), f"  {code[:7]}-{code[7:]} "):
            item = await check_codes.find(connection, typed)
            assert item is not None
            assert (item.code, item.kind, item.unit, item.about) == (code, "letter", "METRO", ABOUT)
            assert (item.issued_at, item.revoked_at) == (clock.now(), None)


@pytest.mark.parametrize("typed", ["", "CEK", "CEK0000000000000", "x" * 10_000, "CEK\x00ABC", "１２３", "'; --"])
async def test_what_was_never_sent_is_not_found(house: House, typed: str) -> None:
    async with house.db.read() as connection:
        assert await check_codes.find(connection, typed) is None


async def test_a_revoked_item_says_since_when(house: House, clock: FixedClock) -> None:
    async with house.db.begin(SYSTEM) as tx:
        code = await check_codes.issue(tx, "document", "METRO", ABOUT)
    first = clock.now()
    for _ in range(2):
        async with house.db.begin(SYSTEM) as tx:
            await check_codes.revoke(tx, code)
        clock.set(first.replace(year=2027))
    async with house.db.read() as connection:
        item = await check_codes.find(connection, code)
    assert item is not None
    assert item.revoked_at == first


async def test_codes_do_not_repeat(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        codes = {await check_codes.issue(tx, "message", "METRO", ABOUT) for _ in range(200)}
    assert len(codes) == 200
