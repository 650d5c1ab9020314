"""The population register (Dukcapil): protocol and the embedded table."""

from app.services.registries.population.port import PersonRecord, PopulationRegistry
from app.services.registries.population.table import TablePopulation

__all__ = ["PersonRecord", "PopulationRegistry", "TablePopulation"]
