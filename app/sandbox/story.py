"""The ticket's story as a client plays it: every step is an HTTP call, as a camera, a citizen, an officer or a bank.

What a real installation brings along (credentials, people's tokens, a vehicle in the registry, a clock that has moved)
comes from a `Backstage`; everything else goes through the doors that everybody uses.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx

WAIT_S = 120.0
PAUSE_S = 0.4
LOOK_UP_PAUSE_S = 2.0
MOST_WAITS, LONGEST_WAIT_S = 4, 60
VIOLATION = "287-2-APILL"
DRIVER = {
    "nik": "3174011211879901",
    "name": "Budi Contoh",
    "address": "Jalan Contoh No. 1, Kelurahan Rekaan, Jakarta Selatan",
    "phone": "+6281200000001",
}


class PatientTransport(httpx.AsyncHTTPTransport):
    """Waits as long as a 429 asks for, and asks again: whoever plays many stories meets the limits on look-ups."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(MOST_WAITS):
            answer = await super().handle_async_request(request)
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return answer
            await answer.aclose()
            await asyncio.sleep(min(int(answer.headers.get("retry-after", "5")), LONGEST_WAIT_S))
        return await super().handle_async_request(request)


class StepFailed(Exception):
    """A step did not do what it should; the text says which and what came back."""


@dataclass(frozen=True)
class DemoVehicle:
    """A vehicle as its STNK names it."""

    plate: str
    chassis_no: str
    engine_no: str


class Backstage(Protocol):
    """What the play needs from behind the scene."""

    camera_key: str

    async def enter_vehicle(self, plate: str) -> DemoVehicle:
        """Put a vehicle with this plate into the sandbox registry, if it is not there."""

    async def staff_tokens(self, role: str) -> list[str]:
        """Access tokens of every member of staff with this role."""

    async def sweep(self, case_id: str, as_of: datetime) -> None:
        """Run this case's deadlines that are due as of a time to come."""

    async def pay(self, virtual_accounts: list[dict[str, str]], amount: int) -> list[dict[str, Any]]:
        """Token, inquiry, payment and the same payment again, as the sandbox bank over HTTP; the answers."""


class Story:
    """One ticket, played step by step. `say` prints each step."""

    def __init__(self, client: httpx.AsyncClient, backstage: Backstage, say: Callable[[str, str], None]) -> None:
        self.client, self.backstage, self.say = client, backstage, say
        self.case_id = ""
        self.vehicle = DemoVehicle("", "", "")
        self.access: dict[str, str] = {}
        self.known: set[str] = set()  # cases that waited before this story began; they are left alone

    # -- camera and reader

    async def photograph(self, image: bytes, *, fallback_plate: str) -> bool:
        """Show the recogniser the picture, enter the vehicle it reads, and hand the capture in. Whether it was read."""
        key = {"X-Api-Key": self.backstage.camera_key}
        files = {"image": ("capture.jpg", image, "application/octet-stream")}
        answer = await self.client.post("/v1/anpr/recognitions", headers=key, files=files)
        results = self._ok(answer, "recognition")["results"]
        read = results[0]["plate"] if results else None
        known = await self._try_vehicle(read) if read else None
        if known is None:
            self.say("camera", f"the machine reads {read or 'nothing'}: the case will go the way of the person")
            known = await self.backstage.enter_vehicle(fallback_plate)
        else:
            self.say("camera", f"the machine reads {read} (confidence {results[0]['confidence']:.2f})")
        self.vehicle = known
        metadata = {
            "captured_at": (datetime.now(UTC) - timedelta(seconds=30)).isoformat(),
            "violation": VIOLATION,
            "location": f"Simpang Contoh {secrets.token_hex(3).upper()}, Jakarta Pusat",
            "capture_id": secrets.token_hex(8),
        }
        form = {"metadata": json.dumps(metadata)}
        taken = await self.client.post("/v1/anpr/captures", headers=key, files=files, data=form)
        capture = self._ok(taken, "capture", 202)
        again = await self.client.post("/v1/anpr/captures", headers=key, files=files, data=form)
        if self._ok(again, "capture again", again.status_code)["id"] != capture["id"]:
            raise StepFailed("the same capture twice got two ids")
        self.say("camera", f"capture {capture['id']} accepted; sent twice, it is still one")
        return read is not None and known.plate.replace(" ", "") == read

    async def _try_vehicle(self, plate: str) -> DemoVehicle | None:
        try:
            return await self.backstage.enter_vehicle(plate)
        except ValueError:
            return None

    # -- officers

    async def review(self) -> None:
        """The drawn officer looks at picture, reading and registry, and decides; a second one where it is doubtful."""
        headers, task = await self._wait_for_task("officer", "review")
        self.case_id = task["case_id"]
        await self.act(headers, "start_review")
        seen = self._ok(await self.client.get(f"/v1/counter/cases/{self.case_id}", headers=headers), "review page")
        self.say("officer", f"drawn by lot; sees {seen['plate']} and the registry's {_words(seen['registry'])}")
        await self.act(
            headers,
            "verify",
            registry_matches=True,
            plate=self.vehicle.plate,
            reason="Kendaraan pada foto cocok dengan data registrasi.",
            version=seen["version"],
        )
        second = await self._wait_for_letter_or_second_look()
        if second is not None:
            await self.act(second, "endorse")
            self.say("officer", "the reading was doubtful: a second officer agreed")
        await self._wait_for_state("letter_sent")
        self.say("letter", "written, dispatched within the day's quota")

    async def act(self, headers: dict[str, str], action: str, **data: Any) -> dict[str, Any]:
        """One decision of a member of staff."""
        answer = await self.client.post(
            f"/v1/counter/cases/{self.case_id}/actions",
            headers={**headers, "Idempotency-Key": secrets.token_hex(12)},
            json={"action": action, **data},
        )
        return self._ok(answer, action)

    async def issue(self) -> None:
        """An officer issues the ticket: register number, court session, bill."""
        headers, _ = await self._wait_for_task("officer", ("issue", "issue_unanswered"), case_id=self.case_id)
        await self.act(headers, "issue_tilang")
        ticket = await self.ticket()
        self.say("officer", f"ticket issued, register number {ticket['register_no']} (for the court, not the bank)")

    async def sign_block(self) -> None:
        """The investigator signs the proposal in the daily batch; the registry is asked at once."""
        headers = {"Authorization": f"Bearer {(await self.backstage.staff_tokens('investigator'))[0]}"}
        blocks = self._ok(await self.client.get("/v1/counter/blocks", headers=headers), "blocks")["blocks"]
        mine = [each["id"] for each in blocks if each["case_id"] == self.case_id]
        if not mine:
            raise StepFailed("no block was proposed")
        signing = {**headers, "Idempotency-Key": secrets.token_hex(12)}
        signed = await self.client.post("/v1/counter/blocks/sign", headers=signing, json={"blocks": mine})
        self._ok(signed, "sign block")
        self.say("block", "proposed by the system, signed by an investigator, set at the registry")

    async def accept_objection(self) -> None:
        """An officer other than the one who verified decides."""
        headers, _ = await self._wait_for_task("officer", "decide_objection", case_id=self.case_id)
        await self.act(headers, "accept_objection", reason="Bukti meyakinkan: pelat digandakan orang lain.")
        ticket = await self.ticket()
        if ticket["state"] != "annulled":
            raise StepFailed(f"annulled expected, {ticket['state']} found")
        self.say("officer", "another officer accepted the objection: annulled")

    # -- the citizen

    async def look_up(self) -> dict[str, Any]:
        """By the STNK's numbers, the engine's by its last five characters."""
        numbers = {
            "plate": self.vehicle.plate,
            "chassis_no": self.vehicle.chassis_no,
            "engine_no": self.vehicle.engine_no[-5:],
        }
        found = self._ok(await self.client.post("/v1/tickets/lookup", json=numbers), "look-up")["tickets"]
        mine = [each for each in found if each["id"] == self.case_id]
        if not mine:
            raise StepFailed("the ticket is not found by its STNK numbers")
        self.access = {"Authorization": f"Bearer {mine[0]['access_token']}"}
        ticket: dict[str, Any] = mine[0]
        return ticket

    async def wrong_look_up(self) -> None:
        """A wrong number and an unknown ticket must look the same."""
        wrong = {"plate": self.vehicle.plate, "chassis_no": "SALAH12345", "engine_no": "SALAH12345"}
        unknown = {"plate": "B9999ZZZ", "chassis_no": "SALAH12345", "engine_no": "SALAH12345"}
        answers = [await self.client.post("/v1/tickets/lookup", json=body) for body in (wrong, unknown)]
        if answers[0].content != answers[1].content or answers[0].json() != {"tickets": []}:
            raise StepFailed("a wrong look-up tells something")
        self.say("citizen", "wrong numbers and an unknown ticket look the same: nothing found")

    async def open_by_letter(self) -> None:
        """Open the case with the letter's reference, which proves that the letter arrived."""
        ticket = await self.look_up()
        body = {"reference": ticket["reference"], "plate": self.vehicle.plate}
        found = self._ok(await self.client.post("/v1/tickets/lookup", json=body), "look-up by letter")["tickets"]
        self.access = {"Authorization": f"Bearer {found[0]['access_token']}"}
        due = (await self.ticket())["due_at"]
        self.say("citizen", f"opened with the letter's reference: delivery is proven, the answer is due {due}")

    async def ticket(self) -> dict[str, Any]:
        """The ticket as it stands."""
        return self._ok(await self.client.get(f"/v1/tickets/{self.case_id}", headers=self.access), "ticket")

    async def see_evidence(self) -> None:
        """Picture, crop, reading, and the letter."""
        evidence = self._ok(
            await self.client.get(f"/v1/tickets/{self.case_id}/evidence", headers=self.access), "evidence"
        )
        picture = await self.client.get(httpx.URL(evidence["items"][0]["url"]).raw_path.decode())
        if picture.headers.get("content-type") != "image/jpeg":
            raise StepFailed("the evidence picture does not open")
        letter = await self.client.get(f"/v1/tickets/{self.case_id}/letter.pdf", headers=self.access)
        if not letter.content.startswith(b"%PDF"):
            raise StepFailed("the letter is no PDF")
        digest = evidence["items"][0]["sha256"]
        self.say(
            "citizen",
            f"sees the picture ({len(picture.content) // 1024} KiB, original {digest[:12]}...) and the letter",
        )

    async def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """One of the five answers."""
        answer = await self.client.post(f"/v1/tickets/{self.case_id}/response", headers=self.access, json=body)
        ticket = self._ok(answer, f"answer {body['kind']}")
        self.say("citizen", f"answers '{body['kind']}': {ticket['state_title']}")
        return ticket

    async def attach(self, image: bytes) -> str:
        """Hand in a picture for the objection."""
        files = {"file": ("bukti.jpg", image, "image/jpeg")}
        taken = await self.client.post(f"/v1/tickets/{self.case_id}/attachments", headers=self.access, files=files)
        return str(self._ok(taken, "attachment", 201)["id"])

    # -- money

    async def pay(self) -> None:
        """See the bill, pay it at the sandbox bank over SNAP BI, with a replay; then hold the receipt."""
        bill = self._ok(await self.client.get(f"/v1/tickets/{self.case_id}/bill", headers=self.access), "bill")
        if not bill["virtual_accounts"]:
            raise StepFailed("the bill has no virtual account: no bank is registered")
        answers = await self.backstage.pay(bill["virtual_accounts"], bill["amount"])
        codes = [each.get("responseCode") for each in answers]
        if any(not str(code).startswith("200") for code in codes):
            raise StepFailed(f"the bank got {codes}")
        self.say("bank", f"token, inquiry, payment, replay: {', '.join(map(str, codes))}; Rp {bill['amount']:,} once")

    async def receipt(self, folder: Path) -> Path:
        """Download receipt and proof."""
        receipt = await self.client.get(f"/v1/tickets/{self.case_id}/receipt.pdf", headers=self.access)
        if not receipt.content.startswith(b"%PDF"):
            raise StepFailed(f"the receipt is no PDF: {receipt.text[:200]}")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"bukti-{self.case_id}.pdf"
        path.write_bytes(receipt.content)
        self._ok(await self.client.get(f"/v1/tickets/{self.case_id}/proof", headers=self.access), "proof")
        self.say("citizen", f"holds the receipt {path}")
        return path

    # -- waiting

    async def _wait_for_task(
        self, role: str, kinds: str | tuple[str, ...], *, case_id: str | None = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        wanted = (kinds,) if isinstance(kinds, str) else kinds
        deadline = asyncio.get_running_loop().time() + WAIT_S
        while asyncio.get_running_loop().time() < deadline:
            for token in await self.backstage.staff_tokens(role):
                headers = {"Authorization": f"Bearer {token}"}
                tasks = self._ok(await self.client.get("/v1/counter/tasks?limit=200", headers=headers), "work list")[
                    "tasks"
                ]
                for task in reversed(tasks):
                    fits = task["kind"] in wanted and (case_id is None or task["case_id"] == case_id)
                    if fits and (case_id is not None or task["case_id"] not in self.known):
                        self.known.add(task["case_id"])
                        return headers, task
            await asyncio.sleep(PAUSE_S)
        raise StepFailed(f"no work of kind {wanted} came to any {role} within {WAIT_S:.0f} s: is a worker running?")

    async def note_waiting(self) -> None:
        """Remember what already waits, so that this story takes its own case."""
        for token in await self.backstage.staff_tokens("officer"):
            answer = await self.client.get("/v1/counter/tasks?limit=200", headers={"Authorization": f"Bearer {token}"})
            self.known |= {task["case_id"] for task in self._ok(answer, "work list")["tasks"]}

    async def _wait_for_letter_or_second_look(self) -> dict[str, str] | None:
        deadline = asyncio.get_running_loop().time() + WAIT_S
        while asyncio.get_running_loop().time() < deadline:
            if await self._found():
                return None
            for token in await self.backstage.staff_tokens("officer"):
                headers = {"Authorization": f"Bearer {token}"}
                answer = await self.client.get("/v1/counter/tasks?limit=200", headers=headers)
                for task in self._ok(answer, "work list")["tasks"]:
                    if task["case_id"] == self.case_id and task["kind"] == "second_look":
                        return headers
            await asyncio.sleep(LOOK_UP_PAUSE_S)
        raise StepFailed(f"no letter went out within {WAIT_S:.0f} s: is a worker running?")

    async def _found(self) -> bool:
        try:
            await self.look_up()
        except StepFailed:
            return False
        return True

    async def _wait_for_state(self, state: str) -> None:
        deadline = asyncio.get_running_loop().time() + WAIT_S
        found = ""
        while asyncio.get_running_loop().time() < deadline:
            if await self._found():
                found = (await self.ticket())["state"]
                if found == state:
                    return
            await asyncio.sleep(LOOK_UP_PAUSE_S)
        raise StepFailed(f"state {state} expected, {found or 'nothing'} found")

    def _ok(self, answer: httpx.Response, step: str, status: int = 200) -> dict[str, Any]:
        if answer.status_code != status:
            raise StepFailed(f"{step}: {answer.status_code} {answer.text[:300]}")
        body: dict[str, Any] = answer.json()
        return body


def _words(registry: dict[str, Any] | None) -> str:
    return f"{registry['make']} {registry['model']}, {registry['colour']}" if registry else "nothing"
