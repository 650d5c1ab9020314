"""Registers that are not ours: vehicles (ERI), population (Dukcapil), and those that are looked up by one key.

Ask them between transactions: ``house[VehicleRegistry].find(plate)``, ``house[PopulationRegistry].check(...)``,
``house[Registers].find("licences", nik)``. Each answer has ``as_facts()``, in the names that service files use.
"""

from app.services.registries.demo import seed_demo
from app.services.registries.facts import Facts
from app.services.registries.imports import (
    POPULATION,
    VEHICLES,
    ImportView,
    apply,
    enter_person,
    enter_vehicle,
    preview,
)
from app.services.registries.keyed import (
    KINDS,
    REGISTER_FILES,
    CriminalRecord,
    Found,
    HealthCheck,
    Insurance,
    JknMembership,
    Licence,
    LicenceStatus,
    PsychologyTest,
    Record,
    Registers,
    SimClass,
    VehicleTax,
    build_registers,
    enter_record,
)
from app.services.registries.lines import PersonLine, VehicleLine
from app.services.registries.nik import Nik, NikWarning, Sex, parse_kk
from app.services.registries.population import (
    Citizenship,
    PersonRecord,
    PopulationRegistry,
    TablePopulation,
    build_population,
)
from app.services.registries.problems import REGISTRY_REQUEST_REUSED, means_down
from app.services.registries.vehicles import (
    NumberKind,
    Owner,
    Vehicle,
    VehicleRegistry,
    build_vehicles,
    index_matches,
    normalise_number,
    number_index,
    number_indexes,
    number_matches,
)

__all__ = [
    "KINDS",
    "POPULATION",
    "REGISTER_FILES",
    "REGISTRY_REQUEST_REUSED",
    "VEHICLES",
    "Citizenship",
    "CriminalRecord",
    "Facts",
    "Found",
    "HealthCheck",
    "ImportView",
    "Insurance",
    "JknMembership",
    "Licence",
    "LicenceStatus",
    "Nik",
    "NikWarning",
    "NumberKind",
    "Owner",
    "PersonLine",
    "PersonRecord",
    "PopulationRegistry",
    "PsychologyTest",
    "Record",
    "Registers",
    "Sex",
    "SimClass",
    "TablePopulation",
    "Vehicle",
    "VehicleLine",
    "VehicleRegistry",
    "VehicleTax",
    "apply",
    "build_population",
    "build_registers",
    "build_vehicles",
    "enter_person",
    "enter_record",
    "enter_vehicle",
    "index_matches",
    "means_down",
    "normalise_number",
    "number_index",
    "number_indexes",
    "number_matches",
    "parse_kk",
    "preview",
    "seed_demo",
]
