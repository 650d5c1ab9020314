"""The one place where things meet: adapters by setting, guards and effects, jobs, schedules."""

import logging
from pathlib import Path

from app.core import jobs as core_jobs
from app.core import orphans
from app.core.clock import Clock, SystemClock
from app.core.clock_check import ClockCheck
from app.core.config import Settings
from app.core.crypto import KeyRing, TokenSigner
from app.core.db import Database
from app.core.house import House
from app.core.jobs import DbosEnqueuer, Job, Schedule, Worker
from app.core.limits import Limits
from app.core.orphans import StoredNames
from app.core.storage import ObjectStorage
from app.services import applications, billing, catalogue, etle
from app.services.applications import jobs as applications_jobs
from app.services.applications import upload_jobs
from app.services.applications.issue import PapersOfServices
from app.services.applications.issuing import IssuedDataSource
from app.services.applications.upload_taking import Papers
from app.services.applications.uploads import DocumentTaker
from app.services.appointments import Appointment, KindOf
from app.services.appointments import jobs as appointments_jobs
from app.services.billing import PayingAccountsError
from app.services.billing import jobs as billing_jobs
from app.services.billing.qris.acquirers import Acquirer, build_acquirer
from app.services.billing.settlement import jobs as settlement_jobs
from app.services.billing.snap import client_jobs
from app.services.billing.snap.client import BankCalls
from app.services.cameras import jobs as cameras_jobs
from app.services.cases import LifecycleError, Lifecycles, load_lifecycles, merge_rules
from app.services.cases import jobs as cases_jobs
from app.services.documents import PhotoRules, find_street_faces, load_photo_rules
from app.services.documents.certificates import CertificateFault
from app.services.documents.signing import DocumentSigner, build_signer
from app.services.etle import jobs as etle_jobs
from app.services.etle.open_tickets import OpenTicketsOnVehicles
from app.services.etle.shown import Finders
from app.services.identity import jobs as identity_jobs
from app.services.identity.tokens import TokenVerifier, build_verifier
from app.services.notifications import Channels, build_channels
from app.services.notifications import jobs as notifications_jobs
from app.services.recognition import (
    KnownCameras,
    PlannedRecogniser,
    Recogniser,
    RecogniserFault,
    can_find_places,
    choose_recogniser,
    find_places,
)
from app.services.registries import (
    PopulationRegistry,
    Registers,
    VehicleRegistry,
    build_population,
    build_registers,
    build_vehicles,
)
from app.services.statistics import jobs as statistics_jobs
from app.services.transparency import jobs as transparency_jobs
from app.stored_names import STORED_NAMES

log = logging.getLogger(__name__)

JOBS: tuple[Job, ...] = (
    *core_jobs.JOBS,
    *orphans.JOBS,
    *transparency_jobs.JOBS,
    *notifications_jobs.JOBS,
    *cases_jobs.JOBS,
    *billing_jobs.JOBS,
    *client_jobs.JOBS,
    *settlement_jobs.JOBS,
    *identity_jobs.JOBS,
    *appointments_jobs.JOBS,
    *applications_jobs.JOBS,
    *upload_jobs.JOBS,
    *cameras_jobs.JOBS,
    *etle_jobs.JOBS,
    *statistics_jobs.JOBS,
)
SCHEDULES: tuple[Schedule, ...] = (
    *core_jobs.SCHEDULES,
    *orphans.SCHEDULES,
    *transparency_jobs.SCHEDULES,
    *notifications_jobs.SCHEDULES,
    *cases_jobs.SCHEDULES,
    *billing_jobs.SCHEDULES,
    *client_jobs.SCHEDULES,
    *settlement_jobs.SCHEDULES,
    *cameras_jobs.SCHEDULES,
    *etle_jobs.SCHEDULES,
    *statistics_jobs.SCHEDULES,
    *appointments_jobs.SCHEDULES,
    *applications_jobs.SCHEDULES,
    *upload_jobs.SCHEDULES,
    *identity_jobs.SCHEDULES,
)


class RefusedToStart(Exception):
    """The settings do not allow a start; the text says what to mend."""


def build_house(settings: Settings, *, clock: Clock | None = None, keys: KeyRing | None = None) -> House:
    """The house for these settings. Raises `RefusedToStart` for what production or the data files do not allow."""
    try:
        return _build(settings, clock, keys)
    except (
        RecogniserFault,
        LifecycleError,
        PayingAccountsError,
        catalogue.CatalogueError,
        CertificateFault,
    ) as error:
        raise RefusedToStart(str(error)) from error


def _build(settings: Settings, clock: Clock | None, keys: KeyRing | None) -> House:
    faults = settings.production_faults()
    if faults:
        raise RefusedToStart("\n".join(faults))
    ring = keys or load_keys(settings.keys_file, make_missing=not settings.production)
    db = Database(settings.effective_database_url, pool=settings.database_pool)
    db.enqueuer = DbosEnqueuer(db, JOBS)
    reads = choose_recogniser(settings)
    parts: dict[type, object] = {
        ClockCheck: ClockCheck(on=clock is None),  # a clock that was brought along is nobody's host's
        Channels: build_channels(settings),
        Lifecycles: load_lifecycles(
            merge_rules(etle.GUARDS, applications.GUARDS),
            merge_rules(etle.EFFECTS, applications.EFFECTS),
            merge_rules(etle.DEADLINES, applications.DEADLINES),
        ),
        Recogniser: reads,
        PlannedRecogniser: reads,
        KnownCameras: KnownCameras(),
        etle.LineRoom: etle.LineRoom(),
        billing.MoneySheets: billing.MoneySheets(),
        billing.OpenAccounts: billing.OpenAccounts(),
        Limits: Limits(settings.rate_limit_store, on=settings.rate_limits == "on"),
        TokenVerifier: build_verifier(settings, db),
        VehicleRegistry: build_vehicles(settings, db, ring),
        billing.AccountNames: billing.build_account_names(settings, db, ring),
        billing.PayingAccounts: billing.build_paying_accounts(settings),
        PopulationRegistry: build_population(settings, db, ring),
        Registers: build_registers(settings, db, ring),
        BankCalls: BankCalls(),
        Acquirer: build_acquirer(settings),
        applications.OpenTickets: OpenTicketsOnVehicles(db),
        IssuedDataSource: PapersOfServices(),
        PhotoRules: load_photo_rules(),
        DocumentTaker: Papers(),
        DocumentSigner: build_signer(settings, ring),
        catalogue.PriceList: catalogue.PriceList(),
        Finders: Finders(find_street_faces, _places, can_find_places()),
        StoredNames: STORED_NAMES,
    }
    services = load_services(settings, parts[Lifecycles])
    parts[catalogue.Catalogue], parts[KindOf] = services, _appointment_kinds(services)
    return House(
        settings=settings,
        db=db,
        clock=clock or SystemClock(),
        storage=ObjectStorage(settings.effective_storage_url),
        keys=ring,
        signer=TokenSigner(ring),
        parts=parts,
    )


def _places(image: bytes) -> list[tuple[int, int, int, int]]:
    return [(each.x_min, each.y_min, each.x_max, each.y_max) for each in find_places(image)]


def build_worker(house: House) -> Worker:
    """The background worker of this house."""
    return Worker(house, JOBS, SCHEDULES)


def load_services(settings: Settings, lifecycles: object) -> catalogue.Catalogue:
    """The service files of the release and of the setting's directory. Raises `CatalogueError` with every fault."""
    known = lifecycles.by_name if isinstance(lifecycles, Lifecycles) else {}
    return catalogue.load_catalogue([*known], extra=settings.catalogue)


def _appointment_kinds(services: catalogue.Catalogue) -> KindOf:
    """What each service books, as its file says."""

    def kind_of(service_code: str) -> Appointment | None:
        wanted = services.get(service_code).appointment
        return None if wanted is None else Appointment(wanted.kind, wanted.minutes)

    return kind_of


def load_keys(path: Path, *, make_missing: bool) -> KeyRing:
    """The key ring file; made with fresh keys at the first start outside production."""
    if not path.exists():
        if not make_missing:
            raise RefusedToStart(f"the key ring {path} does not exist; make one with `loket keys new {path}`")
        KeyRing.generate().save(path)
        log.info("a fresh key ring was made at %s", path)
    return KeyRing.load(path)
