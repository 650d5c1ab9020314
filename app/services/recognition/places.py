"""Where plates may stand in a picture, whoever has read it: a recogniser names the plate that it was asked for, and perhaps no
other, so what is covered for the sake of others is looked for here.
"""

from functools import cache
from importlib.util import find_spec

from app.services.recognition.reading import Box


def can_find_places() -> bool:
    """Whether this installation has the embedded recogniser (the extra `[anpr]`), which finds them."""
    return _installed()


def find_places(image: bytes) -> tuple[Box, ...]:
    """Every place that may bear a plate, in a picture file; none where `can_find_places` says so. Heavy: call it in a thread."""
    if not can_find_places():
        return ()
    # OpenCV, onnxruntime and the weights: only a process that covers pictures pays for them.
    from app.services.recognition.plate_reader import the_plate_reader

    return the_plate_reader().find_places(image)


@cache
def _installed() -> bool:
    return all(find_spec(each) is not None for each in ("cv2", "onnxruntime", "rapidocr"))
