// Keeps "in 2 h 55 min" and the clock true while a page stays open.
(() => {
  const loaded = Date.now();
  const served = Date.parse(document.body.dataset.now);
  const now = () => served + (Date.now() - loaded);
  const span = (milliseconds) => {
    const minutes = Math.floor(milliseconds / 60000), hours = Math.floor(minutes / 60);
    if (minutes === 0) return "";
    if (hours < 1) return `${minutes} min`;
    if (hours < 12) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
  };
  const relative = (at) => {
    const far = span(Math.abs(at - now()));
    if (far === "") return at < now() ? "just now" : "now";
    return at > now() ? `in ${far}` : `${far} ago`;
  };
  const tick = () => {
    for (const element of document.querySelectorAll("[data-at]")) {
      element.textContent = relative(Date.parse(element.dataset.at));
    }
    const clock = document.querySelector("[data-clock]");
    if (clock) {
      const zone = clock.parentElement.textContent.replace(clock.textContent, "").trim();
      const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
      try {
        clock.textContent = new Intl.DateTimeFormat("en-GB", form).format(now());
      } catch { /* a zone that this browser does not know: the clock stays as it was served */ }
    }
  };
  setInterval(tick, 30000);
})();
