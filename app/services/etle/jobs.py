"""Background work of the ticket."""

from uuid import UUID

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.jobs import Job, Schedule
from app.services import cases, documents, notifications
from app.services.etle import (
    attachments,
    blocks,
    evidence,
    expiry,
    letters,
    papers,
    pushes,
    reading,
    refunds,
    reminders,
    retention,
    review,
    second_look,
    shadow,
    shown,
    store,
    turns,
    verdict_files,
)
from app.services.etle.models import Letter, Party
from app.services.etle.queries import waiting_for_a_draw


async def dispatch(house: House) -> None:
    """Send the letters that wait, within each Polda's quota of the day."""
    await letters.dispatch_waiting(house)


async def forget(house: House) -> None:
    """Forget the tickets, pictures and looks that the policies no longer keep."""
    await retention.forget_tickets(house)


async def seal_attachments(house: House) -> None:
    """Seal what was handed in for answers before such files were sealed."""
    await attachments.seal_open_ones(house)


async def draw_waiting(house: House) -> None:
    """Announce the draw of an officer for captures that came when nobody was in the pool."""
    async with house.db.read() as connection:
        waiting = await waiting_for_a_draw(connection)
    for unit, case_ids in waiting.items():
        for case_id in case_ids:
            async with house.db.begin(SYSTEM) as tx:
                await review.draw(tx, case_id, unit)


async def print_letter(house: House, letter_id: str) -> None:
    """Render a letter for the post. The stored file is sealed with the addressee's key: it bears name and address.

    Where somebody covers something in its picture meanwhile, it is rendered anew before it is handed over."""
    while not await _printed(house, UUID(letter_id)):
        pass


async def _printed(house: House, letter_id: UUID) -> bool:
    """Whether the letter was handed over, or need not be; False where its picture was covered while it was rendered."""
    async with house.db.begin(SYSTEM) as tx:
        letter = await tx.session.get(Letter, letter_id)
        if letter is None:
            return True
        exhibits = await evidence.exhibits_of(tx.session, letter.case_id)
        captures = [each.id for each in exhibits.captures]
        covered = await shown.covered_by_hand(tx.session, captures)
    picture = await evidence.picture_for_paper(house, exhibits)
    async with house.db.begin(SYSTEM) as tx:
        data = await papers.letter_data(tx, letter.case_id, picture, party_id=letter.party_id)
    pdf = await documents.etle_letter(data)
    async with house.db.begin(SYSTEM) as tx:
        party = await tx.session.get(Party, letter.party_id)
        if party is None:
            return True
        sealed = await notifications.seal_paper(tx, party.key_id, pdf)
    document = await house.storage.put(sealed)
    async with house.db.begin(SYSTEM) as tx:
        # Whoever covers by hand holds this lock: they find the letter that we hand over, or we find what they have covered.
        await cases.get_locked(tx, letter.case_id)
        if await shown.covered_by_hand(tx.session, captures) != covered:
            return False
        await letters.post_letter(tx, letter.id, document)
    return True


JOBS: tuple[Job, ...] = (
    Job(pushes.JOB, pushes.take_push, attempts=8),
    Job("etle.take_waiting", pushes.take_waiting, attempts=1),
    Job(turns.JOB, turns.read_next, queue="recognition", attempts=1),
    Job("etle.give_turns", turns.give_turns, attempts=1),
    Job(review.COVER, evidence.cover_case, queue="pictures"),
    Job(reading.SHADOW, shadow.read_in_shadow, queue="shadow", attempts=2),
    Job("etle.dispatch", dispatch, attempts=2),
    Job("etle.draw_waiting", draw_waiting, attempts=1),
    Job("etle.remind", reminders.remind, attempts=1),
    Job(letters.PRINT, print_letter, queue="delivery"),
    Job("etle.note_delivery", letters.note_delivery),
    Job(verdict_files.APPLY, verdict_files.carry_out),
    Job(refunds.TELL_ACCOUNT, refunds.tell_account),
    Job(blocks.SET_BLOCK, blocks.set_block, queue="registers", attempts=8),
    Job("etle.ask_registry_again", blocks.ask_again, attempts=1),
    Job("etle.look_again", second_look.look_again, attempts=2),
    Job("etle.forget", forget),
    Job("etle.seal_attachments", seal_attachments, attempts=1),
    Job("etle.forget_evidence", expiry.forget_evidence, attempts=1),
    Job(store.FINISH_DELETIONS, expiry.finish, queue="delivery"),
    Job(blocks.LIFT_BLOCK, blocks.lift_block, queue="registers", attempts=8),
)
SCHEDULES: tuple[Schedule, ...] = (
    Schedule("give-turns", "*/15 * * * * *", "etle.give_turns"),
    Schedule("take-waiting-pushes", "25 4,34 * * * *", "etle.take_waiting"),
    Schedule("dispatch-letters", "20 * * * * *", "etle.dispatch"),
    Schedule("remind-people", "0 25 * * * *", "etle.remind"),
    Schedule("look-again", "0 10 19 * * *", "etle.look_again"),  # 02:10 in Jakarta
    Schedule("forget-tickets", "0 40 19 * * *", "etle.forget"),  # 02:40 in Jakarta
    Schedule("seal-attachments", "0 50 18 * * *", "etle.seal_attachments"),  # 01:50 in Jakarta
    Schedule("forget-evidence", "0 20 * * * *", "etle.forget_evidence"),
    Schedule("ask-registry-again", "0 7-59/10 * * * *", "etle.ask_registry_again"),
    Schedule("draw-officers", "40 * * * * *", "etle.draw_waiting"),
)
