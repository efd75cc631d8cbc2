//! Whether sessions are our own: a pooler that hands server connections from client to client (pgbouncer in transaction
//! mode) loses what this program relies on, which are prepared statements, settings, locks of a session and LISTEN.
//!
//! No pooler says so by itself, so it is tried: two clients look which server process serves them. With sessions of
//! their own, each keeps one, and it is not the other's.

use std::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage};

use super::postgres;
use super::reason::Failure;

/// How often it is tried. A pooler that takes the connection used last is found out at once.
const ROUNDS: usize = 3;

/// How long all of it may take.
const LOOKING: Duration = Duration::from_secs(5);

/// Connects, which shows whether that works at all, and looks whether sessions are shared.
///
/// # Errors
/// Why there is no connection; that sessions are shared.
pub(super) fn refuse_shared_sessions(url: &str) -> Result<(), Failure> {
    postgres::block_on(async {
        let first = postgres::client(url).await?;
        let second = match postgres::client(url).await {
            Ok(second) => second,
            // A role may be allowed a single connection: then nothing can be seen, and nobody shares it.
            Err(error) => {
                tracing::debug!(%error, "whether sessions are shared was not looked at");
                return Ok(());
            }
        };
        let shared = tokio::time::timeout(LOOKING, are_shared(&first, &second)).await;
        match shared {
            Ok(Ok(false)) => Ok(()),
            Ok(Ok(true)) => Err(
                "a pooler in between shares server connections (pgbouncer in transaction mode): sessions are needed, so \
                 set pool_mode=session for this database, or name PostgreSQL itself"
                    .into(),
            ),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err("no answer in time".into()),
        }
    })
}

async fn are_shared(first: &Client, second: &Client) -> Result<bool, tokio_postgres::Error> {
    let own = process(first).await?;
    for _ in 0..ROUNDS {
        if process(first).await? != own {
            return Ok(true);
        }
        // The second one keeps its server connection for as long as the transaction lasts.
        second.batch_execute("BEGIN").await?;
        let shared = process(second).await? == own || process(first).await? != own;
        second.batch_execute("ROLLBACK").await?;
        if shared {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The server process behind a connection.
async fn process(client: &Client) -> Result<Option<String>, tokio_postgres::Error> {
    let rows = client.simple_query("SELECT pg_backend_pid()").await?;
    Ok(rows.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}
