// Days of a timeline are chosen by clicking or dragging over them; what to do with them is one click more.
(() => {
  const drawing = document.querySelector("svg[data-change]");
  if (!drawing) return;
  const days = [...drawing.querySelectorAll("[data-day]")];
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  mark.setAttribute("class", "chosen");
  const bar = document.createElement("p");
  bar.className = "picked";
  bar.setAttribute("role", "status");
  let from = null, until = null, dragging = false;

  const at = (event) => days.findIndex((day) => {
    const box = day.getBoundingClientRect();
    return event.clientX >= box.left && event.clientX < box.right;
  });
  const named = (index) => {
    const date = new Date(`${days[index].dataset.day}T12:00:00Z`);
    return date.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
  };
  const paint = () => {
    const [first, last] = [Math.min(from, until), Math.max(from, until)];
    const [begin, end] = [days[first].getBBox(), days[last].getBBox()];
    for (const [name, value] of Object.entries({
      x: begin.x, y: 18, width: end.x + end.width - begin.x, height: drawing.clientHeight - 18,
    })) mark.setAttribute(name, value);
    drawing.append(mark);
    return [first, last];
  };
  const forget = () => {
    mark.remove();
    bar.remove();
    from = until = null;
  };
  const offer = () => {
    const [first, last] = paint();
    const words = document.createElement("b");
    words.textContent = first === last ? named(first) : `${named(first)} to ${named(last)}`;
    const link = document.createElement("a");
    link.className = "button main";
    link.textContent = "Somebody else for this time…";
    link.href = `${drawing.dataset.change}&first=${days[first].dataset.day}&last=${days[last].dataset.day}`;
    const no = document.createElement("button");
    no.type = "button";
    no.textContent = "Never mind";
    no.addEventListener("click", forget);
    bar.replaceChildren(words, link, no);
    drawing.parentElement.after(bar);
  };

  drawing.addEventListener("pointerdown", (event) => {
    const day = at(event);
    if (event.button !== 0 || day < 0) return;
    if (event.pointerType === "touch") return; // A finger scrolls; it chooses by tapping, below.
    event.preventDefault();
    from = until = day;
    dragging = true;
    paint();
  });
  addEventListener("pointermove", (event) => {
    const day = dragging ? at(event) : -1;
    if (day < 0 || day === until) return;
    until = day;
    paint();
  });
  addEventListener("pointerup", () => {
    if (!dragging) return;
    dragging = false;
    offer();
  });
  drawing.addEventListener("click", (event) => {
    if (event.pointerType !== "touch") return;
    const day = at(event);
    if (day < 0) return;
    if (from === null) from = day;
    until = day;
    offer();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && from !== null) forget();
  });
})();
