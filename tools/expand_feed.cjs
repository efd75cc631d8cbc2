// Expands calendar feeds as Thunderbird does, by ical.js.
//
//     NODE_PATH=…/node_modules node expand_feed.cjs FILE...
//
// Prints JSON: {file: [{"uid", "start", "end", "summary", "sequence"}]}, in order of start.

const fs = require("node:fs");
const loaded = require("ical.js");
const ICAL = loaded.default ?? loaded;

const utc = (time) => time.toJSDate().toISOString().replace(".000Z", "Z");

function expand(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const found = [];
  // Names of zones mean what the feed says that they do.
  ICAL.TimezoneService.reset();
  for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  for (const component of calendar.getAllSubcomponents("vevent")) {
    const event = new ICAL.Event(component);
    if (!event.isRecurring()) {
      found.push({ uid: event.uid, start: utc(event.startDate), end: utc(event.endDate), summary: event.summary, sequence: event.sequence });
      continue;
    }
    const times = event.iterator();
    for (let start = times.next(); start; start = times.next()) {
      const { endDate } = event.getOccurrenceDetails(start);
      found.push({ uid: event.uid, start: utc(start), end: utc(endDate), summary: event.summary, sequence: event.sequence });
    }
  }
  const key = (event) => event.start + event.uid;
  return found.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

const found = {};
for (const name of process.argv.slice(2)) {
  found[name] = expand(fs.readFileSync(name, "utf8"));
}
process.stdout.write(JSON.stringify(found));
