//! Work that waits for the database or takes long runs on other threads than the event loop's.

use actix_web::web;

use crate::panics;
use crate::service::Error;

/// Does `work` on another thread.
///
/// # Errors
/// Those of `work`; [`Error::Internal`] where it panics, and [`Error::Unavailable`] while the server ends.
pub async fn run<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    match web::block(move || panics::catch(work)).await {
        Ok(Ok(done)) => done,
        Ok(Err(panicked)) => {
            panics::count("blocking");
            Err(Error::Internal(panicked.to_string()).into())
        }
        Err(_) => Err(Error::Unavailable.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_panic_is_an_internal_error_with_its_cause() {
        let failed = run(|| -> Result<(), Error> { panic!("no rows") }).await;
        assert_eq!(
            failed,
            Err(Error::Internal("it panicked: no rows".to_owned()))
        );
        assert_eq!(run(|| Ok::<_, Error>(1)).await, Ok(1));
    }
}
