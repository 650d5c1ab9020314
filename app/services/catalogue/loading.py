"""Reads the service files and refuses the start when one is not sound: every fault with its file and line.

Files of `app/data/catalogue`, and of one more directory where the setting names one (a Polda's own services). A file is read
and checked once for each text in a process.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from app.core.problems import Problem
from app.services import reference
from app.services.catalogue.checking import Known, check
from app.services.catalogue.defaults import OfferDefaults, read_defaults
from app.services.catalogue.parsing import parse
from app.services.catalogue.problems import SERVICE_NOT_FOUND
from app.services.catalogue.reading import Fault, Faults
from app.services.catalogue.service import Service

DATA = Path(__file__).parents[2] / "data"
SHIPPED = DATA / "catalogue"
LIFECYCLES = DATA / "lifecycles"
PHOTO_RULES = DATA / "photo_rules.yaml"
PAPERS = DATA / "issued_documents.yaml"
OFFERS = "offers.yaml"
OF_APPLICATIONS = "application"
"""So the lifecycles begin by which a service may go: a ticket's is none of them."""
MAX_SERVICES = 200


class CatalogueError(Exception):
    """Service files that must not be served; one line for each fault."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True)
class Catalogue:
    """Every service of the house, by code, and what is offered by default. Registered in the House by this type."""

    services: Mapping[str, Service]
    defaults: OfferDefaults
    digest: str = field(init=False, repr=False)
    """Changes when any service or default does; for entity tags."""
    _ordered: tuple[Service, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered = sorted(self.services.values(), key=lambda each: (each.family, each.code))
        object.__setattr__(self, "_ordered", tuple(ordered))
        whole = "|".join([*(each.digest for each in ordered), self.defaults.digest])
        object.__setattr__(self, "digest", hashlib.sha256(whole.encode()).hexdigest())

    def get(self, code: str) -> Service:
        """The service of this code, in its present version. Raises SERVICE_NOT_FOUND."""
        found = self.services.get(code)
        if found is None:
            raise _no_service(code)
        return found

    def all(self) -> tuple[Service, ...]:
        """Every service, by family and code."""
        return self._ordered


def load_catalogue(lifecycles: Iterable[str], *, folder: Path = SHIPPED, extra: Path | None = None) -> Catalogue:
    """The services of the folders. Raises `CatalogueError` with every fault of every file."""
    services, defaults, faults = read_catalogue(known_names(frozenset(lifecycles)), folder=folder, extra=extra)
    if faults:
        raise CatalogueError(faults)
    return Catalogue(services=services, defaults=defaults)


def read_catalogue(
    known: Known, *, folder: Path = SHIPPED, extra: Path | None = None
) -> tuple[dict[str, Service], OfferDefaults, list[Fault]]:
    """What the folders hold, and every fault found in them; nothing with a fault is among the services."""
    faults: list[Fault] = []
    services: dict[str, Service] = {}
    if extra is not None and not extra.is_dir():
        faults.append(Fault(str(extra), 1, "is no directory"))
    if extra is not None and extra != folder and (extra / OFFERS).exists():
        faults.append(Fault(str(extra / OFFERS), 1, f"is not read: defaults stand in {SHIPPED.name}/{OFFERS} alone"))
    for path, shown in [*_files(folder, shown=False), *_files(extra, shown=True)]:
        service, wrong = read_service(shown, path.read_bytes(), known)
        faults += wrong
        if service is None:
            continue
        if service.code in services:
            faults.append(Fault(shown, 1, f"there is a service {service.code} already"))
        services[service.code] = service
    if len(services) > MAX_SERVICES:
        faults.append(Fault(str(extra or folder), 1, f"more than {MAX_SERVICES} services"))
    defaults, wrong_defaults = _read_offers(folder / OFFERS, frozenset(services))
    return services, defaults, sorted([*faults, *wrong_defaults])


@lru_cache(maxsize=256)
def read_service(file: str, body: bytes, known: Known) -> tuple[Service | None, tuple[Fault, ...]]:
    """One service from the bytes of its file, with every fault found; None where there is one."""
    faults = Faults(file)
    service = parse(body, faults)
    if service is not None:
        check(faults, service, known)
    found = tuple(sorted(set(faults.found)))
    return (None if found else service), found


@lru_cache(maxsize=8)
def known_names(lifecycles: frozenset[str]) -> Known:
    """The names that files may use, from the data of this release."""
    with (DATA / "reference" / "pnbp_fees.csv").open(encoding="utf-8", newline="") as fees_file:
        fees = list(csv.DictReader(fees_file))
    units = reference.packaged_file(reference.table_of("units.csv")).rows
    return Known(
        lifecycles=frozenset(each for each in lifecycles if each.startswith(OF_APPLICATIONS)),
        payable=frozenset(fee["code"] for fee in fees if fee["kind"] == "PNBP" and fee["fee_idr"]),
        paid_to_others=frozenset(fee["code"] for fee in fees if fee["kind"] == "THIRD_PARTY"),
        photo_rules=_names_in(PHOTO_RULES, "rules"),
        signature_rules=_signature_rules(),
        papers=_names_in(PAPERS),
        mabes_units=frozenset(row.code for row in units if row.values["level"] == "MABES"),
        poldas=frozenset(row.code for row in units if row.values["level"] == "POLDA"),
    )


def shipped_lifecycles() -> frozenset[str]:
    """The lifecycles of this release, for commands that open no house."""
    return frozenset(path.stem for path in LIFECYCLES.glob("*.yaml"))


def _names_in(path: Path, below: str = "") -> frozenset[str]:
    """The keys of one of our own data files, or of the mapping that stands there under `below`."""
    raw = yaml.safe_load(path.read_text("utf-8"))
    return frozenset(map(str, raw.get(below, raw)))


def _signature_rules() -> frozenset[str]:
    rules = yaml.safe_load(PHOTO_RULES.read_text("utf-8"))["rules"]
    return frozenset(str(name) for name, rule in rules.items() if rule["kind"] == "signature")


def _files(folder: Path | None, *, shown: bool) -> list[tuple[Path, str]]:
    """The service files of a folder, each with the name that faults are reported under."""
    if folder is None or not folder.is_dir():
        return []
    found = [path for path in sorted(folder.glob("*.yaml")) if path.name != OFFERS]
    return [(path, str(path) if shown else path.name) for path in found]


def _read_offers(path: Path, codes: frozenset[str]) -> tuple[OfferDefaults, tuple[Fault, ...]]:
    return read_defaults(path.name, path.read_bytes(), codes) if path.exists() else (OfferDefaults(), ())


def _no_service(code: str) -> Problem:
    return SERVICE_NOT_FOUND(code=code[:40])
