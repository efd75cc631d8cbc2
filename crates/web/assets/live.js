// Forms that say what they mean while they are filled in. The server makes the answer, as it does without scripts:
// the form is sent in the background, and the parts of the page that depend on it are taken over from the answer.
(() => {
  const form = document.querySelector("form[data-live]");
  if (!form) return;
  let waiting = null, asked = 0;

  const part = (root, name) => root.querySelector(`[data-part="${name}"]`);

  // What only counts for one choice is shown with it. (Without scripts all of it is there.)
  const fit = () => {
    for (const element of form.querySelectorAll("[data-for]")) {
      const [name, value] = element.dataset.for.split("=");
      element.hidden = form.elements[name].value !== value;
    }
  };

  // `button` names what is to be done; `all` takes over what can be typed into as well.
  const ask = async (button, all) => {
    clearTimeout(waiting);
    const turn = ++asked;
    const body = new URLSearchParams(new FormData(form));
    body.set("do", button);
    let answer;
    try {
      answer = await fetch(form.action, { method: "POST", body });
    } catch {
      return; // Offline: the form still works as a form.
    }
    const text = await answer.text();
    if (turn !== asked) return;
    const page = new DOMParser().parseFromString(text, "text/html");
    if (!page.querySelector("[data-part]")) {
      location.reload(); // Signed out, or the form is out of date.
      return;
    }
    const held = document.activeElement;
    const names = all ? ["errors", "order", "hours", "added", "changes"] : ["errors", "added", "changes"];
    for (const name of names) {
      const [old, fresh] = [part(form, name), part(page, name)];
      if (old && fresh && old.innerHTML !== fresh.innerHTML) old.innerHTML = fresh.innerHTML;
    }
    const again = held.id ? `#${CSS.escape(held.id)}` : `button[value="${held.value}"]`;
    if (all) (form.querySelector("[autofocus]") ?? (held.isConnected ? null : form.querySelector(again)))?.focus();
    fit();
  };

  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => ask("look", false), 250);
  };

  // Where nothing is said about what is typed, nothing is asked.
  const answers = part(form, "changes") ?? part(form, "added");
  if (answers) form.addEventListener("input", soon);
  form.addEventListener("change", (event) => {
    fit();
    if (event.target.name === "add") ask("add", true);
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest('button[name="do"]');
    if (!button || button.value === "save") return;
    event.preventDefault();
    ask(button.value, true);
  });

  // In the order, arrow keys move whom the focus is on.
  form.addEventListener("keydown", (event) => {
    const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
    const row = event.target.closest(".order li");
    if (!way || !row) return;
    event.preventDefault();
    const button = row.querySelector(`button[value^="${way}"]`);
    if (!button.disabled) ask(button.value, true);
  });

  // Rows are dragged by their handle, by mouse and by finger.
  let dragged = null;
  form.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".handle") || event.button !== 0) return;
    event.preventDefault();
    dragged = event.target.closest("li");
    dragged.classList.add("dragged");
  });
  document.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    for (const row of dragged.parentElement.children) {
      const box = row.getBoundingClientRect();
      if (row === dragged || event.clientY < box.top || event.clientY > box.bottom) continue;
      const isAfter = dragged.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (isAfter) row.after(dragged);
      else row.before(dragged);
      break;
    }
  });
  const drop = () => {
    if (!dragged) return;
    dragged.classList.remove("dragged");
    dragged = null;
    ask("look", true);
  };
  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", drop);

  for (const button of form.querySelectorAll("[data-no-script]")) button.hidden = true;
  document.body.classList.add("scripted");
  fit();
  if (part(form, "changes")) ask("look", false);
})();
