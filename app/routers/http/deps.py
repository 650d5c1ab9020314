"""What every door may ask for: the house, the language, the caller's address.

All of them are `async` although they wait for nothing: FastAPI sends plain functions to a thread, and three threads per
request cost more than the database does.
"""

from ipaddress import IPv6Address, IPv6Network
from typing import Annotated, cast

from fastapi import Depends, Request

from app.core.house import House
from app.core.texts import Lang
from app.routers.http.language import language_of


def house_of(request: Request) -> House:
    """The house that `create_app` was given."""
    return cast(House, request.app.state.house)


async def the_house(request: Request) -> House:
    """`house_of`, as a dependency."""
    return house_of(request)


async def the_language(request: Request) -> Lang:
    """Indonesian or English, for this request."""
    return language_of(request.scope)


def address_of(request: Request) -> str:
    """The caller's network address, as a key for rate limits; IPv6 callers are counted by their /64."""
    return network_of(request.client.host if request.client else "unknown")


async def the_address(request: Request) -> str:
    """`address_of`, as a dependency."""
    return address_of(request)


def network_of(host: str) -> str:
    """What is counted as one caller: an IPv4 address, also where it is written as IPv6, or the /64 of an IPv6 one.

    Whoever has one IPv6 address usually has all 2^64 of its network, and `::` hides groups: so the text is not enough.
    """
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    return str(address.ipv4_mapped or IPv6Network((int(address) >> 64 << 64, 64)))


TheHouse = Annotated[House, Depends(the_house)]
TheLang = Annotated[Lang, Depends(the_language)]
TheAddress = Annotated[str, Depends(the_address)]
