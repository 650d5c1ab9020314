"""Papers: Typst templates and plain data in, tagged PDF/A out. Nothing but the wheel is needed, fonts
included.

Data is never template code. It travels as JSON through Typst's inputs and is set as text, so ``#import`` in
a name prints as ``#import``; pictures travel the same way, as numbers, and never touch a disk (40 ms for
half a megabyte, against 2 ms by a file that a killed process would leave behind). The same data gives the
same bytes: the date inside comes from the data.

PDF/A-3a with PDF/UA-1: kept for decades, read aloud in order, and allowed to carry the proof as an attached
file.
"""

import io
import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import segno
import typst

from app.core.db import JsonValue
from app.services.documents.problems import TEMPLATE_BROKEN
from app.services.documents.threads import off_loop

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PREVIEW_PPI = 110

# What the fonts inside the Typst wheel can draw: Latin, Greek and Cyrillic with punctuation, currency and
# arrows. PDF/A refuses a letter without a glyph, and no letter may fail because of an emoji in somebody's
# name.
_UNDRAWABLE = re.compile(
    "[^\u0020-\u007e\u00a0-\u04ff\u1e00-\u1fff\u2010-\u2015\u2018-\u201f\u2020-\u2027\u2030-\u203e\u20a0-\u20bf\u2190-\u21ff]"
)


async def render_pdf(template: str, data: Mapping[str, JsonValue], files: Mapping[str, bytes] | None = None) -> bytes:
    """The PDF of `template` (a path below ``app/templates`` without ``.typ``), made in a thread.

    `data` must hold ``created_at`` (ISO 8601 with offset), which becomes the date inside the file. `files`
    are what the template shows or attaches, by name: JPEG or PNG pictures that `check_image` accepted, and
    the proof.

    Problems: documents-not-rendered (500) where a template and its data do not fit, which tests exclude.
    """
    return (await off_loop(_compile, template, data, files or {}, "pdf"))[0]


async def render_pages(
    template: str, data: Mapping[str, JsonValue], files: Mapping[str, bytes] | None = None
) -> list[bytes]:
    """The same paper as PNG pictures, one for each page: for previews on a screen."""
    return await off_loop(_compile, template, data, files or {}, "png")


def qr_svg(text: str) -> str:
    """A QR code (ISO/IEC 18004, level M) as an SVG document with its quiet zone, black on white."""
    code = segno.make(text, error="m", boost_error=False, micro=False)
    out = io.BytesIO()
    code.save(out, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False, nl=False)
    return out.getvalue().decode("ascii")


def drawable(text: str) -> str:
    """The text in one line, with what the fonts cannot draw shown as ``?``; direction and control marks go,
    as they could make a letter read otherwise than it was written."""
    kinds = {"Cc": " ", "Cf": "", "Mn": "", "Me": ""}
    kept = "".join(kinds.get(unicodedata.category(c), c) for c in unicodedata.normalize("NFC", text))
    return _UNDRAWABLE.sub("?", " ".join(kept.split()))


def _compile(
    template: str, data: Mapping[str, JsonValue], files: Mapping[str, bytes], kind: Literal["pdf", "png"]
) -> list[bytes]:
    inputs = {
        "data": json.dumps(_drawable_all(dict(data)), ensure_ascii=False),
        "files": json.dumps({name: list(content) for name, content in files.items()}),
    }
    try:
        made = typst.compile(
            str(TEMPLATES / f"{template}.typ"),
            root=str(TEMPLATES),
            ignore_system_fonts=True,
            format=kind,
            ppi=PREVIEW_PPI if kind == "png" else None,
            sys_inputs=inputs,
            pdf_standards=["a-3a", "ua-1"] if kind == "pdf" else None,
            timestamp=datetime.fromisoformat(str(data["created_at"])).replace(microsecond=0),
        )
    except RuntimeError as error:
        raise TEMPLATE_BROKEN(template=template) from error
    return [bytes(page) for page in made] if isinstance(made, list) else [bytes(made)]


def _drawable_all(value: JsonValue) -> JsonValue:
    """Every string inside, made drawable; a QR code's own SVG is left as it is."""
    if isinstance(value, str):
        return drawable(value)
    if isinstance(value, list):
        return [_drawable_all(each) for each in value]
    if isinstance(value, dict):
        return {k: v if k.endswith("_svg") else _drawable_all(v) for k, v in value.items()}
    return value
