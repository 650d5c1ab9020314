"""`loket lifecycle NAME --format mermaid|svg`: a lifecycle drawn from its data, the same as in the docs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import refuse
from app.core.texts import Lang
from app.services.cases import LifecycleError, drawing
from app.services.cases.loading import SHIPPED, read_shipped


class Format(StrEnum):
    """What a lifecycle is drawn as."""

    MERMAID = "mermaid"
    SVG = "svg"


class Language(StrEnum):
    """The words on the cards of an SVG."""

    ID = "id"
    EN = "en"


def lifecycle(
    name: Annotated[str, typer.Argument(help="A file of app/data/lifecycles without its ending, such as `etle`.")],
    drawn_as: Annotated[Format, typer.Option("--format", help="Mermaid text, or an SVG picture.")] = Format.MERMAID,
    language: Annotated[Language, typer.Option("--lang", help="Words of the SVG.")] = Language.ID,
    output: Annotated[Path | None, typer.Option("--output", help="Write to this file instead of printing.")] = None,
) -> None:
    """Draw a lifecycle: every state, every move and who may make it."""
    try:
        declared = read_shipped(name)
    except LifecycleError as error:
        raise refuse(str(error)) from None
    lang: Lang = "en" if language is Language.EN else "id"
    text = drawing.mermaid(declared) if drawn_as is Format.MERMAID else drawing.svg(declared, lang)
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, "utf-8")


def pages() -> dict[str, str]:
    """Every lifecycle page of docs/lifecycles by file name, as it must be; `loket docs` writes or compares them."""
    drawn: dict[str, str] = {}
    for path in sorted(SHIPPED.glob("*.yaml")):
        declared = read_shipped(path.stem)
        drawn[f"{path.stem}.md"] = drawing.page(declared)
        drawn[f"{path.stem}.mmd"] = drawing.mermaid(declared)
        drawn[f"{path.stem}.svg"] = drawing.svg(declared)
    return drawn
