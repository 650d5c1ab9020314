"""What is wrong in a service file is said with its file and line, all of it at once."""

from pathlib import Path

import pytest

from app.services import catalogue
from app.services.catalogue import CatalogueError, load_catalogue
from app.services.catalogue.defaults import read_defaults
from app.services.catalogue.lined_yaml import MAX_BYTES
from tests.services.catalogue.crowd import FOLDER, KNOWN, TEXT, faults_of, service_of

SCALE = "title: {id: Ukuran acara, en: Size of the event}"


def line_of(needle: str, text: str = TEXT) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if needle in line)


def test_a_sound_file_has_no_fault() -> None:
    service = service_of()
    assert (service.code, service.version, service.levels) == ("crowd-permit", 3, ("POLRES", "POLDA"))
    assert [each.name for each in service.fields][:3] == ["scale", "held_on", "guests"]
    assert service.find_field("held_on").example == "2026-04-01", "a date in YAML is text"
    assert service.find_field("story").many_lines
    assert not service.find_field("full_name").many_lines


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        # keys and texts
        ("version: 3", "version: 3\ncolour: red", "the file has an unknown key 'colour'"),
        ("family: permit\n", "", "the file lacks 'family'"),
        ("version: 3", "version: three", "version must be a whole number"),
        ("version: 3", "version: true", "version must be a whole number"),
        ("family: permit", "family: Per Mit", "is no name"),
        ("title: {id: Izin keramaian, en: Permit for a gathering}", "title: {id: Izin keramaian}", "title must be {id: ..., en: ...}"),
        ("title: {id: Izin keramaian, en: Permit for a gathering}", "title: {id: Izin pawai, konser, en: Permit}", "'konser' stands beside them: a text with a comma in it needs quotes"),
        ("title: {id: Izin keramaian, en: Permit for a gathering}", "title: {id: Izin: keramaian, en: Permit}", "a comma, a colon or a bracket in it needs quotes"),
        ("title: {id: Izin keramaian, en: Permit for a gathering}", "title:\n\tid: Izin", "indent with blanks, not tabs"),
        ("title: {id: Izin keramaian, en: Permit for a gathering}", "title: {id: '', en: Permit}", "lacks words for 'id'"),
        ("en: Apply seven days before.", "en: 5", "lacks words for 'en'"),
        ("service: crowd-permit", "service: crowd-permits", "must stand in a file of that name"),
        ("lifecycle: application", "lifecycle: aplication", "lifecycle 'aplication' is unknown"),
        ("version: 3", "version: 3\nversion: 4", "'version' stands here twice"),
        # what leaves an applicant standing
        ("levels: [POLRES, POLDA]", "levels: []", "levels names nobody who takes it"),
        ("media_types: [image/jpeg, image/png]", "media_types: []", "media_types has none"),
        ("media_types: [image/jpeg, image/png]", "media_types: [image/jpeg, application/pdf]", "a photo is a picture"),
        ("presence:\n  - {name: inspection, when: 'form.scale == \"large\"', why: {id: Lokasi diperiksa., en: The site is inspected.}}\n", "", "does not say why somebody must come"),
        ("schema: {type: boolean, const: true}", "schema: {type: object}", "no page can ask an object or a list"),
        ("rule: plain", "rule: hand", "the rule hand is none for a photo"),
        ("document: certificate", "document: sim", "issues: sim needs the fields sim_class"),
        ("paper: false", "paper: true", "`delivery` has neither pickup nor post"),
        ("      - name: scale\n", "      - {name: delivery, title: {id: Cara, en: How}, schema: {enum: [digital, post]}, example: digital}\n      - name: scale\n", "`delivery` does not offer post"),
        ("law:\n", "law: []\nlaw_:\n", "law needs at least one basis"),
        ("levels: [POLRES, POLDA]", "levels: [POLSEK]", "levels has the unknown 'POLSEK'"),
        ("levels: [POLRES, POLDA]", "levels: [POLRES, POLDA, MABES]", "mabes names the one unit of level MABES"),
        ("levels: [POLRES, POLDA]", "poldas: [XYZ], levels: [POLRES, POLDA]", "there is no Polda XYZ"),
        ("delivery: [digital]", "delivery: [pigeon]", "delivery has the unknown 'pigeon'"),
        ("exemptions: [social, religious]", "exemptions: [social, social]", "names social twice"),
        ("exemptions: [social, religious]", "exemptions: [rich]", "exemptions has the unknown 'rich'"),
        ("service_level: {working_hours: 24}", "service_level: {working_hours: 0}", "whole number from 1"),
        ("minutes: 30", "minutes: [30]", "minutes must be a whole number"),
        ("otherwise: warn", "otherwise: shrug", "otherwise must be one of refuse, warn, check"),
        ("kind: photo", "kind: painting", "kind must be one of photo, signature, scan"),
        ("valid: {until: date(form.held_on)}", "valid: {until: date(form.held_on), years: 1}", "is one of years"),
        ("valid: {until: date(form.held_on)}", "valid: {from: date(form.held_on)}", "is one of years"),
        ("valid: {until: date(form.held_on)}", "valid: {until: date(form.held_on), from: date(form.held_on)}", "is one of years"),
        ("valid: {until: date(form.held_on)}", "valid: {years: 1, from: form.held_on}", "valid from gives '2026-04-01' and no day"),
        ("competence:", "competense:", "unknown key 'competense'"),
        ("paper: false", "paper: no", "paper must be true or false"),
        # doubled parts
        ("name: of-age", "name: applicant-known", "rule applicant-known stands here twice"),
        ("name: guests", "name: scale", "field scale stands here twice"),
        ("section: person", "section: event", "stands here twice"),
        ("name: site_plan", "name: photo", "document photo stands here twice"),
        # names of the rest of the house
        ("code: SKUKP", "code: SKUPK", "fee SKUPK is no PNBP code"),
        ("[EPPSI,", "[EPSI,", "third_party EPSI is unknown"),
        ("rule: plain", "rule: plane", "photo rule 'plane' is unknown"),
        ("    rule: plain\n", "", "rule is needed for a photo"),
        ("media_types: [image/jpeg, image/png]", "media_types: [image/bmp]", "media_types has the unknown 'image/bmp'"),
        ("document: certificate", "document: certifikat", "issues: document 'certifikat' is unknown"),
        # schemas and examples
        ("schema: {type: integer, minimum: 1", "schema: {type: intiger, minimum: 1", "is no JSON Schema 2020-12"),
        ("schema: {type: integer, minimum: 1", "schema: {type: integer, minimun: 1", "unknown keyword 'minimun'"),
        ("schema: {type: string, format: date}", "schema: {type: string, format: day}", "unknown format 'day'"),
        ("schema: {type: string, format: date}", "schema: {$ref: 'http://127.0.0.1/x'}", "unknown keyword '$ref'"),
        ("schema: {type: string, format: date}", "schema: date", "must be a JSON Schema"),
        (r"'^\d{4}-\d{4}$'", "'^(\\d{4}-\\d{4}$'", "has a pattern that is none"),
        (r"'^\d{4}-\d{4}$'", "'^([0-9]+-?)+$'", "a pattern that repeats what repeats"),
        (r"'^\d{4}-\d{4}$'", "'^(?=[0-9])[0-9-]+$'", "that cannot be matched in linear time"),
        (r"'^\d{4}-\d{4}$'", "'^([0-9])\\1+$'", "that cannot be matched in linear time"),
        (r"'^\d{4}-\d{4}$'", "'^(?:[0-9]{900}){900}$'", "that cannot be matched in linear time"),
        ("example: 250", "example: 0", "the example 0 does not satisfy the schema"),
        ("        example: Budi Contoh\n", "", "lacks 'example'"),
        ("large: {id: Besar, en: Large}}", "huge: {id: Besar, en: Large}}", "there is no label for large"),
        ("large: {id: Besar, en: Large}}", "huge: {id: Besar, en: Large}}", "the label huge is for no value"),
        # conditions
        ("when: applicant != null\n", "when: applicant !== null\n", "is not CEL"),
        ("when: applicant != null\n", "when: ''\n", "is empty"),
        ("when: applicant != null\n", "when: [applicant]\n", "must be true, false or a CEL expression"),
        ("when: applicant != null\n", "when: applicnt != null\n", "reads the unknown variable 'applicnt'"),
        ("applicant.age >= 21", "applicant.agee >= 21", "reads applicant.agee, which there is not"),
        ('|| form.scale == "small"', '|| form.scael == "small"', "reads form.scael, which there is not"),
        ("when: applicant != null\n", 'when: licences.exists(l, l.clas == "A")\n', "reads licences[].clas"),
        ("when: applicant != null\n", 'when: licences[0].clas == "A"\n', "reads licences[].clas"),
        ("when: applicant != null\n", "when: form != null\n", "reads the form whole"),
        ("when: applicant != null\n", "when: has(form.scale)\n", "calls has(), which there is not: every name is always"),
        ("when: applicant != null\n", "when: days_untill(today) > 1\n", "calls days_untill(), which there is not"),
        ("when: applicant != null\n", "when: applicant.age\n", "gives int"),
        ("when: applicant == null || applicant.age", "when: applicant.age", "has no answer: TypeError when form.scale is 'large', applicant is null; let it have one then too: applicant == null || ..., or applicant != null && ..."),
        ("days_until(date(form.held_on)) >= 7", 'tax == null || tax.amount > "a"', "has no answer"),
        ("days_until(date(form.held_on)) >= 7", "insurance == null", "the register insurance says, but `asks` does not name it"),
        ("days_until(date(form.held_on)) >= 7", "form.guests > 5", "form.guests is null"),
        ("required: 'form.scale == \"large\"'\n        example: 250", "required: jkn != null\n        example: 250", "may depend on the form alone"),
        ('form.scale == "large" ? "POLDA" : "POLRES"', 'form.scale == "large" ? "POLDA" : "POLSEK"', "gives 'POLSEK', which `levels` does not name"),
        ("prefill: 'applicant == null ? null : applicant.name'", "prefill: applicant.name", "prefill TypeError when applicant is null"),
        ("prefill: 'applicant == null ? null : applicant.name'", "prefill: '5'", "gives 5, which is not of its type"),
        ("until: date(form.held_on)", "until: form.held_on", "gives '2026-04-01' and no day"),
        ("asks: [population, licences,", "asks: [people, licences,", "asks has the unknown 'people'"),
        ("delivery: [digital]", "delivery: [digital]\nother_lines: [tax]", "other_lines has tax, but `asks`"),
        # what is not even YAML
        ("service: crowd-permit", "service: [crowd-permit", "expected"),
        ("service: crowd-permit", "service: &a crowd-permit\ncopy: *a", "aliases"),
        ("version: 3", "version: 99999999999999999999", "the number is too long"),
        ("version: 3", "version: " + "[" * 50 + "]" * 50, "nested deeper"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_file_and_line(old: str, new: str, fault: str) -> None:
    assert old in TEXT
    faults = faults_of(TEXT.replace(old, new, 1))
    assert any(fault in each for each in faults), faults
    assert all(each.startswith("crowd-permit.yaml:") and each.split(":")[1].isdigit() for each in faults)


@pytest.mark.parametrize(
    ("old", "new", "stands_at"),
    [
        ("lifecycle: application", "lifecycle: nothing", "lifecycle: nothing"),
        ("applicant.age >= 21", "applicant.agee >= 21", "- name: of-age"),
        ("example: 250", "example: 0", "- name: guests"),
        ("minutes: 30", "minutes: x", "minutes: x"),
        ("code: SKUKP", "code: SKUPK", "code: SKUPK"),
        ("rule: plain", "rule: plane", "- name: photo"),
        ("    hint: {id: Skala 1:100, en: Scale 1:100}", "    hints: {id: Skala, en: Scale}", "    hints: {id: Skala"),
        ("hint: {id: Seperti pada KTP, en: As on the KTP}", "hint: {id: Seperti pada KTP, en: 1}", "en: 1}"),
        ("  - {id: Bayar., en: Pay.}", "  - {id: Bayar.}", "  - {id: Bayar.}"),
    ],
)
def test_the_line_is_that_of_the_fault(old: str, new: str, stands_at: str) -> None:
    text = TEXT.replace(old, new, 1)
    assert any(each.startswith(f"crowd-permit.yaml:{line_of(stands_at, text)}:") for each in faults_of(text)), (
        faults_of(text)
    )


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    text = TEXT.replace("lifecycle: application", "lifecycle: nothing").replace("code: SKUKP", "code: SKUPK")
    text = text.replace("applicant.age >= 21", "applicant.agee >= 21").replace("example: 250", "example: 0")
    faults = faults_of(text)
    assert len(faults) == 4
    assert [int(each.split(":")[1]) for each in faults] == sorted(int(each.split(":")[1]) for each in faults)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"- a\n- b\n", b"just words", b"a: " + b"x" * MAX_BYTES, b"a: \x00", b"---\na: 1\n---\nb: 2\n", b"{" * 3000],
)  # fmt: skip
def test_what_is_no_service_file_is_refused_with_a_line(body: bytes) -> None:
    service, faults = catalogue.read_service("x.yaml", body, KNOWN)
    assert service is None
    assert faults
    assert all(each.line >= 1 for each in faults)


def test_a_file_dropped_into_a_directory_is_loaded() -> None:
    found = load_catalogue(
        catalogue.shipped_lifecycles() | {"application"},
        folder=FOLDER / "none",
        extra=FOLDER.parent / "catalogue_extra",
    )
    assert [each.code for each in found.all()] == ["band-permit"]


def test_a_directory_with_a_fault_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "crowd-permit.yaml").write_text(
        TEXT.replace("version: 3", "version: x").replace("rule: plain", "rule: sim")
    )
    (tmp_path / "offers.yaml").write_text("default_from: 2026-01-01\n")
    with pytest.raises(CatalogueError) as refused:
        load_catalogue({"application"}, extra=tmp_path)
    assert f"{tmp_path}/crowd-permit.yaml:{line_of('version: 3')}: the file: version must be" in str(refused.value)
    assert f"{tmp_path}/offers.yaml:1: is not read" in str(refused.value)
    with pytest.raises(CatalogueError, match="is no directory"):
        load_catalogue({"application"}, extra=tmp_path / "missing")


def test_the_example_of_the_guide_is_sound() -> None:
    guide = (Path(catalogue.__file__).parents[3] / "docs" / "add-a-service.md").read_text("utf-8")
    least = guide.split("```yaml\n")[1].split("```")[0]
    assert catalogue.read_service("band-permit.yaml", least.encode(), KNOWN)[1] == ()


def test_every_shipped_service_is_sound() -> None:
    found = load_catalogue(catalogue.shipped_lifecycles() | {"application"})
    assert len(found.all()) == 13
    assert [each.family for each in found.all()] == sorted(each.family for each in found.all())


def test_a_service_goes_by_no_tickets_lifecycle() -> None:
    known = catalogue.known_names(catalogue.shipped_lifecycles())
    text = TEXT.replace("lifecycle: application", "lifecycle: etle").encode()
    assert any("lifecycle 'etle' is unknown" in str(each) for each in catalogue.read_service("x.yaml", text, known)[1])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("default_from: soon\n", "offers.yaml:1: the file: default_from must be a date"),
        ("default_from: 2026-01-01\nservices:\n  nothing: {from: 2026-02-01}\n", "offers.yaml:3: services: there is no service nothing"),
        ("default_target: 2026-01-01\n", "offers.yaml:1: the file lacks 'default_from'"),
        ("default_from: [\n", "offers.yaml:2:"),
    ],
)  # fmt: skip
def test_faults_of_the_defaults_are_named(text: str, fault: str) -> None:
    _, faults = read_defaults("offers.yaml", text.encode(), frozenset({"sim-new"}))
    assert any(str(each).startswith(fault) for each in faults), faults
