"""A house whose cases are parcels, on both engines."""

import pytest

from app.core.house import House
from tests.services.cases.parcels import with_parcels


@pytest.fixture
def parcels(house: House) -> House:
    return with_parcels(house)
