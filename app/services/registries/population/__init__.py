"""The population register (Dukcapil): protocol, an embedded table and an HTTP adapter; `build_population` chooses."""

from app.core.config import Settings
from app.core.crypto import KeyRing
from app.core.db import Database
from app.services.registries.population.http import HttpPopulation
from app.services.registries.population.port import Citizenship, PersonRecord, PopulationRegistry
from app.services.registries.population.table import TablePopulation

__all__ = [
    "Citizenship",
    "HttpPopulation",
    "PersonRecord",
    "PopulationRegistry",
    "TablePopulation",
    "build_population",
]


def build_population(settings: Settings, db: Database, keys: KeyRing) -> PopulationRegistry:
    """The register behind LOKET_POPULATION_REGISTRY_URL, or the embedded table where none is set."""
    if settings.population_registry_url:
        return HttpPopulation(settings.population_registry_url, settings.population_registry_token)
    return TablePopulation(db, keys)
