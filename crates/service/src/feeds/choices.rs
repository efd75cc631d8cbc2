//! What a subscriber chooses.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::schedule::feed::{self, FARTHEST, Feed};
use crate::{ValidationErrors, values};

/// An alarm comes at most a week before.
const EARLIEST_ALARM: u16 = 7 * 24 * 60;

/// Choices, as they are sent: what is left out is as before, or as by default.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Shifts take the subscriber's time, so that others see them as busy (by default they do not).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_time: Option<bool>,
    /// An alarm so many minutes before each event, at most a week; null for none (the default).
    #[serde(
        deserialize_with = "values::given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<u16>)]
    pub alarm_minutes: Option<Option<i64>>,
    /// Gaps are shown too, with whoever answers in them; not in feeds of one person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gaps: Option<bool>,
    /// One event for each day on which the person works, instead of the whole shift.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_days: Option<bool>,
    /// Times are those of the subscriber's own zone, with its rules, instead of UTC: for programs that say
    /// "Coordinated Universal Time" otherwise, such as Outlook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_times: Option<bool>,
    /// How many days back it reaches, at most 400; null for the default, 60.
    #[serde(
        deserialize_with = "values::given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<u16>)]
    pub past_days: Option<Option<i64>>,
    /// How many days ahead it reaches, at most 400; null for the default, 365 for one person and 180
    /// for more.
    #[serde(
        deserialize_with = "values::given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<u16>)]
    pub future_days: Option<Option<i64>>,
}

/// Choices that a feed has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FeedOptions)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent choices, each by its name"
)]
pub struct OptionsView {
    /// Shifts take the subscriber's time.
    pub block_time: bool,
    /// An alarm so many minutes before each event.
    pub alarm_minutes: Option<u16>,
    /// Gaps are shown too.
    pub gaps: bool,
    /// One event for each day on which the person works.
    pub working_days: bool,
    /// Times are those of the subscriber's own zone.
    pub local_times: bool,
    /// How many days back it reaches.
    pub past_days: u16,
    /// How many days ahead it reaches.
    pub future_days: u16,
}

impl From<&Feed> for OptionsView {
    fn from(feed: &Feed) -> Self {
        Self {
            block_time: feed.options.block_time,
            alarm_minutes: feed.options.alarm_minutes,
            gaps: feed.options.gaps,
            working_days: feed.options.working_days,
            local_times: feed.options.local_times,
            past_days: feed.past_days(),
            future_days: feed.future_days(),
        }
    }
}

impl Options {
    /// The choices that were made before, with these instead.
    pub(super) fn over(
        self,
        errors: &mut ValidationErrors,
        pointer: &str,
        before: feed::Options,
    ) -> Option<feed::Options> {
        let mut read = |field: &str, given: Option<Option<i64>>, before, least, most| match given {
            None => Some(before),
            Some(None) => Some(None),
            Some(Some(number)) => {
                let inside = u16::try_from(number)
                    .ok()
                    .filter(|n| (least..=most).contains(n));
                let wrong = || format!("must lie between {least} and {most}");
                errors
                    .check(format!("{pointer}/{field}"), inside.ok_or_else(wrong))
                    .map(Some)
            }
        };
        let alarm = read(
            "alarm_minutes",
            self.alarm_minutes,
            before.alarm_minutes,
            0,
            EARLIEST_ALARM,
        );
        let past = read("past_days", self.past_days, before.past_days, 0, FARTHEST);
        let future = read(
            "future_days",
            self.future_days,
            before.future_days,
            1,
            FARTHEST,
        );
        Some(feed::Options {
            block_time: self.block_time.unwrap_or(before.block_time),
            alarm_minutes: alarm?,
            gaps: self.gaps.unwrap_or(before.gaps),
            working_days: self.working_days.unwrap_or(before.working_days),
            local_times: self.local_times.unwrap_or(before.local_times),
            past_days: past?,
            future_days: future?,
        })
    }
}
