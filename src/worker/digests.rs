//! What is wrong ahead is brought up with the managers of a team.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::new_id;
use crate::domain::digest::{
    Digest, Nearness, Raised, Trouble, digest as of_manager, troubles, window,
};
use crate::domain::duty::RotationLookup as _;
use crate::domain::ids::{PersonId, TeamId};
use crate::domain::interval::{FOREVER, Interval, Timestamp};
use crate::domain::notice::{Block, Notice, short};
use crate::domain::preferences::Topic;
use crate::domain::team::Team;
use crate::domain::zone::Zone;
use crate::service::App;
use crate::service::ahead::{MendView, Mender};
use crate::service::suggestions::SuggestionView;
use crate::snapshot::Snapshot;
use crate::storage::outbox::{self, Mail, Outcome, Planned};
use crate::storage::types::Json;
use crate::storage::{Db, StoreError};

/// The kind of mail.
pub(super) const KIND: &str = "digest";

/// So many are spelt out in one mail.
const SPELT_OUT: usize = 20;

/// What a digest said, as the outbox keeps it.
#[derive(Serialize, Deserialize)]
struct Payload {
    team: TeamId,
    raised: Vec<Said>,
}

#[derive(Serialize, Deserialize)]
struct Said {
    trouble: String,
    nearness: Nearness,
}

/// How near each trouble was when somebody was last told of it, by [`Trouble::key`].
type Known = BTreeMap<String, Nearness>;

/// What everybody was told as manager of each team.
fn told(db: &mut Db, now: Timestamp) -> Result<HashMap<(PersonId, TeamId), Known>, StoreError> {
    let mut all: HashMap<_, Known> = HashMap::new();
    for sent in outbox::sent(db, &[KIND], None, now)? {
        let person = sent.person_id.and_then(|id| id.parse().ok());
        // What no version of this program wrote tells nothing.
        let payload = serde_json::from_value::<Payload>(sent.payload.0).ok();
        let (Some(person), Some(payload)) = (person, payload) else {
            continue;
        };
        let known = all.entry((person, payload.team)).or_default();
        for said in payload.raised {
            let nearest = known.entry(said.trouble).or_insert(said.nearness);
            *nearest = said.nearness.max(*nearest);
        }
    }
    Ok(all)
}

/// The digests that are to be sent, of what is wrong ahead.
pub(super) fn plan(
    app: &App,
    snapshot: &Snapshot,
    found: Vec<Trouble>,
    now: Timestamp,
) -> Result<Vec<Planned>, StoreError> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let told = app.store.read(|db| told(db, now))?;
    let mut of_teams: BTreeMap<TeamId, Vec<Trouble>> = BTreeMap::new();
    for trouble in found {
        if let Some(timeline) = snapshot.timeline_of(trouble.rotation()) {
            let of_team = of_teams.entry(timeline.rotation().team).or_default();
            of_team.push(trouble);
        }
    }
    let mut planned = Vec::new();
    for (id, mut found) in of_teams {
        found.sort_by_key(Trouble::interval);
        let Some(team) = snapshot.team(id) else {
            continue;
        };
        let digests = team.managers(now).filter_map(|manager| {
            let known = told.get(&(manager, id));
            let none = Known::new();
            let manager = snapshot.person(manager)?;
            of_manager(team, manager, &found, known.unwrap_or(&none), now)
        });
        planned.extend(digests.map(|digest| as_mail(&digest)));
    }
    Ok(planned)
}

fn as_mail(digest: &Digest) -> Planned {
    let raised = digest.raised.iter().map(|one| Said {
        trouble: one.trouble.key(),
        nearness: one.nearness,
    });
    Planned {
        id: new_id().to_string(),
        key: digest.key.clone(),
        kind: KIND.to_owned(),
        person_id: Some(digest.recipient.to_string()),
        rotation_id: None,
        payload: Json(json!(Payload {
            team: digest.team,
            raised: raised.collect(),
        })),
        due_at: digest.due_at,
        // What never ends is of use for as long as the databases can say.
        not_after: digest
            .not_after
            .min(digest.due_at + TimeDelta::days(36_500)),
    }
}

/// What a mail says, if that is still what there is to say.
pub(super) fn notice(
    app: &App,
    snapshot: &Snapshot,
    mail: &Mail,
    now: Timestamp,
) -> Result<Notice, Outcome> {
    let payload = serde_json::from_value::<Payload>(mail.payload.0.clone())
        .map_err(|error| Outcome::Refused(format!("it cannot be read: {error}")))?;
    let gone = Outcome::Dropped("the person or the team is gone");
    let person = mail.person_id.as_ref().and_then(|id| id.parse().ok());
    let person = person.and_then(|id| snapshot.person(id));
    let (Some(person), Some(team), Some(window)) =
        (person, snapshot.team(payload.team), window(now))
    else {
        return Err(gone);
    };
    // What the mails before this one said counts.
    let mut told = app
        .store
        .read(|db| told(db, now))
        .map_err(|error: StoreError| Outcome::Failed(error.to_string()))?;
    let known = told.remove(&(person.id, team.id)).unwrap_or_default();
    let found = of_team(snapshot, team, window);
    let digest = team
        .is_managed_by(person.id, now)
        .then(|| of_manager(team, person, &found, &known, now))
        .flatten()
        .filter(|digest| digest.key == mail.key)
        .ok_or(Outcome::Dropped("it is mended, or another digest has it"))?;
    if digest.due_at > now {
        return Err(Outcome::Postponed(digest.due_at));
    }
    Ok(words(snapshot, team, &digest, &person.zone(now), now))
}

/// What is wrong with the rotations of a team, in order of start.
fn of_team(snapshot: &Snapshot, team: &Team, window: Interval) -> Vec<Trouble> {
    let mut found: Vec<Trouble> = snapshot
        .timelines_in(team.id)
        .flat_map(|timeline| troubles(timeline, snapshot, snapshot.people(), window))
        .collect();
    found.sort_by_key(Trouble::interval);
    found
}

fn words(snapshot: &Snapshot, team: &Team, digest: &Digest, zone: &Zone, now: Timestamp) -> Notice {
    let mender = Mender::new(snapshot, now);
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
        let mend = match &one.trouble {
            Trouble::Clash(clash) => mender.clash(clash).mend,
            Trouble::Gap(rotation, gap) => mender.gap(*rotation, gap).mend,
        };
        let title = headline(snapshot, one, zone);
        let mends = mends(mend.as_ref(), digest.recipient);
        blocks.push(Block::List(title, mends));
    }
    if let Some(more) = count.checked_sub(SPELT_OUT).filter(|more| *more > 0) {
        blocks.push(Block::Text(format!("And {more} more after these.")));
    }
    blocks.push(Block::Pages(vec![(
        "See and mend what is ahead".to_owned(),
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

/// What would mend it, in words.
fn mends(mend: Option<&MendView>, reader: PersonId) -> Vec<String> {
    let text = match mend {
        Some(MendView::SomebodyElse { people, .. }) if !people.is_empty() => {
            let reader = reader.to_string();
            let line = |one: &SuggestionView| {
                let is_reader = one.person.id == reader;
                let name = if is_reader { "You" } else { &one.person.name };
                format!("{name} could: {}", one.reasons.join(", "))
            };
            return people.iter().map(line).collect();
        }
        Some(MendView::SomebodyElse { .. }) => "Nobody else of the team can take it.",
        Some(MendView::Revision) => {
            "The rule of the rotation ends: change the rotation, or archive it."
        }
        Some(MendView::Fallback) => "Another rotation could answer meanwhile.",
        None => return Vec::new(),
    };
    vec![text.to_owned()]
}
