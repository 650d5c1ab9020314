"""The vehicle register over HTTP, for a register that stands elsewhere. The contract is small, JSON and ours to publish:

``GET /vehicles/{plate}`` (200, 404), ``POST /vehicles/chassis-checks`` (200 with ``registered``, true or false), ``PUT`` and ``DELETE /vehicles/{registry_id}/blocks/{request_id}`` (2xx, 404), and with an
``Idempotency-Key`` ``PUT /vehicles/{registry_id}/owner``, ``.../sale`` and ``.../stnk`` (2xx, 404, 409 for a key that came with
something else) and ``POST /vehicles`` (2xx with the vehicle, 409, 422 for a chassis number that is registered), each with a bearer
token. Numbers are compared here, in constant time, so that a register needs no look-up by secrets.
"""

from dataclasses import asdict
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ValidationError, field_validator

from app.core.texts import Text
from app.core.upstream import Upstream
from app.services.reference import PlateUse
from app.services.registries.problems import (
    REGISTRY_ANSWER_WRONG,
    REGISTRY_REQUEST_REUSED,
    VEHICLE_REGISTERED,
    VEHICLE_UNKNOWN,
)
from app.services.registries.vehicles.port import (
    NewVehicle,
    Owner,
    Sale,
    Stnk,
    Vehicle,
    normalise_number,
    number_matches,
)

NAME = Text("Register kendaraan", "The vehicle register")
TIMEOUT_S = 4.0
MAX_CONCURRENT = 16
_USES = frozenset(str(use) for use in PlateUse if use is not PlateUse.UNKNOWN)


class _OwnerAnswer(BaseModel):
    name: str
    address: str
    nik: str | None = None
    phone: str | None = None
    email: str | None = None


class _SaleAnswer(BaseModel):
    sold_on: date
    buyer: _OwnerAnswer


class _VehicleAnswer(BaseModel):
    registry_id: str
    plate: str
    chassis_no: str
    engine_no: str
    make: str
    model: str
    colour: str
    kind: str
    year: int | None = None
    owner: _OwnerAnswer
    blocked: bool = False
    sale: _SaleAnswer | None = None
    stnk_no: str | None = None
    use: str | None = None

    @field_validator("use", mode="before")
    @classmethod
    def _known_use(cls, use: object) -> object:
        """A use that we have no word for is none: it is a hint for an officer, and no letter waits for it."""
        return use if use in _USES else None


class _ChassisAnswer(BaseModel):
    registered: bool


class HttpVehicles:
    """`VehicleRegistry` on somebody else's server."""

    def __init__(self, base_url: str, token: str, *, timeout_s: float = TIMEOUT_S) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._upstream = Upstream(
            "vehicle register", base_url, timeout_s=timeout_s, max_concurrent=MAX_CONCURRENT, headers=headers
        )

    async def find(self, plate: str) -> Vehicle | None:
        """See `VehicleRegistry.find`. Raises UPSTREAM_UNAVAILABLE, REGISTRY_ANSWER_WRONG."""
        answer = await self._upstream.request("GET", f"/vehicles/{quote(plate, safe='')}")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        try:
            if answer.status_code != HTTPStatus.OK:
                raise ValueError("unexpected status")
            read = _VehicleAnswer.model_validate_json(answer.content)
        except (ValidationError, ValueError) as error:
            raise REGISTRY_ANSWER_WRONG(name=NAME, status=answer.status_code) from error
        # A register that answers about another plate than was asked must not send anybody a letter.
        if read.plate != plate:
            raise REGISTRY_ANSWER_WRONG(name=NAME, status=answer.status_code)
        return _vehicle(read)

    async def find_by_numbers(self, plate: str, chassis_no: str, engine_no: str) -> Vehicle | None:
        """See `VehicleRegistry.find_by_numbers`."""
        vehicle = await self.find(plate)
        kept = (vehicle.chassis_no, vehicle.engine_no) if vehicle else ("", "")
        right = [number_matches(kept[0], chassis_no), number_matches(kept[1], engine_no)]
        return vehicle if vehicle is not None and all(right) else None

    async def has_chassis(self, chassis_no: str) -> bool:
        """See `VehicleRegistry.has_chassis`; in the body, for paths are logged. Raises UPSTREAM_UNAVAILABLE, REGISTRY_ANSWER_WRONG."""
        body = {"chassis_no": normalise_number(chassis_no)}
        answer = await self._upstream.request("POST", "/vehicles/chassis-checks", json=body)
        _must_succeed(answer)
        try:
            return _ChassisAnswer.model_validate_json(answer.content).registered
        except ValidationError:
            raise REGISTRY_ANSWER_WRONG(name=NAME, status=answer.status_code) from None

    async def request_block(self, registry_id: str, request_id: str, reason: str) -> None:
        """See `VehicleRegistry.request_block`."""
        answer = await self._upstream.request("PUT", _block(registry_id, request_id), json={"reason": reason})
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise VEHICLE_UNKNOWN()
        _must_succeed(answer)

    async def lift_block(self, registry_id: str, request_id: str) -> None:
        """See `VehicleRegistry.lift_block`."""
        answer = await self._upstream.request("DELETE", _block(registry_id, request_id))
        if answer.status_code != HTTPStatus.NOT_FOUND:
            _must_succeed(answer)

    async def change_owner(self, registry_id: str, request_id: str, owner: Owner) -> None:
        """See `VehicleRegistry.change_owner`."""
        await self._tell(registry_id, "owner", request_id, {"owner": asdict(owner)})

    async def report_sale(self, registry_id: str, request_id: str, sale: Sale) -> None:
        """See `VehicleRegistry.report_sale`."""
        body = {"sold_on": sale.sold_on.isoformat(), "buyer": asdict(sale.buyer)}
        await self._tell(registry_id, "sale", request_id, body)

    async def register_vehicle(self, request_id: str, new: NewVehicle) -> Vehicle:
        """See `VehicleRegistry.register_vehicle`. Raises UPSTREAM_UNAVAILABLE, REGISTRY_ANSWER_WRONG, too."""
        headers = {"Idempotency-Key": request_id}
        answer = await self._upstream.request("POST", "/vehicles", json=asdict(new), headers=headers)
        if answer.status_code == HTTPStatus.CONFLICT:
            raise REGISTRY_REQUEST_REUSED(name=NAME)
        if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise VEHICLE_REGISTERED()
        _must_succeed(answer)
        try:
            read = _VehicleAnswer.model_validate_json(answer.content)
        except ValidationError:
            raise REGISTRY_ANSWER_WRONG(name=NAME, status=answer.status_code) from None  # it quotes a person's data
        if not number_matches(read.chassis_no, new.chassis_no):
            raise REGISTRY_ANSWER_WRONG(name=NAME, status=answer.status_code)
        return _vehicle(read)

    async def enter_stnk(self, registry_id: str, request_id: str, stnk: Stnk) -> None:
        """See `VehicleRegistry.enter_stnk`."""
        days = {"issued_on": stnk.issued_on, "valid_until": stnk.valid_until, "lost_on": stnk.lost_on}
        body = {**asdict(stnk), **{name: day.isoformat() if day else None for name, day in days.items()}}
        await self._tell(registry_id, "stnk", request_id, body)

    async def _tell(self, registry_id: str, what: str, request_id: str, body: dict[str, Any]) -> None:
        path = f"/vehicles/{quote(registry_id, safe='')}/{what}"
        answer = await self._upstream.request("PUT", path, json=body, headers={"Idempotency-Key": request_id})
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise VEHICLE_UNKNOWN()
        if answer.status_code == HTTPStatus.CONFLICT:
            raise REGISTRY_REQUEST_REUSED(name=NAME)
        _must_succeed(answer)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()


def _vehicle(read: _VehicleAnswer) -> Vehicle:
    values: dict[str, Any] = read.model_dump(exclude={"owner", "sale"})
    sale = Sale(read.sale.sold_on, Owner(**read.sale.buyer.model_dump())) if read.sale else None
    return Vehicle(**values, owner=Owner(**read.owner.model_dump()), sale=sale)


def _block(registry_id: str, request_id: str) -> str:
    return f"/vehicles/{quote(registry_id, safe='')}/blocks/{quote(request_id, safe='')}"


def _must_succeed(answer: Any) -> None:
    if not answer.is_success:
        raise REGISTRY_ANSWER_WRONG(name=NAME, status=answer.status_code)
