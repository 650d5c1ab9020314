"""What everybody sees of the evidence: no plate but the case's own; the original for a reason alone (`test_openings.py`)."""

import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from PIL import Image, ImageStat
from sqlalchemy import select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.house import House
from app.core.problems import ProblemType
from app.routers.http.guards import issue_ticket_token
from app.services import cameras, cases, etle, recognition, registries
from app.services.etle import evidence, papers
from app.services.etle.models import Ticket, TicketCapture
from app.services.etle.reading import Match, read_capture, take_up
from app.services.identity import credentials
from app.services.identity.roles import Role
from tests import make
from tests.drain import drain

Box = tuple[int, int, int, int]
STRANGER, OWN, FAR = "D1357EFG", make.PLATE, "F2468GHJ"
LEFT, RIGHT = (100, 600, 360, 660), (800, 600, 1060, 660)


def noise(seed: int) -> bytes:
    """A picture in which every patch is lively, so that a covered one shows."""
    picture, out = Image.effect_noise((1280, 960), 120).convert("RGB"), io.BytesIO()
    picture.putpixel((0, 0), (seed, 0, 0))
    picture.save(out, "JPEG", quality=92)
    return out.getvalue()


def is_clear(jpeg: bytes, box: Box) -> bool:
    x0, y0, x1, y1 = box
    patch = Image.open(io.BytesIO(jpeg)).convert("L").crop((x0 + 5, y0 + 5, x1 - 5, y1 - 5))
    return ImageStat.Stat(patch).stddev[0] > 20


def line(plate: str, box: Box, confidence: float = 0.98) -> recognition.PlateReading:
    return recognition.PlateReading(plate, confidence, recognition.Box(*box), "id", (), plate)


def read(*lines: recognition.PlateReading) -> recognition.Reading:
    return recognition.Reading(lines, "test", 1)


async def a_camera(house: House) -> Actor:
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_camera(tx, "Kamera Sarinah", unit="PMJ")
    return Actor(ActorKind.CAMERA, str(made.id), frozenset({"camera"}), unit="PMJ")


async def handed_in(house: House, pictures: int, *, minutes_ago: int = 5) -> cameras.CaptureView:
    device = await a_camera(house)
    images = [
        await cameras.keep_original(house, noise(minutes_ago * 8 + n), "image/jpeg", 1280, 960) for n in range(pictures)
    ]
    async with house.db.begin(device) as tx:
        at = tx.now - timedelta(minutes=minutes_ago)
        told = json.dumps({"captured_at": at.isoformat(), "violation": "287-2-APILL", "location": make.LOCATION})
        checked = await cameras.check_metadata(tx.session, device, cameras.parse_metadata(told), now=tx.now)
        taken, _ = await cameras.accept_capture(tx, device, images, checked)
    return taken


async def captured(house: House, *readings: recognition.Reading | None, minutes_ago: int = 5) -> UUID:
    """A capture with a picture for each reading, taken up; its own case, or the one that it joined."""
    taken = await handed_in(house, len(readings), minutes_ago=minutes_ago)
    lines = [each for reading in readings if reading for each in reading.results[:1]]
    best = max(lines, key=lambda each: each.confidence, default=None)
    vehicle = await house[registries.VehicleRegistry].find(best.plate) if best else None
    async with house.db.begin(SYSTEM) as tx:
        await take_up(tx, taken, Match(readings, best, vehicle, doubtful=vehicle is None))
        own = (await tx.session.execute(select(Ticket.case_id).where(Ticket.capture_id == taken.id))).scalar()
        joined = await tx.session.get(TicketCapture, taken.id)
    await cases.draw_announced(house)
    case_id = own or (joined.case_id if joined else None)
    assert case_id is not None
    return case_id


class Reads:
    """A recogniser that answers one thing after the other."""

    def __init__(self, *answers: recognition.Reading | ProblemType) -> None:
        self._answers = list(answers)

    decodes_elsewhere = False

    async def warm_up(self) -> None: ...

    async def aclose(self) -> None: ...

    async def read(self, image: bytes, hints: recognition.Hints = recognition.NO_HINTS) -> recognition.Reading:
        answer = self._answers.pop(0)
        if isinstance(answer, ProblemType):
            raise answer()
        return answer


async def corrected(house: House, case_id: UUID) -> None:
    """The officer reads the other line, a second one agrees, the letter leaves."""
    officer = await make.officer_of(house, case_id)
    vehicle = await house[registries.VehicleRegistry].find(OWN)
    async with house.db.begin(officer) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="start_review"))
        decision = etle.Decision(
            action="verify", registry_matches=True, reason="pelat kanan", plate=OWN, vehicle=vehicle
        )
        await etle.decide(tx, case_id, decision)
    async with house.db.begin(await make.other_officer(house, officer)) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="endorse"))
    await drain(house)
    assert await make.state_of(house, case_id) == "letter_sent"


async def as_officer(house: House, client: httpx.AsyncClient, case_id: UUID) -> dict:
    officer = await make.officer_of(house, case_id)
    headers = await make.staff_headers(house, Role.OFFICER, staff_id=UUID(officer.id))
    answer = await client.get(f"/v1/counter/cases/{case_id}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["evidence"]


async def as_owner(house: House, client: httpx.AsyncClient, case_id: UUID) -> dict:
    headers = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"}
    answer = await client.get(f"/v1/tickets/{case_id}/evidence", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def picture(client: httpx.AsyncClient, url: str) -> bytes:
    answer = await client.get(urlsplit(url).path)
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_officer_and_citizen_see_the_plate_on_which_the_case_stands_and_no_other(
    house: House, client: httpx.AsyncClient
) -> None:
    await make.demo_set(house)
    case_id = await captured(house, read(line(STRANGER, LEFT), line(OWN, RIGHT, 0.7)))
    [seen] = (await as_officer(house, client, case_id))["items"]
    photo = await picture(client, seen["url"])
    assert (is_clear(photo, LEFT), is_clear(photo, RIGHT)) == (True, False), "the machine took the wrong line"

    await corrected(house, case_id)
    shown = await as_owner(house, client, case_id)
    [item] = shown["items"]
    photo = await picture(client, item["url"])
    assert (is_clear(photo, LEFT), is_clear(photo, RIGHT)) == (False, True)
    assert hashlib.sha256(photo).hexdigest() == item["shown_sha256"]
    original = Image.open(io.BytesIO(await make.original(house, item["sha256"])))
    crop = Image.open(io.BytesIO(await picture(client, item["crop_url"]))).resize((130, 30)).convert("L")
    x, y = (RIGHT[2] - RIGHT[0]) // 4, (RIGHT[3] - RIGHT[1]) // 4
    own = original.crop((RIGHT[0] - x, RIGHT[1] - y, RIGHT[2] + x, RIGHT[3] + y)).resize((130, 30)).convert("L")
    difference = [abs(a - b) for a, b in zip(crop.tobytes(), own.tobytes(), strict=True)]
    assert sum(difference) / len(difference) < 10, "the crop is of the plate on which the case stands"
    assert shown["reading"]["plate"] == "B 1234 XYZ", "what the machine read of another vehicle is nobody's business"
    assert "D 1357" not in json.dumps(shown)
    seen = await as_officer(house, client, case_id)
    assert seen["reading"]["plate"] == "D 1357 EFG"
    assert [each["shown_sha256"] for each in seen["items"]] == [item["shown_sha256"]], "staff see the very same picture"

    async with house.db.begin(SYSTEM) as tx:
        exhibits = await evidence.exhibits_of(tx.session, case_id)
    paper = await evidence.picture_for_paper(house, exhibits)
    assert (is_clear(paper.photo, LEFT), is_clear(paper.photo, RIGHT)) == (False, True)
    async with house.db.begin(SYSTEM) as tx:
        letter = await papers.letter_data(tx, case_id, paper)
    assert letter.reading is not None
    assert letter.reading.plate == "B 1234 XYZ"


async def test_further_pictures_are_covered_too_or_not_shown(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    case_id = await captured(house, read(line(OWN, RIGHT)), read(line(STRANGER, LEFT, 0.6)), None)
    officer = await make.officer_of(house, case_id)
    assert len((await as_officer(house, client, case_id))["items"]) == 3
    async with house.db.begin(officer) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="start_review"))
        await etle.decide(tx, case_id, etle.Decision(action="verify", registry_matches=True, reason="cocok"))
    await drain(house)
    first, second = (await as_owner(house, client, case_id))["items"]
    assert is_clear(await picture(client, first["url"]), RIGHT)
    photo = await picture(client, second["url"])
    assert (is_clear(photo, LEFT), is_clear(photo, RIGHT)) == (False, True)
    assert (first["crop_url"] is not None, second["crop_url"]) == (True, None)


async def test_every_picture_of_a_capture_is_read_and_the_surest_line_counts(house: House) -> None:
    await make.demo_set(house)
    taken = await handed_in(house, 3)
    reads = Reads(read(line(STRANGER, LEFT, 0.4)), recognition.PICTURE_NOT_READABLE, read(line(OWN, RIGHT)))
    await read_capture(replace(house, parts={**house.parts, recognition.Recogniser: reads}), str(taken.id))
    async with house.db.begin(SYSTEM) as tx:
        ticket = (await tx.session.execute(select(Ticket).where(Ticket.capture_id == taken.id))).scalar_one()
        kept = (await cameras.get_capture(tx.session, taken.id)).reading
    assert (ticket.plate, ticket.doubtful) == (OWN, False)
    assert kept is not None
    assert kept["files_read"] == [0, 2]
    assert [(each["file"], each["plate"]) for each in kept["results"]] == [(2, OWN), (0, STRANGER)]


async def test_a_joined_capture_is_further_evidence_for_both(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    case_id = await captured(house, read(line(OWN, RIGHT)))
    assert await captured(house, read(line(OWN, LEFT), line(STRANGER, RIGHT, 0.6)), minutes_ago=3) == case_id
    assert len((await as_officer(house, client, case_id))["items"]) == 2
    officer = await make.officer_of(house, case_id)
    async with house.db.begin(officer) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="start_review"))
        await etle.decide(tx, case_id, etle.Decision(action="verify", registry_matches=True, reason="cocok"))
    await drain(house)
    items = (await as_owner(house, client, case_id))["items"]
    assert items[0]["taken_at"] < items[1]["taken_at"]
    photo = await picture(client, items[1]["url"])
    assert (is_clear(photo, LEFT), is_clear(photo, RIGHT)) == (True, False)


@pytest.mark.parametrize("confidence", [0.3, 0.94])
async def test_a_doubtful_reading_joins_no_other_case(house: House, confidence: float) -> None:
    await make.demo_set(house)
    first = await captured(house, read(line(OWN, RIGHT)))
    assert await captured(house, read(line(OWN, RIGHT, confidence)), minutes_ago=3) != first


async def test_a_good_picture_after_a_rejected_one_opens_its_own_case(house: House) -> None:
    await make.demo_set(house)
    first = await captured(house, read(line(OWN, RIGHT, 0.7)))
    async with house.db.begin(await make.officer_of(house, first)) as tx:
        await etle.decide(tx, first, etle.Decision(action="start_review"))
        await etle.decide(tx, first, etle.Decision(action="reject", reason="tidak jelas", kind="unreadable"))
    second = await captured(house, read(line(OWN, RIGHT)), minutes_ago=3)
    assert second != first
    assert await captured(house, read(line(OWN, RIGHT)), minutes_ago=2) == second


async def test_a_link_opens_no_picture_of_another_case(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    case_id = await captured(house, read(line(OWN, RIGHT)))
    other = await captured(house, read(line(FAR, RIGHT)))
    async with house.db.begin(SYSTEM) as tx:
        capture = (await evidence.exhibits_of(tx.session, other)).captures[0]
        claims = {"case": str(case_id), "capture": str(capture.id), "file": 0, "viewer": "staff", "kind": "photo"}
        token = house.signer.issue("evidence", claims, ttl=timedelta(minutes=5), now=tx.now)
    assert (await client.get(f"/v1/evidence/{token}")).status_code == 404
