"""What every test database holds: the reference data, loaded once into the template."""

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import reference


async def seed_template(house: House) -> None:
    """Load the reference data."""
    async with house.db.begin(SYSTEM) as tx:
        await reference.load_packaged(tx)
