"""Registers that are looked up by one key: records, one engine, an embedded table and an HTTP adapter.

`build_registers` chooses for each register by its setting.
"""

from app.core.config import Settings
from app.core.crypto import KeyRing
from app.core.db import Database
from app.services.registries.keyed.files import REGISTER_FILES
from app.services.registries.keyed.http import HttpRegister
from app.services.registries.keyed.kinds import KINDS, RecordLine, kind_of
from app.services.registries.keyed.port import Found, RegisterAdapter, Registers
from app.services.registries.keyed.records import (
    CriminalRecord,
    HealthCheck,
    Insurance,
    JknMembership,
    Licence,
    LicenceStatus,
    PsychologyTest,
    Record,
    SimClass,
    VehicleTax,
    add_years,
)
from app.services.registries.keyed.table import TableRegister, enter_record, enter_records, written_by_request

__all__ = [
    "KINDS",
    "REGISTER_FILES",
    "CriminalRecord",
    "Found",
    "HealthCheck",
    "HttpRegister",
    "Insurance",
    "JknMembership",
    "Licence",
    "LicenceStatus",
    "PsychologyTest",
    "Record",
    "RecordLine",
    "RegisterAdapter",
    "Registers",
    "SimClass",
    "TableRegister",
    "VehicleTax",
    "add_years",
    "build_registers",
    "enter_record",
    "enter_records",
    "kind_of",
    "written_by_request",
]


def build_registers(settings: Settings, db: Database, keys: KeyRing) -> Registers:
    """Each register behind its LOKET_REGISTER_<NAME>_URL, or on the embedded table where none is set."""
    adapters = {}
    for name, kind in KINDS.items():
        url, token = getattr(settings, f"register_{name}_url"), getattr(settings, f"register_{name}_token")
        adapters[name] = HttpRegister(kind, url, token) if url else TableRegister(kind, db, keys)
    return Registers(adapters)
