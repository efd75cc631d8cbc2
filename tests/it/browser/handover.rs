//! The story of one handover: from the raised hand in Madrid to the end in Seattle, by people who keep the board open.

use serde_json::json;

use super::world::World;
use crate::harness::chromium::Chromium;

/// Presses a button of the card of this incident.
fn press(chromium: &Chromium, incident: &str, words: &str) {
    let script = "
        const card = document.querySelector(`article[aria-label='${arguments[0]}']`);
        const all = [...(card?.querySelectorAll('button, summary') ?? [])];
        const found = all.find((e) => e.textContent.trim() === arguments[1] && e.getClientRects().length > 0);
        found?.click();
        return Boolean(found);";
    chromium.wait(&format!("{words:?}"), script, &json!([incident, words]));
}

/// Writes into a field of the card of this incident; chooses, where that is what it is for.
fn fill(chromium: &Chromium, incident: &str, label: &str, text: &str) {
    let script = "
        const card = document.querySelector(`article[aria-label='${arguments[0]}']`);
        const labels = [...(card?.querySelectorAll('details[open] label') ?? [])];
        const field = labels.find((e) => e.textContent.startsWith(arguments[1]))?.control;
        if (!field) return false;
        const options = [...(field.options ?? [])];
        field.value = options.find((one) => one.text.startsWith(arguments[2]))?.value ?? arguments[2];
        return true;";
    let what = format!("the field {label:?}");
    chromium.wait(&what, script, &json!([incident, label, text]));
}

/// What the card of this incident says.
fn wait_for(chromium: &Chromium, incident: &str, words: &str) {
    let script = "
        const card = document.querySelector(`article[aria-label='${arguments[0]}']`);
        return card?.innerText.replace(/\\s+/g, ' ').includes(arguments[1]);";
    chromium.wait(&format!("{words:?}"), script, &json!([incident, words]));
}

#[test]
fn a_watch_is_handed_over_from_madrid_to_seattle() {
    const INCIDENT: &str = "INC-124";
    let world = World::found();
    let server = &world.server;
    server.at("2026-03-02T15:30:00Z");
    let Some(mara) = Chromium::signed_in(server, "mara@example.com") else {
        return;
    };
    let Some(kofi) = Chromium::signed_in(server, "kofi@example.com") else {
        return;
    };
    for chromium in [&mara, &kofi] {
        chromium.open("/incidents");
        wait_for(chromium, INCIDENT, "Nobody watches");
    }
    // Kofi sees what Mara does without loading the page again.
    kofi.run("window.still = true", &json!([]));
    press(&mara, INCIDENT, "Raise my hand");
    wait_for(&mara, INCIDENT, "30 min left");
    wait_for(&kofi, INCIDENT, "Mara (sample) watches");
    let said = "return document.querySelector('[data-board-said]').textContent.includes('Mara (sample) watches')";
    kofi.wait("what is read out", said, &json!([]));

    press(&mara, INCIDENT, "Hand over");
    fill(&mara, INCIDENT, "To", "Kofi (sample)");
    fill(&mara, INCIDENT, "Current status", "The cause is known");
    fill(&mara, INCIDENT, "How many tickets, roughly", "12");
    fill(
        &mara,
        INCIDENT,
        "What the next person needs to know",
        "Only in Europe",
    );
    // Whoever writes is not disturbed by what happens meanwhile.
    press(&kofi, INCIDENT, "Log an update");
    fill(&kofi, INCIDENT, "What customers were told", "We are on it");
    press(&kofi, INCIDENT, "Log it");
    wait_for(&kofi, INCIDENT, "We are on it");
    let kept = "
        const card = document.querySelector(`article[aria-label='${arguments[0]}']`);
        return card.querySelector('[name=key_information]').value === 'Only in Europe';";
    // It has asked for what is new since, and once more.
    let asked = "
        const all = performance.getEntriesByName(location.href);
        return all.filter((one) => one.initiatorType === 'fetch').length";
    let before = mara.run(asked, &json!([])).as_i64().unwrap();
    let again = format!("{asked} >= {}", before + 2);
    mara.wait("two more looks", &again, &json!([]));
    assert_eq!(mara.run(kept, &json!([INCIDENT])), true);
    fill(
        &mara,
        INCIDENT,
        "What was told to users",
        "That we are on it",
    );
    mara.picture("story-handover");
    assert_eq!(mara.axe(), Vec::<String>::new());
    kofi.run("window.still = true", &json!([]));
    press(&mara, INCIDENT, "Hand it over");
    mara.see("You watch until it is accepted.");

    wait_for(&kofi, INCIDENT, "Mara (sample) offers the watch to");
    wait_for(&kofi, INCIDENT, "Only in Europe");
    kofi.picture("story-offered");
    assert_eq!(kofi.axe(), Vec::<String>::new());
    assert_eq!(kofi.run("return window.still", &json!([])), true);
    press(&kofi, INCIDENT, "Accept the watch");
    wait_for(&kofi, INCIDENT, "(you) watches");
    wait_for(&mara, INCIDENT, "Kofi (sample) watches");

    press(&kofi, INCIDENT, "Resolve");
    press(&kofi, INCIDENT, "It is over");
    kofi.see("Over, with something left to do");
    kofi.see("INC-124");
    mara.see("Over, with something left to do");
    for chromium in [&mara, &kofi] {
        assert_eq!(chromium.complaints(), Vec::<String>::new());
    }
}
