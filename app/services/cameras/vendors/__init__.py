"""What cameras push by themselves, each vendor in its own words, read into one normal form.

A new vendor is a file with a function `read`, a name in `Vendor` with a line in `VENDORS`, and a recorded message in the tests. Where the forms
come from is said in each file and in `docs/api/cameras.md`.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from app.services.cameras.vendors import axis, dahua, hikvision, milesight, openalpr, plate_recognizer
from app.services.cameras.vendors.passage import BadPush, NotAPassage, Passage, Push, SeenVehicle


class Vendor(StrEnum):
    """Whose form a message has; the name stands in the door's path."""

    PLATE_RECOGNIZER = "plate-recognizer"
    HIKVISION = "hikvision"
    DAHUA = "dahua"
    AXIS = "axis"
    MILESIGHT = "milesight"
    OPENALPR = "openalpr"


VENDORS: Mapping[Vendor, Callable[[Push], Passage]] = {
    Vendor.PLATE_RECOGNIZER: plate_recognizer.read,
    Vendor.HIKVISION: hikvision.read,
    Vendor.DAHUA: dahua.read,
    Vendor.AXIS: axis.read,
    Vendor.MILESIGHT: milesight.read,
    Vendor.OPENALPR: openalpr.read,
}


def read_push(vendor: Vendor, push: Push) -> Passage:
    """The passage that a message tells of. Raises `NotAPassage` for what is about no vehicle, and `BadPush` for whatever
    does not follow the vendor's form."""
    try:
        return VENDORS[vendor](push)
    except (LookupError, ValueError) as error:
        raise BadPush("isinya tidak menurut bentuk vendor", "the content does not follow the vendor's form") from error


__all__ = ["VENDORS", "BadPush", "NotAPassage", "Passage", "Push", "SeenVehicle", "Vendor", "read_push"]
