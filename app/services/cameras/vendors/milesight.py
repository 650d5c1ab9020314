"""Milesight LPR "HTTP post": JSON, not always declared as such; numbers as text; times local without a zone."""

from app.services.cameras.vendors import values
from app.services.cameras.vendors.passage import NotAPassage, Passage, Push, SeenVehicle

_PICTURES = ("full_image", *(f"evidence_image{number}" for number in range(5)), "plate_image")


def read(push: Push) -> Passage:
    """The passage of a plate event. Raises `NotAPassage` for counting, lists and the like, `BadPush` for broken ones."""
    told = values.json_object(push.body)
    if "plate" not in told:
        raise NotAPassage(values.word(told.get("event")) or "no plate")
    time = told.get("time_msec") or told.get("time")
    plate, device = values.plate(told.get("plate")), values.word(told.get("device"))
    return Passage(
        event=f"{device}|{values.word(time)}|{plate}",
        captured_at=values.moment(time, push.zone),
        plate=plate,
        confidence=values.share(told.get("confidence"), whole=1),
        box=values.corners([told.get(f"coordinate_{side}") for side in ("x1", "y1", "x2", "y2")]),
        region=values.word(told.get("region")),
        vehicle=SeenVehicle(
            kind=values.word(told.get("vehicle_type")),
            make=values.word(told.get("Vehicle Brand") or told.get("vehicle_brand")),
            colour=values.word(told.get("vehicle_color")),
        ),
        camera=device,
        direction=values.word(told.get("direction")),
        lane=values.lane(told.get("detection_region")),
        speed_kmh=values.speed(told.get("speed")),
        pictures=values.pictures(*(told.get(name) for name in _PICTURES)),
    )
