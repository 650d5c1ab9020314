"""`loket anpr camera`: where a camera stands, what it is there for, and how it fares."""

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from app.cli.common import console, emit, open_house, run
from app.core.actor import SYSTEM
from app.services import cameras

CHANGED = ("place", "latitude", "longitude", "heading", "lens", "zone", "limit_kmh", "accuses", "confidence_of")


def camera(
    client_id: Annotated[str, typer.Argument(help="The camera's client id, as `loket client list` shows it.")],
    place: Annotated[str | None, typer.Option(help="Where it stands, as it will be in the letter.")] = None,
    latitude: Annotated[float | None, typer.Option(help="Degrees, south negative.")] = None,
    longitude: Annotated[float | None, typer.Option(help="Degrees, east positive.")] = None,
    heading: Annotated[int | None, typer.Option(help="Degrees from north, clockwise, into which it looks.")] = None,
    lens: Annotated[str | None, typer.Option(help="Its lens, such as `25 mm f/1.4`.")] = None,
    zone: Annotated[str | None, typer.Option(help="What its local times mean: WIB, WITA, WIT or UTC.")] = None,
    limit_kmh: Annotated[float | None, typer.Option("--limit", help="Speed limit where it measures, km/h.")] = None,
    accuses: Annotated[
        str | None,
        typer.Option(help="Violation that a message in a vendor's form is about; `-` for a camera that only sees."),
    ] = None,
    confidence_of: Annotated[
        int | None, typer.Option(help="What a Dahua camera's confidence is out of: 100, or 255 as without this.")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="A violation that it may hand in; may be given several times, `-` for all."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")] = False,
) -> None:
    """Register a camera further, or show what is known of it; what is not given stays as it is."""
    values = (place, latitude, longitude, heading, lens, zone, limit_kmh, accuses, confidence_of)
    given = dict(zip(CHANGED, values, strict=True))
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if changes.get("accuses") == "-":
        changes["accuses"] = None
    if allow is not None:
        changes["allowed"] = () if allow == ["-"] else tuple(allow)
    device, health = run(_changed(client_id, changes))
    shown = {**asdict(device), "health": None if health is None else asdict(health)}
    emit(shown, as_json=as_json, human=lambda: _print(device, health))


async def _changed(client_id: str, changes: dict[str, Any]) -> tuple[cameras.Registered, cameras.Health | None]:
    async with open_house() as house, house.db.begin(SYSTEM) as tx:
        device = await cameras.get_registered(tx.session, client_id)
        if changes:
            device = await cameras.record_site(tx, client_id, replace(device.site, **changes))
        fared = await cameras.health_of(tx.session, [device.id], now=tx.now)
    return device, fared.get(device.id)


def _print(device: cameras.Registered, health: cameras.Health | None) -> None:
    console.print(f"{device.name} ({device.client_id}), {device.unit}", markup=False)
    for name, value in {**asdict(device.site), **asdict(device.certificate)}.items():
        if value not in (None, ()):
            shown = ", ".join(value) if isinstance(value, tuple) else value
            console.print(f"  {name.replace('_', ' ')}: {shown}", markup=False, highlight=False)
    if health is None:
        console.print("  not heard within 30 days")
        return
    drift = "unknown" if health.drift_s is None else f"{health.drift_s:+.1f} s"
    console.print(f"  last heard {health.last_at:%Y-%m-%d %H:%M}Z, {health.messages} messages, clock {drift}")
