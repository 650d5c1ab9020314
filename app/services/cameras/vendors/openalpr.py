"""OpenALPR / Rekor agents: JSON by `data_type`; one `alpr_group` a car, up to ten seconds late, bursts after outages.

Confidences are percent, times milliseconds UTC. `alpr_results` comes for every frame and says what its group says later.
"""

from collections.abc import Mapping

from app.services.cameras.vendors import values
from app.services.cameras.vendors.passage import NotAPassage, Passage, Push, SeenVehicle


def read(push: Push) -> Passage:
    """The passage of an `alpr_group`. Raises `NotAPassage` for the other data types, `BadPush` for broken ones."""
    told = values.json_object(push.body)
    kind = values.word(told.get("data_type"))
    if kind != "alpr_group":
        raise NotAPassage(kind or "empty")
    best, vehicle = values.mapping(told.get("best_plate")), values.mapping(told.get("vehicle"))
    plate = values.plate(told.get("best_plate_number") or best.get("plate"))
    camera = values.word(told.get("camera_id"))
    direction = values.number(told.get("travel_direction"))
    points = [values.mapping(each) for each in values.sequence(best.get("coordinates"))]
    return Passage(
        event=values.word(told.get("best_uuid")) or f"{camera}|{values.word(told.get('epoch_start'))}|{plate}",
        captured_at=values.moment_of_epoch_ms(told.get("epoch_start")),
        plate=plate,
        confidence=values.share(told.get("best_confidence"), whole=100),
        alternatives=tuple(_alternatives(told.get("candidates"), plate)),
        box=_bounds(points),
        region=values.word(told.get("best_region")),
        vehicle=SeenVehicle(
            kind=_name(vehicle.get("body_type")),
            make=_name(vehicle.get("make")),
            model=_name(vehicle.get("make_model")),
            colour=_name(vehicle.get("color")),
        ),
        camera=camera,
        direction="" if direction is None else f"{direction:g}",
        pictures=values.pictures(told.get("vehicle_crop_jpeg"), best.get("plate_crop_jpeg")),
    )


def _alternatives(candidates: object, plate: str | None) -> list[tuple[str, float | None]]:
    found = [values.mapping(each) for each in values.sequence(candidates)]
    others = [(values.plate(each.get("plate")), values.share(each.get("confidence"), whole=100)) for each in found]
    return [(text, sure) for text, sure in others if text and text != plate][: values.MOST_ALTERNATIVES]


def _bounds(points: list[Mapping[str, object]]) -> tuple[int, int, int, int] | None:
    xs = [each for point in points if (each := values.number(point.get("x"))) is not None]
    ys = [each for point in points if (each := values.number(point.get("y"))) is not None]
    return values.corners([min(xs), min(ys), max(xs), max(ys)]) if xs and ys else None


def _name(guesses: object) -> str:
    return values.word(values.mapping(next(iter(values.sequence(guesses)), None)).get("name"))
