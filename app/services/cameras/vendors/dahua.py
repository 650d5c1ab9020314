"""Dahua ITSAPI (also Intelbras, CP Plus): JSON at fixed root paths; pictures in base64.

Times are local and say no zone. `Confidence` is 0 to 255 in `TollgateInfo`, and 0 to 100 of some devices: the register says of
which (`Site.confidence_of`). Whatever we answer never holds
`OpenStrobe`: that opens a barrier.
"""

from app.services.cameras.vendors import values
from app.services.cameras.vendors.passage import NotAPassage, Passage, Push, SeenVehicle

_CONFIDENCE_OF = 255
_PICTURES = ("NormalPic", "CombinedPic", "VehiclePic", "CutoutPic")


def read(push: Push) -> Passage:
    """The passage of a `TollgateInfo` or `ParkingInfo`. Raises `NotAPassage`, `BadPush`."""
    told = values.json_object(push.body)
    picture = values.mapping(told.get("Picture"))
    if not picture:
        kind = "keepAlive" if "Active" in told else next(iter(told), "empty")
        raise NotAPassage(values.word(kind))
    plate, vehicle = values.mapping(picture.get("Plate")), values.mapping(picture.get("Vehicle"))
    snap = values.mapping(picture.get("SnapInfo"))
    time = snap.get("AccurateTime") or snap.get("SnapTime")
    read_plate = None if plate.get("IsExist") is False else values.plate(plate.get("PlateNumber"))
    device, channel = values.word(snap.get("DeviceID")), values.word(plate.get("Channel"))
    return Passage(
        event=f"{device}|{values.word(time)}|{read_plate}|{channel}",
        captured_at=values.moment(time, push.zone),
        plate=read_plate,
        confidence=values.share(plate.get("Confidence"), whole=push.confidence_of or _CONFIDENCE_OF),
        box=values.corners(values.sequence(plate.get("BoundingBox"))),
        region=values.word(plate.get("Region")),
        vehicle=SeenVehicle(
            kind=values.word(vehicle.get("VehicleType")),
            make=values.word(vehicle.get("VehicleSign")),
            model=values.word(vehicle.get("VehicleSeries")),
            colour=values.word(vehicle.get("VehicleColor")),
        ),
        camera=device,
        direction=values.word(snap.get("Direction")),
        lane=values.lane(snap.get("LanNo")),
        speed_kmh=values.speed(vehicle.get("Speed")),
        pictures=values.pictures(*(values.mapping(picture.get(name)).get("Content") for name in _PICTURES)),
    )
