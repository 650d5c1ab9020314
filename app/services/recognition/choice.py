"""Which recogniser this installation uses, by its setting `LOKET_RECOGNISER`."""

from importlib.metadata import EntryPoints, entry_points
from typing import cast

from app.core.config import Settings
from app.services.recognition.backends import embedded, http
from app.services.recognition.reading import Recogniser

ENTRY_POINTS = "loket.recognisers"


class UnknownRecogniser(ValueError):
    """The setting names no recogniser that is installed."""


def choose_recogniser(settings: Settings, *, installed: EntryPoints | None = None) -> Recogniser:
    """`embedded`, an http(s) address that speaks the Snapshot protocol, or the name of an entry point in the
    group `loket.recognisers`: a function that takes the settings and returns a `Recogniser`. Nothing is
    loaded or called yet. Raises UnknownRecogniser, which names those that are installed."""
    setting = settings.recogniser
    if setting == embedded.NAME:
        return embedded.build(settings)
    if setting.startswith(("http://", "https://")):
        return http.build(settings)
    points = entry_points(group=ENTRY_POINTS) if installed is None else installed
    if setting not in points.names:
        known = ", ".join(sorted({embedded.NAME, *points.names}))
        raise UnknownRecogniser(f"LOKET_RECOGNISER is {setting!r}; set it to an http(s) address or one of: {known}")
    return cast(Recogniser, points[setting].load()(settings))
