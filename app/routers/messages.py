"""Where the message gateway reports that a telephone has, or will never have, a message."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from app.core.actor import Actor, ActorKind
from app.core.problems import INVALID_REQUEST
from app.routers.http.deps import TheHouse
from app.routers.http.guards import guard
from app.services.notifications.receipts import GatewayReceipt, check_signature, take_receipt

router = APIRouter(prefix="/v1/messages", tags=["messages"])
GATEWAY = Actor(ActorKind.APP, "message-gateway")


@guard
async def gateway_by_signature(request: Request, house: TheHouse) -> Actor:
    """The message gateway, by its Standard Webhooks signature over the bytes received. Raises
    notifications-receipt-forged."""
    secret = house.settings.message_gateway_secret
    check_signature(secret, request.headers, await request.body(), house.clock.now())
    return GATEWAY


SCHEMA = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": GatewayReceipt.model_json_schema()}}}
}


@router.post("/receipts", status_code=204, openapi_extra=SCHEMA)
async def take(request: Request, house: TheHouse, gateway: Annotated[Actor, Depends(gateway_by_signature)]) -> Response:
    """Take one delivery receipt, signed by the Standard Webhooks scheme; the same one again changes nothing."""
    try:
        receipt = GatewayReceipt.model_validate_json(await request.body())
    except ValidationError as error:
        raise INVALID_REQUEST() from error
    async with house.db.begin(gateway) as tx:
        await take_receipt(tx, receipt)
    return Response(status_code=204)
