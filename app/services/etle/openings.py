"""Opening an original: nobody sees faces and other people's plates but for a reason that everybody can read afterwards.

Those who judge a case may, one file at a time: the officer who was drawn or has open work on it, and senior officers of its
unit or Polda. Each opening is an event of the case before the first byte leaves: by which role, why, of which file, and
whether the bytes still are what their SHA-256 says. The owner asks in the same recorded way; a senior officer then opens it,
and shows it where nobody else's face or plate is given away (UU 27/2022 art. 7 and 8, against art. 16).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.core.actor import Actor
from app.core.crypto import BadToken
from app.core.db import Tx
from app.core.house import House
from app.core.storage import ObjectMissing
from app.core.texts import Text
from app.services import cameras, cases
from app.services.cases import Case
from app.services.etle.evidence import exhibits_of
from app.services.etle.problems import ORIGINAL_MISSING, ORIGINAL_NOT_YOURS
from app.services.identity.roles import ROLE_NAMES, Role

OPENED_FOR = timedelta(minutes=10)
"""How long the one who has opened an original may look at it."""
PURPOSE = "original"
ASKED = "show_original"
"""The work item of the senior officer whom an owner has asked."""
SHORTEST_NOTE, LONGEST_NOTE = 5, 300
OPENED = Text(
    "Foto asli dibuka oleh {role}: {why}. Sidik SHA-256 {intact}.",
    "The original picture was opened by {role}: {why}. Its SHA-256 {intact}.",
)
INTACT, ALTERED = Text("cocok", "matches"), Text("TIDAK cocok", "does NOT match")
ASKED_FOR = Text("Pemilik meminta foto asli diperiksa", "The owner asked for the original picture to be checked")


class Why(StrEnum):
    """Why an original is opened."""

    PLATE = "plate"
    VIOLATION = "violation"
    OBJECTION = "objection"
    COURT = "court"
    OWNER = "owner"


WHYS: dict[Why, Text] = {
    Why.PLATE: Text("pelat perlu dibaca dari foto utuh", "the plate has to be read in the whole picture"),
    Why.VIOLATION: Text("pelanggaran tidak terlihat pada foto yang disamarkan", "the copy does not show the violation"),
    Why.OBJECTION: Text("memeriksa sanggahan", "to decide on an objection"),
    Why.COURT: Text("diminta pengadilan atau kejaksaan", "court or prosecutor asked for it"),
    Why.OWNER: Text("diminta pemilik", "the owner asked for it"),
}
SENIOR_ALONE = frozenset({Why.COURT, Why.OWNER})


@dataclass(frozen=True, slots=True)
class Original:
    """A file of the case that may be opened: a picture, or the film."""

    sha256: str
    media_type: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """An original that was opened: the link works for the one who opened it alone. `version` is the case's after the event."""

    url: str
    sha256: str
    media_type: str
    intact: bool
    good_until: datetime
    version: int


async def may_open(tx: Tx, case: Case) -> tuple[Why, ...]:
    """For which reasons this member of staff may open originals of this case; none for whoever does not judge it."""
    if Role.SENIOR_OFFICER in tx.actor.roles:
        return tuple(Why)
    if Role.OFFICER not in tx.actor.roles:
        return ()
    tasks = await cases.list_tasks(
        tx.session, roles=[Role.OFFICER], units=[tx.actor.unit or ""], actor_id=tx.actor.id, of_case=case.id
    )
    drawn = case.assigned_to == tx.actor.id and case.closed_at is None
    return tuple(why for why in Why if why not in SENIOR_ALONE) if drawn or tasks else ()


async def originals_of(tx: Tx, case_id: UUID) -> Sequence[Original]:
    """The originals of a case that are still kept. Problem: etle-ticket-not-found."""
    return [Original(each.sha256, each.media_type, each.taken_at) for each in await _files(tx, case_id)]


async def is_intact(house: House, case_id: UUID, sha256: str) -> bool:
    """Whether the bytes of an original still are what its SHA-256 says. Asked before the transaction that opens it."""
    async with house.db.read() as connection:
        exhibits = await exhibits_of(connection, case_id)
    file = next((each for each in _kept(exhibits.captures) if each.sha256 == sha256), None)
    if file is None:
        raise ORIGINAL_MISSING()
    try:
        await cameras.read_original(house, file)
    except ObjectMissing:
        return False
    return True


async def open_original(tx: Tx, case: Case, sha256: str, why: Why, note: str, *, intact: bool) -> Opening:
    """Open one original of a case of the actor's unit; the event first, then the link. What an owner has asked for is done by it.

    Problems: etle-original-not-yours (403), etle-original-missing (404) once it was deleted by policy."""
    if why not in await may_open(tx, case):
        raise ORIGINAL_NOT_YOURS()
    file = next((each for each in await _files(tx, case.id) if each.sha256 == sha256), None)
    if file is None:
        raise ORIGINAL_MISSING()
    role = Role.SENIOR_OFFICER if Role.SENIOR_OFFICER in tx.actor.roles else Role.OFFICER
    if why is Why.OWNER:
        for task in await cases.tasks_of(tx.session, case.id):
            if task.kind == ASKED:
                await cases.finish_task(tx, task.id)
    case = await cases.note(
        tx,
        case.id,
        "open_original",
        _told(role, why, intact=intact),
        reason=note,
        data={"original": sha256, "why": str(why), "role": str(role), "intact": intact},
    )
    claims = {"file": str(file.id), "case": str(case.id), "by": tx.actor.id}
    token = tx.house.signer.issue(PURPOSE, claims, ttl=OPENED_FOR, now=tx.now)
    return Opening(
        url=f"{tx.house.settings.public_url}/v1/counter/originals/{token}",
        sha256=sha256,
        media_type=file.media_type,
        intact=intact,
        good_until=tx.now + OPENED_FOR,
        version=case.version,
    )


async def read_opened(house: House, actor: Actor, token: str) -> tuple[bytes, str]:
    """The bytes of an original, exactly as the camera sent them, and their media type; for who opened it, while it is open.

    Problem: etle-original-missing (404), the same whatever is wrong with the link."""
    try:
        claims = house.signer.verify(PURPOSE, token[:2000], house.clock.now())
        file_id, case_id, by = UUID(claims["file"]), UUID(claims["case"]), claims["by"]
    except (BadToken, ValueError, KeyError):
        raise ORIGINAL_MISSING() from None
    if by != actor.id:
        raise ORIGINAL_MISSING()
    async with house.db.read() as connection:
        exhibits = await exhibits_of(connection, case_id)
    file = next((each for each in _kept(exhibits.captures) if each.id == file_id), None)
    if file is None:
        raise ORIGINAL_MISSING()
    try:
        return await cameras.read_original(house, file), file.media_type
    except ObjectMissing:
        raise ORIGINAL_MISSING() from None


async def ask_for_original(tx: Tx, case_id: UUID) -> None:
    """A person of the case asks that the original be opened and checked with them. It is an event and a senior officer's work, and
    as long as that is open the evidence is kept. Asked again while it waits, nothing more happens.

    Problem: etle-original-missing (404) once everything was deleted by policy."""
    if not await _files(tx, case_id):
        raise ORIGINAL_MISSING()
    await cases.get_locked(tx, case_id)
    if any(each.kind == ASKED for each in await cases.tasks_of(tx.session, case_id)):
        return
    case = await cases.note(tx, case_id, "ask_for_original", ASKED_FOR)
    await cases.open_task(tx, case_id, ASKED, role=Role.SENIOR_OFFICER, unit=case.unit, lasts=cases.Lasts.DONE)


def _told(role: Role, why: Why, *, intact: bool) -> Text:
    name, said, state = ROLE_NAMES[role], WHYS[why], INTACT if intact else ALTERED
    return Text(
        OPENED.id.format(role=name.id, why=said.id, intact=state.id),
        OPENED.en.format(role=name.en, why=said.en, intact=state.en),
    )


async def _files(tx: Tx, case_id: UUID) -> Sequence[cameras.EvidenceFileView]:
    return _kept((await exhibits_of(tx.session, case_id)).captures)


def _kept(captures: Sequence[cameras.CaptureView]) -> list[cameras.EvidenceFileView]:
    files = [file for capture in captures for file in (*capture.files, *([capture.video] if capture.video else []))]
    return [each for each in files if each.deleted_at is None]
