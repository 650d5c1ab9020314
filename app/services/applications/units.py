"""Which unit decides an application, and at which its applicant is taken: the service's rule chooses, not the citizen."""

from collections.abc import Mapping

from app.core.db import JsonValue, Tx
from app.services import appointments, catalogue, reference
from app.services.applications.facts import unit_facts
from app.services.applications.models import Application
from app.services.cases import Case
from app.services.catalogue import Facts, Service
from app.services.reference import Unit


def unit_at(home: Unit, level: str, service: Service) -> str:
    """The code of the unit of this level above the applicant's own."""
    if level == home.level:
        return home.code
    if level == "MABES" and service.mabes is not None:
        return service.mabes
    return home.polda_code or home.code


async def place_to_come(
    tx: Tx, case: Case, application: Application, service: Service, form: Mapping[str, JsonValue]
) -> Unit:
    """Where the applicant is taken: at the unit that decides, in a draft at the one that would by its answers so far.

    Where that unit has no hours for it, at the applicant's own, as fingerprints are a matter of the Polres.
    """
    home = await reference.unit(tx.session, application.home_unit)
    decides = case.unit
    if case.state == "draft" and service.choose is not None:
        today = tx.now.astimezone(reference.zone_of(home)).date()
        level = catalogue.level_for(service, Facts(today=today, form=dict(form), unit=unit_facts(home)))
        decides = home.code if level is None else unit_at(home, level, service)
    if service.appointment is None or decides == home.code:
        return await reference.unit(tx.session, decides)
    takes = service.appointment.kind in await appointments.windows_of(tx.session, decides)
    return await reference.unit(tx.session, decides) if takes else home
