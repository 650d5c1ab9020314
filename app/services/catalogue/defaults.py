"""What is offered where nobody has said anything: `app/data/catalogue/offers.yaml`. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from app.services.catalogue.lined_yaml import NotYaml, read_yaml
from app.services.catalogue.reading import Fault, Faults, Node


@dataclass(frozen=True, slots=True)
class OfferDefault:
    """From which day a service is offered (None: by nobody who has not said so), and by which it shall be everywhere."""

    from_date: date | None = None
    target_on: date | None = None


@dataclass(frozen=True)
class OfferDefaults:
    """The default for all services, and those of single ones."""

    general: OfferDefault = field(default_factory=OfferDefault)
    by_service: Mapping[str, OfferDefault] = field(default_factory=dict)
    digest: str = ""

    def of(self, code: str) -> OfferDefault:
        """What holds for a service at every unit of its levels."""
        return self.by_service.get(code, self.general)


def read_defaults(file: str, body: bytes, codes: frozenset[str]) -> tuple[OfferDefaults, tuple[Fault, ...]]:
    """The defaults from the bytes of their file, with every fault found. `codes` are the services that there are."""
    faults = Faults(file)
    try:
        raw = read_yaml(body)
    except NotYaml as error:
        faults.fault(error.line, str(error))
        return OfferDefaults(), tuple(faults.found)
    top = faults.node(raw, 1, "the file", needed="default_from", allowed="default_target services")
    by_service = {}
    for code, (value, line) in top.entries("services").items():
        if code not in codes:
            faults.fault(line, f"services: there is no service {code}")
        node = faults.node(value, line, f"services: {code}", allowed="from target")
        by_service[code] = OfferDefault(_day(node, "from"), _day(node, "target"))
    general = OfferDefault(_day(top, "default_from"), _day(top, "default_target"))
    return OfferDefaults(general, by_service, hashlib.sha256(body).hexdigest()), tuple(sorted(faults.found))


def _day(node: Node, key: str) -> date | None:
    if not node.has(key):
        return None
    try:
        return date.fromisoformat(str(node.raw[key]))
    except ValueError:
        node.wrong(key, "must be a date such as 2026-01-01")
        return None
