"""`loket sandbox camera`: a camera that acts by itself, for testers. Refused in production."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli.common import console, emit, errors, refuse, refuse_in_production, run
from app.core.config import Settings
from app.sandbox.camera import KINDS, Door, Manner, Report, SandboxCamera

TIMEOUT_S = 30.0
MOST_EVENTS = 1_000_000


def camera(
    vendor: Annotated[
        list[str] | None,
        typer.Option(help=f"Whose form; may be given several times: {', '.join(KINDS)}. Default: all."),
    ] = None,
    count: Annotated[int, typer.Option(help="Events to send.", min=1, max=MOST_EVENTS)] = 20,
    rate: Annotated[float | None, typer.Option(help="Events a second; default as fast as it goes.", min=0.01)] = None,
    drift: Annotated[float, typer.Option(help="Seconds by which its clock is ahead; negative for behind.")] = 0.0,
    duplicates: Annotated[float, typer.Option(help="Share of events that are said again.", min=0, max=1)] = 0.0,
    cuts: Annotated[
        float, typer.Option(help="Share of events whose connection is cut in the middle first.", min=0, max=1)
    ] = 0.0,
    violation: Annotated[str, typer.Option(help="What its native captures are about.")] = Manner.violation,
    seed: Annotated[int, typer.Option(help="The same plates and misbehaviour again.")] = 0,
    key: Annotated[str | None, typer.Option(help="Its API key; default the demo set's camera.")] = None,
    path_key: Annotated[str | None, typer.Option(help="A key of `--path-key`, sent in the path.")] = None,
    base_url: Annotated[str | None, typer.Option(help="The server; default LOKET_PUBLIC_URL.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")] = False,
) -> None:
    """Send drawn plates as cameras do. Exit status 1 when an event was not taken in the end."""
    settings = Settings()
    refuse_in_production(settings, "The sandbox camera")
    unknown = [each for each in vendor or () if each not in KINDS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(KINDS)}", param_hint="--vendor")
    door = Door((base_url or settings.public_url).rstrip("/"), path_key or key or _demo_key(settings), bool(path_key))
    manner = Manner(tuple(vendor or KINDS), count, rate, timedelta(seconds=drift), duplicates, cuts, seed, violation)
    report = run(_run(door, manner, quiet=as_json))
    shown = _summary(report)
    emit(shown, as_json=as_json, human=lambda: _print(shown))
    if report.lost:
        raise typer.Exit(1)


async def _run(door: Door, manner: Manner, *, quiet: bool) -> Report:
    columns = (TextColumn("Events"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
        with Progress(*columns, console=errors, disable=quiet) as progress:
            task = progress.add_task("events", total=manner.count)
            return await SandboxCamera(door, manner, client).run(told=lambda: progress.advance(task))


def _demo_key(settings: Settings) -> str:
    path: Path = settings.home / "sandbox" / "camera.json"
    try:
        return str(json.loads(path.read_text("utf-8"))["api_key"])
    except (OSError, ValueError, KeyError):
        raise refuse(f"Give --key or --path-key, or run `loket seed demo`, which leaves one in {path}.") from None


def _summary(report: Report) -> dict[str, Any]:
    return {
        "events": dict(report.events),
        "sent": report.sent,
        "repeated": report.repeated,
        "cut": report.cut,
        "answers": dict(report.answers),
        "lost": report.lost,
    }


def _print(shown: dict[str, Any]) -> None:
    for name, value in shown.items():
        words = ", ".join(f"{key}: {count}" for key, count in value.items()) if isinstance(value, dict) else value
        console.print(f"{name}: {words}", markup=False, highlight=False)
