"""A house with a unit that takes appointments, on both engines, and on PostgreSQL alone for races."""

import pytest

from app.core.house import House
from tests.services.appointments.world import fitted


@pytest.fixture
def desk(house: House) -> House:
    return fitted(house)


@pytest.fixture
def postgres_desk(postgres_house: House) -> House:
    return fitted(postgres_house)
