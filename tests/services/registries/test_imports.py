"""Register files: seen first, all or nothing on wrong lines, streamed, skipped when unchanged, plates that move on."""

from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.problems import Problem
from app.services import registries
from app.services.registries import POPULATION, VEHICLES, VehicleLine
from app.services.registries.demo import PEOPLE, demo_vehicles
from app.services.registries.models import PopulationRecord, VehicleRecord
from app.services.registries.vehicles import TableVehicles

HEAD = (
    "plate,chassis_no,engine_no,make,model,colour,kind,year,owner_nik,owner_name,owner_address,owner_phone,registry_id"
)


def row(number: int, plate: str, **changes: str) -> str:
    cells = {
        "plate": plate,
        "chassis_no": f"MHKCNTH1JKK{number:06}",
        "engine_no": f"ENG{number:06}",
        "make": "Toyota",
        "model": "Avanza",
        "colour": "Hitam",
        "kind": "Mobil penumpang",
        "year": "2018",
        "owner_nik": PEOPLE[0].nik,
        "owner_name": "Budi Contoh",
        "owner_address": '"Jalan Contoh 1, Jakarta"',
        "owner_phone": "0812 0000 0001",
        "registry_id": f"R-{number}",
        **changes,
    }
    return ",".join(cells.values())


def write(path: Path, *rows: str, head: str = HEAD) -> Path:
    file = path / "vehicles.csv"
    file.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    return file


async def count(house: House) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(VehicleRecord))).scalar_one()


async def test_a_file_is_seen_first_then_applied_then_unchanged(house: House, tmp_path: Path) -> None:
    file = write(tmp_path, row(1, "B 1234 XYZ"), "", row(2, "b5678abc"))
    seen = await registries.preview(house, VEHICLES, file)
    assert (seen.new, seen.changed, seen.same, seen.new_lines) == (2, 0, 0, (2, 4))
    assert await count(house) == 0
    assert (await registries.apply(house, VEHICLES, file)).new == 2
    assert (await registries.preview(house, VEHICLES, file)).same == 2
    file = write(tmp_path, row(1, "B 1234 XYZ", colour="Putih"), row(3, "D 1 A"))
    done = await registries.apply(house, VEHICLES, file)
    assert (done.new, done.changed, done.same) == (1, 1, 0)
    found = await TableVehicles(house.db, house.keys).find("B1234XYZ")
    assert found is not None
    assert (found.colour, found.owner.phone, found.owner.address) == (
        "Putih",
        "+6281200000001",
        "Jalan Contoh 1, Jakarta",
    )
    assert await count(house) == 3


async def test_a_file_may_say_what_a_vehicle_is_registered_for(house: House, tmp_path: Path) -> None:
    await registries.apply(house, VEHICLES, write(tmp_path, row(1, "B 1234 XYZ")))
    adapter = TableVehicles(house.db, house.keys)
    assert (found := await adapter.find("B1234XYZ")) is not None
    assert found.use is None
    file = write(tmp_path, row(1, "B 1234 XYZ", use=""), row(2, "B 5 A", use="Government"), head=f"{HEAD},use")
    seen = await registries.apply(house, VEHICLES, file)
    assert (seen.new, seen.changed, seen.same) == (1, 0, 1)  # an empty cell leaves a line of before as it was
    assert (found := await adapter.find("B5A")) is not None
    assert found.use == "government"
    with pytest.raises(Problem) as refused:
        await registries.preview(house, VEHICLES, write(tmp_path, row(3, "B 6 A", use="red"), head=f"{HEAD},use"))
    assert "use" in refused.value.errors[0].message.en


async def test_more_lines_than_a_batch(house: House, tmp_path: Path) -> None:
    file = write(tmp_path, *(row(n, f"B {n} AA", owner_nik="") for n in range(1, 512)))
    assert (await registries.apply(house, VEHICLES, file)).new == 511
    assert (await registries.preview(house, VEHICLES, file)).same == 511


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"plate": "ABCDEFG"}, "plate"),
        ({"chassis_no": "I"}, "chassis_no"),
        ({"engine_no": ""}, "engine_no"),
        ({"owner_nik": "1234"}, "owner_nik"),
        ({"owner_name": " "}, "owner_name"),
        ({"owner_name": "a\x00b"}, "owner_name"),
        ({"owner_name": "x" * 300}, "owner_name"),
        ({"year": "now"}, "year"),
        ({"registry_id": "a b"}, "registry_id"),
        ({"chassis_no": "MHKCNTH1JKK000001"}, "chassis_no"),
        ({"plate": "B1A"}, "plate"),
        ({"make": "a,b"}, "cells"),
    ],
)
async def test_one_wrong_line_is_named_and_nothing_is_written(
    house: House, tmp_path: Path, changes: dict[str, str], word: str
) -> None:
    file = write(tmp_path, row(1, "B 1 A"), row(2, **{"plate": "B 2 A", **changes}))
    with pytest.raises(Problem) as refused:
        await registries.apply(house, VEHICLES, file)
    (error,) = refused.value.errors
    assert error.pointer == "/lines/3"
    assert word in error.message.en
    assert await count(house) == 0


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", HEAD.encode() + b"\n\xff\n", HEAD.encode() + b'\n"']
)
async def test_a_file_that_is_none_is_refused(house: House, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    with pytest.raises(Problem, match="registries-file-invalid"):
        await registries.preview(house, VEHICLES, file)


async def test_faults_never_repeat_the_value(house: House, tmp_path: Path) -> None:
    file = write(tmp_path, row(1, "B 1 A", owner_nik="9999999999999999"))
    with pytest.raises(Problem) as refused:
        await registries.preview(house, VEHICLES, file)
    assert "9999" not in str(refused.value.errors)


async def test_a_plate_that_moved_on_belongs_to_its_new_vehicle(house: House, tmp_path: Path) -> None:
    await registries.apply(house, VEHICLES, write(tmp_path, row(1, "B 1 A"), row(2, "B 2 A")))
    await registries.apply(house, VEHICLES, write(tmp_path, row(1, "B 2 A"), row(2, "B 1 A")))
    register = TableVehicles(house.db, house.keys)
    first, second = await register.find("B1A"), await register.find("B2A")
    assert first is not None
    assert second is not None
    assert (first.registry_id, second.registry_id) == ("R-2", "R-1")


async def test_nothing_personal_lies_plain_in_the_tables(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        await registries.seed_demo(tx)
        await registries.seed_demo(tx)
    async with house.db.read() as connection:
        rows = [
            *(await connection.execute(select(VehicleRecord.__table__))).all(),  # type: ignore[attr-defined]
            *(await connection.execute(select(PopulationRecord.__table__))).all(),  # type: ignore[attr-defined]
        ]
    kept = repr(rows)
    for person in PEOPLE:
        for secret in (person.nik, person.name, person.phone, person.kk_no, "Kelurahan", person.born_on.isoformat()):
            assert secret not in kept
    assert all(line.chassis_no not in kept and line.engine_no not in kept for line in demo_vehicles())
    assert len(rows) == len(PEOPLE) + len(demo_vehicles())


async def test_population_files_fill_the_population_register(house: House, tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    person = PEOPLE[1]
    file.write_text(
        f"nik;name;born_on;kk_no;address;phone\n{person.nik};{person.name};{person.born_on};{person.kk_no};Jl;{person.phone}\n"
    )
    assert (await registries.apply(house, POPULATION, file)).new == 1
    assert (await registries.apply(house, POPULATION, file)).same == 1


async def test_a_line_without_registry_id_is_known_by_its_chassis(house: House) -> None:
    line = VehicleLine("B1A", "MHKCNTH1JKK000009", "ENG1", "T", "A", "H", "M", "PT Contoh", "Jl")
    async with house.db.begin(SYSTEM) as tx:
        first = await registries.enter_vehicle(tx, line)
        assert await registries.enter_vehicle(tx, line) == first
        plates = (await tx.session.execute(select(col(VehicleRecord.plate)))).scalars().all()
    assert list(plates) == ["B1A"]
    assert "000009" not in first
