"""What cameras push by themselves, each vendor in its own words, read into one normal form.

A new vendor is a file with a function `read`, a line in `VENDORS`, and a recorded message in the tests. Where the forms
come from is said in each file and in `docs/api/cameras.md`.
"""

from collections.abc import Callable, Mapping

from app.services.cameras.vendors import axis, dahua, hikvision, milesight, openalpr, plate_recognizer
from app.services.cameras.vendors.passage import BadPush, NotAPassage, Passage, Push, SeenVehicle

VENDORS: Mapping[str, Callable[[Push], Passage]] = {
    "plate-recognizer": plate_recognizer.read,
    "hikvision": hikvision.read,
    "dahua": dahua.read,
    "axis": axis.read,
    "milesight": milesight.read,
    "openalpr": openalpr.read,
}

__all__ = ["VENDORS", "BadPush", "NotAPassage", "Passage", "Push", "SeenVehicle"]
