//! Entries of the audit log in words: who did what to what, and what became another.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::access::audit::AuditAction;
use crate::domain::handovers::HandoverId;
use crate::domain::ids::{PersonId, RotationId, TeamId};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::feed::Scope;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::service::audit::AuditView;
use crate::{PageContext, when};

/// The longest value that is shown whole, in characters.
const LONGEST: usize = 160;

/// What somebody did; the thing that they did it to follows.
const fn verb(action: AuditAction) -> &'static str {
    match action {
        AuditAction::CalendarChange => "changed how a calendar is read of",
        AuditAction::CalendarCreate => "gave the address of a calendar of",
        AuditAction::CalendarRead => "took time off out of a calendar of",
        AuditAction::CalendarRemove => "removed a calendar of",
        AuditAction::ChatChange => "changed what the chat is told of",
        AuditAction::FeedChange => "changed a calendar feed of",
        AuditAction::FeedCreate => "made a calendar feed of",
        AuditAction::FeedRevoke => "revoked a calendar feed of",
        AuditAction::HandoverChange => "wrote at the handover of",
        AuditAction::IncidentAcceptHandover => "took over",
        AuditAction::IncidentDeclare => "declared",
        AuditAction::IncidentDeclineHandover => "declined to take over",
        AuditAction::IncidentHandOver => "handed over",
        AuditAction::IncidentRaiseHand => "raised a hand for",
        AuditAction::IncidentResolve => "resolved",
        AuditAction::IncidentStay => "stayed longer with",
        AuditAction::IncidentTick => "ticked something off of",
        AuditAction::IncidentUpdate => "told customers about",
        AuditAction::OutboxRetry => "had a mail tried again:",
        AuditAction::OverrideCancel => "ended an override of",
        AuditAction::OverrideCreate => "made an override of",
        AuditAction::PersonChange | AuditAction::RotationChange => "changed the settings of",
        AuditAction::PersonCreate => "added",
        AuditAction::PersonDeactivate => "deactivated",
        AuditAction::PersonErase => "erased name and address of",
        AuditAction::PersonPreferences => "chose mails for",
        AuditAction::PersonRestoreAddress => "undid a change of the address of",
        AuditAction::RotationArchive => "archived",
        AuditAction::RotationCreate | AuditAction::TeamCreate => "set up",
        AuditAction::RotationIncidentSettings => "changed how incidents are worked on by",
        AuditAction::RotationRevise => "changed the order or the handovers of",
        AuditAction::RotationWithdrawRevision => "took back a change of",
        AuditAction::SessionCreate => "signed in:",
        AuditAction::SessionRevoke => "ended a session of",
        AuditAction::SwapAccept => "took",
        AuditAction::SwapDecline => "declined to take",
        AuditAction::SwapExpire => "let the request lapse about",
        AuditAction::SwapOpen => "asked others to take",
        AuditAction::SwapUndo => "undid the swap of",
        AuditAction::SwapWithdraw => "withdrew the request about",
        AuditAction::TeamAgree => "agreed that details of somebody are shared with",
        AuditAction::IncidentChange | AuditAction::TeamChange => "changed",
        AuditAction::TeamJoin => "added somebody to",
        AuditAction::TeamLeave => "took somebody out of",
        AuditAction::TimeOffCancel => "ended time off of",
        AuditAction::TimeOffCreate => "entered time off of",
        AuditAction::TokenCreate => "made a token for",
        AuditAction::TokenRevoke => "revoked a token of",
        AuditAction::WebhookCreate => "made a webhook for incidents of",
        AuditAction::WebhookDeclare => "declared an incident through a webhook of",
        AuditAction::WebhookRevoke => "revoked a webhook for incidents of",
    }
}

/// What was done to what.
pub struct AuditRow {
    /// What was done; the thing follows.
    pub verb: String,
    /// The thing.
    pub thing: String,
    /// A page of ours about it, where it still is.
    pub path: Option<String>,
    /// Who and when it was about.
    pub more: Option<String>,
}

/// A member that became another.
pub struct Change {
    /// What it is called.
    pub name: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is since.
    pub after: Option<String>,
}

impl AuditRow {
    /// What an entry says.
    pub fn of(page: &PageContext, row: &AuditView) -> Self {
        let verb = row.action.parse().map_or_else(
            // A newer version did it.
            |_| format!("did {} to", row.action),
            |action| verb(action).to_owned(),
        );
        // Who joined or left is what became another.
        let verb = match moved(row).as_slice() {
            [] => verb,
            people => verb.replace("somebody", &say(page, &Value::from(people))),
        };
        let (thing, path) = thing(page, row).unwrap_or_else(|| {
            let unknown = format!("a {} that is unknown", row.subject_kind.replace('_', " "));
            (unknown, None)
        });
        Self {
            verb,
            thing,
            path,
            more: more(page, row),
        }
    }
}

/// A member of what the thing is since, or was before.
fn member<'a>(row: &'a AuditView, name: &str) -> Option<&'a Value> {
    let given = |value: &'a Value| value.get(name).filter(|found| !found.is_null());
    given(&row.after).or_else(|| given(&row.before))
}

fn text<'a>(row: &'a AuditView, name: &str) -> Option<&'a str> {
    member(row, name)?.as_str()
}

/// Ids of those whose membership of a team began, ended or was planned by this.
fn moved(row: &AuditView) -> Vec<String> {
    if !matches!(
        row.action.parse(),
        Ok(AuditAction::TeamAgree | AuditAction::TeamJoin | AuditAction::TeamLeave)
    ) {
        return Vec::new();
    }
    let all = |value: &Value| {
        let listed = value.get("memberships").and_then(Value::as_array);
        listed.cloned().unwrap_or_default()
    };
    let (before, after) = (all(&row.before), all(&row.after));
    let only = |here: &[Value], there: &[Value]| -> Vec<Value> {
        let others = here.iter().filter(|one| !there.contains(one));
        others.cloned().collect()
    };
    let changed = [only(&before, &after), only(&after, &before)].concat();
    let ids = changed
        .iter()
        .filter_map(|one| one.get("person_id")?.as_str());
    let ids: BTreeSet<&str> = ids.collect();
    ids.into_iter().map(str::to_owned).collect()
}

type Thing = (String, Option<String>);

/// What the thing is called, and the path of its page.
fn thing(page: &PageContext, row: &AuditView) -> Option<Thing> {
    let id = row.subject_id.as_str();
    match row.subject_kind.as_str() {
        "person" => person(page, id),
        "team" => team(page, id.parse().ok()?),
        "rotation" => rotation(page, id.parse().ok()?),
        "calendar" | "session" | "time_off" | "token" => person(page, text(row, "person_id")?),
        "override" | "webhook" => rotation(page, text(row, "rotation_id")?.parse().ok()?),
        "swap" => {
            let (name, _) = rotation(page, text(row, "rotation_id")?.parse().ok()?)?;
            let whose = member(row, "person")?.get("name")?.as_str()?;
            Some((
                format!("{whose}’s time in {name}"),
                Some(format!("swaps/{id}")),
            ))
        }
        "handover" => {
            let handover: HandoverId = id.parse().ok()?;
            let (name, _) = rotation(page, handover.rotation)?;
            let at = when::dated(&page.zone, handover.at, page.now);
            Some((format!("{name}, {at}"), Some(format!("handovers/{id}"))))
        }
        "incident" => {
            let (reference, title) = (text(row, "reference")?, text(row, "title")?);
            Some((
                format!("{reference} {title}"),
                Some(format!("incidents/{id}")),
            ))
        }
        "feed" => match serde_json::from_value(member(row, "scope")?.clone()).ok()? {
            Scope::Person(id) => person(page, &id.to_string()),
            Scope::Rotation(id) => rotation(page, id),
            Scope::Team(id) => team(page, id),
            Scope::All => Some(("everybody".to_owned(), None)),
        },
        "mail" => Some((id.to_owned(), Some("administration/outbox".to_owned()))),
        _ => None,
    }
}

fn person(page: &PageContext, id: &str) -> Option<Thing> {
    let person = page.snapshot.person(id.parse().ok()?)?;
    Some((
        person.name.clone(),
        Some(format!("people/{}/edit", person.id)),
    ))
}

fn team(page: &PageContext, id: TeamId) -> Option<Thing> {
    let team = page.snapshot.team(id)?;
    Some((team.name.clone(), Some(format!("teams/{}", team.slug))))
}

fn rotation(page: &PageContext, id: RotationId) -> Option<Thing> {
    let rotation = page.snapshot.timeline(id)?.rotation();
    Some((rotation.name.clone(), Some(format!("rotations/{id}"))))
}

/// Who has the time of an override, when time is given or taken off, what a token is called.
fn more(page: &PageContext, row: &AuditView) -> Option<String> {
    let instant = |name: &str| text(row, name)?.parse::<Timestamp>().ok();
    let stretch = || {
        let interval = Interval::new(instant("start")?, instant("end")?)?;
        Some(page.format_interval(&interval))
    };
    match row.subject_kind.as_str() {
        "override" => {
            let who =
                member(row, "person").map_or_else(|| "nobody".to_owned(), |who| say(page, who));
            Some(format!("{who}, {}", stretch()?))
        }
        "swap" | "time_off" => stretch(),
        "calendar" | "token" | "webhook" => text(row, "name").map(|name| format!("“{name}”")),
        _ => None,
    }
}

/// Which members became others; of what is new or gone, all of them.
pub fn changes(page: &PageContext, row: &AuditView) -> Vec<Change> {
    differences(&row.before, &row.after, |value| say(page, value))
}

fn differences(before: &Value, after: &Value, say: impl Fn(&Value) -> String) -> Vec<Change> {
    let (Value::Object(_) | Value::Null, Value::Object(_) | Value::Null) = (before, after) else {
        return Vec::new();
    };
    let members = |value: &Value| {
        value
            .as_object()
            .into_iter()
            .flat_map(|all| all.keys().cloned())
            .collect::<Vec<_>>()
    };
    let mut names = members(before);
    names.extend(members(after));
    names.sort_unstable();
    names.dedup();
    let changed = names
        .into_iter()
        .filter(|name| !matches!(name.as_str(), "id" | "version"))
        .filter_map(|name| {
            let given = |value: &Value| value.get(&name).filter(|found| !found.is_null()).cloned();
            let (was, is) = (given(before), given(after));
            (was != is).then(|| Change {
                name: name.replace('_', " "),
                before: was.as_ref().map(&say),
                after: is.as_ref().map(&say),
            })
        });
    changed.collect()
}

/// A value as people read it, cut where it is very long.
fn say(page: &PageContext, value: &Value) -> String {
    let text = whole(page, value);
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

fn whole(page: &PageContext, value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => named(page, text).unwrap_or_else(|| text.clone()),
        Value::Array(all) if all.is_empty() => "none".to_owned(),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(|one| whole(page, one)).collect();
            all.join(", ")
        }
        Value::Object(members) => {
            // Whoever has an id and a name is meant by the name.
            if let (Some(_), Some(Value::String(name))) = (members.get("id"), members.get("name")) {
                return name.clone();
            }
            let given = members.iter().filter(|(_, value)| !value.is_null());
            let said = given
                .map(|(name, value)| format!("{}: {}", name.replace('_', " "), whole(page, value)));
            said.collect::<Vec<_>>().join("; ")
        }
    }
}

/// What an id stands for, or a moment on the page's clock.
fn named(page: &PageContext, text: &str) -> Option<String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(when::dated(&page.zone, at, page.now));
    }
    let found = text
        .parse::<PersonId>()
        .ok()
        .and_then(|id| page.snapshot.person(id))
        .map(|person| person.name.clone());
    let found = found.or_else(|| Some(team(page, text.parse().ok()?)?.0));
    found.or_else(|| Some(rotation(page, text.parse().ok()?)?.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_joined_or_left_is_whose_membership_became_another() {
        let of = |people: &[(&str, Option<&str>)]| {
            let all = people
                .iter()
                .map(|(id, until)| json!({ "person_id": id, "until": until }));
            json!({ "memberships": all.collect::<Vec<_>>() })
        };
        let row = |action: &str, before, after| AuditView {
            id: String::new(),
            at: Timestamp::MIN_UTC,
            actor_id: None,
            token_id: None,
            address: None,
            action: action.to_owned(),
            subject_kind: "team".to_owned(),
            subject_id: String::new(),
            before,
            after,
        };
        let (one, both) = (of(&[("a", None)]), of(&[("a", None), ("b", None)]));
        let planned = of(&[("a", Some("2030")), ("b", None)]);
        assert_eq!(moved(&row("team.join", one.clone(), both.clone())), ["b"]);
        assert_eq!(moved(&row("team.leave", both.clone(), one.clone())), ["b"]);
        assert_eq!(moved(&row("team.leave", both.clone(), planned)), ["a"]);
        assert!(moved(&row("team.change", one, both)).is_empty());
    }

    /// `somebody` stands for whom a team gained or lost.
    #[test]
    fn every_action_has_a_sentence_of_its_own() {
        let all = AuditAction::ALL.iter().map(|action| {
            let sentence = format!("Ana {} Bo", verb(*action));
            format!("{action}: {sentence}")
        });
        let sentences = all.collect::<Vec<_>>().join("\n");
        insta::with_settings!({
            snapshot_path => ".", prepend_module_to_snapshot => false, omit_expression => true,
        }, {
            insta::assert_snapshot!("audit_text", sentences);
        });
    }

    #[test]
    fn only_what_became_another_is_shown() {
        let found = |before, after| {
            let say = |value: &Value| value.to_string();
            let all = differences(&before, &after, say).into_iter();
            all.map(|one| format!("{}: {:?} {:?}", one.name, one.before, one.after))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found(
                json!({"id": 1, "rank": 7, "time_zone": "UTC", "version": 1}),
                json!({"id": 1, "rank": 8, "time_zone": "UTC", "version": 2})
            ),
            ["rank: Some(\"7\") Some(\"8\")"]
        );
        assert_eq!(
            found(Value::Null, json!({"ends_at": 7, "end": null})),
            ["ends at: None Some(\"7\")"]
        );
        assert_eq!(
            found(json!({"order": [1]}), Value::Null),
            ["order: Some(\"[1]\") None"]
        );
        assert!(found(json!("text"), json!(1)).is_empty());
    }
}
