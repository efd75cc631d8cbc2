//! A synchronous PostgreSQL connection for Diesel in pure Rust: tokio-postgres and rustls on one
//! small runtime of their own. So there is no libpq and no OpenSSL to install.

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::time::Duration;

use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, Instrumentation,
    LoadConnection, SimpleConnection,
};
use diesel::expression::QueryMetadata;
use diesel::internal::derives::multiconnection::MultiConnectionHelper;
use diesel::migration::{CREATE_MIGRATIONS_TABLE, MigrationConnection};
use diesel::pg::{Pg, PgMetadataLookup, PgTypeMetadata};
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::r2d2::R2D2Connection;
use diesel::sql_types::TypeMetadata;
use diesel::{ConnectionError, ConnectionResult, QueryResult};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::{AsyncConnectionWrapper, BlockOn};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_postgres::Socket;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::postgres_url::Target;
use super::reason::{Failure, reason};

/// How long a statement may take, here and by the server's clock. A wait for a lock ends sooner.
const PATIENCE: Duration = Duration::from_secs(8);

/// What the server is told of our patience. A transaction that we fell silent in gives up its locks.
const LIMITS: &str = "SET lock_timeout = '5s'; SET statement_timeout = '8s'; \
    SET idle_in_transaction_session_timeout = '10s'";

/// How often who listens asks whether anybody is still there.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The runtime that owns every PostgreSQL socket.
#[expect(
    clippy::expect_used,
    reason = "a machine that cannot start a thread cannot run the program"
)]
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .expect("a runtime")
    })
}

/// Blocks on the runtime of the sockets.
pub struct OnRuntime;

impl BlockOn for OnRuntime {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        runtime().block_on(future)
    }

    fn get_runtime() -> Self {
        Self
    }
}

type Inner = AsyncConnectionWrapper<AsyncPgConnection, OnRuntime>;

/// The connection. A statement that is not answered in time ends it: a server that is silent counts as away.
pub struct Postgres {
    inner: Inner,
    transactions: AnsiTransactionManager,
    /// The task that moves bytes between us and the server.
    driver: AbortHandle,
    patience: Option<Duration>,
}

impl Postgres {
    /// Whether statements may take as long as they like, as those of migrations may.
    ///
    /// # Errors
    ///
    /// Where the server cannot be told.
    pub fn be_patient(&mut self, patient: bool) -> QueryResult<()> {
        self.patience = (!patient).then_some(PATIENCE);
        self.batch_execute(if patient {
            "SET lock_timeout = 0; SET statement_timeout = 0"
        } else {
            LIMITS
        })
    }

    fn limit(&self) -> Option<Limit> {
        let (patience, driver) = (self.patience?, self.driver.clone());
        let timer = runtime().spawn(async move {
            tokio::time::sleep(patience).await;
            driver.abort();
        });
        Some(Limit(timer.abort_handle()))
    }
}

/// Ends a connection to a server that has become a standby: the next one may find the server that took over.
fn leave_if_read_only(driver: &AbortHandle, error: &diesel::result::Error) {
    use diesel::result::{DatabaseErrorKind, Error};
    if matches!(
        error,
        Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _)
    ) {
        driver.abort();
    }
}

/// Ends a connection when the time is up, unless it is dropped before.
struct Limit(AbortHandle);

impl Drop for Limit {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Rows that have to come in time.
pub struct Limited<Rows> {
    rows: Rows,
    _limit: Option<Limit>,
}

impl<Rows: Iterator> Iterator for Limited<Rows> {
    type Item = Rows::Item;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next()
    }
}

impl SimpleConnection for Postgres {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let _limit = self.limit();
        self.inner.batch_execute(query)
    }
}

impl ConnectionSealed for Postgres {}

impl Connection for Postgres {
    type Backend = Pg;
    type TransactionManager = AnsiTransactionManager;

    fn establish(url: &str) -> ConnectionResult<Self> {
        let failed = |error: Failure| ConnectionError::BadConnection(reason(&*error));
        let (inner, driver) = runtime().block_on(connect(url)).map_err(failed)?;
        Ok(Self {
            inner: Inner::from(inner),
            transactions: AnsiTransactionManager::default(),
            driver,
            patience: Some(PATIENCE),
        })
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Pg> + QueryId,
    {
        let _limit = self.limit();
        let done = self.inner.execute_returning_count(source);
        done.inspect_err(|error| leave_if_read_only(&self.driver, error))
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        Connection::instrumentation(&mut self.inner)
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        Connection::set_instrumentation(&mut self.inner, instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        Connection::set_prepared_statement_cache_size(&mut self.inner, size);
    }
}

impl LoadConnection for Postgres {
    type Cursor<'conn, 'query> = Limited<<Inner as LoadConnection>::Cursor<'conn, 'query>>;
    type Row<'conn, 'query> = <Inner as LoadConnection>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Pg> + QueryId + 'query,
        Pg: QueryMetadata<T::SqlType>,
    {
        let limit = self.limit();
        let driver = self.driver.clone();
        let rows = self.inner.load(source);
        Ok(Limited {
            rows: rows.inspect_err(|error| leave_if_read_only(&driver, error))?,
            _limit: limit,
        })
    }
}

impl MigrationConnection for Postgres {
    fn setup(&mut self) -> QueryResult<usize> {
        self.batch_execute(CREATE_MIGRATIONS_TABLE).map(|()| 0)
    }
}

impl R2D2Connection for Postgres {
    /// Says whether the connection is open, and asks nobody: its driver notices when the server closes it, and a
    /// server that is silent would keep whoever wants a connection waiting for one after the other.
    fn ping(&mut self) -> QueryResult<()> {
        if self.is_broken() {
            return Err(diesel::result::Error::BrokenTransactionManager);
        }
        Ok(())
    }

    fn is_broken(&mut self) -> bool {
        R2D2Connection::is_broken(&mut self.inner)
    }
}

/// Only types with fixed object ids are used, so the catalogue is never asked.
struct FixedOids;

impl PgMetadataLookup for FixedOids {
    fn lookup_type(&mut self, name: &str, _schema: Option<&str>) -> PgTypeMetadata {
        tracing::error!(name, "a PostgreSQL type without a fixed object id was used");
        PgTypeMetadata::new(0, 0)
    }

    fn as_any<'a>(&mut self) -> &mut (dyn Any + 'a)
    where
        Self: 'a,
    {
        self
    }
}

impl MultiConnectionHelper for Postgres {
    fn to_any<'a>(_lookup: &mut <Pg as TypeMetadata>::MetadataLookup) -> &mut (dyn Any + 'a) {
        // Of no size: nothing is allocated, nothing leaks.
        Box::leak(Box::new(FixedOids))
    }

    fn from_any(lookup: &mut dyn Any) -> Option<&mut <Pg as TypeMetadata>::MetadataLookup> {
        lookup
            .downcast_mut::<FixedOids>()
            .map(|lookup| -> &mut dyn PgMetadataLookup { lookup })
    }
}

/// A client that talks to a server, and its other half, which moves the bytes.
type Halves = (
    tokio_postgres::Client,
    tokio_postgres::Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>,
);

/// Connects to the first place of a URL that takes us.
async fn halves(url: &str) -> Result<Halves, Failure> {
    let target = Target::parse(url)?;
    let tls = target.tls()?;
    let mut refused = Vec::new();
    for place in target.places() {
        let config = target.at(&place);
        let connecting = async { config.connect(tls.clone()).await.map_err(Failure::from) };
        match in_time(target.patience(), connecting).await {
            Ok(halves) => return Ok(halves),
            Err(error) => refused.push(format!("{place}: {}", reason(&*error))),
        }
    }
    Err(refused.join("; ").into())
}

/// A client whose bytes are moved until it is dropped.
pub(super) async fn client(url: &str) -> Result<tokio_postgres::Client, Failure> {
    let (client, connection) = halves(url).await?;
    drive(connection);
    Ok(client)
}

fn drive(
    connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
) -> AbortHandle {
    let driver = tokio::spawn(async {
        if let Err(error) = connection.await {
            tracing::debug!(error = reason(&error), "a connection to PostgreSQL ended");
        }
    });
    driver.abort_handle()
}

/// Blocks on the runtime of the sockets.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> T {
    runtime().block_on(work)
}

async fn connect(url: &str) -> Result<(AsyncPgConnection, AbortHandle), Failure> {
    let (client, connection) = halves(url).await?;
    let driver = drive(connection);
    let connection = in_time(PATIENCE, async {
        Ok(AsyncPgConnection::try_from(client).await?)
    });
    Ok((connection.await?, driver))
}

/// What should not take longer than this.
async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err("no answer in time".into()))
}

/// Listens on a channel with a connection of its own and calls `heard` for every notification, and once at the
/// beginning for what may have been missed; until the connection ends.
///
/// # Errors
///
/// Why the connection could not be made, or ended.
///
/// # Panics
///
/// Where `heard` does.
pub async fn listen(
    url: &str,
    channel: &str,
    heard: impl Fn() + Send + Clone + 'static,
) -> Result<(), Failure> {
    let beginning = heard.clone();
    let (client, mut connection) = halves(url).await?;
    let mut pump = JoinSet::new();
    pump.spawn(async move {
        while let Some(message) =
            std::future::poll_fn(|context| connection.poll_message(context)).await
        {
            if let tokio_postgres::AsyncMessage::Notification(_) = message? {
                heard();
            }
        }
        Ok::<_, tokio_postgres::Error>(())
    });
    let listen = format!("LISTEN {channel}");
    in_time(PATIENCE, async { Ok(client.batch_execute(&listen).await?) }).await?;
    beginning();
    loop {
        if let Ok(ended) = timeout(HEARTBEAT, pump.join_next()).await {
            return match ended {
                Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
                ended => Ok(ended.transpose()?.transpose().map(|_| ())?),
            };
        }
        in_time(PATIENCE, async { Ok(client.batch_execute("").await?) }).await?;
    }
}
