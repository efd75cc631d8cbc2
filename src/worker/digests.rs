//! What is wrong ahead is brought up with the managers of a team.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::new_id;
use crate::domain::ids::{PersonId, TeamId};
use crate::domain::notifications::message::MessageKind;
use crate::domain::notifications::notice::Notice;
use crate::domain::people::team::Team;
use crate::domain::reminders::digest::{
    Digest, Nearness, Trouble, digest as of_manager, troubles, window,
};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::service::App;
use crate::service::messages::digest as message;
use crate::snapshot::Snapshot;
use crate::storage::outbox::{self, Mail, Outcome, Planned};
use crate::storage::{Db, StoreError};

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
    for sent in outbox::sent(db, &[MessageKind::Digest], None, now)? {
        // What no version of this program wrote tells nothing.
        let payload = serde_json::from_value::<Payload>(sent.payload).ok();
        let (Some(person), Some(payload)) = (sent.person_id, payload) else {
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
        kind: MessageKind::Digest.into(),
        person_id: Some(digest.recipient),
        rotation_id: None,
        payload: json!(Payload {
            team: digest.team,
            raised: raised.collect(),
        }),
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
    let payload = serde_json::from_value::<Payload>(mail.payload.clone())
        .map_err(|error| Outcome::Refused(format!("it cannot be read: {error}")))?;
    let gone = Outcome::Dropped("the person or the team is gone");
    let person = mail.person_id.and_then(|id| snapshot.person(id));
    let (Some(person), Some(team)) = (person, snapshot.team(payload.team)) else {
        return Err(gone);
    };
    // What the mails before this one said counts.
    let mut told = app
        .store
        .read(|db| told(db, now))
        .map_err(|error: StoreError| Outcome::Failed(error.to_string()))?;
    let known = told.remove(&(person.id, team.id)).unwrap_or_default();
    let found = of_team(snapshot, team, window(now));
    let digest = team
        .is_managed_by(person.id, now)
        .then(|| of_manager(team, person, &found, &known, now))
        .flatten()
        .filter(|digest| digest.key == mail.key)
        .ok_or(Outcome::Dropped("it is mended, or another digest has it"))?;
    if digest.due_at > now {
        return Err(Outcome::Postponed(digest.due_at));
    }
    Ok(message::notice(
        snapshot,
        team,
        &digest,
        &person.zone(now),
        now,
    ))
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
