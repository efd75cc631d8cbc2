//! Every page, as everybody sees it: wide, dark and narrow. Pictures of all of them are kept in `target/screenshots/`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::json;

use super::world::Who::{self, Administrator, Engineer, Manager, Stranger, Supporter, Viewer};
use super::world::World;
use crate::harness::Database;
use crate::harness::browser::Browser;
use crate::harness::chromium::{Chromium, Look};

/// Every page, a line each: who looks, what its pictures are called, and its path, in which `{person:…}` and `{rotation:…}` stand for ids.
#[rustfmt::skip]
pub const PAGES: &[(Who, &str, &str)] = &[
    (Stranger, "sign-in", "/sign-in"),
    (Stranger, "sign-in-link", "/sign-in/of-no-use"),
    (Administrator, "access", "/administration/access"),
    (Administrator, "audit", "/administration/audit"),
    (Administrator, "nothing-here", "/no-such-page"),
    (Administrator, "now-administrator", "/"),
    (Administrator, "outbox", "/administration/outbox"),
    (Administrator, "people", "/people"),
    (Administrator, "people-import", "/people/import"),
    (Administrator, "person-deactivate", "/people/{person:Tom}/deactivate"),
    (Administrator, "person-edit", "/people/{person:Tom}/edit"),
    (Administrator, "person-new", "/people/new"),
    (Administrator, "team-edit", "/teams/support/edit"),
    (Administrator, "team-new", "/new-team"),
    (Administrator, "token-revoke-administrator", "/administration/tokens/{token:Tom}/revoke"),
    (Manager, "handover-manager", "/handovers/{handover:Feature Flags hero}"),
    (Manager, "handovers", "/rotations/{rotation:Feature Flags hero}/handovers"),
    (Manager, "load", "/reports/load"),
    (Manager, "now-manager", "/"),
    (Manager, "people-manager", "/people"),
    (Manager, "rotation", "/rotations/{rotation:Feature Flags hero}"),
    (Manager, "rotation-archive", "/rotations/{rotation:Feature Flags hero}/archive"),
    (Manager, "rotation-change", "/rotations/{rotation:Feature Flags hero}/change"),
    (Manager, "rotation-chat", "/rotations/{rotation:Feature Flags hero}/chat"),
    (Manager, "rotation-edit", "/rotations/{rotation:Feature Flags hero}/edit"),
    (Manager, "rotation-new", "/teams/feature-flags/rotations/new"),
    (Manager, "rotation-pause", "/rotations/{rotation:Feature Flags hero}/pause"),
    (Manager, "rotation-reminders", "/rotations/{rotation:Feature Flags hero}/reminders"),
    (Manager, "rotation-revision", "/rotations/{rotation:Feature Flags hero}/revisions/1"),
    (Manager, "rotation-settings", "/rotations/{rotation:Feature Flags hero}/settings"),
    (Manager, "team", "/teams/feature-flags"),
    (Manager, "team-chat", "/teams/feature-flags/chat"),
    (Engineer, "ahead", "/ahead?team="),
    (Engineer, "board", "/swaps"),
    (Engineer, "calendar", "/me/calendars/{feed:Tom}"),
    (Engineer, "calendar-revoke", "/me/calendars/{feed:Tom}/revoke"),
    (Engineer, "calendars", "/me/calendars"),
    (Engineer, "incident-new", "/incidents/new"),
    (Engineer, "me", "/me"),
    (Engineer, "me-absences", "/me/time-off/calendars"),
    (Engineer, "me-access", "/me/access"),
    (Engineer, "me-settings", "/me/settings"),
    (Engineer, "me-time-off", "/me/time-off"),
    (Engineer, "me-time-off-change", "/me/time-off/{time-off:Tom}"),
    (Engineer, "now", "/"),
    (Engineer, "person", "/people/{person:Ada}"),
    (Engineer, "rotation-engineer", "/rotations/{rotation:Feature Flags hero}"),
    (Engineer, "team", "/teams/feature-flags"),
    (Engineer, "teams", "/teams"),
    (Engineer, "token-revoke", "/me/tokens/{token:Tom}/revoke"),
    (Engineer, "zone", "/zone?back=/"),
    (Supporter, "handover-watch", "/handovers/{handover:Support watch}"),
    (Supporter, "incident", "/incidents/{incident:INC-123}"),
    (Supporter, "incidents", "/incidents"),
    (Supporter, "incidents-past", "/incidents/past"),
    (Supporter, "now-support", "/"),
    (Supporter, "watch", "/rotations/{rotation:Support watch}"),
    (Supporter, "watch-edit", "/rotations/{rotation:Support watch}/edit"),
    (Supporter, "watch-incidents", "/rotations/{rotation:Support watch}/incidents"),
    (Supporter, "watch-webhooks", "/rotations/{rotation:Support watch}/webhooks"),
    (Supporter, "watch-new", "/teams/support/rotations/new?kind=follow_the_sun"),
    (Viewer, "incidents-viewer", "/incidents"),
    (Viewer, "load-nights", "/reports/load?team=&by=nights"),
    (Viewer, "now-viewer", "/"),
    (Viewer, "people-viewer", "/people"),
    (Viewer, "teams", "/teams"),
];

/// What the crawl does not follow: files, the API and its document, and feeds.
const NO_PAGES: [&str; 5] = [
    "/assets/",
    "/api/",
    "/feeds/",
    "/healthz",
    "/reports/load.csv",
];

#[test]
fn pages_of_strangers_and_administrators_are_in_order() {
    look_at_all(&[Stranger, Administrator]);
}

#[test]
fn pages_of_managers_and_viewers_are_in_order() {
    look_at_all(&[Manager, Viewer]);
}

#[test]
fn pages_of_engineers_and_support_are_in_order() {
    look_at_all(&[Engineer, Supporter]);
}

#[test]
fn a_page_that_moves_is_noticed() {
    let world = World::found();
    let Some(chromium) = world.browser(Viewer) else {
        return;
    };
    chromium.open("/");
    assert!(chromium.shift() <= 0.0);
    let push = "const more = document.createElement('div');
        more.style.height = '300px';
        document.body.prepend(more);";
    chromium.run(push, &json!([]));
    assert!(chromium.shift() > 0.0);
}

/// The example organisation, in which Tom reads a calendar, too, and will be away in one of his turns.
/// Gives Tom a calendar and time off, so that there is something on every page.
pub fn furnish(world: &World) {
    let mut tom = world.visitor(Engineer);
    tom.get("/me/calendars").expect(200);
    let made = tom.submit("/me/calendars", &[("scope", "me")]);
    made.expect(200);
    let days = [("first_day", "2026-03-24"), ("last_day", "2026-03-25")];
    tom.submit("/me/time-off", &days).goes_to();
}

fn look_at_all(who: &[Who]) {
    // Nothing that is looked at here depends on the database.
    if !Database::is_sqlite() {
        return;
    }
    let world = World::found();
    furnish(&world);
    let Some(chromium) = world.browser(Stranger) else {
        return;
    };
    let mut wrong = Vec::new();
    for one in who {
        chromium.leave();
        if let Some(email) = one.email() {
            chromium.enter(&world.server, email);
        }
        for (_, name, path) in PAGES.iter().filter(|(viewer, ..)| viewer == one) {
            chromium.look(Look::WIDE);
            chromium.complaints();
            chromium.open(&world.path(path));
            let shift = chromium.shift();
            if shift > 0.0 {
                wrong.push(format!("{name}: moves by {shift} while it comes"));
            }
            wrong.extend(faults(&chromium, name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Everything that is wrong with the page that is open.
fn faults(chromium: &Chromium, name: &str) -> Vec<String> {
    let mut wrong = chromium.axe();
    chromium.picture(&format!("{name}-wide"));
    chromium.look(Look::DARK);
    wrong.extend(chromium.axe());
    chromium.picture(&format!("{name}-dark"));
    chromium.look(Look::NARROW);
    let overflow = chromium.overflow();
    if overflow > 0 {
        wrong.push(format!("is {overflow} pixels wider than a screen of 320"));
    }
    chromium.picture(&format!("{name}-narrow"));
    // A page that is not there is answered with an error, which the browser mentions.
    let complaints = chromium.complaints().into_iter();
    wrong.extend(complaints.filter(|complaint| !complaint.contains("status of 404")));
    wrong
        .iter()
        .map(|fault| format!("{name}: {fault}"))
        .collect()
}

/// Whatever a link leads to is a page that is there, for whoever is shown the link, and one of those looked at above.
#[test]
fn links_lead_to_pages_that_are_looked_at() {
    let world = World::found();
    furnish(&world);
    let looked_at: BTreeSet<String> = PAGES
        .iter()
        .map(|(.., path)| kind(&world.path(path)))
        .collect();
    for who in [Administrator, Manager, Engineer, Supporter, Viewer] {
        let mut browser = Browser::signed_in(&world.server, who.email().unwrap());
        // One page of each kind is enough; which other page led there is said where it is wrong.
        let mut seen = BTreeMap::from([("/".to_owned(), String::new())]);
        let mut ahead = VecDeque::from(["/".to_owned()]);
        while let Some(path) = ahead.pop_front() {
            let from = seen[&kind(&path)].clone();
            let answer = browser.get(&path);
            assert_eq!(answer.status, 200, "{who:?} comes to {path} from {from:?}");
            assert!(
                looked_at.contains(&kind(&path)),
                "{path} is a page that is not in PAGES"
            );
            for link in links(&answer.html) {
                if let Entry::Vacant(new) = seen.entry(kind(&link)) {
                    new.insert(path.clone());
                    ahead.push_back(link);
                }
            }
        }
        assert!(seen.len() > 1, "{who:?} came to {seen:?} only");
    }
}

/// Paths of our own that a page links to.
pub fn links(html: &str) -> Vec<String> {
    let targets = html.split("<a ").skip(1).filter_map(|link| {
        let link = link.split('>').next()?;
        link.split_once("href=\"")?.1.split('"').next()
    });
    targets
        .filter(|target| !target.contains("//") && !target.starts_with("mailto:"))
        .map(|target| {
            format!(
                "/{}",
                target
                    .replace("&#38;", "&")
                    .replace("&amp;", "&")
                    .trim_start_matches(['.', '/'])
            )
        })
        .filter(|path| !NO_PAGES.iter().any(|other| path.starts_with(other)))
        .map(|path| path.split('#').next().unwrap_or_default().to_owned())
        .collect()
}

/// A path without its query, its ids, and the names of teams.
pub fn kind(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let mut pieces: Vec<&str> = Vec::new();
    for piece in path.split('/') {
        // Of a rotation, a person, or of a handover, whose name has its instant, too.
        let is_id = matches!((piece.len(), piece.matches('-').count()), (36, 4) | (48, 5));
        let is_number = !piece.is_empty() && piece.chars().all(|c| c.is_ascii_digit());
        let is_team = pieces.last() == Some(&"teams") && piece != "new";
        pieces.push(if is_id || is_number || is_team {
            "*"
        } else {
            piece
        });
    }
    pieces.join("/")
}
