// Shows what changes about incidents without reloading: the page is asked for every few seconds, and what differs is
// taken over. Whoever is writing is not disturbed.
(() => {
  const board = document.querySelector("[data-board]");
  if (!board) return;
  const every = 4000;
  const speaker = document.querySelector("[data-board-said]");
  const seen = new Map([...board.children].map((part) => [part.id, part.outerHTML]));
  let tag = null;

  const isChanged = (field) =>
    field.matches("select")
      ? [...field.options].some((option) => option.selected !== option.defaultSelected) && field.selectedIndex !== 0
      : field.value !== field.defaultValue;
  const isHeld = (part) =>
    [...part.querySelectorAll("textarea, select, input:not([type=hidden])")].some(
      (field) => field === document.activeElement || isChanged(field),
    );
  const places = (part) => [...part.querySelectorAll("a, button, summary")];

  const replace = (old, fresh) => {
    for (const form of old.querySelectorAll("details[open][data-form]")) {
      fresh.querySelector(`details[data-form="${form.dataset.form}"]`)?.setAttribute("open", "");
    }
    const place = places(old).indexOf(document.activeElement);
    old.replaceWith(fresh);
    if (place >= 0) places(fresh)[place]?.focus();
  };

  const take = (page) => {
    const source = page.querySelector("[data-board]");
    if (!source) return location.reload(); // Signed out.
    const news = [];
    const gone = new Map([...board.children].map((part) => [part.id, part]));
    let before = null;
    for (const part of [...source.children]) {
      const html = part.outerHTML;
      let old = gone.get(part.id);
      gone.delete(part.id);
      const fresh = document.importNode(part, true);
      if (!old) {
        if (before) before.after(fresh);
        else board.prepend(fresh);
        old = fresh;
        news.push(part.dataset.said);
      } else if (html !== seen.get(part.id)) {
        if (isHeld(old)) {
          before = old;
          continue;
        }
        if (part.dataset.said !== old.dataset.said) news.push(part.dataset.said);
        replace(old, fresh);
        old = fresh;
      }
      seen.set(part.id, html);
      before = old;
    }
    for (const [id, part] of gone) {
      if (isHeld(part)) continue;
      part.remove();
      seen.delete(id);
    }
    const words = news.filter(Boolean).join(" ");
    if (words && speaker) speaker.textContent = words;
  };

  const look = async () => {
    if (document.hidden) return;
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(location.href, { headers, cache: "no-store" });
      if (answer.status !== 200) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      take(page);
      // What is held back is asked for again.
      tag = [...board.children].some(isHeld) ? null : answer.headers.get("etag");
    } catch { /* Away: the page stays as it is, and is asked for again. */ }
  };
  // The answer to a form that could not be accepted is not to be asked for again.
  if (document.querySelector("[data-faults]")) return;
  setInterval(look, every);
  document.addEventListener("visibilitychange", look);
})();
