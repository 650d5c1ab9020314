"""A browser without a screen, and a case brought to where a page needs it, through doors and service functions alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.house import House
from app.routers.http.guards import SESSION_COOKIE
from app.services import etle
from app.services.cases import Case
from app.services.etle import Decision, LetterAnswer, jobs
from app.services.etle.models import Party
from app.services.identity import sessions, staff
from app.services.identity.roles import Role, expand
from app.services.identity.sessions import SubjectKind
from tests import make
from tests.drain import drain

TOKEN = re.compile(r'name="_token" value="([^"]+)"')
HTML = {"accept": "text/html,application/xhtml+xml"}


@dataclass
class Browser:
    """Keeps cookies, follows redirects, and sends the token of the page that it last saw."""

    client: httpx.AsyncClient
    page: httpx.Response = field(default_factory=lambda: httpx.Response(204))

    @classmethod
    def of(cls, app: FastAPI, base_url: str = "http://test") -> "Browser":
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        return cls(httpx.AsyncClient(transport=transport, base_url=base_url, headers=HTML, follow_redirects=True))

    @property
    def text(self) -> str:
        """What the page says, without its tags."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.page.text)).split())

    @property
    def path(self) -> str:
        return self.page.url.path

    def token(self) -> str:
        """The form token of the page that is open."""
        found = TOKEN.search(self.page.text)
        assert found is not None, f"{self.path} shows no form"
        return found[1]

    async def get(self, path: str, status: int = 200) -> str:
        self.page = await self.client.get(path)
        assert self.page.status_code == status, (self.page.status_code, self.text[:2000])
        return self.text

    async def send(
        self,
        values: Mapping[str, str],
        *,
        to: str | None = None,
        status: int = 200,
        file: tuple[str, bytes] | None = None,
    ) -> str:
        """Fill in the form of the page that is open, and send it."""
        self.page = await self.client.post(
            to or self.path,
            data={"_token": self.token(), **values},
            files={"file": (file[0], file[1])} if file else None,
            headers={"origin": str(self.client.base_url).rstrip("/"), "sec-fetch-site": "same-origin"},
        )
        assert self.page.status_code == status, (self.page.status_code, self.text[:2000])
        return self.text

    async def sign_in_staff(self, house: House, role: Role, *, staff_id: UUID | None = None) -> UUID:
        """A counter session, as the sign-in leaves it."""
        async with house.db.begin(SYSTEM) as tx:
            if staff_id is None:
                staff_id = (await staff.list_officers(tx.session, unit="PMJ", role=role))[0].id
            token = await sessions.open_session(tx, SubjectKind.STAFF, staff_id, amr=("pwd", "otp"))
        self.client.cookies.set(SESSION_COOKIE, token)
        return staff_id

    async def look_up(self) -> str:
        """Find the demo vehicle's tickets by its STNK."""
        await self.get("/tilang")
        vehicle = make.VEHICLE
        values = {
            "plate": "b 1234 xyz",
            "way": "stnk",
            "chassis_no": vehicle.chassis_no,
            "engine_no": vehicle.engine_no[-5:],
        }
        return await self.send(values)


@dataclass(frozen=True)
class Story:
    """One ticket on its way; each step is what a person or a job does."""

    house: House
    camera: make.Camera
    case_id: UUID

    @classmethod
    async def begin(cls, house: House, client: httpx.AsyncClient, *, seed: int = 1) -> "Story":
        """A camera's capture of the demo vehicle, read and drawn to an officer."""
        await make.demo_set(house)
        camera = await make.camera(house, client)
        sent = await camera.send(make.photograph(seed=seed), at=house.clock.now(), speed_kmh=0, limit_kmh=60)
        assert sent.status_code == 202, sent.text
        await drain(house)
        async with house.db.begin(SYSTEM) as tx:
            case_id = (await tx.session.execute(select(col(Case.id)))).scalars().one()
        return cls(house, camera, case_id)

    async def another(self, *, seed: int, location: str) -> "Story":
        """The same vehicle once more at another place, as far as its letter."""
        sent = await self.camera.send(make.photograph(seed=seed), at=self.house.clock.now(), location=location)
        assert sent.status_code == 202, sent.text
        await drain(self.house)
        async with self.house.db.begin(SYSTEM) as tx:
            found = (await tx.session.execute(select(col(Case.id)).where(col(Case.id) != self.case_id))).scalars().one()
        other = Story(self.house, self.camera, found)
        await other.letter()
        return other

    async def officer(self) -> UUID:
        """Who was drawn."""
        async with self.house.db.begin(SYSTEM) as tx:
            case = await tx.session.get(Case, self.case_id)
        assert case is not None
        assert case.assigned_to is not None
        return UUID(case.assigned_to)

    async def decide(self, decision: Decision, *, by: UUID | None = None, role: Role = Role.OFFICER) -> None:
        """One decision of a member of staff, and what follows from it."""
        actor = Actor(
            ActorKind.STAFF,
            str(by or await self.officer()),
            roles=expand([role]),
            unit="PMJ",
            scopes=frozenset({"counter"}),
        )
        async with self.house.db.begin(actor) as tx:
            await etle.decide(tx, self.case_id, decision)
        await drain(self.house)

    async def letter(self) -> None:
        """The officer verifies; the letter is sent."""
        await self.decide(Decision("start_review"))
        await self.decide(Decision("verify", registry_matches=True))
        if await self.state() == "verified":
            async with self.house.db.begin(SYSTEM) as tx:
                others = await staff.list_officers(tx.session, unit="PMJ", role=Role.OFFICER)
            first = await self.officer()
            await self.decide(Decision("endorse"), by=next(each.id for each in others if each.id != first))

        await jobs.dispatch(self.house)
        await drain(self.house)

    async def issue(self) -> None:
        """An officer issues the ticket."""
        await self.decide(Decision("issue_tilang"))

    async def state(self) -> str:
        async with self.house.db.begin(SYSTEM) as tx:
            case = await tx.session.get(Case, self.case_id)
        assert case is not None
        return case.state

    async def settle(self) -> None:
        """Run whatever the last step has left in the queue."""
        await drain(self.house)

    async def object(self, reason: str) -> None:
        """The owner objects."""
        await self._answer(LetterAnswer("object", reason=reason))

    async def admit(self) -> None:
        """The owner drove and says so."""
        person = {
            "nik": "3174014503909902",
            "name": "Siti Misal",
            "address": "Jalan Contoh No. 2",
            "phone": "+6281200000022",
        }
        await self._answer(LetterAnswer("self", person=person))

    async def _answer(self, answer: LetterAnswer) -> None:
        async with self.house.db.begin(SYSTEM) as tx:
            owner = (
                await tx.session.execute(
                    select(col(Party.id)).where(col(Party.case_id) == self.case_id, col(Party.role) == "owner")
                )
            ).scalar_one()
        holder = Actor(ActorKind.CITIZEN, str(owner), roles=frozenset({"owner"}), case_id=self.case_id)
        async with self.house.db.begin(holder) as tx:
            await etle.answer_letter(tx, self.case_id, answer)
        await drain(self.house)
