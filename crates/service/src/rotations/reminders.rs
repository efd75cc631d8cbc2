//! How a rotation reminds people, as it is sent and shown.

use crate::domain::schedule::rotation::{
    Checklists, HandoverSide, LONGEST_LEAD, Lead, ReminderSettings,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Rotation, finish};
use crate::UnitOfWork;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::RotationId;
use crate::domain::time::interval::Timestamp;
use crate::locked_rotation::LockedRotation;
use crate::{Error, ValidationErrors, access, values};

/// A list has at most so many lead times.
const MOST_LEADS: usize = 10;

/// A checklist has at most so many items.
const MOST_ITEMS: usize = 30;

/// How long before a handoff somebody is reminded.
#[expect(dead_code, reason = "it describes what is sent and shown")]
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum LeadTime {
    /// So many days, 1 to 60.
    Days(u8),
    /// `last_working_day` or `handoff`.
    Named(String),
}

/// How a rotation reminds people; what is null or left out is as goes with the length of its turns.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RemindersInput {
    /// When whoever takes over is reminded: numbers of days before, `last_working_day`, `handoff`. An empty list:
    /// never.
    #[schema(value_type = Option<Vec<LeadTime>>)]
    pub incoming: Option<Vec<Value>>,
    /// When whoever hands over is reminded, likewise.
    #[schema(value_type = Option<Vec<LeadTime>>)]
    pub outgoing: Option<Vec<Value>>,
    /// What is to be done at each handover.
    pub checklists: ChecklistsInput,
}

/// What is to be done at each handover; null: as for a Support Hero.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChecklistsInput {
    /// By whoever takes over.
    pub incoming: Option<Vec<String>>,
    /// By whoever hands over.
    pub outgoing: Option<Vec<String>>,
}

/// How a rotation reminds people.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RemindersView {
    /// As set; null: as goes with the length of its turns.
    #[schema(value_type = Option<Vec<LeadTime>>)]
    pub incoming: Option<Vec<Lead>>,
    /// Likewise.
    #[schema(value_type = Option<Vec<LeadTime>>)]
    pub outgoing: Option<Vec<Lead>>,
    /// As set; null: as for a Support Hero.
    pub checklists: ChecklistsInput,
    /// What is in force.
    pub in_force: RemindersInForce,
}

/// Lead times that are in force.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RemindersInForce {
    /// When whoever takes over is reminded.
    #[schema(value_type = Vec<LeadTime>)]
    pub incoming: Vec<Lead>,
    /// When whoever hands over is reminded.
    #[schema(value_type = Vec<LeadTime>)]
    pub outgoing: Vec<Lead>,
}

impl RemindersView {
    /// Those of a rotation, in force at `now`.
    #[must_use]
    pub fn of(rotation: &Rotation, now: Timestamp) -> Self {
        let ReminderSettings {
            incoming,
            outgoing,
            checklists,
        } = rotation.reminders.clone();
        Self {
            incoming,
            outgoing,
            checklists: ChecklistsInput {
                incoming: checklists.incoming,
                outgoing: checklists.outgoing,
            },
            in_force: RemindersInForce {
                incoming: rotation.lead_times(HandoverSide::Incoming, now),
                outgoing: rotation.lead_times(HandoverSide::Outgoing, now),
            },
        }
    }
}

/// Reads the settings; `pointer` is where they stand. What is bad is noted, and left out.
pub(super) fn read(
    errors: &mut ValidationErrors,
    pointer: &str,
    input: &RemindersInput,
) -> ReminderSettings {
    let mut leads_of = |member: &str, given: &Option<Vec<Value>>| {
        let pointer = format!("{pointer}/{member}");
        let given = given.as_ref()?;
        Some(leads(errors, &pointer, given))
    };
    let incoming = leads_of("incoming", &input.incoming);
    let outgoing = leads_of("outgoing", &input.outgoing);
    let mut checklist_of = |member: &str, given: &Option<Vec<String>>| {
        let pointer = format!("{pointer}/checklists/{member}");
        let given = given.as_ref()?;
        Some(checklist(errors, &pointer, given))
    };
    ReminderSettings {
        incoming,
        outgoing,
        checklists: Checklists {
            incoming: checklist_of("incoming", &input.checklists.incoming),
            outgoing: checklist_of("outgoing", &input.checklists.outgoing),
        },
    }
}

fn leads(errors: &mut ValidationErrors, pointer: &str, given: &[Value]) -> Vec<Lead> {
    if given.len() > MOST_LEADS {
        errors.add(
            pointer,
            format!("must have at most {MOST_LEADS} lead times"),
        );
        return Vec::new();
    }
    let mut leads = Vec::with_capacity(given.len());
    for (index, value) in given.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        let lead = serde_json::from_value(value.clone())
            .ok()
            .filter(|lead| !matches!(lead, Lead::Days(days) if !(1..=LONGEST_LEAD).contains(days)));
        match lead {
            None => errors.add(
                pointer,
                format!("must be 1 to {LONGEST_LEAD} days, last_working_day or handoff"),
            ),
            Some(lead) if leads.contains(&lead) => errors.add(pointer, "is there twice"),
            Some(lead) => leads.push(lead),
        }
    }
    leads
}

fn checklist(errors: &mut ValidationErrors, pointer: &str, given: &[String]) -> Vec<String> {
    if given.len() > MOST_ITEMS {
        errors.add(pointer, format!("must have at most {MOST_ITEMS} items"));
        return Vec::new();
    }
    let mut items = Vec::with_capacity(given.len());
    for (index, item) in given.iter().enumerate() {
        items.extend(values::line(
            errors,
            &format!("{pointer}/{index}"),
            item,
            200,
        ));
    }
    items
}

/// Says how a rotation reminds people.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn set_reminders(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    input: &RemindersInput,
) -> Result<Rotation, Error> {
    let actor = uow.actor;
    let locked_rotation = LockedRotation::of(uow, id, &[])?;
    access::manager(actor, &locked_rotation.team)?;
    uow.check_version(locked_rotation.rotation.version)?;
    let mut errors = ValidationErrors::new();
    let mut after = locked_rotation.rotation.clone();
    after.reminders = read(&mut errors, "", input);
    errors.finish()?;
    finish(uow, AuditAction::RotationChange, &locked_rotation, after).map(|(after, _)| after)
}
