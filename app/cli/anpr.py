"""`loket anpr`: measure the recogniser of this installation, and enter what is known of a camera."""

import csv
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.progress import track
from rich.table import Table

from app.cli import camera_register
from app.cli.common import console, emit, open_house, refuse, run
from app.core.actor import SYSTEM
from app.core.config import Settings
from app.core.problems import Problem
from app.services import cameras
from app.services.recognition import PlateReading, Recogniser, UnknownRecogniser, choose_recogniser
from app.services.reference import parse_plate

app = typer.Typer(help="The recogniser and the cameras.", no_args_is_help=True)
app.command("camera")(camera_register.camera)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]

LABELS = "labels.csv"
_THRESHOLDS = (0.3, 0.5, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Measured:
    """One picture: what stands on the plate, what was read, how sure, and how long it took."""

    file: str
    kind: str
    plate: str
    read: str
    confidence: float
    ms: float

    @property
    def exact(self) -> bool:
        """Whether the whole plate is right."""
        return self.plate == self.read


@app.command("evaluate")
def evaluate(
    folder: Annotated[Path, typer.Argument(help=f"A folder of pictures with `{LABELS}` (columns file, plate).")],
    wrong: Annotated[bool, typer.Option("--wrong", help="Also list the pictures that were read wrongly.")] = False,
    as_json: Json = False,
) -> None:
    """Measure the configured recogniser on labelled pictures: whole plates right, character errors, time."""
    labels = _labels(folder)
    measured = run(_measure(folder, labels, quiet=as_json))
    summary = _summary(measured)
    rows = [asdict(each) for each in measured if wrong and not each.exact]
    emit({**summary, "wrong": rows} if wrong else summary, as_json=as_json, human=lambda: _print(summary, rows))


@app.command("certificate")
def certificate(
    client_id: Annotated[str, typer.Argument(help="The camera's client id, as `loket client list` shows it.")],
    number: Annotated[str, typer.Option(help="Number of the certificate.")],
    valid_until: Annotated[str, typer.Option(help="Last day on which it is valid, YYYY-MM-DD.")],
    model: Annotated[str | None, typer.Option(help="Maker and model of the camera.")] = None,
    calibrated_on: Annotated[str | None, typer.Option(help="Day of the last calibration, YYYY-MM-DD.")] = None,
    calibrated_until: Annotated[str | None, typer.Option(help="Last day on which it counts, YYYY-MM-DD.")] = None,
    as_json: Json = False,
) -> None:
    """Enter a camera's certificate; owners see it beside the evidence."""
    calibrated = [_day(each) if each else None for each in (calibrated_on, calibrated_until)]
    known = cameras.Certificate(number, _day(valid_until), model, *calibrated)

    async def record() -> cameras.DeviceView:
        async with open_house() as house, house.db.begin(SYSTEM) as tx:
            return await cameras.record_certificate(tx, client_id, known)

    device = run(record())
    emit(asdict(device), as_json=as_json, human=lambda: console.print(f"{device.name}: {number} until {valid_until}"))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2027-01-31") from None


def _labels(folder: Path) -> list[dict[str, str]]:
    path = folder / LABELS
    if not path.is_file():
        raise refuse(f"{path} is missing: a CSV file with the columns file and plate, one picture a line.")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or not {"file", "plate"} <= rows[0].keys():
        raise refuse(f"{path} needs the columns file and plate, and at least one picture.")
    return rows


async def _measure(folder: Path, labels: list[dict[str, str]], *, quiet: bool) -> list[Measured]:
    try:
        recogniser = choose_recogniser(Settings())
    except UnknownRecogniser as error:
        raise refuse(str(error)) from error
    await recogniser.warm_up()
    try:
        rows = track(labels, "Reading", console=console, disable=quiet)
        return [await _measured(recogniser, folder, row) for row in rows]
    finally:
        await recogniser.aclose()


async def _measured(recogniser: Recogniser, folder: Path, row: dict[str, str]) -> Measured:
    image = (folder / row["file"]).read_bytes()
    started = time.perf_counter()
    best = await _best(recogniser, image)
    ms = round((time.perf_counter() - started) * 1000, 1)
    wanted = parse_plate(row["plate"])
    plate = wanted.canonical if wanted else row["plate"].upper()
    read, confidence = (best.plate, best.confidence) if best else ("", 0.0)
    return Measured(row["file"], row.get("kind") or "all", plate, read, confidence, ms)


async def _best(recogniser: Recogniser, image: bytes) -> PlateReading | None:
    try:
        return next(iter((await recogniser.read(image)).results), None)
    except Problem as problem:
        if problem.type.status != 422:
            raise
        return None  # a picture that cannot be opened counts as not read


def _summary(measured: list[Measured]) -> dict[str, object]:
    kinds = sorted({each.kind for each in measured})
    times = sorted(each.ms for each in measured)
    return {
        "pictures": len(measured),
        "exact": sum(each.exact for each in measured),
        "exact_percent": _percent(measured),
        "character_errors_percent": _character_errors(measured),
        "nothing_read": sum(not each.read for each in measured),
        "ms_median": median(times),
        "ms_p95": times[min(len(times) - 1, round(0.95 * len(times)))],
        "by_kind": {kind: _percent([each for each in measured if each.kind == kind]) for kind in kinds},
        "accepted_at": {
            str(least): {
                "accepted_percent": round(100 * len(sure) / len(measured), 1),
                "exact_percent": _percent(sure),
            }
            for least in _THRESHOLDS
            if (sure := [each for each in measured if each.confidence >= least])
        },
    }


def _percent(measured: list[Measured]) -> float:
    return round(100 * sum(each.exact for each in measured) / len(measured), 1)


def _character_errors(measured: list[Measured]) -> float:
    wrong = sum(min(len(each.plate), _distance(each.read, each.plate)) for each in measured)
    return round(100 * wrong / sum(len(each.plate) for each in measured), 1)


def _distance(one: str, other: str) -> int:
    """Characters to insert, drop or change (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        above = row
        row = [i]
        for j, b in enumerate(other, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
    return row[-1]


def _print(summary: dict[str, object], wrong: list[dict[str, object]]) -> None:
    table = Table("measure", "value", box=None)
    for name, value in summary.items():
        shown = ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(name.replace("_", " "), shown)
    console.print(table)
    for row in wrong:
        console.print(f"{row['file']}: {row['plate']} read as {row['read'] or 'nothing'} ({row['confidence']})")
