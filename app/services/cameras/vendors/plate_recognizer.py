"""Webhooks of Plate Recognizer: Stream (`recognition`) and Snapshot cloud (`image.done`).

Three bodies: multipart with `json` and `upload`, a form with `json` alone, and plain JSON. Results come in two shapes;
plates in lower case; times with Z, with an offset, or with neither, which then means UTC.
"""

from collections.abc import Mapping
from datetime import UTC
from urllib.parse import parse_qs

from app.services.cameras.vendors import values
from app.services.cameras.vendors.multipart import read_parts
from app.services.cameras.vendors.passage import BadPush, NotAPassage, Passage, Push, SeenVehicle

_EVENTS = frozenset({"recognition", "image.done", ""})


def read(push: Push) -> Passage:
    """The passage of the surest result: one hook is about one vehicle. Raises `NotAPassage`, `BadPush`."""
    told, pictures = _content(push)
    event = values.word(values.mapping(told.get("hook")).get("event"))
    data = values.mapping(told.get("data"))
    results = [_flat(values.mapping(each)) for each in values.sequence(data.get("results"))]
    if event not in _EVENTS or not results:
        raise NotAPassage(event if event not in _EVENTS else "no plate")
    best = max(results, key=lambda each: values.number(each.get("score")) or 0)
    plate, camera = values.plate(best.get("plate")), values.word(data.get("camera_id"))
    vehicle, region = values.mapping(best.get("vehicle")), values.mapping(best.get("region"))
    model = values.mapping(next(iter(values.sequence(best.get("model_make"))), None))
    direction = values.number(best.get("direction"))
    return Passage(
        event=f"{camera}|{values.word(data.get('timestamp'))}|{plate}",
        captured_at=values.moment(data.get("timestamp"), UTC),
        plate=plate,
        confidence=values.share(best.get("score"), whole=1),
        alternatives=tuple(_alternatives(best.get("candidates"), plate)),
        box=values.corners([values.mapping(best.get("box")).get(side) for side in ("xmin", "ymin", "xmax", "ymax")]),
        region=values.word(region.get("code")),
        vehicle=SeenVehicle(
            kind=values.word(vehicle.get("type")),
            make=values.word(model.get("make")),
            model=values.word(model.get("model")),
            colour=_first(best.get("color"), "color", "value"),
            view=_first(best.get("orientation"), "orientation", "value"),
        ),
        camera=camera,
        direction="" if direction is None else f"{direction:g}",
        speed_kmh=values.speed(best.get("speed")),
        pictures=pictures,
    )


def _content(push: Push) -> tuple[Mapping[str, object], tuple[bytes, ...]]:
    kind = push.content_type.lower()
    if "multipart" in kind:
        parts = read_parts(push.content_type, push.body)
        text = next((each.data for each in parts if each.name == "json"), None)
        pictures = tuple(each.data for each in parts if each.name != "json")
    elif "urlencoded" in kind:
        found = parse_qs(push.body.decode("utf-8", "replace"), max_num_fields=20).get("json")
        text, pictures = (found[0].encode() if found else None), ()
    else:
        text, pictures = push.body, ()
    if text is None:
        raise BadPush("bagian json tidak ada", "the part json is missing")
    return values.json_object(text), pictures[: values.MOST_PICTURES]


def _flat(result: Mapping[str, object]) -> Mapping[str, object]:
    """The second shape, in which plate and vehicle are objects with guesses, written as the first."""
    if isinstance(result.get("plate"), str):
        return result
    plate, vehicle = values.mapping(result.get("plate")), values.mapping(result.get("vehicle"))
    read, seen = values.mapping(plate.get("props")), values.mapping(vehicle.get("props"))
    guesses = [values.mapping(each) for each in values.sequence(read.get("plate"))]
    regions = [values.mapping(each) for each in values.sequence(read.get("region"))]
    best = guesses[0] if guesses else {}
    return {
        **result,
        "plate": best.get("value"),
        "score": best.get("score"),
        "box": plate.get("box"),
        "region": {"code": regions[0].get("value") if regions else ""},
        "candidates": [{"plate": each.get("value"), "score": each.get("score")} for each in guesses],
        "model_make": seen.get("make_model"),
        "color": seen.get("color"),
        "orientation": seen.get("orientation"),
    }


def _alternatives(candidates: object, plate: str | None) -> list[tuple[str, float | None]]:
    found = [values.mapping(each) for each in values.sequence(candidates)]
    others = [(values.plate(each.get("plate")), values.share(each.get("score"), whole=1)) for each in found]
    return [(text, sure) for text, sure in others if text and text != plate][: values.MOST_ALTERNATIVES]


def _first(guesses: object, *names: str) -> str:
    best = values.mapping(next(iter(values.sequence(guesses)), None))
    return next((word for name in names if (word := values.word(best.get(name)))), "")
