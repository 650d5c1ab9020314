"""The vehicle register: protocol, rules, an embedded table and an HTTP adapter; `build` chooses by setting."""

from app.core.config import Settings
from app.core.crypto import KeyRing
from app.core.db import Database
from app.services.registries.vehicles.http import HttpVehicles
from app.services.registries.vehicles.port import (
    NewVehicle,
    NumberKind,
    Owner,
    Sale,
    Stnk,
    Vehicle,
    VehicleRegistry,
    index_matches,
    normalise_number,
    number_index,
    number_indexes,
    number_matches,
)
from app.services.registries.vehicles.table import TableVehicles

__all__ = [
    "HttpVehicles",
    "NewVehicle",
    "NumberKind",
    "Owner",
    "Sale",
    "Stnk",
    "TableVehicles",
    "Vehicle",
    "VehicleRegistry",
    "build_vehicles",
    "index_matches",
    "normalise_number",
    "number_index",
    "number_indexes",
    "number_matches",
]


def build_vehicles(settings: Settings, db: Database, keys: KeyRing) -> VehicleRegistry:
    """The register behind LOKET_VEHICLE_REGISTRY_URL, or the embedded table where none is set."""
    if settings.vehicle_registry_url:
        return HttpVehicles(settings.vehicle_registry_url, settings.vehicle_registry_token)
    return TableVehicles(db, keys)
