"""Evidence goes by its class, in hours where nobody is accused, is held while anybody may need it, and leaves a proof."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from sqlalchemy import func, select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.orphans import SAFE_AGE, sweep_orphans
from app.core.storage import ObjectMissing
from app.core.texts import Text
from app.core.vault import DataKey
from app.routers.http.guards import issue_ticket_token
from app.services import cameras, cases, etle, transparency
from app.services.cameras.deletions import deletion_line, root_of
from app.services.cameras.models import Capture, DoomedObject, EvidenceDeletion, EvidenceFile
from app.services.cases.models import WorkItem
from app.services.etle import evidence, expiry, turns
from app.services.etle.evidence_models import ShownPicture
from app.services.etle.models import ShadowReading, Ticket, TicketCapture
from app.services.etle.reading import Match, take_up
from app.services.etle.turn_models import ReadingTurn, TurnState
from app.services.identity import credentials
from tests import make
from tests.drain import drain
from tests.services.etle.test_evidence import LEFT, OWN, RIGHT, STRANGER, captured, line, read

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def rows(house: House, model: Any) -> Sequence[Any]:
    async with house.db.begin(SYSTEM) as tx:
        return (await tx.session.execute(select(model))).scalars().all()


async def count(house: House, model: Any) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(model))).scalar_one()


async def names_in_store(house: House) -> set[str]:
    return {each.name async for some in house.storage.list_names() for each in some}


async def accused_of_nothing(house: House, picture: bytes | None = None) -> cameras.CaptureView:
    """A capture that was read and led to no case, as one at the end of a road section does."""
    taken = await make.capture(house) if picture is None else await with_files(house, picture)
    async with house.db.begin(SYSTEM) as tx:
        await cameras.record_reading(tx, taken.id, {"results": [{"plate": make.PLATE}]})
        await cameras.mark_idle(tx, taken.id)
    return taken


async def with_files(
    house: House,
    picture: bytes,
    film: bytes | None = None,
    *,
    location: str = make.LOCATION,
    at: datetime | None = None,
) -> cameras.CaptureView:
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_camera(tx, "Kamera", unit="PMJ")
    device = Actor(ActorKind.CAMERA, str(made.id), frozenset({"camera"}), unit="PMJ")
    images = [await cameras.keep_original(house, picture, "image/jpeg", 1280, 960)]
    if film is not None:
        images.append(await cameras.keep_original(house, film, "video/mp4", 1280, 720))
    async with house.db.begin(device) as tx:
        told = {"captured_at": (at or tx.now).isoformat(), "violation": "287-2-APILL", "location": location}
        checked = await cameras.check_metadata(tx.session, device, cameras.parse_metadata(json.dumps(told)), now=tx.now)
        return (await cameras.accept_capture(tx, device, images, checked))[0]


async def rejected(house: House, taken: cameras.CaptureView | None = None) -> UUID:
    case_id = await make.case_of(house, taken or await make.capture(house))
    assert case_id is not None
    await reject(house, case_id)
    return case_id


async def reject(house: House, case_id: UUID) -> None:
    async with house.db.begin(await make.officer_of(house, case_id)) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="start_review"))
        await etle.decide(tx, case_id, etle.Decision(action="reject", reason="lampu kuning", kind="no_violation"))
    await drain(house)


async def settled(house: House) -> UUID:
    case_id = await make.tilang_issued(house)
    await make.pay(house, case_id)
    await drain(house)
    async with house.db.begin(Actor(ActorKind.STAFF, "court", frozenset({"court"}), unit="PMJ")) as tx:
        ticket = await tx.session.get(Ticket, case_id)
        assert ticket is not None
        await etle.enter_verdict(tx, case_id, fine=ticket.fine - 2_000, cost=2_000)
    assert await make.state_of(house, case_id) == "settled"
    return case_id


async def test_who_is_accused_of_nothing_is_forgotten_within_hours_and_it_is_proved(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    taken = await accused_of_nothing(house)
    clock.advance(23 * HOUR)
    await expiry.forget_evidence(house)
    assert await cameras.read_original(house, taken.files[0])
    clock.advance(2 * HOUR)
    await expiry.forget_evidence(house)
    assert [await count(house, model) for model in (Capture, EvidenceFile, DoomedObject, DataKey)] == [0, 0, 0, 0]
    assert await names_in_store(house) == set()

    [told] = (await client.get("/v1/transparency/deletions")).json()["deletions"]
    assert (told["kind"], told["polda"], told["kept_hours"], told["captures"], told["files"]) == (
        "no_case",
        "PMJ",
        24,
        1,
        1,
    )
    assert told["gone_at"] is not None
    shown = (await client.get(f"/v1/transparency/deletions/{told['id']}")).json()
    mine = deletion_line(taken.id, [taken.files[0].sha256])
    assert shown["lines"] == [mine], "who sent the capture finds it"
    assert shown["root"] == root_of([mine])
    assert make.PLATE not in json.dumps(shown)
    await transparency.sequence(house)
    async with house.db.read() as connection:
        covered = await transparency.first_covering(connection, UUID(told["leaf"]))
    assert covered is not None
    assert json.loads(covered.body)["root"] == told["root"]
    await expiry.forget_evidence(house)
    assert await count(house, EvidenceDeletion) == 1
    camera = await make.camera(house, client)
    asked = await client.get(f"/v1/anpr/captures/{taken.id}", headers={"X-Api-Key": camera.key})
    assert (asked.status_code, asked.json()["deletion"]) == (410, told["id"])


async def test_what_the_machine_gave_up_is_kept_for_a_person_and_then_deleted(house: House, clock: FixedClock) -> None:
    taken, alive = await make.capture(house), await make.capture(house)
    async with house.db.begin(SYSTEM) as tx:
        for each in (taken, alive):
            await turns.line_up(tx, each)
        row = await tx.lock(ReadingTurn, taken.id)
        assert row is not None
        row.state, row.due_at = TurnState.DEAD, tx.now
    clock.advance(71 * HOUR)
    await expiry.forget_evidence(house)
    assert await count(house, Capture) == 2
    clock.advance(2 * HOUR)
    await expiry.forget_evidence(house)
    assert [each.id for each in await rows(house, Capture)] == [alive.id], "what still waits to be read stays"
    [deletion] = await rows(house, EvidenceDeletion)
    assert (deletion.kind, deletion.hours) == ("unread", 72)


async def test_the_pictures_of_a_rejected_case_go_in_hours_and_the_case_stays(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    case_id = await rejected(house)
    open_case = await make.letter_sent(house, location="Simpang lain")
    assert await count(house, ShownPicture) == 2
    clock.advance(73 * HOUR)
    await expiry.forget_evidence(house)
    async with house.db.begin(SYSTEM) as tx:
        gone, kept = [(await evidence.exhibits_of(tx.session, each)).captures[0] for each in (case_id, open_case)]
    assert gone.files[0].deleted_at is not None
    with pytest.raises(ObjectMissing):
        await cameras.read_original(house, gone.files[0])
    assert await cameras.read_original(house, kept.files[0])
    assert len(await names_in_store(house) - {kept.files[0].stored_as}) >= 2, "and what people are shown of it"
    assert [(each.capture_id) for each in await rows(house, ShownPicture)] == [kept.id]
    owner = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"}
    seen = (await client.get(f"/v1/tickets/{case_id}/evidence", headers=owner)).json()
    assert (seen["items"], [each["sha256"] for each in seen["deleted"]]) == ([], [gone.files[0].sha256])
    assert await make.state_of(house, case_id) == "rejected"


async def test_a_repetition_that_joins_a_case_whose_pictures_are_gone_goes_too(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    picture = make.unlike_any_other(make.photograph())
    first = await with_files(house, picture)
    case_id = await rejected(house, first)
    clock.advance(73 * HOUR)
    await expiry.forget_evidence(house)
    again = await with_files(house, picture, at=first.captured_at)
    assert await make.case_of(house, again) is None
    [joined] = await rows(house, TicketCapture)
    assert (joined.capture_id, joined.case_id) == (again.id, case_id)
    assert await cameras.read_original(house, again.files[0]) == picture
    await expiry.forget_evidence(house)
    with pytest.raises(ObjectMissing):
        await cameras.read_original(house, again.files[0])
    deletions = await rows(house, EvidenceDeletion)
    assert [(each.kind, each.captures) for each in deletions] == [("rejected", 1)] * 2
    assert all(each.leaf_id is not None for each in deletions)


async def test_a_repetition_that_joins_while_the_pictures_are_deleted_is_not_forgotten(
    postgres_house: House, clock: FixedClock
) -> None:
    house = postgres_house
    await make.demo_set(house)
    picture = make.unlike_any_other(make.photograph())
    first = await with_files(house, picture)
    await rejected(house, first)
    clock.advance(73 * HOUR)
    again = await with_files(house, picture, at=first.captured_at)
    joined, go_on = asyncio.Event(), asyncio.Event()

    async def join() -> None:
        async with house.db.begin(SYSTEM) as tx:
            await take_up(tx, again, Match((None,), None, None, doubtful=True))
            joined.set()
            await go_on.wait()

    async def forget() -> None:
        await joined.wait()
        await expiry.forget_evidence(house)
        go_on.set()

    await asyncio.gather(join(), forget())
    assert await count(house, EvidenceDeletion) == 0, "whoever is joined to is left to the next run"
    await expiry.forget_evidence(house)
    [deletion] = await rows(house, EvidenceDeletion)
    assert (deletion.kind, deletion.captures) == ("rejected", 2)


async def test_with_the_pictures_goes_what_was_read_in_them_of_others(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await captured(house, read(line(OWN, RIGHT), line(STRANGER, LEFT, 0.9)), None)
    await reject(house, case_id)
    [taken] = await rows(house, Capture)
    async with house.db.begin(SYSTEM) as tx:
        tx.session.add(
            ShadowReading(
                capture_id=taken.id,
                position=0,
                backend="test",
                plate=OWN,
                confidence=0.9,
                shadow="other",
                shadow_plate=STRANGER,
                shadow_confidence=0.5,
                shadow_ms=1,
                problem=None,
                read_at=tx.now,
            )
        )
    assert STRANGER in json.dumps(taken.reading)
    clock.advance(73 * HOUR)
    await expiry.forget_evidence(house)
    [taken] = await rows(house, Capture)
    assert [each["plate"] for each in taken.reading["results"]] == [OWN], "the ticket's own line stays with it"
    assert STRANGER not in json.dumps(taken.reading)
    assert await count(house, ShadowReading) == 0
    told = await etle.evidence_for(house, case_id)
    assert (told.items, len(told.deleted), told.reading.plate) == ((), 2, "B 1234 XYZ")


async def test_each_class_has_its_time_and_films_go_first(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    await settled(house)
    film = await with_files(house, make.photograph(), b"a film", location="Simpang lain")
    case_id = await make.case_of(house, film)
    assert case_id is not None
    async with house.db.begin(SYSTEM) as tx:
        case = await tx.lock(cases.Case, case_id)
        assert case is not None
        case.state, case.closed_at = "settled", tx.now
        for task in await cases.tasks_of(tx.session, case_id):
            item = await tx.session.get(WorkItem, task.id)
            assert item is not None
            item.closed_at = tx.now
    clock.advance(89 * DAY)
    await expiry.forget_evidence(house)
    assert await count(house, EvidenceDeletion) == 0
    clock.advance(2 * DAY)
    await expiry.forget_evidence(house)
    assert [(each.kind, each.files) for each in await rows(house, EvidenceDeletion)] == [("film", 1)]
    clock.advance(280 * DAY)
    await expiry.forget_evidence(house)
    deletions = await rows(house, EvidenceDeletion)
    assert sorted((each.kind, each.captures, each.files) for each in deletions) == [("film", 1, 1), ("paid", 2, 2)]


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_evidence_is_held_while_work_is_open_or_somebody_objected(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    held, objected = await rejected(house), await rejected(house, await make.capture(house, location="Simpang lain"))
    async with house.db.begin(SYSTEM) as tx:
        task = await cases.open_task(tx, held, "show_original", "senior_officer", "PMJ", lasts=cases.Lasts.DONE)
        await cases.note(tx, objected, "object", Text("Pemilik mengajukan sanggahan", "The owner objected"))
    clock.advance(100 * HOUR)
    await expiry.forget_evidence(house)
    assert await count(house, EvidenceDeletion) == 0
    async with house.db.begin(SYSTEM) as tx:
        item = await tx.session.get(WorkItem, task)
        assert item is not None
        item.closed_at = tx.now
    await expiry.forget_evidence(house)
    assert [(each.kind, each.captures) for each in await rows(house, EvidenceDeletion)] == [("rejected", 1)]
    clock.advance(1096 * DAY)
    await expiry.forget_evidence(house)
    assert [each.kind for each in await rows(house, EvidenceDeletion)] == ["rejected", "objected"]


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_papers_are_written_without_a_picture_that_is_no_longer_kept(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await settled(house)
    clock.advance(366 * DAY)
    await expiry.forget_evidence(house)
    assert [each.kind for each in await rows(house, EvidenceDeletion)] == ["paid"]
    for paper in (etle.letter_pdf, etle.ticket_pdf):
        assert (await paper(house, make.owner_of(case_id), case_id)).startswith(b"%PDF")


async def test_a_store_that_is_away_leaves_the_rest_to_the_next_run(
    house: House, client: httpx.AsyncClient, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = await accused_of_nothing(house)
    clock.advance(25 * HOUR)

    async def away(_name: str) -> None:
        raise OSError("the store is away")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="away"):
        patch.setattr(house.storage, "delete", away)
        await expiry.forget_evidence(house)
    assert [await count(house, model) for model in (Capture, DataKey, DoomedObject)] == [0, 0, 1]
    assert taken.files[0].stored_as in await names_in_store(house)
    [told] = (await client.get("/v1/transparency/deletions")).json()["deletions"]
    assert (told["gone_at"], told["leaf"]) == (None, None), "nothing is said to be gone that is not"
    await expiry.forget_evidence(house)
    assert await names_in_store(house) == set()
    [told] = (await client.get("/v1/transparency/deletions")).json()["deletions"]
    assert told["leaf"] is not None


async def test_the_same_bytes_of_another_capture_stay(house: House, clock: FixedClock) -> None:
    picture = make.photograph()
    gone = await accused_of_nothing(house, picture)
    clock.advance(25 * HOUR)
    kept = await with_files(house, picture)
    assert kept.files[0].sha256 == gone.files[0].sha256
    await expiry.forget_evidence(house)
    assert await cameras.read_original(house, kept.files[0]) == picture


async def test_captures_of_the_same_bytes_race_with_the_deletion(postgres_house: House, clock: FixedClock) -> None:
    house, picture = postgres_house, make.photograph()
    for _ in range(5):
        await accused_of_nothing(house, picture)
    clock.advance(25 * HOUR)
    made = await asyncio.gather(
        *(with_files(house, picture) for _ in range(6)), *(expiry.forget_evidence(house) for _ in range(3))
    )
    kept = [each for each in made if each is not None]
    assert len(kept) == 6
    for each in kept:
        assert await cameras.read_original(house, each.files[0]) == picture
    assert await count(house, Capture) == 6
    deletions = await rows(house, EvidenceDeletion)
    assert (sum(each.captures for each in deletions), {each.leaf_id is None for each in deletions}) == (5, {False})
    assert await names_in_store(house) == {each.files[0].stored_as for each in kept}


async def test_a_case_that_takes_a_capture_up_meanwhile_keeps_it(postgres_house: House, clock: FixedClock) -> None:
    house = postgres_house
    await make.demo_set(house)
    case_id = await make.case_of(house, await make.capture(house))
    taken = await accused_of_nothing(house)
    clock.advance(25 * HOUR)
    locked, go_on = asyncio.Event(), asyncio.Event()

    async def take_up() -> None:
        async with house.db.begin(SYSTEM) as tx:
            tx.session.add(TicketCapture(capture_id=taken.id, case_id=case_id, joined_at=tx.now))
            await tx.session.flush()
            locked.set()
            await go_on.wait()

    async def forget() -> None:
        await locked.wait()
        await expiry.forget_evidence(house)
        go_on.set()

    await asyncio.gather(take_up(), forget())
    await expiry.forget_evidence(house)
    assert await cameras.read_original(house, taken.files[0])
    assert await count(house, EvidenceDeletion) == 0


async def test_what_lies_plain_from_before_is_sealed_by_the_job(house: House) -> None:
    picture = make.photograph()
    taken = await with_files(house, picture)
    plain = await house.storage.put(picture)
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.lock(EvidenceFile, taken.files[0].id)
        assert row is not None
        row.stored_as, row.key_id = None, None
    await expiry.forget_evidence(house)
    [row] = await rows(house, EvidenceFile)
    assert row.stored_as is not None
    assert not await house.storage.exists(plain)
    async with house.db.read() as connection:
        file = (await cameras.get_capture(connection, taken.id)).files[0]
    assert await cameras.read_original(house, file) == picture


async def test_orphans_are_swept_when_they_are_old_and_nothing_else_is(house: House, clock: FixedClock) -> None:
    kept = await make.capture(house)
    orphan = await house.storage.put(b"left by an upload that was cut off")
    clock.advance(datetime.now(UTC) - clock.now())
    await sweep_orphans(house)
    assert await house.storage.exists(orphan), "somebody may still be about to name it"
    clock.advance(SAFE_AGE + HOUR)
    await sweep_orphans(house)
    assert not await house.storage.exists(orphan)
    assert await cameras.read_original(house, kept.files[0])


def test_every_end_of_a_case_has_its_class() -> None:
    lives = yaml.safe_load((files("app") / "data" / "lifecycles" / "etle.yaml").read_text("utf-8"))["states"]
    ends = {name for name, state in lives.items() if state.get("terminal")}
    assert ends == {state for each in expiry._CLASSES for state in each.states}


def test_a_line_is_what_the_documentation_says() -> None:
    id_ = UUID("0190a8c2-0000-7000-8000-000000000001")
    line = hashlib.sha256(f"loket-deletion/1\n{id_}\n{'a' * 64}\n{'b' * 64}".encode()).hexdigest()
    assert deletion_line(id_, ["a" * 64, "b" * 64]) == line
