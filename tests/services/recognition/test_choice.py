"""Which recogniser a setting chooses."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from app.core.config import Settings
from app.services.recognition import UnknownRecogniser, choose_recogniser
from app.services.recognition.backends.embedded import EmbeddedRecogniser
from app.services.recognition.backends.http import HttpRecogniser


async def test_embedded_and_addresses() -> None:
    for setting, kind in [("embedded", EmbeddedRecogniser), ("http://127.0.0.1:8080", HttpRecogniser)]:
        recogniser = choose_recogniser(Settings(_env_file=None, recogniser=setting))
        assert isinstance(recogniser, kind)
        await recogniser.aclose()


async def test_an_installed_recogniser_is_chosen_by_its_name() -> None:
    point = EntryPoint("own", "app.services.recognition.backends.embedded:build", "loket.recognisers")
    recogniser = choose_recogniser(Settings(_env_file=None, recogniser="own"), installed=EntryPoints([point]))
    assert isinstance(recogniser, EmbeddedRecogniser)
    await recogniser.aclose()


def test_an_unknown_name_says_what_is_installed() -> None:
    with pytest.raises(UnknownRecogniser, match=r"'tesseract'.*embedded"):
        choose_recogniser(Settings(_env_file=None, recogniser="tesseract"))
