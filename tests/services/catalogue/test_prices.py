"""The full price is known before anybody types anything: case by case, free services and others' costs included."""

from uuid import uuid4

from app.core.money import Rupiah
from app.services import catalogue
from app.services.catalogue import load_catalogue
from app.services.reference import Fee
from tests.services.catalogue.crowd import TEXT, service_of

AMOUNTS = {"SKCK_WNI": 30_000, "SKCK_WNA": 60_000, "SKUKP": 50_000, "EPPSI": 37_500, "ERIKKES": None}
FEES = {
    code: Fee(uuid4(), code, "X", f"words of {code}", None if amount is None else Rupiah(amount), "", "PNBP", "")
    for code, amount in AMOUNTS.items()
}


def test_every_choice_has_its_price() -> None:
    price = catalogue.price_of(service_of(), FEES)
    assert (price.lowest, price.highest) == (30_000, 110_000)
    assert {tuple(line.code for line in case.lines): case.total for case in price.cases} == {
        ("SKCK_WNI",): 30_000,
        ("SKCK_WNI", "SKUKP"): 80_000,
        ("SKCK_WNA",): 60_000,
        ("SKCK_WNA", "SKUKP"): 110_000,
    }
    assert [(each.code, each.says.en, each.amount) for each in price.others] == [
        ("EPPSI", "words of EPPSI", 37_500),
        ("ERIKKES", "Health check", None),
    ]
    assert (price.known_others, price.others_open, price.free) == (37_500, True, False)


def test_a_fee_that_only_a_register_decides_may_be_added() -> None:
    text = TEXT.replace('code: SKUKP, when: form.scale == "large"', "code: SKUKP, when: licences.size() > 3")
    price = catalogue.price_of(service_of(text), FEES)
    assert (price.lowest, price.highest) == (30_000, 60_000)
    assert [line.code for line in price.may_add] == ["SKUKP"]


def test_no_fee_is_a_price_of_nothing() -> None:
    text = "\n".join(line for line in TEXT.splitlines() if "code: SK" not in line).replace("fees:\n", "")
    price = catalogue.price_of(service_of(text), FEES)
    assert (price.lowest, price.highest, price.free) == (0, 0, True)


def test_annual_validation_costs_nothing() -> None:
    service = load_catalogue({"application", "etle"}).get("stnk-annual")
    fees = {
        code: Fee(uuid4(), code, "STNK", "", Rupiah(0), "", "PNBP", "")
        for code in ("STNK_R2_VALIDATE", "STNK_R4_VALIDATE")
    }
    price = catalogue.price_of(service, fees)
    assert price.free
    assert price.other_lines, "tax and insurance stand on the same bill"


def test_the_standard_has_the_14_components_of_the_law() -> None:
    service = service_of()
    found = catalogue.standard_of(service, catalogue.price_of(service, FEES))
    assert "".join(each.letter for each in found) == "abcdefghijklmn"
    said = {each.letter: [text.en for text in each.says] for each in found}
    assert said["a"] == ["UU 2/2002 Pasal 15: The police give permits for gatherings."]
    assert "Site plan (where needed)" in said["b"]
    assert said["d"] == ["24 working hours from payment; the time in which we wait for you does not count."]
    assert "For citizens + Large event: Rp80,000" in said["e"]
    assert "Health check: set by others" in said["e"]
    assert said["f"] == ["Permit"]
    assert said["h"] == ["An officer of Intelkam."]
    assert all(text.strip() for texts in said.values() for text in texts)
