"""Messages to the applicant: the words of what happened, the reference, and where to go on. Never a name in them."""

from app.core.contacts import parse_email, parse_mobile
from app.core.db import Tx
from app.core.texts import Lang, Text
from app.services import notifications
from app.services.applications.models import Application
from app.services.applications.store import person_of, service_of
from app.services.cases import Case
from app.services.notifications import Medium

ABOUT = Text("Pemberitahuan permohonan layanan kepolisian", "Notice about an application for a police service")
NOTHING = Text("-", "-")


async def tell(tx: Tx, case: Case, application: Application, template: str, **params: str | int | Text) -> None:
    """One message by the contact that the applicant gave; nothing where there is none, or the person was erased."""
    contact = (await person_of(tx.session, tx.house.keys, application))["contact"]
    if contact is None:
        return
    medium = Medium.EMAIL if parse_email(contact) else Medium.SMS
    address = contact if medium is Medium.EMAIL else parse_mobile(contact)
    if address is None:
        return
    service = await service_of(tx.session, application)
    lang: Lang = "en" if application.lang == "en" else "id"
    await notifications.send(
        tx,
        to=notifications.Recipient(application.key_id, medium, address, lang),
        template=template,
        params={
            "reference": case.reference,
            "service": service.title,
            "link": f"{tx.house.settings.public_url}/permohonan/{case.id}",
            **params,
        },
        unit=case.unit,
        about=ABOUT,
        case_id=case.id,
    )
