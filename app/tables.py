"""Every table of the house, by room: importing this module fills `Table.metadata`. A house test finds a forgotten one."""

from app.core import once, vault
from app.core.db import Table
from app.services.applications import issued_models as applications_issued
from app.services.applications import models as applications
from app.services.applications import retention_models as applications_retention
from app.services.applications import upload_models as applications_uploads
from app.services.appointments import models as appointments
from app.services.appointments import queue_models as appointments_queue
from app.services.billing import day_models as billing_days
from app.services.billing import models as billing
from app.services.billing import refund_models as billing_refunds
from app.services.billing.qris import models as billing_qris
from app.services.billing.settlement import models as billing_settlement
from app.services.billing.snap import models as billing_snap
from app.services.billing.treasury import models as billing_treasury
from app.services.cameras import models as cameras
from app.services.cases import models as cases
from app.services.catalogue import models as catalogue
from app.services.etle import cause_models as etle_causes
from app.services.etle import evidence_models as etle_evidence
from app.services.etle import models as etle
from app.services.etle import passage_models as etle_passages
from app.services.etle import shield_models as etle_shields
from app.services.etle import turn_models as etle_turns
from app.services.identity import models as identity
from app.services.notifications import models as notifications
from app.services.reference import models as reference
from app.services.registries import models as registries
from app.services.statistics import models as statistics
from app.services.transparency import models as transparency

metadata = Table.metadata

__all__ = [
    "applications",
    "applications_issued",
    "applications_retention",
    "applications_uploads",
    "appointments",
    "appointments_queue",
    "billing",
    "billing_days",
    "billing_qris",
    "billing_refunds",
    "billing_settlement",
    "billing_snap",
    "billing_treasury",
    "cameras",
    "cases",
    "catalogue",
    "etle",
    "etle_causes",
    "etle_evidence",
    "etle_passages",
    "etle_shields",
    "etle_turns",
    "identity",
    "metadata",
    "notifications",
    "once",
    "reference",
    "registries",
    "statistics",
    "transparency",
    "vault",
]
