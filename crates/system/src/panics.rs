//! Catches panics where they would take more down than the work that panicked.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;

/// A panic that was caught, with its message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it panicked: {0}")]
pub struct Panicked(pub String);

impl From<Box<dyn Any + Send>> for Panicked {
    fn from(payload: Box<dyn Any + Send>) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned());
        Self(text.unwrap_or_else(|| "without a message".to_owned()))
    }
}

/// Calls `work`.
///
/// The caller sees to it that state which `work` may have left half-changed is not used again.
///
/// # Errors
/// [`Panicked`].
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(Panicked::from)
}

/// `work`, to be called on another thread: in the span of this one, so that the log says there what it is about. Its panic
/// is caught, and counted.
pub fn carried<T>(
    place: &'static str,
    work: impl FnOnce() -> T,
) -> impl FnOnce() -> Result<T, Panicked> {
    let span = tracing::Span::current();
    move || span.in_scope(|| catch(work).inspect_err(|_| count(place)))
}

/// Awaits `future`; the same as [`catch`].
///
/// # Errors
/// [`Panicked`].
pub async fn catch_async<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    std::future::poll_fn(
        move |context| match catch(|| future.as_mut().poll(context)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Err(panicked) => Poll::Ready(Err(panicked)),
        },
    )
    .await
}

/// Locks a value that a panic may have left half-changed: then it begins anew.
pub fn lock_or_reset<T: Default>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| {
        let mut value = poisoned.into_inner();
        *value = T::default();
        mutex.clear_poison();
        value
    })
}

/// Counts a panic in the metrics, by where it was caught.
pub fn count(place: &'static str) {
    metrics::counter!("dogwatch_panics_total", "place" => place).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_message() {
        assert_eq!(catch(|| 1), Ok(1));
        let text = catch(|| panic!("no {}", 7)).map(|(): ()| ());
        assert_eq!(text, Err(Panicked("no 7".to_owned())));
        let fixed = catch(|| panic!("plain")).map(|(): ()| ());
        assert_eq!(fixed, Err(Panicked("plain".to_owned())));
    }

    #[test]
    fn what_a_panic_left_half_changed_begins_anew() {
        let numbers = Mutex::new(vec![1]);
        let half = || {
            numbers.lock().unwrap().push(2);
            let _held = numbers.lock().unwrap();
            panic!("in the midst");
        };
        assert!(catch(half).is_err());
        assert_eq!(*lock_or_reset(&numbers), Vec::<i32>::new());
        lock_or_reset(&numbers).push(3);
        assert_eq!(*lock_or_reset(&numbers), [3], "once only");
    }

    #[tokio::test]
    async fn a_panic_of_a_future_is_caught_at_any_poll() {
        assert_eq!(catch_async(async { 1 }).await, Ok(1));
        let late = catch_async(async {
            tokio::task::yield_now().await;
            panic!("late")
        });
        let late: Result<(), _> = late.await;
        assert_eq!(late, Err(Panicked("late".to_owned())));
    }
}
