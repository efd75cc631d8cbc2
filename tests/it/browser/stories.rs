//! What people do, from the first click to the last.

use serde_json::json;

use super::world::Who::{Administrator, Engineer, Manager, Viewer};
use super::world::World;
use crate::harness::chromium::Chromium;

/// How `WebDriver` calls the key.
const ARROW_DOWN: char = '\u{e015}';

#[test]
fn somebody_signs_in_by_a_link_and_out_again() {
    let world = World::found();
    let Some(chromium) = Chromium::start(&world.server) else {
        return;
    };
    let link =
        dogwatch::service::operator::sign_in(&world.server.app, Engineer.email().unwrap()).unwrap();
    let path = link.strip_prefix(&world.server.url).unwrap();
    chromium.open("/zone");
    assert!(chromium.path().starts_with("/sign-in?next="));
    chromium.open(path);
    chromium.see("Sign in as Tom");
    chromium.press("Sign in");
    chromium.see("Feature Flags");
    assert_eq!(chromium.path(), "/");
    chromium.press("Sign out");
    chromium.see("You are signed out.");
    chromium.open(path);
    chromium.see("of no use any more");
}

#[test]
fn times_are_shown_in_another_zone() {
    let world = World::found();
    let Some(chromium) = world.browser(Viewer) else {
        return;
    };
    chromium.open("/");
    chromium.press("09:00 Europe/London");
    chromium.fill("Another zone", "Asia/Tokyo");
    chromium.press("Show times there");
    chromium.see("18:00 Asia/Tokyo");
    chromium.enter(&world.server, Administrator.email().unwrap());
    chromium.open("/");
    chromium.see("Robin");
}

/// The names in the order, from the first to the last.
fn order(chromium: &Chromium) -> String {
    let script = "
        const names = [...document.querySelectorAll('.order .who')];
        return names.map((name) => name.lastChild.textContent.split(' ')[0]).join(' ');";
    chromium
        .run(script, &json!([]))
        .as_str()
        .unwrap()
        .to_owned()
}

/// Who gains and loses what, as the page says it.
fn moves(chromium: &Chromium) -> String {
    let script = "return document.querySelector('.moves').innerText";
    chromium
        .wait("who gains and loses what", script, &json!([]))
        .as_str()
        .unwrap()
        .to_owned()
}

fn wait_for_order(chromium: &Chromium, names: &str) {
    let script = "
        const names = [...document.querySelectorAll('.order .who')];
        return names.map((name) => name.lastChild.textContent.split(' ')[0]).join(' ') === arguments[0];";
    chromium.wait(&format!("the order {names}"), script, &json!([names]));
}

#[test]
fn a_manager_changes_the_order_by_mouse_and_keys_and_sees_what_changes() {
    let world = World::found();
    let Some(chromium) = world.browser(Manager) else {
        return;
    };
    chromium.open(&world.path("/rotations/{rotation:Feature Flags hero}/edit"));
    chromium.see("Hands over every Monday at 10:00, London time");
    chromium.see("Nobody: all shifts stay as they are.");
    assert_eq!(order(&chromium), "Ines Tom Ada");

    chromium.drag(
        ".order li:nth-child(3) .handle",
        ".order li:nth-child(1) .handle",
    );
    wait_for_order(&chromium, "Ada Ines Tom");
    chromium.see("gains");
    // By keys: down, and the focus goes along.
    chromium.run(
        "document.querySelector('.order li button[value=\"down:0\"]').focus()",
        &json!([]),
    );
    chromium.key(ARROW_DOWN);
    wait_for_order(&chromium, "Ines Ada Tom");
    chromium.key(ARROW_DOWN);
    wait_for_order(&chromium, "Ines Tom Ada");
    chromium.see("Nobody: all shifts stay as they are.");
    chromium.press("Move Ada (sample) up");
    wait_for_order(&chromium, "Ines Ada Tom");
    chromium.fill("Somebody else", "Jo");
    wait_for_order(&chromium, "Ines Ada Tom Jo");
    chromium.press("Remove Jo (sample)");
    wait_for_order(&chromium, "Ines Ada Tom");

    // When it hands over, in words, and what that means at once.
    chromium.fill("Wed", "");
    chromium.see("Hands over every Monday and Wednesday at 10:00, London time");
    chromium.fill("Wed", "");
    chromium.see_no("Wednesday");
    chromium.fill("At", "");
    chromium.see("is not a time of day like 10:00");
    chromium.fill("At", "10:00");
    chromium.see("Hands over every Monday at 10:00, London time");
    chromium.see("announced shifts of");
    let told = moves(&chromium);
    chromium.picture("story-edit");
    chromium.press("Save");
    chromium.see("Saved. This is what it changes.");
    assert_eq!(moves(&chromium), told);
    chromium.press("Withdraw this revision");
    chromium.see("Revision 2 is withdrawn.");
}

#[test]
fn a_manager_sets_up_a_rotation_and_archives_it() {
    let world = World::found();
    let Some(chromium) = world.browser(Manager) else {
        return;
    };
    chromium.open("/teams/feature-flags/rotations/new");
    chromium.fill("What this rotation is called", "Shadows");
    chromium.see("Hands over every Monday at 10:00, London time");
    chromium.fill("What", "days");
    chromium.see("Hands over every day at 10:00, London time");
    chromium.press("Save");
    chromium.see("Revision 1 of Shadows");
    chromium.press("Settings");
    chromium.fill("Where nobody has it, ask", "Global on-call");
    chromium.press("Archive Shadows");
    chromium.see("What changes if you archive it");
    chromium.see("loses");
}

#[test]
fn an_administrator_brings_everybody_in_on_the_first_day() {
    let world = World::found();
    let Some(chromium) = world.browser(Administrator) else {
        return;
    };
    chromium.open("/people");
    chromium.press("Add many…");
    chromium.fill("People", "Name;E-mail;Time zone;Hours\nNia New;nia@example.com;Europe/Paris;08:00-16:00\nOm;x;Paris;\n");
    chromium.see("line 3 (Om): email: is not an e-mail address");
    chromium.see("Nobody, until every line is in order.");
    chromium.fill("People", "Name;E-mail;Time zone;Hours\nNia New;nia@example.com;Europe/Paris;08:00-16:00\nOm Too;om@example.com;Asia/Kolkata;\n");
    chromium.see("om@example.com");
    chromium.fill("All of them become members of", "Product");
    chromium.picture("story-import");
    chromium.press("Add them");
    chromium.see("2 people are added.");
    chromium.see("Nia New");
    chromium.press("Add a team…");
    chromium.fill("Name", "Search & Rescue");
    chromium.fill("Somebody else", "Nia New");
    chromium.press("Add");
    chromium.see("manages it");
    chromium.fill("Somebody else", "Om Too");
    chromium.press("Save");
    chromium.see("New rotation for Search & Rescue");
    chromium.see("Hands over every Monday at 10:00");
    wait_for_order(&chromium, "Nia Om");
    chromium.press("Save");
    chromium.see("Revision 1 of Search & Rescue hero");

    // Whoever leaves is taken out of everything.
    chromium.open(&world.path("/people/{person:Tom}/deactivate"));
    chromium.see("Feature Flags hero");
    chromium.press("Deactivate Tom (sample)");
    chromium.see("still name them");
    chromium.fill("Take them out of all of these.", "");
    chromium.press("Deactivate Tom (sample)");
    chromium.see("Tom (sample) is deactivated.");
    chromium.open("/administration/audit");
    chromium.see("person.deactivate");
}
