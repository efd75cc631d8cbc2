//! `dogwatch who`.

use std::sync::Arc;

use chrono::SecondsFormat;
use clap::Args;

use super::{BadArgument, output};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::timeline::Timeline;
use crate::domain::time::interval::{FOREVER, Timestamp};
use crate::service::input;
use crate::snapshot::Snapshot;
use crate::startup;

/// Arguments of `who`.
#[derive(Debug, Args)]
pub struct Who {
    /// Only this team (its slug).
    #[arg(long, value_name = "SLUG")]
    team: Option<String>,
    /// When, as 2026-03-02T10:00:00Z; now by default.
    #[arg(long, value_name = "INSTANT")]
    at: Option<String>,
}

const HEADINGS: [&str; 5] = ["TEAM", "TITLE", "PERSON", "UNTIL", ""];

impl Who {
    /// Prints a table.
    ///
    /// # Errors
    /// Where the database cannot be read or there is no such team.
    pub fn run(self, config: &Config) -> anyhow::Result<()> {
        let clock = Arc::new(SystemClock);
        let now = clock.now();
        let at = self
            .at
            .as_deref()
            .map_or(Ok(now), |text| input::bounded(text, now))
            .map_err(|error| BadArgument(format!("--at: {error}")))?;
        let store = startup::open_existing_store(config)?;
        let app = startup::application(config, store, clock, config.listen)?;
        let snapshot = app.snapshots.snapshot();
        if let Some(slug) = &self.team
            && snapshot.team_of_slug(slug).is_none()
        {
            anyhow::bail!("--team: there is no team {slug:?}");
        }
        let rows: Vec<[String; 5]> = snapshot
            .timelines()
            .filter_map(|timeline| row(&snapshot, timeline, self.team.as_deref(), at))
            .collect();
        if rows.is_empty() {
            output::line("There are no rotations.")
        } else {
            output::line(&table(&rows))
        }
    }
}

fn row(
    snapshot: &Snapshot,
    timeline: &Timeline,
    team: Option<&str>,
    at: Timestamp,
) -> Option<[String; 5]> {
    let rotation = timeline.rotation();
    let slug = &snapshot.team(rotation.team)?.slug;
    if team.is_some_and(|wanted| wanted != slug) {
        return None;
    }
    let duty = snapshot.duty(rotation.id, at)?;
    let person = duty.person.and_then(|id| snapshot.person(id));
    let until = duty.shift.map(|shift| shift.end());
    let remark = match (person, duty.working.now) {
        (None, _) => "",
        (Some(_), true) => "working",
        (Some(_), false) => "not working",
    };
    Some([
        slug.clone(),
        rotation.title.clone(),
        person.map_or_else(|| "nobody".to_owned(), |person| person.name.clone()),
        until.map_or_else(String::new, show),
        remark.to_owned(),
    ])
}

fn show(end: Timestamp) -> String {
    if end < FOREVER {
        end.to_rfc3339_opts(SecondsFormat::Secs, true)
    } else {
        "for good".to_owned()
    }
}

fn table(rows: &[[String; 5]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let heading = HEADINGS.get(column).map_or(0, |heading| heading.len());
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .max(heading)
    };
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let line = |cells: [&str; 5]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let rows = rows.iter().map(|row| row.each_ref().map(String::as_str));
    let lines: Vec<String> = std::iter::once(HEADINGS).chain(rows).map(line).collect();
    lines.join("\n")
}
