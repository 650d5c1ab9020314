// Comfort on top of pages that already work without it: focus on the error summary, no double submit,
// characters left, buttons that copy a number, papers that are sent in pieces and go on after a cut, and a rectangle that is dragged on a
// picture. (Questions open under their answer by style alone.)
import {
  Button, CharacterCount, ErrorSummary, NotificationBanner, SkipLink, createAll,
} from "./govuk-frontend.min.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
for (const component of [Button, CharacterCount, ErrorSummary, NotificationBanner, SkipLink]) {
  createAll(component);
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) continue;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent.replace(/\s+/g, ""));
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 4000);
  });
}

for (const picture of document.querySelectorAll("img[data-area]")) {
  const fields = document.getElementById(picture.dataset.area).elements;
  picture.style.touchAction = "none"; // a finger draws here, and does not scroll
  const at = (event) => {
    const box = picture.getBoundingClientRect();
    const share = (from, length) => Math.round(Math.min(1, Math.max(0, from / length)) * 1000) / 10;
    return [share(event.clientX - box.left, box.width), share(event.clientY - box.top, box.height)];
  };
  let start = null;
  picture.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    picture.setPointerCapture(event.pointerId);
    start = at(event);
  });
  picture.addEventListener("pointermove", (event) => {
    if (!start) return;
    const [x, y] = at(event);
    [fields.left.value, fields.right.value] = [Math.min(start[0], x), Math.max(start[0], x)];
    [fields.top.value, fields.bottom.value] = [Math.min(start[1], y), Math.max(start[1], y)];
  });
  picture.addEventListener("pointerup", () => { start = null; });
}

// A paper goes by tus (https://tus.io) in small pieces: after a cut it goes on where it was, also once the page was loaded again.
const PIECE = 64 * 1024, SMALL = 1_000_000, SIDES = [2600, 2000, 1600, 1200], TUS = { "Tus-Resumable": "1.0.0" };
const pause = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

// A photograph of a telephone's camera is made smaller here, for a slow line; what no browser can open goes as it is.
async function smaller(file, most) {
  if (file.size <= Math.min(most, SMALL) || !/^image\/(jpeg|png)$/.test(file.type)) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    for (const side of SIDES) {
      const scale = Math.min(1, side / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [picture.width, picture.height].map((length) => Math.round(length * scale));
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const made = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.85); });
      if (made && made.size <= Math.min(most, SMALL)) return made;
    }
  } catch { /* the server says what is wrong with it */ }
  return file;
}

async function sendInPieces(form, file, say) {
  const headers = { ...TUS, "Accept-Language": document.documentElement.lang };
  const paper = await smaller(file, Number(form.dataset.most));
  const key = paper === file && `paper ${form.dataset.pieces} ${file.name} ${file.size} ${file.lastModified}`;
  let [place, offset] = [(key && localStorage.getItem(key)) || "", -1];
  for (let cuts = 0; ; ) {
    let answer = null;
    try {
      if (!place) {
        answer = await fetch(form.dataset.pieces, { method: "POST", headers: { ...headers, "Upload-Length": paper.size } });
        if (answer.ok) [place, offset] = [answer.headers.get("Location"), 0];
        if (answer.ok && key) localStorage.setItem(key, place);
      } else if (offset < 0) {
        answer = await fetch(place, { method: "HEAD", headers });
        if (answer.ok) offset = Number(answer.headers.get("Upload-Offset"));
        else if (answer.status === 404 || answer.status === 410) [place, answer] = ["", null];
      } else {
        answer = await fetch(place, {
          method: "PATCH", body: paper.slice(offset, offset + PIECE),
          headers: { ...headers, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" },
        });
        if (answer.ok) [offset, cuts] = [Number(answer.headers.get("Upload-Offset")), 0];
        else if (answer.status === 409 || answer.status === 460) [offset, answer] = [-1, null];
      }
    } catch { offset = -1; } // cut: ask where it stands
    if (answer && !answer.ok && answer.status < 500) {
      if (key) localStorage.removeItem(key);
      return answer;
    }
    if (answer && answer.ok) {
      say(form.dataset.sending, Math.floor((100 * Math.max(offset, 0)) / paper.size));
      if (offset === paper.size) {
        if (key) localStorage.removeItem(key);
        return answer;
      }
    } else {
      say(form.dataset.waits);
      if (answer) offset = -1;
      cuts += 1;
      await pause(Math.min(30, 2 ** Math.min(cuts, 5) / 2));
    }
  }
}

for (const form of document.querySelectorAll("form[data-pieces]")) {
  const status = form.querySelector("[role=status]");
  const say = (words, percent) => { status.textContent = percent === undefined ? words : `${words} ${percent}%`; };
  form.addEventListener("submit", async (event) => {
    const file = form.elements.file.files[0];
    if (!file) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    const answer = await sendInPieces(form, file, say);
    delete form.dataset.busy;
    if (answer.ok) {
      location.assign(`${form.getAttribute("action")}?selesai=simpan`);
      return;
    }
    const problem = await answer.json().catch(() => ({}));
    status.textContent = "";
    for (const each of problem.errors?.length ? problem.errors : [{ detail: problem.detail || form.dataset.failed }]) {
      const line = document.createElement("p");
      line.className = "govuk-error-message";
      line.textContent = each.detail;
      status.append(line);
    }
  });
}
