"""Which recognisers this installation uses, by its setting `LOKET_RECOGNISER`."""

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path

from app.core.config import Settings
from app.services.recognition.configuration import (
    Entry,
    RecogniserConfig,
    RecogniserFault,
    RecogniserFile,
    load_recogniser_file,
)
from app.services.recognition.planned import PlannedRecogniser
from app.services.recognition.reading import Recogniser

ENTRY_POINTS = "loket.recognisers"
Builder = Callable[[RecogniserConfig], Recogniser]
"""What an entry point leads to; raises RecogniserFault for a configuration that it cannot use."""

_OF_ADDRESSES = "plate-recognizer"
"""How a server is spoken to of which the setting says only its address."""


def choose_recogniser(settings: Settings, *, installed: EntryPoints | None = None) -> PlannedRecogniser:
    """The recognisers of the setting: `embedded` or the name of another entry point in the group `loket.recognisers`, an
    http(s) address that speaks the Snapshot protocol, or a YAML file that names several with a plan for
    each Polda or camera. Nothing is loaded or called yet. Raises RecogniserFault, which says what to mend."""
    setting = settings.recogniser
    if setting.endswith((".yaml", ".yml")):
        path = Path(setting)
        file = load_recogniser_file(path)
        configs = [_config(name, entry, path.parent) for name, entry in file.recognisers.items()]
        return _planned(file, configs, installed)
    if setting.startswith(("http://", "https://")):
        file = RecogniserFile.of_one(_OF_ADDRESSES, Entry(kind=_OF_ADDRESSES, url=setting))
        return _planned(file, [RecogniserConfig(_OF_ADDRESSES, setting, settings.recogniser_token)], installed)
    builder_of(setting, installed=installed)  # refuses what is no name before it is taken for one
    return _planned(RecogniserFile.of_one(setting, Entry(kind=setting)), [RecogniserConfig(setting)], installed)


def _config(name: str, entry: Entry, folder: Path) -> RecogniserConfig:
    try:
        return entry.config(name, folder)
    except OSError as error:
        raise RecogniserFault(f"recogniser {name}: {entry.token_file} cannot be read: {error.strerror}") from None


def _planned(file: RecogniserFile, configs: list[RecogniserConfig], installed: EntryPoints | None) -> PlannedRecogniser:
    readers: dict[str, Recogniser] = {
        config.name: builder_of(file.recognisers[config.name].kind, installed=installed)(config) for config in configs
    }
    return PlannedRecogniser(readers, file)


@cache
def _installed() -> EntryPoints:
    return entry_points(group=ENTRY_POINTS)  # walks over every installed package, so once in a process


def builder_of(kind: str, *, installed: EntryPoints | None = None) -> Builder:
    """What the entry point of this name leads to. Raises RecogniserFault, which names those that are installed."""
    points = _installed() if installed is None else installed
    if kind not in points.names:
        known = ", ".join(sorted(points.names))
        raise RecogniserFault(
            f"{kind!r} is no recogniser; LOKET_RECOGNISER is a file (.yaml), an http(s) address or one of: {known}"
        )
    build: Builder = points[kind].load()
    return build
