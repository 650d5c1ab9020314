"""What every door may ask for: the house, the language, the caller's address."""

from typing import Annotated, cast

from fastapi import Depends, Request

from app.core.house import House
from app.core.texts import Lang
from app.routers.http.language import language_of


def the_house(request: Request) -> House:
    """The house that `create_app` was given."""
    return cast(House, request.app.state.house)


def the_language(request: Request) -> Lang:
    """Indonesian or English, for this request."""
    return language_of(request.scope)


def the_address(request: Request) -> str:
    """The caller's network address, as a key for rate limits; IPv6 callers are counted by their /64."""
    host = request.client.host if request.client else "unknown"
    return ":".join(host.split(":")[:4]) if ":" in host else host


TheHouse = Annotated[House, Depends(the_house)]
TheLang = Annotated[Lang, Depends(the_language)]
TheAddress = Annotated[str, Depends(the_address)]
