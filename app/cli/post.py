"""`loket post`: letters on paper. The print room takes a day's batch, the post gives tracking numbers and later
news."""

import csv
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NamedTuple
from uuid import UUID

import typer

from app.cli.common import console, emit, open_house, refuse, run
from app.core.actor import SYSTEM
from app.services import notifications

app = typer.Typer(
    help="Letters on paper: print a batch, note tracking numbers, take the post's news.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]
MANIFEST = "letters.csv"
MAX_LINES = 50_000


class News(NamedTuple):
    """One line of the post's news."""

    tracking_no: str
    event: str
    at: str
    reason: str


@app.command("batches")
def batches(
    unit: Annotated[str | None, typer.Option("--unit", help="Code of one unit.")] = None, as_json: Json = False
) -> None:
    """The batches that wait for the printer or the post."""
    found = run(_batches(unit))

    def human() -> None:
        for each in found:
            console.print(f"{each['batch_on']}  {each['unit']}  {each['letters']} letters", highlight=False)
        if not found:
            console.print("No batch waits.")

    emit(found, as_json=as_json, human=human)


@app.command("print")
def print_batch(
    unit: Annotated[str, typer.Argument(help="Code of the unit.")],
    folder: Annotated[Path, typer.Argument(help="Where the PDFs and letters.csv go; made when missing.")],
    day: Annotated[datetime, typer.Option("--day", formats=["%Y-%m-%d"], help="The batch of this day.")],
    as_json: Json = False,
) -> None:
    """Write a batch's letters as PDFs, with a list in which the post's tracking numbers are filled in."""
    count = run(_print(unit, day.date(), folder))
    human = f"{count} letters are in {folder}. Fill in {MANIFEST}, then: loket post dispatched {folder / MANIFEST}"
    emit({"letters": count, "folder": str(folder)}, as_json=as_json, human=lambda: console.print(human, markup=False))


@app.command("dispatched")
def dispatched(
    file: Annotated[Path, typer.Argument(help="CSV with the columns letter_id, tracking_no.")], as_json: Json = False
) -> None:
    """Note that the post has taken these letters. All or nothing."""
    tracking = {_letter_id(line): line.get("tracking_no") or None for line in _lines(file)}
    run(_dispatch(tracking))
    emit(
        {"letters": len(tracking)},
        as_json=as_json,
        human=lambda: console.print(f"{len(tracking)} letters are on their way."),
    )


@app.command("news")
def news(
    file: Annotated[Path, typer.Argument(help="CSV: tracking_no, event (delivered or returned), at, reason.")],
    as_json: Json = False,
) -> None:
    """Take the post's news: proof of delivery, and what came back. Running a file again changes nothing."""
    lines = [News(*(line.get(name) or "" for name in News._fields)) for line in _lines(file)]
    wrong = [each for each in lines if each.event not in ("delivered", "returned")]
    if wrong:
        raise refuse(f"event must be delivered or returned, not {wrong[0].event!r} ({wrong[0].tracking_no}).")
    taken, unknown = run(_take(lines))

    def human() -> None:
        console.print(f"{taken} of {len(lines)} lines were news.")
        for number in unknown:
            console.print(f"unknown tracking number: {number}", markup=False, highlight=False)

    emit({"lines": len(lines), "news": taken, "unknown": unknown}, as_json=as_json, human=human)
    if unknown:
        raise typer.Exit(1)


async def _batches(unit: str | None) -> list[dict[str, object]]:
    async with open_house() as house, house.db.read() as conn:
        return [
            {**asdict(each), "batch_on": str(each.batch_on)} for each in await notifications.list_batches(conn, unit)
        ]


async def _print(unit: str, day: date, folder: Path) -> int:
    async with open_house() as house:
        async with house.db.read() as conn:
            letters = await notifications.letters_of_batch(conn, unit, day)
        waiting = [each for each in letters if each.state is notifications.LetterState.QUEUED]
        if not waiting:
            raise refuse(f"{unit} has no letters to print of {day}. See: loket post batches")
        names = [f"{place:04}-{letter.letter_id}.pdf" for place, letter in enumerate(waiting, 1)]
        _begin(folder, [(name, letter.letter_id) for name, letter in zip(names, waiting, strict=True)])
        for name, letter in zip(names, waiting, strict=True):
            pdf = await notifications.open_paper(house, letter)
            if pdf is not None:  # the person was erased since: nothing to print, and the list shows the gap
                _keep(folder / name, pdf)
        return len(waiting)


def _begin(folder: Path, files: list[tuple[str, UUID]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / MANIFEST).open("w", newline="") as out:
        sheet = csv.writer(out)
        sheet.writerow(("file", "letter_id", "tracking_no"))
        sheet.writerows((name, letter_id, "") for name, letter_id in files)


def _keep(path: Path, pdf: bytes) -> None:
    path.write_bytes(pdf)


async def _dispatch(tracking: dict[UUID, str | None]) -> None:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        await notifications.dispatch_letters(tx, tracking)


async def _take(lines: list[News]) -> tuple[int, list[str]]:
    taken, unknown = 0, []
    async with open_house() as house:
        for line in lines:
            async with house.db.begin(SYSTEM) as tx:
                message_id = await notifications.message_by_tracking(tx.session, line.tracking_no)
                if message_id is None:
                    unknown.append(line.tracking_no)
                elif line.event == "delivered":
                    at = _moment(line)
                    taken += await notifications.record_delivery(tx, message_id, at, "carrier_receipt")
                else:
                    taken += await notifications.record_return(tx, message_id, line.reason or "returned")
    return taken, unknown


def _lines(file: Path) -> Iterator[dict[str, str]]:
    with file.open(newline="", encoding="utf-8-sig") as source:
        for number, line in enumerate(csv.DictReader(source), 1):
            if number > MAX_LINES:
                raise refuse(f"{file} has more than {MAX_LINES} lines; split it.")
            yield {str(name): str(value or "").strip() for name, value in line.items()}


def _letter_id(line: dict[str, str]) -> UUID:
    try:
        return UUID(line.get("letter_id", ""))
    except ValueError:
        raise refuse(f"letter_id {line.get('letter_id')!r} is none of ours; is the column there?") from None


def _moment(line: News) -> datetime:
    try:
        at = datetime.fromisoformat(line.at)
    except ValueError:
        raise refuse(f"{line.tracking_no}: {line.at!r} is no time such as 2026-03-05T14:20+07:00.") from None
    if at.tzinfo is None:
        raise refuse(f"{line.tracking_no}: the time {line.at} needs its offset, such as +07:00.")
    return at
