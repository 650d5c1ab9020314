"""Statement files name payers: the store has them sealed alone, and a file that was touched there books nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import obstore
import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.crypto import CannotOpen
from app.core.house import House
from app.core.orphans import SAFE_AGE, StoredNames, sweep_orphans
from app.core.storage import ObjectMissing
from app.services.billing.settlement import jobs
from app.services.billing.settlement.decisions import Proposal
from app.services.billing.settlement.importing import import_file
from app.services.billing.settlement.models import FileState, SettlementFile
from app.services.billing.settlement.originals import open_original
from tests.drain import drain
from tests.payments.books import Books
from tests.settlements import Desk, Told, decided, join_desk, written

PAYER = "TILANG BUDI SANTOSO"


@pytest.fixture
async def desk(house: House, client) -> Desk:
    return await join_desk(house, client)


async def objects(house: House) -> dict[str, bytes]:
    """Everything in the store."""
    return {each.name: await house.storage.get(each.name) async for some in house.storage.list_names() for each in some}


async def touch(house: House, name: str, place: int) -> None:
    """Flip a bit of an object where it lies, behind everybody's back."""
    path = f"sha256/{name[:2]}/{name}"
    data = bytearray(await house.storage.get(name))
    data[place] ^= 1
    obstore.put(house.storage._store, path, bytes(data))


async def test_a_payers_name_never_lies_open_in_the_store(desk: Desk) -> None:
    line = replace(await desk.paid("R1"), text=PAYER)
    file = await desk.send([line])
    assert (file.state, file.counts) == ("done", {"matched": 1})
    assert file.stored_as is not None
    stored = await objects(desk.house)
    assert file.sha256 not in stored
    assert file.stored_as in stored
    for data in stored.values():
        for secret in (PAYER.encode(), line.account.encode()):
            assert secret not in data
    assert (await open_original(desk.house, file)).read() == written([line])


async def test_the_same_bytes_again_store_nothing_more_and_two_banks_have_their_own(desk: Desk, client) -> None:
    lines = [Told("X1", "R9", "", 70_000, text=PAYER)]
    file = await desk.send(lines)
    stored = set(await objects(desk.house))
    assert (await desk.send(lines, name="other.csv")).stored_as == file.stored_as
    assert set(await objects(desk.house)) == stored
    other = await join_desk(desk.house, client, name="Bank Lain", profile="standard")
    theirs = await other.send(lines)
    assert theirs.sha256 == file.sha256
    assert theirs.stored_as != file.stored_as
    assert theirs.key_id != file.key_id


async def test_without_its_key_a_file_is_gone(desk: Desk) -> None:
    file = await desk.send([Told("X1", "R9", "", 70_000, text=PAYER)])
    async with desk.house.db.begin(SYSTEM) as tx:
        await vault.destroy(tx, file.key_id)
    with pytest.raises(ObjectMissing):
        await open_original(desk.house, file)


@pytest.mark.parametrize("place", [40, -1])
async def test_a_file_that_was_touched_in_the_store_books_nothing(desk: Desk, place: int) -> None:
    lines = [await desk.paid("R1"), *(Told(f"Z{n}", f"Z{n}", "", 1_000, text=PAYER * 10) for n in range(6_000))]
    books = await Books.open(desk.house)
    answer = await desk.post(lines)
    file = await desk.file(UUID(answer.json()["id"]))
    assert file.size_bytes > 1024 * 1024, "one piece would prove less"
    assert file.stored_as is not None
    await touch(desk.house, file.stored_as, place)
    with pytest.raises(CannotOpen):
        (await open_original(desk.house, file)).read()
    await drain(desk.house)
    told = await desk.ask(file.id)
    assert (told["state"], told["refusal"]["code"]) == ("refused", "lost")
    await books.changed(files=1, jobs=1)
    await books.hold(BC=250_000, TD=-250_000)
    again = await desk.send(lines)  # the same bytes, stored anew under another key
    assert (again.id, again.state, again.counts) == (file.id, "done", {"matched": 1, "unknown": 6_000})
    assert again.key_id != file.key_id
    async with desk.house.db.read() as connection:
        keys = await connection.execute(select(vault.DataKey.id).where(col(vault.DataKey.id) == file.key_id))
        assert keys.first() is None


async def test_files_from_before_are_sealed_and_the_open_ones_swept(desk: Desk, clock) -> None:
    """As an older version left them: in the clear, under their own digest."""
    house = desk.house
    data = written([replace(await desk.paid("R1"), text=PAYER)])
    answer = await desk.post(data)
    async with house.db.begin(SYSTEM) as tx:
        change = update(SettlementFile).where(col(SettlementFile.id) == (await desk.file(UUID(answer.json()["id"]))).id)
        await tx.session.execute(change.values(stored_as=None, key_id=None))
    plain = await house.storage.put(data)
    old = await desk.file(UUID(answer.json()["id"]))
    assert (old.sha256, old.stored_as) == (plain, None)
    assert (await open_original(house, old)).read() == data
    seal = next(job for job in jobs.JOBS if job.name == "billing.seal_settlement_files").run
    await seal(house)
    sealed = await desk.file(old.id)
    assert sealed.stored_as is not None
    assert (await open_original(house, sealed)).read() == data
    await seal(house)
    assert (await desk.file(old.id)).stored_as == sealed.stored_as
    clock.set(
        (await house.storage.stored_at(plain)) + SAFE_AGE + timedelta(minutes=1)
    )  # the store has a clock of its own
    await sweep_orphans(house)
    assert not await house.storage.exists(plain)
    assert await house.storage.exists(sealed.stored_as)
    await import_file(house, str(old.id))
    assert (await desk.file(old.id)).state == FileState.DONE
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}


async def forgotten(house: House) -> None:
    await next(job for job in jobs.JOBS if job.name == "billing.forget_settlement_files").run(house)


async def test_a_file_goes_ten_years_after_its_year_and_its_bookings_stay(desk: Desk, clock) -> None:
    """Of 2026 it is kept to the last day of 2036."""
    line = replace(await desk.paid("R1"), text=PAYER)
    file = await desk.send([line, Told("ADM", "", "", 12_000, mark="D", text=PAYER)])
    [difference] = await desk.differences()
    clock.set(datetime(2036, 12, 31, 17, tzinfo=UTC))
    await forgotten(desk.house)
    assert (await desk.file(file.id)).forgotten_at is None, "a difference of it waits for somebody"
    await decided(desk.house, difference, Proposal("charge", "biaya bulanan"))
    clock.set(datetime(2036, 12, 31, 16, 59, tzinfo=UTC))
    await forgotten(desk.house)
    assert (await open_original(desk.house, await desk.file(file.id))).read()
    clock.set(datetime(2036, 12, 31, 17, tzinfo=UTC))
    books = await desk.books()
    await forgotten(desk.house)
    gone = await desk.file(file.id)
    assert (gone.forgotten_at, gone.stored_as, gone.key_id) == (clock.now(), None, None)
    assert (gone.sha256, gone.counts) == (file.sha256, file.counts)
    assert [each.text_enc for each in await desk.differences()] == [None]
    with pytest.raises(ObjectMissing):
        await open_original(desk.house, gone)
    async with desk.house.db.read() as connection:
        keys = await connection.execute(select(vault.DataKey.id).where(col(vault.DataKey.id) == file.key_id))
        assert keys.first() is None
        assert await desk.house[StoredNames].named(connection, [file.stored_as or "", file.sha256]) == set()
    assert await desk.books() == books
    await next(job for job in jobs.JOBS if job.name == "billing.seal_settlement_files").run(desk.house)
    await forgotten(desk.house)
    assert (await desk.file(file.id)).forgotten_at == gone.forgotten_at
    again = await desk.post([line, Told("ADM", "", "", 12_000, mark="D", text=PAYER)])
    assert (again.status_code, again.json()["already"]) == (200, True)
