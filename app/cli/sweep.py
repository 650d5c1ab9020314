"""`loket sweep [--now TIME]`: run every deadline that is due. The worker does the same each minute."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cli.common import console, emit, open_house, run
from app.services import cases


def sweep(
    now: Annotated[
        str | None,
        typer.Option("--now", help="As of this time (ISO 8601 with offset); a future time is refused in production."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")] = False,
) -> None:
    """Run every deadline that is due, now or as of another time."""
    run(_sweep(None if now is None else _instant(now), as_json))


async def _sweep(as_of: datetime | None, as_json: bool) -> None:
    done = stuck = 0
    async with open_house() as house:
        while True:
            swept = await cases.sweep(house, as_of)
            done, stuck = done + swept.done, stuck + swept.stuck
            if swept.done + swept.stuck == 0:
                break
    sentence = f"{done} deadlines ran; {stuck} could not and went to a person."
    emit({"done": done, "stuck": stuck}, as_json=as_json, human=lambda: console.print(sentence, highlight=False))


def _instant(text: str) -> datetime:
    """The time meant; without an offset it would be a guess in a country of three zones, so that is refused."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time, such as 2026-03-11T09:00:00+07:00") from None
    if at.tzinfo is None:
        raise typer.BadParameter(f"{text!r} needs an offset, such as +07:00 (WIB), +08:00 (WITA), +09:00 (WIT) or Z")
    return at.astimezone(UTC)
