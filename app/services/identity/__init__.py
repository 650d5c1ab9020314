"""Identity: people, staff, roles, credentials, sign-in and tokens. Who may come in, and by what proof."""

from app.services.identity.demo import seed_demo
from app.services.identity.people import find_nik, find_nik_bidx, nik_of
from app.services.identity.roles import ROLE_NAMES, SCOPES, Role
from app.services.identity.staff import Officer, list_officers

__all__ = [
    "ROLE_NAMES",
    "SCOPES",
    "Officer",
    "Role",
    "find_nik",
    "find_nik_bidx",
    "list_officers",
    "nik_of",
    "seed_demo",
]
