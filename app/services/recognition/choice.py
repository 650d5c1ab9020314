"""Which recogniser this installation uses, by its setting `LOKET_RECOGNISER`."""

from importlib.metadata import entry_points
from typing import cast

from app.core.config import Settings
from app.services.recognition.backends import embedded, http
from app.services.recognition.reading import Recogniser

ENTRY_POINTS = "loket.recognisers"


class UnknownRecogniser(ValueError):
    """The setting names no recogniser that is installed."""


def choose_recogniser(settings: Settings) -> Recogniser:
    """`embedded`, an http(s) address that speaks the Snapshot protocol, or the name of an entry point in the
    group `loket.recognisers`: a function that takes the settings and returns a `Recogniser`. Nothing is
    loaded or called yet. Raises UnknownRecogniser, which names those that are installed."""
    setting = settings.recogniser
    if setting == embedded.NAME:
        return embedded.build(settings)
    if setting.startswith(("http://", "https://")):
        return http.build(settings)
    installed = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if setting not in installed:
        known = ", ".join(sorted({embedded.NAME, *installed}))
        raise UnknownRecogniser(f"LOKET_RECOGNISER is {setting!r}; set it to an http(s) address or one of: {known}")
    return cast(Recogniser, installed[setting].load()(settings))
