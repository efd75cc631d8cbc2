//! The tables, once for both databases.

#![allow(missing_docs, reason = "the migrations describe the tables")]
#![allow(
    clippy::wildcard_imports,
    reason = "the macro wants the SQL types by their short names"
)]

use diesel::{allow_tables_to_appear_in_same_query, table};

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    settings (key) {
        key -> Text,
        value -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    people (id) {
        id -> Text,
        name -> Text,
        email -> Text,
        email_key -> Text,
        role -> Text,
        external_ids -> JsonDoc,
        deactivated_at -> Nullable<UtcTs>,
        deactivation_recorded_at -> Nullable<UtcTs>,
        created_at -> UtcTs,
        version -> BigInt,
        preferences -> JsonDoc,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    profiles (id) {
        id -> Text,
        person_id -> Text,
        effective_from -> Nullable<UtcTs>,
        recorded_at -> Nullable<UtcTs>,
        time_zone -> Text,
        working_hours -> JsonDoc,
        holidays -> JsonDoc,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    time_off (id) {
        id -> Text,
        person_id -> Text,
        starts_at -> UtcTs,
        ends_at -> UtcTs,
        first_day -> Nullable<Text>,
        last_day -> Nullable<Text>,
        reason -> Nullable<Text>,
        recorded_at -> UtcTs,
        cancelled_at -> Nullable<UtcTs>,
        calendar_id -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    calendars (id) {
        id -> Text,
        person_id -> Text,
        name -> Text,
        url -> Text,
        rule -> JsonDoc,
        created_at -> UtcTs,
        removed_at -> Nullable<UtcTs>,
        validators -> JsonDoc,
        next_read_at -> UtcTs,
        tried_at -> Nullable<UtcTs>,
        read_at -> Nullable<UtcTs>,
        whole_at -> Nullable<UtcTs>,
        failing_since -> Nullable<UtcTs>,
        failures -> BigInt,
        problem -> Nullable<Text>,
        skipped -> BigInt,
        version -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    teams (id) {
        id -> Text,
        slug -> Text,
        name -> Text,
        time_zone -> Text,
        created_at -> UtcTs,
        version -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    memberships (team_id, number) {
        team_id -> Text,
        number -> Integer,
        person_id -> Text,
        manages -> Bool,
        starts_at -> Nullable<UtcTs>,
        ends_at -> Nullable<UtcTs>,
        consent -> Text,
        consent_by -> Nullable<Text>,
        consent_at -> Nullable<UtcTs>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    rotations (id) {
        id -> Text,
        team_id -> Text,
        name -> Text,
        title -> Text,
        kind -> Text,
        archived_at -> Nullable<UtcTs>,
        fallback_id -> Nullable<Text>,
        fallback_when -> Text,
        reminders -> JsonDoc,
        created_at -> UtcTs,
        last_sequence -> BigInt,
        version -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    revisions (rotation_id, number) {
        rotation_id -> Text,
        number -> Integer,
        effective_from -> UtcTs,
        recorded_at -> UtcTs,
        time_zone -> Text,
        people -> JsonDoc,
        duty_hours -> JsonDoc,
        handoff_start -> Nullable<Text>,
        handoff_rule -> Nullable<Text>,
        first -> Integer,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    overrides (id) {
        id -> Text,
        rotation_id -> Text,
        sequence -> BigInt,
        starts_at -> UtcTs,
        ends_at -> UtcTs,
        person_id -> Nullable<Text>,
        reason -> Nullable<Text>,
        swap_id -> Nullable<Text>,
        created_by -> Nullable<Text>,
        created_at -> UtcTs,
        cancelled_at -> Nullable<UtcTs>,
        cancelled_by -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    tokens (id) {
        id -> Text,
        person_id -> Text,
        name -> Text,
        hash -> Text,
        scope -> Text,
        created_at -> UtcTs,
        expires_at -> Nullable<UtcTs>,
        revoked_at -> Nullable<UtcTs>,
        made_by -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    feeds (id) {
        id -> Text,
        person_id -> Nullable<Text>,
        hash -> Text,
        scope -> JsonDoc,
        options -> JsonDoc,
        created_at -> UtcTs,
        revoked_at -> Nullable<UtcTs>,
        last_fetched_at -> Nullable<UtcTs>,
        version -> BigInt,
        changed_at -> Nullable<UtcTs>,
        last_fetched_by -> Nullable<Text>,
        made_by -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    publications (uid) {
        uid -> Text,
        rotation_id -> Text,
        origin -> Text,
        segment -> BigInt,
        starts_at -> UtcTs,
        ends_at -> UtcTs,
        digest -> Text,
        sequence -> BigInt,
        modified_at -> UtcTs,
        withdrawn_at -> Nullable<UtcTs>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    audit (id) {
        id -> Text,
        at -> UtcTs,
        actor_id -> Nullable<Text>,
        token_id -> Nullable<Text>,
        address -> Nullable<Text>,
        action -> Text,
        subject_kind -> Text,
        subject_id -> Text,
        before -> JsonDoc,
        after -> JsonDoc,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::UtcTs;

    sessions (id) {
        id -> Text,
        person_id -> Text,
        hash -> Text,
        agent -> Text,
        address -> Nullable<Text>,
        created_at -> UtcTs,
        expires_at -> UtcTs,
        revoked_at -> Nullable<UtcTs>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::UtcTs;

    sign_ins (id) {
        id -> Text,
        person_id -> Text,
        hash -> Nullable<Text>,
        next_path -> Text,
        created_at -> UtcTs,
        expires_at -> UtcTs,
        used_at -> Nullable<UtcTs>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    outbox (id) {
        id -> Text,
        key -> Text,
        kind -> Text,
        person_id -> Nullable<Text>,
        rotation_id -> Nullable<Text>,
        payload -> JsonDoc,
        state -> Text,
        due_at -> UtcTs,
        not_after -> UtcTs,
        attempts -> Integer,
        next_attempt_at -> UtcTs,
        leased_until -> Nullable<UtcTs>,
        message_id -> Text,
        last_error -> Nullable<Text>,
        created_at -> UtcTs,
        finished_at -> Nullable<UtcTs>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    idempotency (actor, route, key) {
        actor -> Text,
        route -> Text,
        key -> Text,
        body_hash -> Text,
        status -> Integer,
        headers -> JsonDoc,
        body -> JsonDoc,
        created_at -> UtcTs,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    roster_version (id) {
        id -> Integer,
        version -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    changes (version, kind, id) {
        version -> BigInt,
        kind -> Text,
        id -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    incidents (id) {
        id -> Text,
        reference_key -> Text,
        rotation_id -> Text,
        is_open -> Bool,
        is_live -> Bool,
        last_event -> Integer,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    incident_events (incident_id, number) {
        incident_id -> Text,
        number -> Integer,
        at -> UtcTs,
        actor_id -> Nullable<Text>,
        fact -> JsonDoc,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    watch_settings (rotation_id) {
        rotation_id -> Text,
        settings -> JsonDoc,
        version -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    incident_webhooks (id) {
        id -> Text,
        rotation_id -> Text,
        name -> Text,
        mapping -> JsonDoc,
        created_at -> UtcTs,
        revoked_at -> Nullable<UtcTs>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    webhook_deliveries (webhook_id, delivery_id) {
        webhook_id -> Text,
        delivery_id -> Text,
        at -> UtcTs,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    swaps (id) {
        id -> Text,
        rotation_id -> Text,
        person_id -> Text,
        starts_at -> UtcTs,
        ends_at -> UtcTs,
        return_starts_at -> Nullable<UtcTs>,
        return_ends_at -> Nullable<UtcTs>,
        to_team -> Bool,
        note -> Nullable<Text>,
        state -> Text,
        expires_at -> UtcTs,
        opened_by -> Nullable<Text>,
        created_at -> UtcTs,
        decided_at -> Nullable<UtcTs>,
        version -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    handovers (rotation_id, at) {
        rotation_id -> Text,
        at -> UtcTs,
        notes -> JsonDoc,
        written_by -> Nullable<Text>,
        written_at -> Nullable<UtcTs>,
        is_closed -> Bool,
        version -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    swap_people (swap_id, person_id) {
        swap_id -> Text,
        person_id -> Text,
        is_named -> Bool,
        declined_at -> Nullable<UtcTs>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    handover_items (id) {
        id -> Text,
        rotation_id -> Text,
        list -> Text,
        text -> Text,
        since -> UtcTs,
        done_at -> Nullable<UtcTs>,
        done_by -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    chats (id) {
        id -> Text,
        team_id -> Nullable<Text>,
        rotation_id -> Nullable<Text>,
        settings -> JsonDoc,
        version -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::types::{JsonDoc, UtcTs};

    address_changes (id) {
        id -> Text,
        person_id -> Text,
        old_email -> Text,
        new_email -> Text,
        changed_by -> Nullable<Text>,
        changed_at -> UtcTs,
        undone_at -> Nullable<UtcTs>,
    }
}

allow_tables_to_appear_in_same_query!(
    address_changes,
    settings,
    people,
    profiles,
    time_off,
    calendars,
    teams,
    memberships,
    rotations,
    revisions,
    overrides,
    swaps,
    swap_people,
    tokens,
    sessions,
    sign_ins,
    feeds,
    publications,
    audit,
    outbox,
    idempotency,
    roster_version,
    changes,
    chats,
    handovers,
    handover_items,
    incidents,
    incident_events,
    watch_settings,
    incident_webhooks,
    webhook_deliveries
);
