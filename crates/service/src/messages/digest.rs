//! `digest`: gaps and clashes ahead, to the managers of a team.

use crate::domain::ids::PersonId;
use crate::domain::notifications::notice::{Block, Notice, short};
use crate::domain::people::preferences::Topic;
use crate::domain::people::team::Team;
use crate::domain::reminders::digest::{Digest, Nearness, Raised, Trouble};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::{FOREVER, Timestamp};
use crate::domain::time::zone::Zone;
use crate::schedule_issues::{Remedies, RemedyView};
use crate::snapshot::Snapshot;
use crate::suggestions::SuggestionView;

/// So many are spelt out in one mail.
const SPELT_OUT: usize = 20;

/// What it says, on the recipient's clock.
#[must_use]
pub fn notice(
    snapshot: &Snapshot,
    team: &Team,
    digest: &Digest,
    zone: &Zone,
    now: Timestamp,
) -> Notice {
    let remedies = Remedies::new(snapshot, now);
    let count = digest.raised.len();
    let what = if count == 1 {
        "This time needs"
    } else {
        "These times need"
    };
    let mut blocks = vec![Block::Text(format!(
        "{what} somebody in {}. Times are {}.",
        team.name,
        zone.name()
    ))];
    for one in digest.raised.iter().take(SPELT_OUT) {
        let remedy = match &one.trouble {
            Trouble::Clash(clash) => remedies.clash(clash).remedy,
            Trouble::Gap(rotation, gap) => remedies.gap(*rotation, gap).remedy,
        };
        let title = headline(snapshot, one, zone);
        let remedies = in_words(remedy.as_ref(), digest.recipient);
        blocks.push(Block::List(title, remedies));
    }
    if let Some(more) = count.checked_sub(SPELT_OUT).filter(|more| *more > 0) {
        blocks.push(Block::Text(format!("And {more} more after these.")));
    }
    blocks.push(Block::Pages(vec![(
        "See gaps and clashes".to_owned(),
        format!("/ahead?team={}", team.slug),
    )]));
    Notice {
        subject: subject(snapshot, team, &digest.raised, zone),
        topic: Topic::Digests,
        blocks,
        entries: Vec::new(),
        in_reply_to: None,
    }
}

fn subject(snapshot: &Snapshot, team: &Team, raised: &[Raised], zone: &Zone) -> String {
    if let [one] = raised {
        return format!("{}: {}", team.name, in_short(snapshot, &one.trouble, zone));
    }
    let is_clash = |one: &&Raised| matches!(one.trouble, Trouble::Clash(_));
    let clashes = raised.iter().filter(is_clash).count();
    let count = |count: usize, one: &str, several: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {several}")),
    };
    let counts = [
        count(clashes, "clash", "clashes"),
        count(raised.len() - clashes, "gap", "gaps"),
    ];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    let first = raised.first().map_or_else(String::new, |one| {
        format!(", first {}", in_short(snapshot, &one.trouble, zone))
    });
    format!("{}: {} ahead{first}", team.name, counts.join(" and "))
}

/// `nobody is Support Hero from Mon 9 Mar 10:00`.
fn in_short(snapshot: &Snapshot, trouble: &Trouble, zone: &Zone) -> String {
    format!(
        "{} from {}",
        who(snapshot, trouble),
        short(trouble.interval().start(), zone)
    )
}

/// `Flags hero: nobody is Support Hero from Mon 9 Mar 10:00 until Mon 16 Mar 10:00, within a week`.
fn headline(snapshot: &Snapshot, raised: &Raised, zone: &Zone) -> String {
    let interval = raised.trouble.interval();
    let name = snapshot
        .timeline_of(raised.trouble.rotation())
        .map_or("", |timeline| timeline.rotation().name.as_str());
    let until = if interval.end() < FOREVER {
        format!("until {}", short(interval.end(), zone))
    } else {
        "on".to_owned()
    };
    let near = match raised.nearness {
        Nearness::Later => "",
        Nearness::Week => ", within a week",
        Nearness::Days => ", within two days",
    };
    let what = in_short(snapshot, &raised.trouble, zone);
    format!("{name}: {what} {until}{near}")
}

/// `nobody is Support Hero`, or `Ana is Support Hero and away`.
fn who(snapshot: &Snapshot, trouble: &Trouble) -> String {
    let title = snapshot
        .timeline_of(trouble.rotation())
        .map_or("on duty", |timeline| timeline.rotation().title.as_str());
    match trouble {
        Trouble::Gap(..) => format!("nobody is {title}"),
        Trouble::Clash(clash) => {
            let person = snapshot.person(clash.person);
            let name = person.map_or("somebody", |person| person.name.as_str());
            format!("{name} is {title} and away")
        }
    }
}

/// The remedy in words.
fn in_words(remedy: Option<&RemedyView>, reader: PersonId) -> Vec<String> {
    let text = match remedy {
        Some(RemedyView::SomebodyElse { people, .. }) if !people.is_empty() => {
            let reader = reader.to_string();
            let line = |one: &SuggestionView| {
                let is_reader = one.person.id == reader;
                let name = if is_reader { "You" } else { &one.person.name };
                format!("{name} could: {}", one.reasons.join(", "))
            };
            return people.iter().map(line).collect();
        }
        Some(RemedyView::SomebodyElse { .. }) => "Nobody else of the team can take it.",
        Some(RemedyView::Revision) => {
            "The rule of the rotation ends: change the rotation, or archive it."
        }
        Some(RemedyView::Fallback) => "Another rotation could answer meanwhile.",
        None => return Vec::new(),
    };
    vec![text.to_owned()]
}
