"""The made-up service of the tests, and facts about somebody made up."""

from datetime import date
from pathlib import Path
from typing import Any

from app.services.catalogue import Facts, Service, read_service
from app.services.catalogue.checking import Known
from app.services.registries.facts import midnight

FOLDER = Path(__file__).parents[2] / "data" / "catalogue"
FILE = FOLDER / "crowd-permit.yaml"
TEXT = FILE.read_text("utf-8")
KNOWN = Known(
    lifecycles=frozenset({"application"}),
    payable=frozenset({"SKCK_WNI", "SKCK_WNA", "SKUKP"}),
    paid_to_others=frozenset({"EPPSI", "ERIKKES"}),
    photo_rules=frozenset({"plain", "hand"}),
    papers=frozenset({"certificate", "sim"}),
    mabes_units=frozenset({"KORLANTAS"}),
    poldas=frozenset({"PMJ"}),
    signature_rules=frozenset({"hand"}),
)
TODAY = date(2026, 3, 2)
FORM: dict[str, Any] = {
    "scale": "large",
    "held_on": "2026-04-01",
    "guests": 250,
    "promise": True,
    "full_name": "Budi Contoh",
}
APPLICANT = {
    "nik": "3174011211879901",
    "name": "Budi Contoh",
    "born_on": midnight(date(1987, 11, 12)),
    "sex": "M",
    "address": "Jalan Contoh No. 1",
    "citizenship": "WNI",
}


def faults_of(text: str) -> list[str]:
    """What is wrong with the file when its text is this, a line each."""
    return [str(each) for each in read_service("crowd-permit.yaml", text.encode(), KNOWN)[1]]


def service_of(text: str = TEXT) -> Service:
    """The service of this text, which must be sound."""
    service, faults = read_service("crowd-permit.yaml", text.encode(), KNOWN)
    assert service is not None, [str(each) for each in faults]
    return service


def facts(**changes: Any) -> Facts:
    """Everything known and good, with these changes."""
    values: dict[str, Any] = {
        "today": TODAY,
        "form": FORM,
        "applicant": APPLICANT,
        "jkn": {"active": True},
        "records": {"open_case": False, "note": ""},
    }
    return Facts(**{**values, **changes})
