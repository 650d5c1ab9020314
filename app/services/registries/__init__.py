"""Registers that are not ours: vehicles (ERI) and population (Dukcapil), each behind one protocol.

Ask them between transactions: ``house[VehicleRegistry].find(plate)``, ``house[PopulationRegistry].check(...)``.
"""

from app.services.registries.demo import seed_demo
from app.services.registries.imports import (
    POPULATION,
    VEHICLES,
    ImportView,
    apply,
    enter_person,
    enter_vehicle,
    preview,
)
from app.services.registries.lines import PersonLine, VehicleLine
from app.services.registries.nik import Nik, parse_kk
from app.services.registries.population import PersonRecord, PopulationRegistry, TablePopulation
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
    "POPULATION",
    "VEHICLES",
    "ImportView",
    "Nik",
    "NumberKind",
    "Owner",
    "PersonLine",
    "PersonRecord",
    "PopulationRegistry",
    "TablePopulation",
    "Vehicle",
    "VehicleLine",
    "VehicleRegistry",
    "apply",
    "build_vehicles",
    "enter_person",
    "enter_vehicle",
    "index_matches",
    "normalise_number",
    "number_index",
    "number_indexes",
    "number_matches",
    "parse_kk",
    "preview",
    "seed_demo",
]
