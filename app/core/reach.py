"""Does anything listen at an address? Asked by `/readyz` and `loket doctor`; says nothing about what would be answered."""

import asyncio
from urllib.parse import urlparse

from app.core.config import REGISTERS, Settings

REACH_TIMEOUT_S = 2.0
_PORTS = {"https": 443, "http": 80, "smtp": 25, "smtps": 465, "redis": 6379, "rediss": 6379}


async def reach(url: str) -> str:
    """Open a connection and close it; gives ``host:port``. Raises OSError or TimeoutError."""
    parsed = urlparse(url)
    port = parsed.port or _PORTS.get(parsed.scheme, 443)
    async with asyncio.timeout(REACH_TIMEOUT_S):
        _, writer = await asyncio.open_connection(parsed.hostname, port)
    writer.close()
    return f"{parsed.hostname}:{port}"


def place_of(url: str) -> str:
    """``host:port`` of an address, for telling people; never its path, user or password."""
    parsed = urlparse(url)
    return f"{parsed.hostname}:{parsed.port or _PORTS.get(parsed.scheme, 443)}"


def neighbours(settings: Settings) -> dict[str, str]:
    """The servers that this installation calls, by name: those that are configured by address."""
    configured = {
        "vehicle registry": settings.vehicle_registry_url,
        "population register": settings.population_registry_url,
        **{f"register {name}": getattr(settings, f"register_{name}_url") for name in REGISTERS},
        "account inquiry": settings.account_inquiry_url,
        "recogniser": settings.recogniser if settings.recogniser.startswith(("http://", "https://")) else "",
        "sign-in": settings.oidc_issuer,
        "e-mail": settings.smtp_url,
        "message gateway": settings.message_gateway_url,
    }
    return {name: url for name, url in configured.items() if url}


def shared_limits(settings: Settings) -> str:
    """The address of the store in which rate limits are counted together; empty where each process counts for itself."""
    return "" if settings.rate_limit_store.startswith("memory") else settings.rate_limit_store
