"""Background work of applications."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.jobs import Job, Schedule
from app.core.problems import Problem
from app.core.texts import Text
from app.services import appointments, cases, reference
from app.services.applications import issue, issuing, money, refunds, retention, review, submission, telling
from app.services.applications.lifecycle import LIFECYCLE
from app.services.applications.models import Application
from app.services.applications.store import application_of, service_of
from app.services.cases import Case
from app.services.cases.models import Draw
from app.services.identity import people, staff
from app.services.identity.roles import Role
from app.services.reference import Unit

AT_ONCE = 200
DRAWN_IN = ("in_review", "attended")
"""States in which the drawn officer has the ball."""
COMES_EARLY = ("in_review", "needs_correction", "refusal_proposed")
SLOT_OFFERED = Text(
    "Tempat {slot} ditahan untuk Anda sampai {until}; ambil di halaman permohonan",
    "The place on {slot} is held for you until {until}; take it on the application's page",
)
NOTHING_DRAWN = Text(
    "Undian {day}: semua tempat yang Anda minta habis sebelum giliran Anda, atau ditiadakan kesatuan. Anda kini di daftar tunggu hari itu, menurut urutan "
    "undian; pilih hari lain bila perlu",
    "The draw of {day}: all places that you asked for were gone before your turn, or the unit has taken them away. You are on the "
    "waiting list of that day now, in drawn order; choose another day if you like",
)
HOURS_CHANGED = Text("Jam layanan berubah", "The hours have changed")
DAY_CLOSED = Text("Kesatuan tutup atau hari libur pada hari itu", "The unit is closed or it is a holiday on that day")
MISFITS = Text(
    "{why}, jadwal Anda {was} tidak bisa dilayani. Waktu kosong berikutnya: {next}. Pilih di halaman "
    "permohonan; sebelum itu jadwal lama tetap tercatat",
    "{why}, and your appointment on {was} cannot be kept. The next free time: {next}. Choose it on the "
    "application's page; until then the old one stays noted",
)
MISFITS_AND_FULL = Text(
    "{why}, jadwal Anda {was} tidak bisa dilayani. Belum ada waktu kosong di dekatnya: pilih hari lain atau "
    "masuk daftar tunggu di halaman permohonan",
    "{why}, and your appointment on {was} cannot be kept. No time near it is free: choose another day or "
    "join the waiting list on the application's page",
)
REVOKED = Text("Dokumen dicabut dan tidak berlaku lagi", "The document was revoked and is no longer valid")
REPLACED = Text(
    "Dokumen lama tidak berlaku lagi karena sudah ada yang baru",
    "The old document is no longer valid: there is a new one",
)
QUEUE_NEAR = Text(
    "{before} orang sebelum nomor {number}, kira-kira pukul {at}. Mendekatlah ke loket",
    "{before} before your number {number}, at about {at}. Please come near the counters",
)


async def draw_waiting(house: House) -> None:
    """Announce the draw of an officer for applications that came when nobody was in the pool."""
    announced = exists().where(col(Draw.case_id) == col(Case.id), col(Draw.status) == "announced")
    query = (
        select(col(Case.id))
        .where(
            col(Case.lifecycle) == LIFECYCLE,
            col(Case.state).in_(DRAWN_IN),
            col(Case.assigned_to).is_(None),
            ~announced,
        )
        .order_by(col(Case.entered_at))
        .limit(AT_ONCE)
    )
    async with house.db.read() as connection:
        waiting = list((await connection.execute(query)).scalars())
    for case_id in waiting:
        async with house.db.begin(SYSTEM) as tx:
            await review.draw_officer(tx, await cases.get_locked(tx, case_id))


async def draw_again(house: House) -> None:
    """What lies with an officer who has left the unit, or is away today, is drawn again, as long as somebody is there: nobody's
    application waits for one person."""
    mine = (col(Case.lifecycle) == LIFECYCLE, col(Case.state).in_(DRAWN_IN), col(Case.assigned_to).is_not(None))
    async with house.db.read() as connection:
        rows = await connection.execute(select(col(Case.unit), col(Case.assigned_to)).where(*mine).distinct())
        with_whom: dict[str, set[str]] = {}
        for unit, officer in rows:
            with_whom.setdefault(unit, set()).add(str(officer))
        gone: list[tuple[str, str]] = []
        for unit, officers in with_whom.items():
            pool = await staff.pool_of(connection, unit=unit, role=Role.OFFICER, now=house.clock.now())
            here = {str(each.id) for each in pool if not each.absent}
            gone += [(unit, each) for each in sorted(officers - here) if here]
    for unit, officer in gone:
        async with house.db.read() as connection:
            query = select(col(Case.id)).where(*mine, col(Case.unit) == unit, col(Case.assigned_to) == officer)
            waiting = list((await connection.execute(query.order_by(col(Case.entered_at)).limit(AT_ONCE))).scalars())
        for case_id in waiting:
            async with house.db.begin(SYSTEM) as tx:
                case = await cases.get_locked(tx, case_id)
                if case.state in DRAWN_IN and case.assigned_to == officer:
                    await review.draw_officer(tx, case)


async def recheck(house: House) -> None:
    """Look again at what waits because a register was down."""
    query = select(col(Case.id)).where(col(Case.lifecycle) == LIFECYCLE, col(Case.state) == "manual_check")
    async with house.db.read() as connection:
        waiting = list((await connection.execute(query.order_by(col(Case.entered_at)).limit(AT_ONCE))).scalars())
    for case_id in waiting:
        await submission.recheck(house, case_id)


async def attended(house: House, case_id: str) -> None:
    """Somebody was checked in at the counter for this application; a scan that was sent late undoes a no-show.

    Who comes before the officer has called them in has come all the same: it is noted, and they need not come again.
    """
    async with house.db.begin(SYSTEM) as tx:
        case = await cases.get_locked(tx, UUID(case_id))
        if case.lifecycle == LIFECYCLE and case.state in COMES_EARLY:
            (await application_of(tx, case.id)).attended_at = tx.now
            return
    await _move_if_possible(house, UUID(case_id), "attend", ("appointment", "no_show"))


async def missed(house: House, case_id: str) -> None:
    """Somebody was called and did not come, perhaps after they had been checked in. Who had come before the officer called them
    in has not come after all."""
    async with house.db.begin(SYSTEM) as tx:
        case = await cases.get_locked(tx, UUID(case_id))
        if case.lifecycle == LIFECYCLE and case.state in COMES_EARLY:
            (await application_of(tx, case.id)).attended_at = None
            return
    await _move_if_possible(house, UUID(case_id), "miss", ("appointment", "attended"))


async def slot_offered(house: House, case_id: str) -> None:
    """A place that somebody waits for is held for them: tell them at once which, and until when. Nothing where they have taken it
    or lost it meanwhile."""
    async with house.db.begin(SYSTEM) as tx:
        case, application = await cases.get_locked(tx, UUID(case_id)), await application_of(tx, UUID(case_id))
        held = await appointments.booking_of(tx.session, case.id, now=tx.now)
        if held is None or held.held_until is None:
            return
        unit = await reference.unit(tx.session, held.unit)
        slot, until = (
            money.shown_moment(at, reference.zone_of(unit), unit.zone) for at in (held.starts_at, held.held_until)
        )
        what = SLOT_OFFERED.fill(slot=slot, until=until)
        await telling.tell(tx, case, application, "application_queue", what=what)


async def nothing_drawn(house: House, day: str, case_id: str) -> None:
    """The lot brought somebody no place: they know that they wait now, and can look for another day."""
    await _tell(house, UUID(case_id), NOTHING_DRAWN.fill(day=f"{date.fromisoformat(day):%d.%m.%Y}"))


async def slot_misfits(house: House, unit_code: str, case_ids: Sequence[str]) -> None:
    """A unit has changed its hours, and these appointments fall outside: tell each, with the next free time. Who has moved
    meanwhile, or fits again, is told nothing."""
    now = house.clock.now()
    async with house.db.read() as connection:
        unit = await reference.unit(connection, unit_code)
        found = {
            str(each.case_id): each
            for each in await appointments.misfits_of(connection, unit_code, now=now, of=[*map(UUID, case_ids)])
        }
    for case_id in case_ids:
        if case_id in found:
            await _tell_misfit(house, unit, found[case_id])


async def queue_near(house: House, case_id: str) -> None:
    """Three people are before this one, or fewer by now: tell them, with the time that it will be. Nothing to who is called."""
    async with house.db.begin(SYSTEM) as tx:
        case, application = await cases.get_locked(tx, UUID(case_id)), await application_of(tx, UUID(case_id))
        line = await appointments.line_of(tx.session, case.id, now=tx.now)
        if not isinstance(line, appointments.Line):
            return
        unit = await reference.unit(tx.session, line.entry.unit)
        at = f"{line.expected_at.astimezone(reference.zone_of(unit)):%H.%M} {unit.zone}"
        what = QUEUE_NEAR.fill(before=line.before, number=line.entry.number, at=at)
        await telling.tell(tx, case, application, "application_queue", what=what)


async def tell_issued(house: House, case_id: str) -> None:
    """The document is rendered and signed: the applicant can fetch it, and the register learns of it."""
    async with house.db.begin(SYSTEM) as tx:
        case, application = await cases.get_locked(tx, UUID(case_id)), await application_of(tx, UUID(case_id))
        service = await service_of(tx.session, application)
        await tx.enqueue(issuing.ENTER_REGISTER, case_id)
        await telling.tell(
            tx,
            case,
            application,
            "application_issued",
            document=service.issues.title if service.issues else service.title,
        )


async def tell_revoked(house: House, document_id: str) -> None:
    """A document was taken back: its holder reads it at once."""
    async with house.db.read() as connection:
        issued = await issuing.get_issued(connection, UUID(document_id))
    async with house.db.begin(SYSTEM) as tx:
        case, application = await cases.get_locked(tx, issued.case_id), await application_of(tx, issued.case_id)
        reason = issued.revoked_why.id if issued.revoked_why else "-"
        what = REVOKED if issued.replaced_by is None else REPLACED
        await telling.tell(tx, case, application, "application_news", what=what, reason=reason)


async def taken_over(house: House, old: str, new: str) -> None:
    """A person has another account now: everything that the older one applied for is theirs there, and nobody's who may
    hold the older one's phone by now."""
    async with house.db.begin(SYSTEM) as tx:
        await tx.session.execute(
            update(Application).where(col(Application.person_id) == UUID(old)).values(person_id=UUID(new))
        )


async def _tell_misfit(house: House, unit: Unit, misfit: appointments.Conflict) -> None:
    now, zone = house.clock.now(), reference.zone_of(unit)
    async with house.db.read() as connection:
        near = await appointments.nearest(connection, unit.code, misfit.kind, around=misfit.starts_at, now=now)
    free = [each.starts_at for each in near]
    later = [each for each in free if each > misfit.starts_at] or free
    was, *rest = (money.shown_moment(at, zone, unit.zone) for at in (misfit.starts_at, *later[:1]))
    why = DAY_CLOSED if misfit.why == "closed" else HOURS_CHANGED
    what = MISFITS.fill(why=why, was=was, next=rest[0]) if rest else MISFITS_AND_FULL.fill(why=why, was=was)
    async with house.db.begin(SYSTEM) as tx:
        case, application = await cases.get_locked(tx, misfit.case_id), await application_of(tx, misfit.case_id)
        await telling.tell(tx, case, application, "application_news", what=what, reason="-")


async def _move_if_possible(house: House, case_id: UUID, action: str, states: Collection[str]) -> None:
    """A move that has happened already, or that no longer applies, is nothing to complain about: the job may run twice."""
    async with house.db.begin(SYSTEM) as tx:
        case = await cases.get_locked(tx, case_id)
        if case.lifecycle != LIFECYCLE or case.state not in states:
            return
        try:
            await cases.move(tx, case_id, action)
        except Problem as problem:
            await cases.tell_supervisor(tx, case, f"{action}: {problem.type.code}")


async def _tell(house: House, case_id: UUID, what: Text) -> None:
    async with house.db.begin(SYSTEM) as tx:
        case, application = await cases.get_locked(tx, case_id), await application_of(tx, case_id)
        await telling.tell(tx, case, application, "application_queue", what=what)


JOBS: tuple[Job, ...] = (
    Job("applications.draw_waiting", draw_waiting, attempts=1),
    Job("applications.draw_again", draw_again, attempts=1),
    Job("applications.recheck", recheck, attempts=1),
    Job("applications.attended", attended),
    Job("applications.missed", missed),
    Job(appointments.SLOT_OFFERED, slot_offered),
    Job(appointments.NOTHING_DRAWN, nothing_drawn),
    Job(appointments.SLOT_MISFITS, slot_misfits),
    Job("applications.queue_near", queue_near),
    Job("applications.tell_issued", tell_issued),
    Job(people.TAKEN_OVER, taken_over),
    Job("applications.tell_revoked", tell_revoked),
    Job(issuing.RENDER, issuing.render_issued, queue="registers", attempts=8),
    Job(issue.FINISH_STUCK, issue.finish_stuck, attempts=1),
    Job(issuing.ENTER_REGISTER, issue.enter_register, queue="registers", attempts=8),
    Job("applications.tell_registers", issue.tell_registers, attempts=1),
    Job(retention.FORGET, retention.forget, attempts=1),
    Job(retention.DROP_FILE, retention.drop_file),
    Job(refunds.TELL_ACCOUNT, refunds.tell_account),
    Job("applications.ask_payees", refunds.ask_payees, attempts=1),
)
SCHEDULES: tuple[Schedule, ...] = (
    Schedule("draw-application-officers", "50 * * * * *", "applications.draw_waiting"),
    Schedule("draw-officers-again", "40 8-59/15 * * * *", "applications.draw_again"),
    Schedule("finish-issued-documents", "0 4-59/10 * * * *", issue.FINISH_STUCK),
    Schedule("ask-payees-of-fees", "0 27 * * * *", "applications.ask_payees"),
    Schedule("recheck-applications", "0 */5 * * * *", "applications.recheck"),
    Schedule("tell-registers", "30 */10 * * * *", "applications.tell_registers"),
    Schedule("forget-applications", "0 50 19 * * *", retention.FORGET),  # 02:50 in Jakarta
)
