"""An application's story as a client plays it: an annual validation of the STNK, from its price to the signed document."""

import asyncio
import io
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import httpx
from PIL import Image, ImageDraw, ImageFont

from app.sandbox.story import StepFailed

SERVICE = "stnk-annual"
WAIT_S, PAUSE_S = 120.0, 0.4
PAPER_SIZE = (1000, 640)


class Backstage(Protocol):
    """What the play needs from behind the scene."""

    unit: str

    async def citizen_token(self) -> str:
        """An access token of the made-up owner, whose account is bound to a NIK."""

    async def officer_tokens(self) -> list[str]:
        """Access tokens of the unit's officers."""

    async def vehicle(self) -> dict[str, str]:
        """The owner's vehicle, as the form asks for it: plate and the end of the chassis number."""

    async def pay(self, virtual_accounts: list[dict[str, str]], amount: int) -> list[dict[str, Any]]:
        """Pay at the sandbox bank over HTTP; the bank's answers."""


class ApplicationStory:
    """One application, played step by step. `say` prints each step."""

    def __init__(self, client: httpx.AsyncClient, backstage: Backstage, say: Callable[[str, str], None]) -> None:
        self.client, self.backstage, self.say = client, backstage, say
        self.headers: dict[str, str] = {}
        self.id = ""

    async def play(self, folder: Path) -> None:
        """From the service's page to the document in hand. Raises StepFailed."""
        self.headers = {"Authorization": f"Bearer {await self.backstage.citizen_token()}"}
        await self._look_at_the_service()
        await self._fill_in()
        await self._told_before_paying()
        await self._submit_and_pay()
        await self._officer_approves()
        await self._document(folder)

    async def _look_at_the_service(self) -> None:
        about = self._ok(await self.client.get(f"/v1/services/{SERVICE}"), "service")
        papers = ", ".join(each["title"] for each in about["documents"][:2])
        self.say("citizen", f"{about['title']}: the price and what to bring are shown first ({papers})")

    async def _fill_in(self) -> None:
        made = await self._post("/v1/applications", {"service": SERVICE, "unit": self.backstage.unit}, 201)
        self.id = made["id"]
        form = {**await self.backstage.vehicle(), "delivery": "digital"}
        answer = await self.client.patch(
            f"/v1/applications/{self.id}",
            headers={
                **self.headers,
                "If-Match": f'"{made["version"]}"',
                "Content-Type": "application/merge-patch+json",
            },
            json={"form": form},
        )
        draft = self._ok(answer, "form")
        for each in draft["documents"]:
            if each["required"]:
                files = {"file": (f"{each['name']}.jpg", draw_paper(each["title"]), "image/jpeg")}
                path = f"/v1/applications/{self.id}/documents/{each['name']}"
                self._ok(await self.client.put(path, headers=self.headers, files=files), f"paper {each['name']}")
        self.say("citizen", f"draft {made['reference']}: form and papers kept, each checked at once")

    async def _told_before_paying(self) -> None:
        found = await self._post(f"/v1/applications/{self.id}/check", {})
        refused = [each["says"] for each in found["eligibility"] if each["outcome"] == "refused"]
        if not found["passed"]:
            raise StepFailed(f"the pre-check does not pass: {refused or found['faults']}")
        lines = ", ".join(f"{each['code']} {each['amount']:,}" for each in found["price"])
        self.say("machine", f"nothing would be refused; price line by line: {lines}")

    async def _submit_and_pay(self) -> None:
        handed_in = await self._post(f"/v1/applications/{self.id}/submit", {})
        bill = handed_in["bill"]
        if not bill or not bill["virtual_accounts"]:
            raise StepFailed(f"no bill with a virtual account in state {handed_in['state']}")
        codes = [
            each.get("responseCode") for each in await self.backstage.pay(bill["virtual_accounts"], bill["amount"])
        ]
        if any(not str(code).startswith("200") for code in codes):
            raise StepFailed(f"the bank got {codes}")
        self.say("bank", f"paid Rp {bill['amount']:,}: {', '.join(map(str, codes))}")

    async def _officer_approves(self) -> None:
        deadline = asyncio.get_running_loop().time() + WAIT_S
        while asyncio.get_running_loop().time() < deadline:
            for token in await self.backstage.officer_tokens():
                officer = {"Authorization": f"Bearer {token}"}
                answer = await self.client.get("/v1/counter/tasks?limit=200", headers=officer)
                mine = [each for each in self._ok(answer, "work list")["tasks"] if each["case_id"] == self.id]
                if mine:
                    seen = await self.client.get(f"/v1/counter/cases/{self.id}", headers=officer)
                    self._ok(seen, "review")
                    body = {"action": "approve", "version": seen.json()["version"]}
                    headers = {**officer, "Idempotency-Key": secrets.token_hex(16)}
                    path = f"/v1/counter/cases/{self.id}/actions"
                    self._ok(await self.client.post(path, headers=headers, json=body), "approval")
                    self.say("officer", "drawn by lot, sees form, papers and registers side by side, approves")
                    return
            await asyncio.sleep(PAUSE_S)
        raise StepFailed(f"no officer was drawn within {WAIT_S:.0f} s: is a worker running?")

    async def _document(self, folder: Path) -> None:
        deadline = asyncio.get_running_loop().time() + WAIT_S
        while asyncio.get_running_loop().time() < deadline:
            seen = self._ok(await self.client.get(f"/v1/applications/{self.id}", headers=self.headers), "application")
            if seen["issued"] and seen["issued"]["ready"]:
                break
            await asyncio.sleep(PAUSE_S)
        else:
            raise StepFailed(f"nothing was issued within {WAIT_S:.0f} s")
        pdf = await self.client.get(f"/v1/applications/{self.id}/document.pdf", headers=self.headers)
        if not pdf.content.startswith(b"%PDF"):
            raise StepFailed(f"the document is no PDF: {pdf.text[:200]}")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"dokumen-{self.id}.pdf"
        path.write_bytes(pdf.content)
        public = self._ok(await self.client.get(f"/v1/verify/{seen['issued']['verify']}"), "public check")
        if not public["genuine"]:
            raise StepFailed("the public check does not know the document")
        self.say("citizen", f"holds {seen['issued']['number']}, signed; anybody can check it: {path}")

    async def _post(self, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
        headers = {**self.headers, "Idempotency-Key": secrets.token_hex(16)}
        return self._ok(await self.client.post(path, headers=headers, json=body), path, status)

    def _ok(self, answer: httpx.Response, step: str, status: int = 200) -> dict[str, Any]:
        if answer.status_code != status:
            raise StepFailed(f"{step}: {answer.status_code} {answer.text[:300]}")
        body: dict[str, Any] = answer.json()
        return body


def draw_paper(title: str) -> bytes:
    """A made-up paper: a title and lines of text, as sharp as a good photograph of one. It names nobody."""
    image = Image.new("RGB", PAPER_SIZE, (246, 244, 238))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=30)
    draw.rectangle((24, 24, PAPER_SIZE[0] - 24, PAPER_SIZE[1] - 24), outline=(40, 40, 60), width=3)
    draw.text((60, 60), f"CONTOH - {title[:40]}", fill=(20, 20, 40), font=font)
    for line in range(9):
        text = f"Baris {line + 1}: dokumen rekaan untuk peragaan, tidak berlaku {secrets.token_hex(4)}"
        draw.text((60, 130 + 50 * line), text, fill=(30, 30, 30), font=font)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()
