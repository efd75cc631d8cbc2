//! Teams and their rotations, as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::people::team::{Membership, Team};
use crate::domain::schedule::rotation::{Plan, Revision, Rotation};
use crate::domain::time::hours::WeeklyHours;
use crate::domain::time::interval::Timestamp;

/// A stretch of time in which somebody is in a team.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MembershipView {
    /// The person's id.
    pub person_id: String,
    /// Whether they manage the team meanwhile.
    pub manages: bool,
    /// From then on; null: from always.
    pub from: Option<DateTime<Utc>>,
    /// Not from then on; null: until further notice.
    pub until: Option<DateTime<Utc>>,
    /// Whether the team sees their address, and its managers why they are away. False where a manager added them and
    /// nobody who may agree has done so.
    pub agreed: bool,
}

impl From<&Membership> for MembershipView {
    fn from(membership: &Membership) -> Self {
        Self {
            person_id: membership.person.to_string(),
            manages: membership.manages,
            from: membership.from,
            until: membership.until,
            agreed: !membership.consent.is_pending(),
        }
    }
}

/// A team.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TeamView {
    /// Its id.
    pub id: String,
    /// What people type.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// Its IANA time zone.
    pub time_zone: String,
    /// Ids of everybody in it now.
    pub members: Vec<String>,
    /// Ids of its managers now.
    pub managers: Vec<String>,
    /// Who is in it from when to when, as far as that is not over: what is planned, too.
    pub memberships: Vec<MembershipView>,
    /// Goes up with each change.
    pub version: i64,
}

impl TeamView {
    /// The team as it is at `now`.
    #[must_use]
    pub fn of(team: &Team, now: Timestamp) -> Self {
        let ahead = team.memberships.iter().filter(|one| !one.is_over(now));
        Self {
            id: team.id.to_string(),
            slug: team.slug.clone(),
            name: team.name.clone(),
            time_zone: team.time_zone.to_string(),
            members: team.members(now).map(|id| id.to_string()).collect(),
            managers: team.managers(now).map(|id| id.to_string()).collect(),
            memberships: ahead.map(MembershipView::from).collect(),
            version: team.version,
        }
    }
}

/// When turns change.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandoffView {
    /// The first handoff, in the revision's local time.
    #[schema(value_type = String)]
    pub start: chrono::NaiveDateTime,
    /// The later ones: an RFC 5545 RRULE without DTSTART.
    pub rule: String,
}

/// A revision.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RevisionView {
    /// 1 for the first.
    pub n: u32,
    /// In force from then.
    pub effective_from: DateTime<Utc>,
    /// When it was made.
    pub recorded_at: DateTime<Utc>,
    /// IANA time zone of handoffs and duty hours.
    pub time_zone: String,
    /// When turns change; null for follow-the-sun.
    pub handoff: Option<HandoffView>,
    /// Ids of the core order, or of the pool.
    pub order: Vec<String>,
    /// Weekly hours to which turns are cut.
    #[schema(value_type = Option<Vec<crate::values::HoursInput>>)]
    pub duty_hours: Option<WeeklyHours>,
    /// Index in the order of the person of turn 0; null for follow-the-sun.
    pub first: Option<usize>,
}

impl From<&Revision> for RevisionView {
    fn from(revision: &Revision) -> Self {
        let (handoff, first) = match &revision.plan {
            Plan::Ordered { handoff, first } => (
                Some(HandoffView {
                    start: handoff.start(),
                    rule: handoff.rule().to_owned(),
                }),
                Some(*first),
            ),
            Plan::FollowTheSun => (None, None),
        };
        Self {
            n: revision.number,
            effective_from: revision.effective_from,
            recorded_at: revision.recorded_at,
            time_zone: revision.time_zone.to_string(),
            handoff,
            order: revision.order.iter().map(ToString::to_string).collect(),
            duty_hours: revision.duty_hours.clone(),
            first,
        }
    }
}

/// A rotation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RotationView {
    /// Its id.
    pub id: String,
    /// Its team's slug.
    pub team: String,
    /// What it is called.
    pub name: String,
    /// What the role is called.
    pub title: String,
    /// `ordered` or `follow_the_sun`.
    #[schema(value_type = String)]
    pub kind: crate::domain::schedule::rotation::Kind,
    /// The newest revision's time zone.
    pub time_zone: String,
    /// Asked where this rotation has nobody.
    pub fallback_rotation_id: Option<String>,
    /// `gap` or `not_working`.
    #[schema(value_type = String)]
    pub fallback_when: crate::domain::schedule::rotation::FallbackWhen,
    /// From then on nobody has it.
    pub archived_at: Option<DateTime<Utc>>,
    /// The newest revision, in force or pending.
    pub revision: Option<RevisionView>,
    /// Goes up with each change.
    pub version: i64,
}

impl RotationView {
    /// The rotation of a team.
    #[must_use]
    pub fn of(rotation: &Rotation, team: &str) -> Self {
        Self {
            id: rotation.id.to_string(),
            team: team.to_owned(),
            name: rotation.name.clone(),
            title: rotation.title.clone(),
            kind: rotation.kind,
            time_zone: rotation.newest().time_zone.to_string(),
            fallback_rotation_id: rotation.fallback.map(|id| id.to_string()),
            fallback_when: rotation.fallback_when,
            archived_at: rotation.archived_at,
            revision: Some(rotation.newest().into()),
            version: rotation.version,
        }
    }
}
