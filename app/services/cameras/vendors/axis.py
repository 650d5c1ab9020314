"""Axis License Plate Verifier, and Vaxtor with the template that `docs/api/cameras.md` publishes.

Axis posts up to three times a car (`new`, `update`, `lost`): joined by serial and `carID`, so that the first stands and
the others are repetitions. Its values are text; `capture_timestamp` is milliseconds UTC, `datetime` says no zone.
"""

from collections.abc import Mapping

from app.services.cameras.vendors import values
from app.services.cameras.vendors.multipart import read_parts
from app.services.cameras.vendors.passage import BadPush, NotAPassage, Passage, Push, SeenVehicle


def read(push: Push) -> Passage:
    """The passage of an Axis event or a Vaxtor template. Raises `NotAPassage`, `BadPush`."""
    told, pictures = _content(push)
    if "plateUTF8" in told or "plateASCII" in told:
        return _axis(told, pictures)
    if "plateutf8" in told:
        return _vaxtor(push, told)
    raise NotAPassage("heartbeat" if "ALPV" in told or "identify" in told else values.word(next(iter(told), "empty")))


def _content(push: Push) -> tuple[Mapping[str, object], tuple[bytes, ...]]:
    if "multipart" not in push.content_type.lower():
        told = values.json_object(push.body)
        images = [values.mapping(each) for each in values.sequence(told.get("ImageArray"))]
        images.sort(key=lambda each: "plate" in values.word(each.get("ImageType")).lower())  # crops behind the scene
        return told, values.pictures(*(each.get("BinaryImage") for each in images))
    parts = read_parts(push.content_type, push.body)
    event = next((each for each in parts if each.name == "event" or each.data.lstrip()[:1] == b"{"), None)
    if event is None:
        raise BadPush("bagian event tidak ada", "the part event is missing")
    pictures = tuple(dict.fromkeys(each.data for each in parts if each is not event))
    return values.json_object(event.data), pictures[: values.MOST_PICTURES]


def _axis(told: Mapping[str, object], pictures: tuple[bytes, ...]) -> Passage:
    vehicle, camera = values.mapping(told.get("vehicle_info")), values.mapping(told.get("camera_info"))
    serial = values.word(camera.get("SerialNumber") or told.get("sensorProviderID"))
    return Passage(
        event=f"{serial}|{values.word(told.get('carID') or told.get('packetCounter'))}",
        captured_at=values.moment_of_epoch_ms(told.get("capture_timestamp")),
        plate=values.plate(told.get("plateUTF8") or told.get("plateASCII")),
        confidence=values.share(told.get("plateConfidence"), whole=1),
        box=values.corner_and_size(values.sequence(told.get("plateCoordinates"))),
        region=values.word(told.get("plateCountry")),
        vehicle=SeenVehicle(
            kind=values.word(vehicle.get("type")),
            make=values.word(vehicle.get("brand")),
            model=values.word(vehicle.get("model")),
            colour=values.word(vehicle.get("color")),
            view=values.word(vehicle.get("view")),
        ),
        camera=serial,
        direction=values.word(told.get("carMoveDirection")),
        lane=values.lane(told.get("roiID")),
        pictures=pictures,
    )


def _vaxtor(push: Push, told: Mapping[str, object]) -> Passage:
    plate, time = values.plate(told.get("plateutf8")), values.word(told.get("date"))
    camera = values.word(told.get("camera"))
    return Passage(
        event=f"{camera}|{time}|{plate}",
        captured_at=values.moment(told.get("date"), push.zone),
        plate=plate,
        confidence=values.share(told.get("confidence"), whole=100),
        box=values.corners([told.get(side) for side in ("left", "top", "right", "bottom")]),
        region=values.word(told.get("country")),
        camera=camera,
        direction=values.word(told.get("direction")),
        pictures=values.pictures(told.get("overviewimage"), told.get("plateimage")),
    )
