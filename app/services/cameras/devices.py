"""What is known of a camera beside its key: model, certificate and calibration, shown with the evidence."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.db import Tx
from app.services.cameras.models import CameraDevice
from app.services.cameras.problems import DEVICE_NOT_FOUND
from app.services.identity.models import Credential


@dataclass(frozen=True, slots=True)
class Certificate:
    """Under what a camera measures: its certificate with the last day on which that is valid, and its
    calibration."""

    number: str | None = None
    valid_until: date | None = None
    model: str | None = None
    calibrated_on: date | None = None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A camera as the owner of a ticket may see it; what was never entered is None."""

    id: UUID
    name: str
    unit: str | None
    certificate_no: str | None
    certificate_until: date | None
    model: str | None
    calibrated_on: date | None


async def find_device(source: AsyncConnection | AsyncSession, id: UUID) -> DeviceView | None:
    """The camera of this credential id, or None."""
    query = (
        select(
            col(Credential.id),
            col(Credential.name),
            col(Credential.unit),
            col(CameraDevice.certificate_no),
            col(CameraDevice.certificate_until),
            col(CameraDevice.model),
            col(CameraDevice.calibrated_on),
        )
        .outerjoin(CameraDevice, col(CameraDevice.credential_id) == col(Credential.id))
        .where(col(Credential.id) == id, col(Credential.kind) == "camera")
    )
    row = (await source.execute(query)).one_or_none()
    return None if row is None else DeviceView(*row)


async def record_certificate(tx: Tx, client_id: str, certificate: Certificate) -> DeviceView:
    """Enter or replace a camera's certificate. Problem: cameras-device-not-found (404)."""
    query = select(col(Credential.id)).where(col(Credential.client_id) == client_id, col(Credential.kind) == "camera")
    device_id = (await tx.session.execute(query)).scalar_one_or_none()
    if device_id is None:
        raise DEVICE_NOT_FOUND(client_id=client_id[:80])
    device = await tx.lock(CameraDevice, device_id) or CameraDevice(credential_id=device_id, updated_at=tx.now)
    device.certificate_no, device.certificate_until = certificate.number, certificate.valid_until
    device.model, device.calibrated_on, device.updated_at = certificate.model, certificate.calibrated_on, tx.now
    tx.session.add(device)
    await tx.session.flush()
    found = await find_device(tx.session, device_id)
    assert found is not None, "its credential was read in this transaction"
    return found
