//! Whether everything works, and why not.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::App;
use crate::domain::time::interval::Timestamp;

/// How the application does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether it can answer at all.
    pub ready: bool,
    /// What does not work, in words that a stranger may read: no paths, no addresses.
    pub reasons: Vec<String>,
    /// Since when the first of them is known.
    pub since: Option<Timestamp>,
}

/// Since when each reason is known.
#[derive(Debug, Default)]
pub struct Degradation(Mutex<BTreeMap<String, Timestamp>>);

impl Degradation {
    fn update(&self, reasons: Vec<(String, Timestamp)>) -> Option<Timestamp> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|reason, _| reasons.iter().any(|(one, _)| one == reason));
        for (reason, since) in reasons {
            known.entry(reason).or_insert(since);
        }
        known.values().min().copied()
    }
}

impl App {
    /// How it does now. Asked often, so that it is known since when something does not work.
    #[must_use]
    pub fn health(&self) -> Health {
        let now = self.clock.now();
        let mut found = Vec::new();
        if let Some(since) = self.snapshots.stale_since() {
            found.push(("database away".to_owned(), since));
        }
        if let Some(trouble) = self.store.trouble() {
            found.push((trouble.reason().to_owned(), now));
        }
        for thread in self.threads.in_trouble() {
            found.push((format!("thread {thread} panicked"), now));
        }
        let reasons: Vec<String> = found.iter().map(|(reason, _)| reason.clone()).collect();
        let since = self.degradation.update(found);
        metrics::gauge!("dogwatch_degraded").set(if reasons.is_empty() { 0.0 } else { 1.0 });
        Health {
            ready: self.snapshots.is_ready(),
            reasons,
            since,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::instant;

    #[test]
    fn the_first_of_the_reasons_that_are_left_counts() {
        let at = |minute: u32| instant(&format!("2026-03-02T09:{minute:02}:00Z")).unwrap();
        let degradation = Degradation::default();
        let update = |reasons: &[&str], minute| {
            let reasons = reasons
                .iter()
                .map(|reason| ((*reason).to_owned(), at(minute)));
            degradation.update(reasons.collect())
        };
        assert_eq!(update(&[], 0), None);
        assert_eq!(update(&["disk full"], 1), Some(at(1)));
        assert_eq!(update(&["disk full", "database away"], 2), Some(at(1)));
        assert_eq!(update(&["database away"], 3), Some(at(2)));
        assert_eq!(update(&[], 4), None);
        assert_eq!(update(&["disk full"], 5), Some(at(5)));
    }
}
