//! Work that waits for the database or takes long runs on other threads than the event loop's.

use actix_web::rt::task::spawn_blocking;
use tokio::sync::oneshot;
use tracing::Span;

use super::error::Problem;
use crate::cause::Cause;
use crate::panics::{self, Panicked};
use crate::service::Error;

/// Does `work` on another thread, in the present span. Where nobody awaits the end of it any more, since the client has
/// left, the log tells of its failure.
///
/// # Errors
/// Those of `work`; [`Error::Internal`] where it panics or is never begun.
pub async fn run<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Into<Problem> + Send + 'static,
{
    let (job, done) = hand_over(work);
    // What becomes of the job is told by `done`.
    drop(spawn_blocking(job));
    done.await
}

/// `work` as a job for another thread, and what comes of it.
fn hand_over<T, E>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> (
    impl FnOnce() + Send + 'static,
    impl Future<Output = Result<T, E>>,
)
where
    T: Send + 'static,
    E: From<Error> + Into<Problem> + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let span = Span::current();
    let work = panics::carried("blocking", work);
    let job = move || {
        let end = work().unwrap_or_else(|panicked: Panicked| Err(internal(Cause::of(panicked))));
        let end = Unheard {
            end: Some(end),
            span,
        };
        // Where nobody receives it, it is told when it is dropped.
        drop(sender.send(end));
    };
    let done = async move {
        let heard = receiver.await.ok().and_then(|mut end| end.end.take());
        heard.unwrap_or_else(|| {
            count_unheard("cancelled");
            Err(internal("work on another thread was cancelled"))
        })
    };
    (job, done)
}

fn internal<E: From<Error>>(cause: impl Into<Cause>) -> E {
    Error::internal(cause).into()
}

/// How work ended, until somebody hears it. Dropped before that, it is told in the log.
struct Unheard<T, E: Into<Problem>> {
    end: Option<Result<T, E>>,
    span: Span,
}

impl<T, E: Into<Problem>> Drop for Unheard<T, E> {
    fn drop(&mut self) {
        let Some(Err(error)) = self.end.take() else {
            return;
        };
        let problem: Problem = error.into();
        let status = problem.status().as_u16();
        self.span.in_scope(|| {
            if let Some(cause) = problem.cause() {
                count_unheard("client left");
                tracing::error!(status, cause, "it failed, and the client had left");
            } else {
                // What it would have been told may quote what it sent.
                tracing::debug!(status, "it was refused, and the client had left");
            }
        });
    }
}

fn count_unheard(why: &'static str) {
    metrics::counter!("dogwatch_unheard_failures_total", "why" => why).increment(1);
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps what is logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        /// What `work` logs in the span of a request.
        fn of(work: impl FnOnce()) -> String {
            let log = Self::default();
            let written = log.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_writer(move || written.clone())
                .with_ansi(false)
                .finish();
            tracing::subscriber::with_default(subscriber, || {
                tracing::error_span!("request", request_id = "r-1").in_scope(work);
            });
            let text = log.0.lock().unwrap().clone();
            String::from_utf8(text).unwrap()
        }
    }

    fn fail() -> Result<(), Error> {
        let disk = io::Error::other("no space left");
        Err(Error::caused("a row cannot be written", disk))
    }

    #[track_caller]
    fn assert_told(log: &str, cause: &str) {
        let told = log.lines().find(|line| line.contains(cause));
        let told = told.unwrap_or_else(|| panic!("{cause:?} is not in {log:?}"));
        assert!(told.contains("request_id=\"r-1\""), "{told}");
    }

    #[actix_web::test]
    async fn a_panic_is_an_internal_error_with_its_cause() {
        let failed = run(|| -> Result<(), Error> { panic!("no rows") }).await;
        assert_eq!(failed, Err(Error::internal("it panicked: no rows")));
        assert_eq!(run(|| Ok::<_, Error>(1)).await, Ok(1));
    }

    #[actix_web::test]
    async fn work_that_is_never_begun_is_an_internal_error() {
        let (job, done) = hand_over(|| Ok::<_, Error>(()));
        drop(job);
        let cancelled = Error::internal("work on another thread was cancelled");
        assert_eq!(done.await, Err(cancelled));
    }

    #[test]
    fn work_whose_future_is_dropped_tells_its_failure_and_its_panic() {
        let log = Log::of(|| {
            let (job, done) = hand_over(fail);
            drop(done);
            job();
        });
        assert_told(&log, "a row cannot be written: no space left");
        let log = Log::of(|| {
            let (job, done) = hand_over(|| -> Result<(), Error> { panic!("no rows") });
            drop(done);
            job();
        });
        assert_told(&log, "it panicked: no rows");
    }

    #[test]
    fn a_failure_that_came_just_before_the_client_left_is_told() {
        let log = Log::of(|| {
            let (job, done) = hand_over(fail);
            job();
            drop(done);
        });
        assert_told(&log, "a row cannot be written: no space left");
    }
}
