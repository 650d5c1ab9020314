"""`loket openapi`: the published description of the API, drawn from the code."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from app.cli.common import console, refuse
from app.core.config import Settings
from app.core.crypto import KeyRing
from app.main import create_app
from app.wiring import build_house

FILE = Path(__file__).resolve().parents[2] / "openapi" / "loket.yaml"


def openapi(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where the file differs.")] = False,
) -> None:
    """Write openapi/loket.yaml, or with --check fail where it differs from the code."""
    text = yaml.safe_dump(document(), allow_unicode=True, sort_keys=False, width=120)
    if not check:
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(text, "utf-8")
        console.print(f"{FILE.name} written.")
        return
    if not FILE.exists() or FILE.read_text("utf-8") != text:
        raise refuse("openapi/loket.yaml differs from the code. Run: make openapi")
    console.print("openapi/loket.yaml is up to date.")


def document() -> dict[str, Any]:
    """The OpenAPI document of a default installation; needs neither database nor key file."""
    house = build_house(Settings(storage_url="memory:///"), keys=KeyRing.generate())
    return create_app(house).openapi()
