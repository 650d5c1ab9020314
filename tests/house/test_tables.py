"""`app/tables.py` knows every room's models, and no table is personal without saying so."""

import re
from pathlib import Path

import app.tables
from app.tables import metadata

APP = Path(app.tables.__file__).parent
PERSONAL = re.compile(r"^(nik|name|phone|email|address|kk_no|born_on|sim|owner_name)$")
NOT_PEOPLE = {"application_documents", "case_deadlines", "credentials", "holidays", "road_sections", "units"}
"""Tables whose `name` is of a kind of paper, a program, a unit, a road or a day."""


def test_every_models_module_is_imported() -> None:
    text = (APP / "tables.py").read_text("utf-8")
    modules = sorted((APP / "services").rglob("*models.py"))
    assert len(modules) > 10
    for path in modules:
        room = ".".join(path.parent.relative_to(APP.parent).parts)
        assert f"from {room} import {path.stem}" in text, f"app/tables.py lacks {room}.{path.stem}"


def test_personal_data_stands_encrypted() -> None:
    plain = [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        if table.name not in NOT_PEOPLE
        for column in table.columns
        if PERSONAL.match(column.name)
    ]
    assert plain == []


def test_constraints_are_named_by_one_convention() -> None:
    unnamed = [
        f"{table.name}: {constraint!r}"
        for table in metadata.tables.values()
        for constraint in table.constraints
        if constraint.name is None
    ]
    assert unnamed == []
