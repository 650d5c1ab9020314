"""The page that `loket anpr evaluate` writes: figures, a plot, and the worst pictures to look at, in one file that loads nothing."""

import base64
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from babel.dates import format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment
from PIL import ImageDraw

from app.core.problems import Problem
from app.core.texts import Lang, Text
from app.services.documents.uploads import as_jpeg, open_upright
from app.services.recognition.evaluation import AtThreshold, Evaluation, Measured

MOST_PICTURES = 40
_SIDE = 480
_QUALITY = 80
_RED = (214, 0, 0)
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 600, 24, 310


def page(figures: Evaluation, folder: Path, *, at: datetime, lang: Lang) -> str:
    """The page as HTML. Pictures are shown small, with the box that the reader gave."""
    source = files("app").joinpath("templates/reports/evaluation.html").read_text()
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)
    return template.render(
        figures=figures,
        folder=folder.name,
        at=format_datetime(at, "d MMMM y", locale=lang),
        pictures=[(each, _thumbnail(folder, each)) for each in figures.worst[:MOST_PICTURES]],
        plot=_Plot(figures),
        lang=lang,
        number=lambda value, places=1: format_decimal(value, f"#,##0.{'#' * places}", locale=lang),
        t=lambda indonesian, english: Text(indonesian, english).say(lang),
    )


@dataclass(frozen=True, slots=True)
class _Plot:
    """Places in the drawing; shares from 0 to 1."""

    figures: Evaluation

    def x(self, threshold: float) -> float:
        return round(_LEFT + threshold * (_RIGHT - _LEFT), 1)

    def y(self, share: float) -> float:
        return round(_BOTTOM - share * (_BOTTOM - _TOP), 1)

    @property
    def coverage(self) -> str:
        return self._line([(each.threshold, each.coverage.value) for each in self.figures.thresholds])

    @property
    def precision(self) -> str:
        return self._line([(each.threshold, each.precision.value) for each in self._accepting])

    @property
    def band(self) -> str:
        there = [(each.threshold, each.precision.interval[1]) for each in self._accepting]
        back = [(each.threshold, each.precision.interval[0]) for each in reversed(self._accepting)]
        return self._line(there + back)

    @property
    def _accepting(self) -> list[AtThreshold]:
        return [each for each in self.figures.thresholds if each.precision.of]

    def _line(self, points: list[tuple[float, float]]) -> str:
        return " ".join(f"{self.x(threshold)},{self.y(share)}" for threshold, share in points)


def _thumbnail(folder: Path, measured: Measured) -> str | None:
    try:
        picture = open_upright((folder / measured.file).read_bytes())
    except Problem:
        return None
    scale = _SIDE / max(picture.size)
    small = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    if measured.box:
        box = measured.box
        corners = [round(edge * scale) for edge in (box.x_min, box.y_min, box.x_max, box.y_max)]
        ImageDraw.Draw(small).rectangle(corners, outline=_RED, width=3)
    return f"data:image/jpeg;base64,{base64.b64encode(as_jpeg(small, quality=_QUALITY)).decode()}"
