"""Files for the registers that are looked up by one key: by the engine of the others, as CSV and as JSON lines."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.core.house import House
from app.core.problems import Problem
from app.services import registries
from app.services.registries import POPULATION, REGISTER_FILES, Registers
from app.services.registries.demo import PEOPLE
from app.services.registries.models import RegisterRecord

NIK = PEOPLE[0].nik
FILES = {
    "licences": f"nik,class,number,issued_on,valid_until,status\n{NIK},A,{NIK},2025-05-01,2030-05-01,active\n"
    f"{NIK},C,99000000000001,2024-05-01,2029-05-01,withheld\n",
    "records": f"nik,open_case,note\n{NIK},ya,LP-1\n",
    "tax": "plate;due_on;stnk_valid_until;pkb;opsen;bbnkb;penalty\nB 1234 XYZ;2026-04-01;2028-04-01;2100000;0;0;0\n",
    "insurance": "plate,amount,penalty,due_on\nB1234XYZ,143000,0,2026-04-01\n",
    "health": f"nik,passed,checked_on,valid_until,classes\n{NIK},true,2026-02-01,2026-08-01,A C\n",
    "psychology": f"nik,passed,checked_on,valid_until\n{NIK},false,2026-02-01,2026-08-01\n",
    "jkn": f"nik,active\n{NIK},1\n",
}


def write(path: Path, text: str) -> Path:
    file = path / "register.txt"
    file.write_text(text, encoding="utf-8")
    return file


async def count(house: House) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(RegisterRecord))).scalar_one()


async def test_files_are_seen_first_then_applied_then_unchanged(house: House, tmp_path: Path) -> None:
    for name, text in FILES.items():
        file, lines = write(tmp_path, text), text.count("\n") - 1
        before = await count(house)
        assert (await registries.preview(house, REGISTER_FILES[name], file)).new == lines
        assert await count(house) == before
        assert (await registries.apply(house, REGISTER_FILES[name], file)).new == lines
        assert (await registries.preview(house, REGISTER_FILES[name], file)).same == lines
    register = house[Registers]
    licences = await register.find("licences", NIK)
    assert [(each.sim_class, each.status) for each in licences] == [("A", "active"), ("C", "withheld")]
    health, tax = await register.find("health", NIK), await register.find("tax", "B1234XYZ")
    assert health is not None
    assert tax is not None
    assert (health.passed, health.classes, tax.amount) == (True, ("A", "C"), 2_100_000)
    changed = write(tmp_path, FILES["licences"].replace("withheld", "active"))
    done = await registries.apply(house, REGISTER_FILES["licences"], changed)
    assert (done.new, done.changed, done.same, done.changed_lines) == (0, 1, 1, (3,))


async def test_json_lines_say_the_same_as_csv(house: House, tmp_path: Path) -> None:
    health = {"passed": True, "checked_on": "2026-02-01", "valid_until": "2026-08-01", "classes": ["A", "C"]}
    file = write(tmp_path, json.dumps({"nik": NIK, **health, "doctor": None}) + "\n\n")
    assert (await registries.apply(house, REGISTER_FILES["health"], file)).new == 1
    same = await registries.apply(house, REGISTER_FILES["health"], write(tmp_path, FILES["health"]))
    assert (same.same, same.new) == (1, 0)


WRONG = (
    ("licences", f"{NIK},A", "1234,A", "nik: cannot be a NIK"),
    ("licences", "A,", "Z,", "class: Input should be"),
    ("licences", "2025-05-01", "01-05-2025", "issued_on: not a date like"),
    ("licences", "2030-05-01", "2020-05-01", "line: valid_until lies before"),
    ("licences", f"{NIK},C", f"{NIK},A", "nik: stands on an earlier line"),
    ("tax", "B 1234 XYZ", "ABCDEFG", "plate: no Indonesian plate"),
    ("tax", "2100000", "2.100.000", "pkb: Input should be a valid integer"),
    ("tax", "pkb;", "pbk;", "the header lacks pkb"),
    ("jkn", ",1", ",maybe", "active: Input should be a valid boolean"),
    ("health", "A C", "A X", "classes: Input should be"),
    ("jkn", FILES["jkn"], '{"nik": 5}', "nik: cannot be a NIK"),
    ("jkn", FILES["jkn"], f'{{"nik": "{NIK}"}}', "active: Field required"),
    ("jkn", FILES["jkn"], '{"nik": {}}', "values are texts"),
    ("jkn", FILES["jkn"], '{"nik": ', "no JSON object"),
    ("jkn", FILES["jkn"], '{"nik": ' + "[" * 3_000, "no JSON object"),
    ("jkn", FILES["jkn"], f'{{"nik": "{NIK}", "active": true}}\n[]', "line 2: no JSON object"),
    ("jkn", FILES["jkn"], '{"nik": "' + "9" * 5_000, "longer than"),
)


async def test_a_wrong_line_is_named_without_its_value_and_nothing_is_written(house: House, tmp_path: Path) -> None:
    for name, old, new, word in WRONG:
        assert old in FILES[name]
        file = write(tmp_path, FILES[name].replace(old, new, 1))
        with pytest.raises(Problem) as refused:
            await registries.apply(house, REGISTER_FILES[name], file)
        said = str(refused.value.errors)
        assert word in said, (name, new[:40])
        assert NIK not in said
    assert await count(house) == 0


async def test_sex_and_citizenship_of_a_population_file_count_where_they_are_said(house: House, tmp_path: Path) -> None:
    head, person = "nik;name;born_on;kk_no;address", PEOPLE[1]
    row = f"{person.nik};{person.name};{person.born_on};{person.kk_no};Jalan Contoh 2"
    assert (await registries.apply(house, POPULATION, write(tmp_path, f"{head}\n{row}\n"))).new == 1
    same = write(tmp_path, f"{head};sex;citizenship\n{row};;\n")
    assert (await registries.preview(house, POPULATION, same)).same == 1
    said = write(tmp_path, f"{head};sex;citizenship\n{row};l;wna\n")
    assert (await registries.apply(house, POPULATION, said)).changed == 1
    found = await house[registries.PopulationRegistry].find(person.nik)
    assert found is not None
    assert (found.sex, found.citizenship) == ("male", "WNA")
    with pytest.raises(Problem) as refused:
        await registries.preview(house, POPULATION, write(tmp_path, f"{head};sex\n{row};X\n"))
    assert "sex: one of L, M, P, F, or empty" in str(refused.value.errors)
