//! What the audit log calls what people do.

use crate::stored::{MaybeKnown, stored_as_text};

/// What somebody did. Its name is that of the thing, and of what was done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the names say it, and the pages have a sentence for each"
)]
pub enum AuditAction {
    CalendarChange,
    CalendarCreate,
    CalendarRead,
    CalendarRemove,
    ChatChange,
    FeedChange,
    FeedCreate,
    FeedRevoke,
    HandoverChange,
    IncidentAcceptHandover,
    IncidentChange,
    IncidentDeclare,
    IncidentDeclineHandover,
    IncidentHandOver,
    IncidentRaiseHand,
    IncidentResolve,
    IncidentStay,
    IncidentTick,
    IncidentUpdate,
    OutboxRetry,
    OverrideCancel,
    OverrideCreate,
    PersonChange,
    PersonCreate,
    PersonDeactivate,
    PersonErase,
    PersonPreferences,
    PersonRestoreAddress,
    RotationArchive,
    RotationChange,
    RotationCreate,
    RotationIncidentSettings,
    RotationRevise,
    RotationWithdrawRevision,
    SessionCreate,
    SessionRevoke,
    SwapAccept,
    SwapDecline,
    SwapExpire,
    SwapOpen,
    SwapUndo,
    SwapWithdraw,
    TeamAgree,
    TeamChange,
    TeamCreate,
    TeamJoin,
    TeamLeave,
    TimeOffCancel,
    TimeOffCreate,
    TokenCreate,
    TokenRevoke,
    WebhookCreate,
    WebhookDeclare,
    WebhookRevoke,
}

/// An action in the audit log.
pub type StoredAuditAction = MaybeKnown<AuditAction>;

stored_as_text!(AuditAction {
    CalendarChange = "calendar.change",
    CalendarCreate = "calendar.create",
    CalendarRead = "calendar.read",
    CalendarRemove = "calendar.remove",
    ChatChange = "chat.change",
    FeedChange = "feed.change",
    FeedCreate = "feed.create",
    FeedRevoke = "feed.revoke",
    HandoverChange = "handover.change",
    IncidentAcceptHandover = "incident.accept_handover",
    IncidentChange = "incident.change",
    IncidentDeclare = "incident.declare",
    IncidentDeclineHandover = "incident.decline_handover",
    IncidentHandOver = "incident.hand_over",
    IncidentRaiseHand = "incident.raise_hand",
    IncidentResolve = "incident.resolve",
    IncidentStay = "incident.stay",
    IncidentTick = "incident.tick",
    IncidentUpdate = "incident.update",
    OutboxRetry = "outbox.retry",
    OverrideCancel = "override.cancel",
    OverrideCreate = "override.create",
    PersonChange = "person.change",
    PersonCreate = "person.create",
    PersonDeactivate = "person.deactivate",
    PersonErase = "person.erase",
    PersonPreferences = "person.preferences",
    PersonRestoreAddress = "person.restore_address",
    RotationArchive = "rotation.archive",
    RotationChange = "rotation.change",
    RotationCreate = "rotation.create",
    RotationIncidentSettings = "rotation.incident_settings",
    RotationRevise = "rotation.revise",
    RotationWithdrawRevision = "rotation.withdraw_revision",
    SessionCreate = "session.create",
    SessionRevoke = "session.revoke",
    SwapAccept = "swap.accept",
    SwapDecline = "swap.decline",
    SwapExpire = "swap.expire",
    SwapOpen = "swap.open",
    SwapUndo = "swap.undo",
    SwapWithdraw = "swap.withdraw",
    TeamAgree = "team.agree",
    TeamChange = "team.change",
    TeamCreate = "team.create",
    TeamJoin = "team.join",
    TeamLeave = "team.leave",
    TimeOffCancel = "time_off.cancel",
    TimeOffCreate = "time_off.create",
    TokenCreate = "token.create",
    TokenRevoke = "token.revoke",
    WebhookCreate = "webhook.create",
    WebhookDeclare = "webhook.declare",
    WebhookRevoke = "webhook.revoke",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_name_of_its_own_and_is_found_by_it() {
        for action in AuditAction::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
        }
        let newer: StoredAuditAction = "team.merge".parse().unwrap();
        assert_eq!(newer, MaybeKnown::Unknown("team.merge".to_owned()));
    }
}
