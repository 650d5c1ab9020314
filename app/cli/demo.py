"""`loket demo`: the whole story against a running server, with a real photograph if there is one."""

import asyncio
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from sqlalchemy import update
from sqlmodel import col

from app.cli import demo_set
from app.cli.common import console, open_house, refuse, refuse_in_production, run
from app.core.actor import SYSTEM
from app.core.config import Settings
from app.core.house import House
from app.sandbox.any_picture import NoPicture, as_sent_by_a_camera
from app.sandbox.application_story import ApplicationStory
from app.sandbox.bank import SandboxBank
from app.sandbox.photographs import any_conditions, draw_photograph
from app.sandbox.story import DRIVER, DemoVehicle, PatientTransport, StepFailed, Story
from app.services import cases, registries, transparency
from app.services.etle.models import Block
from app.services.identity import sandbox, staff
from app.services.identity.roles import Role
from app.services.reference import parse_plate
from app.services.registries import VehicleLine, VehicleRegistry
from app.services.registries.demo import DEWI, PEOPLE

TIMEOUT_S = 60.0
FALLBACK_PLATE = "B1234XYZ"
APPLICANTS_PLATE = "D1357EFG"
"""Dewi's car: no camera of the demonstration has seen it, so nothing is open on it."""
LATE = timedelta(days=40)
"""How far ahead the deadline's story looks: past answer, delivery and payment times of every policy."""


def demo(
    base_url: Annotated[str, typer.Option(help="The running server.")] = "http://127.0.0.1:8000",
    image: Annotated[Path | None, typer.Option(help="A photograph; without it one is drawn.", exists=True)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")] = False,
) -> None:
    """Play the ticket's story over HTTP, printing each step: paid, annulled, blocked and unblocked; then an application. Exit 1
    if one fails.

    Needs the server's own settings (LOKET_HOME, LOKET_DATABASE_URL): credentials and the sandbox registry come from there.
    """
    refuse_in_production(Settings(), "The demo")
    picture = _picture(image)
    steps: list[dict[str, str]] = []

    def say(who: str, what: str) -> None:
        steps.append({"who": who, "what": what})
        if not as_json:
            console.print(f"  [bold]{who:8}[/bold] {what}", highlight=False, soft_wrap=True)

    try:
        run(_play(base_url, picture, say))
    except (StepFailed, httpx.HTTPError) as error:
        if as_json:
            print(json.dumps({"done": False, "steps": steps, "failed": str(error)}, ensure_ascii=False, indent=2))
        raise refuse(f"The story stopped: {error}") from None
    if as_json:
        print(json.dumps({"done": True, "steps": steps}, ensure_ascii=False, indent=2))
    else:
        console.print("\nAll of it went through.", style="green")


def _picture(image: Path | None) -> bytes | None:
    """The photograph as a camera would send it, whatever wrote the file."""
    try:
        return as_sent_by_a_camera(image.read_bytes()) if image else None
    except (NoPicture, OSError) as error:
        raise refuse(f"{image}: {error}. Give a photograph: JPEG, PNG, WebP, HEIC, GIF, BMP or TIFF.") from None


async def _play(base_url: str, image: bytes | None, say: Callable[[str, str], None]) -> None:
    async with open_house() as house:
        made = await demo_set.seed(house)
        async with httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, transport=PatientTransport()) as client:
            backstage = _House(house, client, made)
            say("story 1", "photograph, letter, answer, ticket, payment, receipt")
            await _paid(Story(client, backstage, say), image or _drawn(FALLBACK_PLATE), house)
            say("story 2", "the plate was cloned: objection, annulled by another officer")
            await _annulled(Story(client, backstage, say))
            say("story 3", "no answer: deadline, block, late answer, payment, unblocked")
            await _blocked(Story(client, backstage, say), house)
            say("story 4", "an application: price, papers, pre-check, payment, officer, signed document")
            await ApplicationStory(client, backstage, say).play(house.settings.home / "demo")


async def _paid(story: Story, image: bytes, house: House) -> None:
    await story.note_waiting()
    await story.photograph(image, fallback_plate=FALLBACK_PLATE)
    await story.review()
    await story.wrong_look_up()
    await story.open_by_letter()
    await story.see_evidence()
    await story.answer({"kind": "self", "driver": DRIVER})
    await story.issue()
    await story.pay()
    if (await story.ticket())["state"] != "deposit_paid":
        raise StepFailed("the payment did not reach the case")
    path = await story.receipt(house.settings.home / "demo")
    proof = await story.client.get(f"/v1/tickets/{story.case_id}/proof", headers=story.access)
    keys = transparency.verifier_keys(house.keys, house.settings.transparency_origin)
    verdict = transparency.verify_proof(proof.json(), keys)
    if not verdict.holds:
        raise StepFailed(f"the proof does not hold: {verdict.fault}")
    story.say("public", f"the proof verifies offline under the log's key; try: loket verify {path}")


async def _annulled(story: Story) -> None:
    await story.note_waiting()
    plate = _random_plate()
    await story.photograph(_drawn(plate), fallback_plate=plate)
    await story.review()
    await story.open_by_letter()
    attachment = await story.attach(draw_photograph(plate, seed=7, conditions=any_conditions(7)))
    reason = "Pelat kendaraan saya digandakan; saat kejadian mobil saya berada di bengkel."
    await story.answer({"kind": "not_mine", "reason": reason, "attachments": [attachment]})
    await story.accept_objection()


async def _blocked(story: Story, house: House) -> None:
    await story.note_waiting()
    plate = _random_plate()
    await story.photograph(_drawn(plate), fallback_plate=plate)
    await story.review()
    await story.open_by_letter()
    await story.backstage.sweep(story.case_id, datetime.now(UTC) + LATE)
    if (await story.ticket())["state"] != "unanswered":
        raise StepFailed("the deadline did not pass")
    story.say("clock", f"{LATE.days} days later: not answered in time")
    await _night_passes(house, story.case_id)
    await story.sign_block()
    await _registry_says(house, plate, blocked=True)
    await story.look_up()
    await story.answer({"kind": "self", "driver": DRIVER})
    await story.issue()
    await story.look_up()
    await story.pay()
    await _registry_says(house, plate, blocked=False)
    story.say("block", "lifted by the payment itself, nobody had to be asked")


async def _night_passes(house: House, case_id: str) -> None:
    """The proposal is a day old: one of this night would stand in the investigator's batch of the morning only."""
    async with house.db.begin(SYSTEM) as tx:
        yesterday = tx.now - timedelta(days=1)
        await tx.session.execute(update(Block).where(col(Block.case_id) == UUID(case_id)).values(proposed_at=yesterday))


async def _registry_says(house: House, plate: str, *, blocked: bool) -> None:
    for _ in range(100):
        vehicle = await house[VehicleRegistry].find(plate)
        if vehicle is not None and vehicle.blocked is blocked:
            return
        await asyncio.sleep(0.3)
    raise StepFailed(f"the registry does not say blocked={blocked} for {plate} within 30 s")


def _drawn(plate: str) -> bytes:
    return draw_photograph(plate, seed=secrets.randbelow(10_000))


def _random_plate() -> str:
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    return f"B{secrets.randbelow(1900) + 1000}" + "".join(secrets.choice(letters) for _ in range(3))


class _House:
    """What the play needs from behind the scene, taken from the house with the server's own settings."""

    unit = demo_set.POLRES

    def __init__(self, house: House, client: httpx.AsyncClient, made: demo_set.DemoSet) -> None:
        self._house, self._client, self._made = house, client, made
        self.camera_key = made.camera_key
        self._tokens: dict[str, list[str]] = {}

    async def enter_vehicle(self, plate: str) -> DemoVehicle:
        parsed = parse_plate(plate)
        if parsed is None:
            raise ValueError(f"{plate} is no plate that a registry would hold")
        found = await self._house[VehicleRegistry].find(parsed.canonical)
        if found is None:
            line = _made_up(parsed.canonical)
            async with self._house.db.begin(SYSTEM) as tx:
                await registries.enter_vehicle(tx, line)
            return DemoVehicle(line.plate, line.chassis_no, line.engine_no)
        return DemoVehicle(found.plate, found.chassis_no, found.engine_no)

    async def staff_tokens(self, role: str) -> list[str]:
        if role not in self._tokens:
            async with self._house.db.begin(SYSTEM) as tx:
                members = await staff.list_officers(tx.session, unit=demo_set.UNIT, role=Role(role))
                self._tokens[role] = [await sandbox.token_for_staff(tx, each) for each in members]
        return self._tokens[role]

    async def citizen_token(self) -> str:
        owner = PEOPLE[DEWI]
        async with self._house.db.begin(SYSTEM) as tx:
            return await sandbox.token_for_citizen(tx, nik=owner.nik, name=owner.name, phone=owner.phone)

    async def officer_tokens(self) -> list[str]:
        async with self._house.db.begin(SYSTEM) as tx:
            members = await staff.list_officers(tx.session, unit=self.unit, role=Role.OFFICER)
            return [await sandbox.token_for_staff(tx, each) for each in members]

    async def vehicle(self) -> dict[str, str]:
        found = await self._house[VehicleRegistry].find(APPLICANTS_PLATE)
        if found is None:
            raise StepFailed(f"{APPLICANTS_PLATE} is not in the register")
        return {"plate": found.plate, "chassis_tail": found.chassis_no[-5:]}

    async def sweep(self, case_id: str, as_of: datetime) -> None:
        await cases.sweep(self._house, as_of=as_of, only=UUID(case_id))

    async def pay(self, virtual_accounts: list[dict[str, str]], amount: int) -> list[dict[str, Any]]:
        bank = SandboxBank.from_file(self._made.bank_file, self._client)
        mine = next(each for each in virtual_accounts if each["partner_service_id"].strip() == bank.partner_service_id)
        return await bank.token_inquire_pay_and_replay(mine, amount)


def _made_up(plate: str) -> VehicleLine:
    """A vehicle that does not exist, for a plate that does: its owner is the demonstration's first person."""
    owner, serial = PEOPLE[0], secrets.randbelow(10**6)
    return VehicleLine(
        plate=plate,
        chassis_no=f"MHKCNTH9JKK{serial:06}",
        engine_no=f"CNTH9{serial:06}",
        make="Contoh",
        model="Demonstrasi",
        colour="Hitam",
        kind="Mobil penumpang",
        owner_name=owner.name,
        owner_address=owner.address,
        owner_nik=owner.nik,
        owner_phone=owner.phone,
        owner_email="budi@example.test",
        registry_id=f"DEMO-{secrets.token_hex(5).upper()}",
    )
