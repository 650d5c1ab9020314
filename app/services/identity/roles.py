"""Roles of staff and scopes of tokens. The lifecycles say what a role may do; here is only which there are."""

from collections.abc import Iterable
from enum import StrEnum

from app.core.texts import Text


class Role(StrEnum):
    """What a member of staff does. `domain` words: penyidik, Kasubdit Gakkum, petugas loket, ..."""

    OFFICER = "officer"
    SENIOR_OFFICER = "senior_officer"
    SUPERVISOR = "supervisor"
    INVESTIGATOR = "investigator"
    COUNTER = "counter"
    POST = "post"
    COURT = "court"
    PROSECUTOR = "prosecutor"
    FINANCE = "finance"
    AUDITOR = "auditor"
    ADMIN = "admin"


ROLE_NAMES: dict[Role, Text] = {
    Role.OFFICER: Text("Penyidik pembantu (verifikasi)", "Verifying officer"),
    Role.SENIOR_OFFICER: Text("Penyidik (pembatalan dan pemeriksaan kedua)", "Senior officer"),
    Role.SUPERVISOR: Text("Kepala unit", "Supervisor"),
    Role.INVESTIGATOR: Text("Penyidik lalu lintas (permohonan blokir)", "Traffic investigator"),
    Role.COUNTER: Text("Petugas loket", "Counter officer"),
    Role.POST: Text("Petugas pengiriman surat", "Dispatch clerk"),
    Role.COURT: Text("Petugas pengadilan", "Court clerk"),
    Role.PROSECUTOR: Text("Petugas kejaksaan", "Prosecutor's clerk"),
    Role.FINANCE: Text("Bendahara penerimaan", "Treasurer"),
    Role.AUDITOR: Text("Pengawas", "Auditor"),
    Role.ADMIN: Text("Administrator", "Administrator"),
}

# A head of unit is a senior officer too; nobody else inherits anything.
_IMPLIED: dict[Role, frozenset[Role]] = {Role.SUPERVISOR: frozenset({Role.SENIOR_OFFICER})}

KNOWN = frozenset(str(role) for role in Role)

OPENID, PROFILE = "openid", "profile"
ME, TICKETS, APPLICATIONS = "me", "tickets", "applications"
COUNTER, SETTLEMENTS_WRITE = "counter", "settlements:write"

SCOPES: dict[str, Text] = {
    OPENID: Text("Mengetahui siapa Anda", "Know who you are"),
    PROFILE: Text("Peran dan kesatuan petugas", "A member of staff's roles and unit"),
    ME: Text("Data akun Anda", "Your account"),
    TICKETS: Text("Tilang Anda", "Your tickets"),
    APPLICATIONS: Text("Permohonan Anda", "Your applications"),
    COUNTER: Text("Bekerja di loket", "Work at the counter"),
    SETTLEMENTS_WRITE: Text("Mengirim berkas rekonsiliasi bank", "Send settlement files"),
}
CITIZEN_SCOPES = (OPENID, PROFILE, ME, TICKETS, APPLICATIONS)
STAFF_SCOPES = (OPENID, PROFILE, COUNTER)


def expand(roles: Iterable[str]) -> frozenset[str]:
    """The roles with those that they imply; names that are no roles are dropped."""
    known = {Role(role) for role in roles if role in KNOWN}
    return frozenset(str(each) for role in known for each in {role, *_IMPLIED.get(role, ())})


def scopes_of_staff(roles: Iterable[str]) -> frozenset[str]:
    """The widest scopes that a member of staff with these roles may be given."""
    held = expand(roles)
    extra = {SETTLEMENTS_WRITE} if {Role.FINANCE, Role.SUPERVISOR} & held else set()
    return frozenset({*STAFF_SCOPES, *extra}) if held else frozenset({OPENID, PROFILE})
