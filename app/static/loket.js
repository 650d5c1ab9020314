// Comfort on top of pages that already work without it: focus on the error summary, no double submit,
// characters left, buttons that copy a number, and a rectangle that is dragged on a picture. (Questions open under their answer by style alone.)
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
