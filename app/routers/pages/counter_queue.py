"""The desk of the queue: who comes, who is called, and each step with a number, by big buttons that work without scripts.

The order is the published one (`docs/appointments.md`); a call out of it wants a reason from the list, which is recorded.
A handheld scanner that types is as good as a keyboard: the code is one field, and Enter sends it.
"""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.ids import normalise_reference, reference_is_valid
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.forms import set_cookie
from app.routers.http.guards import staff_page
from app.routers.pages.application_words import REASONS_IN_QUEUE
from app.routers.pages.counter_kinds import GENERAL, queue_kinds
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.once import FIELD, new_once, once
from app.routers.pages.visit import TheVisit, Visit
from app.services import appointments, reference
from app.services.applications import worklist
from app.services.appointments import HELPED_NAMES, JUMP_NAMES, Board, EntryView, Helped, Jump, Outcome, Scan, Step
from app.services.appointments.problems import QUEUE_ENTRY_NOT_FOUND
from app.services.catalogue import Catalogue
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
PAGE = "/counter/antrean"
AtQueue = Annotated[Actor, staff_page(Role.COUNTER, Role.OFFICER, Role.SUPERVISOR)]
COUNTER_COOKIE = "loket_counter"
A_DAY_AT_WORK = timedelta(hours=12)
COUNTER_NAME = re.compile(r"^[0-9A-Za-z][0-9A-Za-z -]{0,19}$")
NUMBER = re.compile(r"^[A-Z]\d{3}$")
SCAN_LINE = re.compile(r"^(?:([01]?\d|2[0-3])[.:]([0-5]\d)(?:[.:][0-5]\d)?[\s,;]+)?(\S+)$")
"""``08.02 eyJib29r...``, with the time in the unit's zone where the scanner notes one."""
MAX_CODE = 800
MOST_SCANS, MOST_SAID = 100, 10
SHOWN_CHARS = 20

COUNTER_MISSING = Text(
    "Tulis nama loket seperti di dinding: huruf, angka, spasi.",
    "Write the counter's name as on the wall: letters, digits, spaces.",
)
CODE_MISSING = Text("Pindai kode QR, atau ketik nomor permohonannya.", "Scan the QR code, or type the reference.")
CODE_UNKNOWN = Text(
    "Tidak ada permohonan dengan nomor ini. Periksa huruf demi huruf.",
    "There is no application with this reference. Check it character by character.",
)
SCANS_MISSING = Text(
    "Pilih berkas dari alat pindai: satu baris satu pindaian, paling banyak 100.",
    "Choose the scanner's file: a scan a line, 100 at most.",
)
DAY_WRONG = Text(
    "Isi hari pemindaian dengan angka: hari ini, atau paling lama tujuh hari lalu.",
    "Give the day of the scans in digits: today, or at most seven days back.",
)
LINE = Text("Baris", "Line")
KEPT = Text(
    "{came} tercatat datang, {again} sudah tercatat sebelumnya, {refused} tidak dapat dicatat.",
    "{came} noted as come, {again} were noted before, {refused} could not be noted.",
)
KIND_MISSING = Text("Pilih keperluannya.", "Choose what they come for.")
NUMBER_MISSING = Text("Pilih nomornya.", "Choose the number.")
WHY_MISSING = Text("Pilih alasannya.", "Choose why.")
STEP_MISSING = Text("Pilih langkahnya.", "Choose the step.")
CHOOSE_COUNTER = Text("Pilih loket Anda dahulu.", "Choose your counter first.")
DONE: Mapping[str, Text] = {
    "came": Text("{number}: sudah tercatat datang.", "{number}: noted as come."),
    "again": Text("{number}: sudah tercatat sebelumnya.", "{number}: was noted before."),
    "late": Text("Harinya sudah lewat; tercatat bahwa pemohon datang.", "The day is over; it is noted that they came."),
    "ticket": Text("Nomor antrean: {number}.", "Number in the queue: {number}."),
    "called": Text("{number} dipanggil.", "{number} is called."),
    "helped": Text("{number} didahulukan.", "{number} goes earlier."),
    "step": Text("{number}: tercatat.", "{number}: noted."),
    "counter": Text("Loket Anda tersimpan.", "Your counter is saved."),
}
REFUSED_SCANS: Mapping[Outcome, Text] = {
    Outcome.NOT_OURS: Text(
        "Kode ini bukan dari Loket, atau sudah terlalu lama. Ketik nomor permohonannya.",
        "This code is not ours, or it is too old. Type the reference.",
    ),
    Outcome.NOT_BOOKED: Text(
        "Janji temu ini tidak berlaku lagi atau belum pasti. Beri nomor antrean biasa.",
        "This appointment no longer holds or is not firm. Give an ordinary number.",
    ),
    Outcome.OTHER_UNIT: Text("Janji temu ini di kesatuan lain.", "This appointment is at another unit."),
    Outcome.OTHER_DAY: Text("Janji temu ini pada hari lain.", "This appointment is on another day."),
}
TAKEN = (Outcome.COUNTED, Outcome.AGAIN, Outcome.LATE)
STATES: Mapping[str, Text] = {
    "called": Text("dipanggil", "called"),
    "serving": Text("dilayani", "being served"),
}


@dataclass(frozen=True)
class Place:
    """The counter that this browser sits at, and the kinds that it serves (all where none is named)."""

    counter: str = ""
    kinds: tuple[str, ...] = ()


@router.get(PAGE)
async def queue_page(
    actor: AtQueue,
    visit: TheVisit,
    done: Annotated[str, Query(max_length=20)] = "",
    number: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """The queue of the unit's day, in the order in which people are called."""
    notice = DONE[done].fill(number=number if NUMBER.match(number) else "-") if done in DONE else None
    return await _show(visit, actor, Form(), notice=notice)


@router.post(f"{PAGE}/loket")
async def choose_counter(actor: AtQueue, visit: TheVisit) -> Response:
    """Remember in this browser which counter it stands at, and what that counter serves."""
    form = await visit.form()
    counter = form.need("counter", COUNTER_MISSING, longest=SHOWN_CHARS)
    if not COUNTER_NAME.match(counter):
        form.errors.setdefault("counter", COUNTER_MISSING)
    if form.errors:
        return await _show(visit, actor, form, status=422)
    async with visit.house.db.read() as connection:
        known = queue_kinds(visit.house, await reference.unit(connection, actor.unit or ""))
    kinds = [each for each in form.all("kinds") if each in known]
    answer = visit.go(f"{PAGE}?done=counter")
    set_cookie(visit.house, answer, COUNTER_COOKIE, ".".join([counter, *kinds]), max_age=A_DAY_AT_WORK)
    return answer


@router.post(f"{PAGE}/datang")
async def check_in(actor: AtQueue, visit: TheVisit) -> Response:
    """Check somebody in by the QR of their appointment, or by the reference of their application."""
    form = await visit.form()
    code = form.need("code", CODE_MISSING, longest=MAX_CODE)
    if form.errors:
        return await _show(visit, actor, form, status=422)
    if reference_is_valid(normalise_reference(code)):
        return await _come_by_reference(visit, actor, form, code)
    scan_id = uuid5(NAMESPACE_URL, f"{form.get(FIELD)}:{code}")
    scan = Scan(scan_id, code.rsplit("/", 1)[-1], visit.now)
    result = (await appointments.take_scans(visit.house, actor, actor.unit or "", [scan]))[0]
    if result.outcome in REFUSED_SCANS:
        form.errors["code"] = REFUSED_SCANS[result.outcome]
        return await _show(visit, actor, form, status=409)
    done = {Outcome.AGAIN: "again", Outcome.LATE: "late"}.get(result.outcome, "came")
    return visit.go(f"{PAGE}?done={done}&number={result.number or ''}")


@router.post(f"{PAGE}/pindaian")
async def take_kept_scans(actor: AtQueue, visit: TheVisit) -> Response:
    """Check in whom a scanner with a memory of its own saw while the line was down: a text file, a scan a line, each counted
    once however often the file is sent."""
    form = await visit.form()
    unit, file = actor.unit or "", form.files.get("file")
    async with visit.house.db.read() as connection:
        zone = reference.zone_of(await reference.unit(connection, unit))
    today = visit.now.astimezone(zone).date()
    day = form.date("scanned_on", DAY_WRONG) if form.get("scanned_on-year") else today
    if day is not None and not timedelta() <= today - day <= appointments.SENT_WITHIN:
        form.errors.setdefault("scanned_on", DAY_WRONG)
    lines = _lines_of(file.data) if file is not None else []
    if not 0 < len(lines) <= MOST_SCANS:
        form.errors.setdefault("file", SCANS_MISSING)
    if form.errors or day is None:
        return await _show(visit, actor, form, status=422)
    scans = [_kept_scan(unit, each, day, zone, visit.now) for each in lines]
    results = await appointments.take_scans(visit.house, actor, unit, scans)
    done = Counter("again" if each.outcome is Outcome.AGAIN else "came" for each in results if each.outcome in TAKEN)
    refused = [
        Text(f"{LINE.id} {number}: {why.id}", f"{LINE.en} {number}: {why.en}")
        for number, each in enumerate(results, start=1)
        if (why := REFUSED_SCANS.get(each.outcome)) is not None
    ]
    form.errors |= {f"file~{number}": why for number, why in enumerate(refused[:MOST_SAID])}
    notice = KEPT.fill(came=done["came"], again=done["again"], refused=len(refused))
    return await _show(visit, actor, form, notice=notice, status=409 if refused else 200)


@router.post(f"{PAGE}/nomor")
async def take_ticket(actor: AtQueue, visit: TheVisit) -> Response:
    """A number for somebody who came without an appointment; lifted where they are to be helped."""
    form = await visit.form()
    kind = form.need("kind", KIND_MISSING, longest=40)
    helped = form.get("helped")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", kind):
        form.errors.setdefault("kind", KIND_MISSING)
    if helped and helped not in set(Helped):
        form.errors.setdefault("helped", WHY_MISSING)

    async def work(tx: Tx) -> str:
        why = Helped(helped) if helped else None
        return _led("ticket", await appointments.take_ticket(tx, actor.unit or "", kind=kind, helped=why))

    return await _carry_out(visit, actor, form, work, onto="kind")


@router.post(f"{PAGE}/panggil")
async def call(actor: AtQueue, visit: TheVisit) -> Response:
    """Call who is next to this counter; or a number out of order, for a reason from the list."""
    form = await visit.form()
    place = _place(visit)
    number, why, onto = "", "", "call"
    if form.get("jump"):
        onto = "number"
        number, why = form.need("number", NUMBER_MISSING, longest=8), form.get("why")
        if not NUMBER.match(number):
            form.errors.setdefault("number", NUMBER_MISSING)
        if why not in set(Jump):
            form.errors.setdefault("why", WHY_MISSING)
    if not place.counter:
        form.errors["counter"] = CHOOSE_COUNTER

    async def work(tx: Tx) -> str:
        entry = await appointments.call_next(
            tx,
            actor.unit or "",
            counter=place.counter,
            kinds=() if number else place.kinds,
            number=number or None,
            reason=Jump(why) if why else None,
        )
        return _led("called", entry)

    return await _carry_out(visit, actor, form, work, onto=onto)


@router.post(f"{PAGE}/langkah")
async def take_step(actor: AtQueue, visit: TheVisit) -> Response:
    """One step with a number: call again, serve, finish, nobody came, went home."""
    form = await visit.form()
    step = form.choice("step", tuple(Step), STEP_MISSING)

    async def work(tx: Tx) -> str:
        return _led("step", await appointments.take_step(tx, actor.unit or "", _entry_id(form), Step(step)))

    return await _carry_out(visit, actor, form, work, onto="call")


@router.post(f"{PAGE}/dahulukan")
async def help_person(actor: AtQueue, visit: TheVisit) -> Response:
    """Lift somebody who waits, and say why (UU 25/2009 art. 29)."""
    form = await visit.form()
    form.need("entry", NUMBER_MISSING, longest=40)
    why = form.choice("help", tuple(Helped), WHY_MISSING)

    async def work(tx: Tx) -> str:
        entry = await appointments.help_person(tx, actor.unit or "", _entry_id(form), Helped(why))
        return _led("helped", entry)

    return await _carry_out(visit, actor, form, work, onto="entry")


# --- below the doors -------------------------------------------------------------------------------------------------


async def _carry_out(
    visit: Visit, actor: Actor, form: Form, work: Callable[[Tx], Awaitable[str]], *, onto: str
) -> Response:
    """Do it once and go back to the queue; what is refused is said on the page, and nothing typed is lost."""
    if form.errors:
        return await _show(visit, actor, form, status=422)
    try:
        return visit.go(await once(visit, actor, form, work))
    except Problem as problem:
        form.take(problem, onto=onto)
        return await _show(visit, actor, form, status=problem.type.status)


def _lines_of(data: bytes) -> list[str]:
    """The lines of a scanner's file that hold anything."""
    return [each for each in map(str.strip, data.decode("utf-8", "replace").splitlines()) if each]


def _kept_scan(unit: str, line: str, day: date, zone: ZoneInfo, now: datetime) -> Scan:
    """A scan by its line: the time, where the scanner notes one, and what the QR said. Without a time it counts as of now, or of
    the end of an earlier day. The same line of the same day is the same scan."""
    found = SCAN_LINE.match(line)
    hour, minute, code = found.groups() if found else (None, None, line)
    at = datetime.combine(day, time(int(hour or 23), int(minute or 59)), zone)
    scan_id = uuid5(NAMESPACE_URL, f"{unit}:{day}:{line}")
    return Scan(scan_id, code[:MAX_CODE].rsplit("/", 1)[-1], min(at.astimezone(now.tzinfo), now))


async def _come_by_reference(visit: Visit, actor: Actor, form: Form, code: str) -> Response:
    """Somebody tells the reference of their application: checked in where it is booked today, else a number by arrival."""
    async with visit.house.db.read() as connection:
        case_id = await worklist.find_by_reference(connection, code)
        underway = await worklist.underway_of(connection, {case_id} if case_id else ())
    found = underway.get(case_id) if case_id else None
    if found is None:
        form.errors["code"] = CODE_UNKNOWN
        return await _show(visit, actor, form, status=404)
    service = visit.house[Catalogue].services.get(found.service_code)
    kind = service.appointment.kind if service is not None and service.appointment is not None else GENERAL

    async def work(tx: Tx) -> str:
        return _led("came", await appointments.take_ticket(tx, actor.unit or "", kind=kind, case_id=found.case_id))

    return await _carry_out(visit, actor, form, work, onto="code")


async def _show(visit: Visit, actor: Actor, form: Form, *, notice: Text | None = None, status: int = 200) -> Response:
    unit_code = actor.unit or ""
    async with visit.house.db.read() as connection:
        unit = await reference.unit(connection, unit_code)
        board = await appointments.board_of(connection, unit_code, now=visit.now)
        underway = await worklist.underway_of(connection, _case_ids(board))
    kinds = queue_kinds(visit.house, unit, {line.entry.kind for line in board.waiting})
    place = _place(visit)
    return visit.show(
        "pages/counter/queue/queue.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        once=new_once(),
        notice=notice,
        board=board,
        unit=unit_code,
        place=place,
        counter_form=form if "counter" in form.values else Form({"counter": place.counter}),
        mine=next((each for each in board.at_counters if each.counter == place.counter), None),
        others=[each for each in board.at_counters if each.counter != place.counter],
        kinds=kinds,
        references={case_id: each.reference for case_id, each in underway.items()},
        reasons=REASONS_IN_QUEUE,
        states=STATES,
        helped_names={str(each): name for each, name in HELPED_NAMES.items()},
        jump_names={str(each): name for each, name in JUMP_NAMES.items()},
        minutes=max(1, round(board.pace.per_person / timedelta(minutes=1))),
    )


def _place(visit: Visit) -> Place:
    """The counter that this browser chose; none where the cookie says nothing that could be one."""
    counter, *kinds = visit.request.cookies.get(COUNTER_COOKIE, "")[:400].split(".")
    return Place(counter, tuple(kinds[:20])) if COUNTER_NAME.match(counter) else Place()


def _entry_id(form: Form) -> UUID:
    try:
        return UUID(form.get("entry"))
    except ValueError:
        raise QUEUE_ENTRY_NOT_FOUND() from None


def _led(done: str, entry: EntryView) -> str:
    return f"{PAGE}?done={done}&number={entry.number}"


def _case_ids(board: Board) -> set[UUID]:
    entries = (*board.at_counters, *(line.entry for line in board.waiting))
    return {each.case_id for each in entries if each.case_id is not None}
