"""`loket anpr`: measure recognisers, try them, see what a shadow said, and enter what is known of a camera."""

import csv
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track
from rich.table import Table

from app.cli import camera_register
from app.cli.common import REFUSED, console, emit, errors, open_house, refuse, run
from app.cli.evaluation_page import page
from app.core.actor import SYSTEM
from app.core.config import Settings
from app.core.problems import Problem
from app.core.texts import LANGS, Lang
from app.sandbox.photographs import draw_photograph
from app.services import cameras
from app.services.etle import shadow
from app.services.recognition import PlannedRecogniser, Recogniser, RecogniserFault, choose_recogniser
from app.services.recognition.evaluation import Evaluation, Labelled, Measured, Share, evaluate, measure

app = typer.Typer(help="The recognisers and the cameras.", no_args_is_help=True)
app.command("camera")(camera_register.camera)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]

LABELS = "labels.csv"
_PROBE_PLATE = "B1234XYZ"
_SHADOW_SPAN = timedelta(days=7)
_PRINTED_THRESHOLDS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99)


@app.command("evaluate")
def evaluate_(
    folder: Annotated[Path, typer.Argument(help=f"A folder of pictures with `{LABELS}` (columns file, plate).")],
    recogniser: Annotated[
        str | None,
        typer.Option(help="One of the file of recognisers, an installed kind, or an address; else the plan in force."),
    ] = None,
    page_file: Annotated[
        Path | None, typer.Option("--page", help="Where the page is written; else `evaluation.html` in LOKET_HOME.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of the page: id or en.")] = "id",
    wrong: Annotated[bool, typer.Option("--wrong", help="Also list the pictures that were read wrongly.")] = False,
    as_json: Json = False,
) -> None:
    """Measure a recogniser on labelled pictures: whole plates right, character errors, precision and coverage, time, memory.

    Also writes a page with the worst pictures."""
    if language not in LANGS:
        raise typer.BadParameter(f"{language!r} is no language of the page; it is id or en")
    labels = _labels(folder)
    name, measured = run(_measure(folder, labels, recogniser, quiet=as_json))
    figures = evaluate(name, measured)
    lang: Lang = "en" if language == "en" else "id"
    written = page_file or Settings().home / "evaluation.html"
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(page(figures, folder, at=datetime.now().astimezone(), lang=lang), encoding="utf-8")
    summary = {**_summary(figures), "page": str(written)}
    rows = [asdict(each) for each in figures.worst] if wrong else []
    emit({**summary, "wrong": rows} if wrong else summary, as_json=as_json, human=lambda: _print(summary, rows))


@app.command("probe")
def probe(as_json: Json = False) -> None:
    """Have every configured recogniser read one drawn picture: that a server answers does not mean that it can read. Exit status 1 when one cannot."""
    probed = run(_probe())
    emit([asdict(each) for each in probed], as_json=as_json, human=lambda: _print_probed(probed))
    if not all(each.read_right for each in probed):
        raise typer.Exit(REFUSED)


@app.command("shadow")
def shadow_(
    since: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD; else the last 7 days.")] = None,
    most: Annotated[int, typer.Option(help="Captures to list.", min=0, max=shadow.MOST_LISTED)] = 20,
    as_json: Json = False,
) -> None:
    """What the shadows of plans said: how often they agreed with what counted, and the newest captures that differ."""

    async def load() -> tuple[list[shadow.Compared], list[shadow.Disagreement]]:
        async with open_house() as house, house.db.read() as connection:
            first = datetime.combine(_day(since), time(), tzinfo=UTC) if since else house.clock.now() - _SHADOW_SPAN
            pairs = await shadow.compared(connection, since=first)
            return pairs, await shadow.disagreements(connection, since=first, most=most)

    pairs, differ = run(load())
    told = {"pairs": [asdict(each) for each in pairs], "differ": [asdict(each) for each in differ]}
    emit(told, as_json=as_json, human=lambda: _print_shadow(pairs, differ))


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


def _labels(folder: Path) -> list[Labelled]:
    path = folder / LABELS
    if not path.is_file():
        raise refuse(f"{path} is missing: a CSV file with the columns file and plate, one picture a line.")
    with path.open(encoding="utf-8-sig", newline="") as lines:  # spreadsheets begin a file with a mark
        rows = list(csv.DictReader(lines))
    if not rows or not {"file", "plate"} <= rows[0].keys():
        raise refuse(f"{path} needs the columns file and plate, and at least one picture.")
    for line, row in enumerate(rows, start=2):
        if not row["file"] or not (row["plate"] or "").strip():
            raise refuse(f"{path}, line {line}: file and plate are both needed.")
    return [Labelled(row["file"], row["plate"], row.get("kind") or "all") for row in rows]


async def _measure(
    folder: Path, labels: list[Labelled], name: str | None, *, quiet: bool
) -> tuple[str, list[Measured]]:
    name, reader, all_of_them = _reader(name)
    try:
        await reader.warm_up()
        rows = labels if quiet else track(labels, "Reading", console=errors)
        return name, [await measure(reader, each, (folder / each.file).read_bytes()) for each in rows]
    finally:
        await all_of_them.aclose()


def _reader(name: str | None) -> tuple[str, Recogniser, PlannedRecogniser]:
    """The recogniser to be measured, with whatever has to be closed in the end."""
    settings = Settings()
    configured = _configured(settings)
    if name is None:
        return settings.recogniser, configured, configured
    if name in configured.readers:
        return name, configured.readers[name], configured
    alone = _configured(settings.model_copy(update={"recogniser": name}))
    return name, alone, alone


def _configured(settings: Settings) -> PlannedRecogniser:
    try:
        return choose_recogniser(settings)
    except RecogniserFault as error:
        raise refuse(str(error)) from error


@dataclass(frozen=True, slots=True)
class Probed:
    """What one recogniser made of the drawn picture."""

    recogniser: str
    read_right: bool
    words: str
    elapsed_ms: int


async def _probe() -> list[Probed]:
    configured = _configured(Settings())
    picture = draw_photograph(_PROBE_PLATE, seed=1)
    try:
        return [await _probed(name, reader, picture) for name, reader in configured.readers.items()]
    finally:
        await configured.aclose()


async def _probed(name: str, reader: Recogniser, picture: bytes) -> Probed:
    try:
        reading = await reader.read(picture)
    except Problem as problem:
        return Probed(name, False, problem.detail("en") + _why(problem), 0)
    except (ImportError, OSError) as error:  # the embedded reader without its libraries or weights
        return Probed(name, False, f"{type(error).__name__}: {error}", 0)
    best = next(iter(reading.results), None)
    words = f"{best.plate}, confidence {best.confidence:.2f}" if best else "no plate seen"
    return Probed(name, best is not None and best.plate == _PROBE_PLATE, words, reading.elapsed_ms)


def _why(problem: Problem) -> str:
    """What lies behind a refusal, for who sets a recogniser up: "does not answer" may be a 503, a dead port, an answer of another form, or
    a mistake in a backend of one's own."""
    cause = problem.__cause__
    return f" ({type(cause).__name__.lstrip('_')}: {' '.join(str(cause).split())[:300]})" if cause else ""


def _print_probed(probed: list[Probed]) -> None:
    table = Table("recogniser", "", f"a drawn {_PROBE_PLATE} was read as", "ms", box=None)
    for each in probed:
        table.add_row(each.recogniser, "ok" if each.read_right else "BAD", each.words, str(each.elapsed_ms))
    console.print(table)


def _print_shadow(pairs: list[shadow.Compared], differ: list[shadow.Disagreement]) -> None:
    if not pairs:
        console.print("No shadow has read anything in that time. A plan names one with `shadow` (docs/recognisers.md).")
        return
    table = Table("counted", "shadow", "pictures", "agree", "differ", "only counted", "only shadow", "away", box=None)
    for pair in pairs:
        table.add_row(*(str(value) for value in asdict(pair).values()))
    console.print(table)
    for each in differ:
        console.print(
            f"{each.capture_id} picture {each.position}: {each.plate or 'nothing'} ({each.confidence:.2f}), "
            f"{each.shadow}: {each.shadow_plate or 'nothing'} ({each.shadow_confidence:.2f})"
        )


def _summary(figures: Evaluation) -> dict[str, object]:
    return {
        "recogniser": figures.recogniser,
        "pictures": figures.pictures,
        "exact": figures.exact.count,
        "exact_percent": _percent(figures.exact),
        "exact_interval_percent": _interval(figures.exact),
        "character_error_rate_percent": round(100 * figures.character_error_rate, 1),
        "nothing_read": figures.nothing_read,
        "refused": figures.refused,
        "ms_p50": figures.ms_p50,
        "ms_p95": figures.ms_p95,
        "peak_memory_mib": figures.peak_memory_mib,
        "by_kind": {kind: _percent(share) for kind, share in figures.by_kind.items()},
        "accepted_at": {
            str(each.threshold): {
                "coverage_percent": _percent(each.coverage),
                "precision_percent": _percent(each.precision),
                "precision_interval_percent": _interval(each.precision),
            }
            for each in figures.thresholds
            if each.precision.of
        },
        "promised": {
            str(each.asked): {
                "threshold": each.threshold,
                "coverage_percent": _percent(each.coverage),
                "precision_percent": _percent(each.precision),
                "precision_interval_percent": _interval(each.precision),
            }
            for each in figures.promises
        },
    }


def _percent(share: Share) -> float:
    return round(100 * share.value, 1)


def _interval(share: Share) -> list[float]:
    return [round(100 * edge, 1) for edge in share.interval]


def _print(summary: dict[str, object], wrong: list[dict[str, object]]) -> None:
    table = Table("measure", "value", box=None)
    for name, value in summary.items():
        if name == "accepted_at" and isinstance(value, dict):
            for threshold in map(str, _PRINTED_THRESHOLDS):
                if threshold in value:
                    row = value[threshold]
                    low, high = row["precision_interval_percent"]
                    words = f"{row['coverage_percent']} % accepted, {row['precision_percent']} % of it right ({low} to {high})"
                    table.add_row(f"from {threshold}", words)
            continue
        if name == "promised" and isinstance(value, dict):
            for asked, row in value.items():
                low, high = row["precision_interval_percent"]
                chosen = "no threshold gives it" if row["threshold"] is None else f"from {row['threshold']}"
                words = f"{chosen}; on other plates {row['coverage_percent']} % accepted, {row['precision_percent']} % of it right ({low} to {high})"
                table.add_row(f"{asked} right", words)
            continue
        shown = ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(name.replace("_", " "), shown)
    console.print(table)
    for row in wrong:
        console.print(f"{row['file']}: {row['plate']} read as {row['read'] or 'nothing'} ({row['confidence']})")
