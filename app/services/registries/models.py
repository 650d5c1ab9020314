"""Tables of the embedded registers: stand-ins for ERI (vehicles), Dukcapil (population) and those that are looked up by
one key (licences, criminal records, tax, ...) where they are not reached.

Plates are plain, as they hang on the vehicle for all to read. Chassis and engine numbers prove ownership at the public
look-up, so they are secrets here: encrypted, and compared by blind index, whole or by the last five characters.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from app.core.db import Table, UtcDateTime
from app.core.ids import new_id

_STANDS = text("ended_at IS NULL")


class VehicleRecord(Table, table=True):
    """A registered vehicle with its owner. `digest` is a keyed hash of the imported line: unchanged lines are skipped."""

    __tablename__ = "vehicles"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    registry_id: str = Field(unique=True, max_length=40)
    plate: str = Field(unique=True, max_length=20)
    chassis_enc: str | None = None
    chassis_bidx: str = Field(index=True, max_length=64)
    chassis_tail_bidx: str = Field(max_length=64)
    engine_enc: str | None = None
    engine_bidx: str = Field(max_length=64)
    engine_tail_bidx: str = Field(max_length=64)
    make: str = Field(max_length=60)
    model: str = Field(max_length=60)
    colour: str = Field(max_length=30)
    kind: str = Field(max_length=40)
    year: int | None = None
    plate_use: str | None = Field(default=None, max_length=20)
    key_id: UUID = Field(foreign_key="data_keys.id")
    owner_nik_bidx: str | None = Field(default=None, index=True, max_length=64)
    nik_enc: str | None = None
    name_enc: str | None = None
    address_enc: str | None = None
    phone_enc: str | None = None
    email_enc: str | None = None
    digest: str = Field(max_length=64)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class VehicleBlockRow(Table, table=True):
    """A block that stands, or stood, on a vehicle. Several may stand; it is free only when all are lifted."""

    __tablename__ = "vehicle_blocks"

    request_id: str = Field(primary_key=True, max_length=64)
    registry_id: str = Field(index=True, max_length=40)
    reason: str = Field(max_length=300)
    set_at: datetime = Field(sa_type=UtcDateTime)
    lifted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class VehicleSale(Table, table=True):
    """A sale that the owner has reported; it stands until the buyer has the vehicle renamed. Of each vehicle one stands.

    Who bought it is sealed under the buyer's data key. The block that it set bears the same `request_id`.
    """

    __tablename__ = "vehicle_sales"
    __table_args__ = (
        Index("uq_vehicle_sales_standing", "registry_id", unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS),
    )

    request_id: str = Field(primary_key=True, max_length=64)
    registry_id: str = Field(max_length=40)
    sold_on: date
    key_id: UUID = Field(foreign_key="data_keys.id")
    nik_enc: str | None = None
    name_enc: str | None = None
    address_enc: str | None = None
    phone_enc: str | None = None
    email_enc: str | None = None
    reported_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class VehicleStnk(Table, table=True):
    """An STNK of a vehicle, by its number, as we were told of it. Of each vehicle one stands; `lost_on` is that of the one
    before, which this one took the place of."""

    __tablename__ = "vehicle_stnks"
    __table_args__ = (
        Index("uq_vehicle_stnks_standing", "registry_id", unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS),
    )

    request_id: str = Field(primary_key=True, max_length=64)
    registry_id: str = Field(max_length=40)
    number: str = Field(max_length=100)
    issued_on: date
    valid_until: date | None = None
    lost_on: date | None = None
    loss_report_no: str | None = Field(default=None, max_length=60)
    entered_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PopulationRecord(Table, table=True):
    """A person in the embedded population register; every field of it is sealed under that person's data key."""

    __tablename__ = "population"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    key_id: UUID = Field(foreign_key="data_keys.id")
    nik_bidx: str = Field(unique=True, max_length=64)
    nik_enc: str | None = None
    name_enc: str | None = None
    born_on_enc: str | None = None
    kk_no_enc: str | None = None
    address_enc: str | None = None
    phone_enc: str | None = None
    email_enc: str | None = None
    sex_enc: str | None = None
    citizenship_enc: str | None = None
    guardians_enc: str | None = None
    digest: str = Field(max_length=64)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class RegisterRecord(Table, table=True):
    """What one register says of one person or vehicle, whole and sealed: health and criminal records are specific data
    (UU 27/2022 art. 4), so not even whether a person is good or bad for something stands plain.

    `kind` names the register and `part` tells several records of one key apart: the class of a licence, else empty.
    `digest` is a keyed hash of the imported line: unchanged lines are skipped.
    """

    __tablename__ = "register_records"

    kind: str = Field(primary_key=True, max_length=20)
    key_bidx: str = Field(primary_key=True, max_length=64)
    part: str = Field(primary_key=True, max_length=20)
    key_id: UUID = Field(foreign_key="data_keys.id")
    body_enc: str | None = None
    digest: str = Field(max_length=64)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class RegisterWrite(Table, table=True):
    """A record that we had entered, by the id of our request: the same request again changes nothing."""

    __tablename__ = "register_writes"

    request_id: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=20)
    key_bidx: str = Field(index=True, max_length=64)
    digest: str = Field(max_length=64)
    at: datetime = Field(sa_type=UtcDateTime)
