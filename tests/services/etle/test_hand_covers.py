"""What the machine does not find, a person covers by hand before a picture leaves; nothing else of it changes."""

import hashlib
import io
import json
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from PIL import Image
from pypdf import PdfReader
from sqlalchemy import select

from app.core.house import House
from app.core.problems import Problem
from app.routers.http.guards import issue_ticket_token
from app.services import cameras, documents, etle, notifications
from app.services.etle import evidence, shown
from app.services.etle.evidence_models import HandCover, ShownPicture
from app.services.identity.roles import Role
from app.services.notifications.paper_post import collect_letters
from app.services.transparency.models import Leaf
from tests import make
from tests.drain import drain
from tests.services.etle.test_covering import detail
from tests.services.etle.test_expiry import names_in_store, rows

NOTE = "wajah pejalan kaki dari samping"
FACE = {"left": 700, "top": 100, "right": 800, "bottom": 250}


async def picture_of(house: House, client: httpx.AsyncClient, case_id: UUID) -> bytes:
    owner = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"}
    seen = (await client.get(f"/v1/tickets/{case_id}/evidence", headers=owner)).json()["items"][0]
    return (await client.get(urlsplit(seen["url"]).path)).content


async def case_with_picture(house: House) -> tuple[UUID, cameras.CaptureView, dict[str, str]]:
    await make.demo_set(house)
    capture = await make.capture(house)
    case_id = await make.case_of(house, capture)
    assert case_id is not None
    await drain(house)
    officer = await make.officer_of(house, case_id)
    return case_id, capture, await make.staff_headers(house, Role.OFFICER, staff_id=UUID(officer.id))


async def test_an_officer_covers_a_face_that_the_machine_has_missed(house: House, client: httpx.AsyncClient) -> None:
    case_id, capture, headers = await case_with_picture(house)
    sha256, path = capture.files[0].sha256, f"/v1/counter/cases/{case_id}/covered-areas"
    first = await picture_of(house, client, case_id)
    old = (await rows(house, ShownPicture))[0]

    body = {"sha256": sha256, "areas": [FACE], "note": NOTE}
    answer = await client.post(path, headers=headers, json=body)
    assert answer.status_code == 200, answer.text
    await drain(house)
    covered = await picture_of(house, client, case_id)
    area = (896, 96, 1024, 240)
    assert detail(covered, area) < detail(first, area) / 3, "a few squares of colour"
    elsewhere = (100, 500, 400, 900)
    assert detail(covered, elsewhere) == pytest.approx(detail(first, elsewhere), rel=0.05)
    leaves = [each for each in await rows(house, Leaf) if each.kind == "evidence_shown"]
    [told] = [json.loads(each.body) for each in leaves if json.loads(each.body)["by_hand"]]
    assert (told["original"], told["shown"]) == (sha256, hashlib.sha256(covered).hexdigest())
    await cameras.finish_deletions(house)
    assert old.photo not in await names_in_store(house), "the copy in which it was to be seen is gone"

    owner = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"}
    timeline = (await client.get(f"/v1/tickets/{case_id}/timeline", headers=owner)).json()["items"]
    [event] = [each for each in timeline if each["action"] == "cover_by_hand"]
    assert event["reason"] == NOTE

    assert (await client.post(path, headers=headers, json={**body, "areas": []})).status_code == 200
    assert await picture_of(house, client, case_id) == first, "what was covered by hand can be taken back"


async def test_the_plate_of_the_case_stays_to_be_read_whatever_is_covered(
    house: House, client: httpx.AsyncClient
) -> None:
    case_id, capture, headers = await case_with_picture(house)
    everything = {"left": 0, "top": 0, "right": 1000, "bottom": 1000}
    body = {"sha256": capture.files[0].sha256, "areas": [everything], "note": NOTE}
    await picture_of(house, client, case_id)
    async with house.db.begin(make.SYSTEM) as tx:
        exhibits = await evidence.exhibits_of(tx.session, case_id)
    [seen] = evidence._seen(exhibits, exhibits.captures[0])
    assert seen is not None
    assert seen.own is not None
    before = await picture_of(house, client, case_id)
    answer = await client.post(f"/v1/counter/cases/{case_id}/covered-areas", headers=headers, json=body)
    assert answer.status_code == 200, answer.text
    after = await picture_of(house, client, case_id)
    assert detail(after, (0, 0, 300, 300)) < 2
    assert detail(after, seen.own) > detail(before, seen.own) * 0.8


async def test_only_who_judges_the_case_covers_and_only_what_is_a_rectangle(
    house: House, client: httpx.AsyncClient
) -> None:
    case_id, capture, headers = await case_with_picture(house)
    path, body = f"/v1/counter/cases/{case_id}/covered-areas", {"sha256": capture.files[0].sha256, "note": NOTE}
    other = await make.other_officer(house, await make.officer_of(house, case_id))
    theirs = await make.staff_headers(house, Role.OFFICER, staff_id=UUID(other.id))
    assert (await client.post(path, headers=theirs, json={**body, "areas": [FACE]})).status_code == 403
    counter = await make.staff_headers(house, Role.COUNTER)
    assert (await client.post(path, headers=counter, json={**body, "areas": [FACE]})).status_code == 403
    for wrong in ({**FACE, "left": 800}, {**FACE, "bottom": 1001}, {**FACE, "top": -1}):
        assert (await client.post(path, headers=headers, json={**body, "areas": [wrong]})).status_code == 422
    many = [FACE] * 21
    assert (await client.post(path, headers=headers, json={**body, "areas": many})).status_code == 422
    absent = {**body, "sha256": "0" * 64, "areas": [FACE]}
    assert (await client.post(path, headers=headers, json=absent)).status_code == 404
    assert await rows(house, HandCover) == []


async def paper_of(house: House) -> tuple[notifications.LetterToPrint, bytes]:
    """The one letter on paper, and the photograph on it."""
    await collect_letters(house)
    async with house.db.read() as connection:
        [letter] = await notifications.letters_of_batch(connection, "PMJ", house.clock.now().date())
    pdf = await notifications.open_paper(house, letter)
    assert pdf is not None
    images = [each for page in PdfReader(io.BytesIO(pdf)).pages for each in page.images]
    return letter, max((each.data for each in images), key=len)


def lively(photograph: bytes) -> float:
    """How much is to be seen where the face is, however large the picture was printed."""
    width, height = Image.open(io.BytesIO(photograph)).size
    return detail(photograph, (width * 7 // 10, height // 10, width * 8 // 10, height // 4))


async def test_a_letter_that_is_still_with_us_is_printed_anew_and_one_that_has_left_is_not(
    house: House, client: httpx.AsyncClient
) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    officer = await make.officer_of(house, case_id)
    headers = await make.staff_headers(house, Role.OFFICER, staff_id=UUID(officer.id))
    async with house.db.begin(make.SYSTEM) as tx:
        sha256 = (await evidence.exhibits_of(tx.session, case_id)).captures[0].files[0].sha256
    path, body = f"/v1/counter/cases/{case_id}/covered-areas", {"sha256": sha256, "areas": [FACE], "note": NOTE}
    before, shows = await paper_of(house)
    assert (await client.post(path, headers=headers, json=body)).status_code == 200
    assert "etle.print_letter" in await drain(house)
    letter, covered = await paper_of(house)
    assert letter.letter_id == before.letter_id
    assert letter.document != before.document
    assert lively(covered) < lively(shows) / 3
    downloaded = await etle.letter_pdf(house, make.owner_of(case_id), case_id)
    images = [each for page in PdfReader(io.BytesIO(downloaded)).pages for each in page.images]
    assert lively(max((each.data for each in images), key=len)) < lively(shows) / 3, "as what the citizen downloads"

    async with house.db.begin(make.SYSTEM) as tx:
        await notifications.dispatch_letters(tx, {letter.letter_id: "POS1"})
    assert (await client.post(path, headers=headers, json={**body, "areas": []})).status_code == 200
    assert "etle.print_letter" not in await drain(house)
    assert (await paper_of(house))[0].document == letter.document


async def test_what_is_covered_while_a_letter_is_printed_is_covered_in_it(
    house: House, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make.demo_set(house)
    case_id = await make.verified(house)
    officer = await make.officer_of(house, case_id)
    headers = await make.staff_headers(house, Role.OFFICER, staff_id=UUID(officer.id))
    async with house.db.begin(make.SYSTEM) as tx:
        sha256 = (await evidence.exhibits_of(tx.session, case_id)).captures[0].files[0].sha256
    rendered, render = [], documents.etle_letter

    async def meanwhile(data: documents.LetterData) -> bytes:
        rendered.append(data.photo)
        if len(rendered) == 1:
            body = {"sha256": sha256, "areas": [FACE], "note": NOTE}
            answer = await client.post(f"/v1/counter/cases/{case_id}/covered-areas", headers=headers, json=body)
            assert answer.status_code == 200, answer.text
        return await render(data)

    monkeypatch.setattr(documents, "etle_letter", meanwhile)
    await drain(house)
    assert lively((await paper_of(house))[1]) < lively(rendered[0] or b"") / 3


async def test_a_copy_that_was_begun_before_is_not_kept(
    house: House, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id, capture, headers = await case_with_picture(house)
    async with house.db.begin(make.SYSTEM) as tx:
        exhibits = await evidence.exhibits_of(tx.session, case_id)
    [seen] = evidence._seen(exhibits, exhibits.captures[0])
    assert seen is not None
    stored = shown._stored

    async def meanwhile(*args: object) -> str:
        body = {"sha256": capture.files[0].sha256, "areas": [FACE], "note": NOTE}
        answer = await client.post(f"/v1/counter/cases/{case_id}/covered-areas", headers=headers, json=body)
        assert answer.status_code == 200
        return await stored(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(Problem) as refused:
        patch.setattr(shown, "_stored", meanwhile)
        await shown.make_shown(house, capture.id, 0, seen, exhibits.plate)
    assert refused.value.type.code == "etle-covered-meanwhile"
    async with house.db.read() as connection:
        assert (await connection.execute(select(ShownPicture.capture_id))).all() == []
    await drain(house)
    covered = await picture_of(house, client, case_id)
    assert detail(covered, (896, 96, 1024, 240)) < 2
