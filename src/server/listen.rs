//! The server.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App as Application, HttpServer, web};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpSocket;

use super::connections;
use super::middleware::{RequestIds, observe};
use super::routes;
use crate::http::body::{Bodies, SLOWEST_BODY};
use crate::http::forwarding::Forwarding;
use crate::http::limits::Limits;
use crate::http::openapi::Document;
use crate::service::App;

/// How long the head of a request may take to arrive. A thread of the server counts from when it last looked at the
/// clock, and it does not look while it makes its routes: where that took as long, the first request was refused (408).
const SLOWEST_HEAD: Duration = Duration::from_secs(30);

/// How many bytes of a connection the system holds before they are read. The server reads all that it holds at once.
const UNREAD: u32 = 64 << 10;

/// How long requests under way may take to end when the server stops, in seconds.
const LAST_REQUESTS: u64 = 10;

/// What is configured about connections.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Which proxies are believed.
    pub forwarding: Forwarding,
    /// How long a connection on which nothing is asked stays open.
    pub keep_alive: Duration,
}

/// A server at `listener`, to be awaited. It stops when its handle says so, not by signals.
///
/// # Errors
/// Where the listener cannot be used.
pub fn server(
    listener: TcpListener,
    app: Arc<App>,
    edge: Edge,
    metrics: PrometheusHandle,
    document: Document,
) -> io::Result<Server> {
    bound_unread(&listener)?;
    let app = web::Data::from(app);
    let document = web::Data::new(document);
    let forwarding = web::Data::new(edge.forwarding);
    let bodies = web::Data::new(Bodies::default());
    let metrics = web::Data::new(metrics);
    let ids = web::Data::new(RequestIds::default());
    let limits = web::Data::new(Limits::default());
    let server = HttpServer::new(move || {
        Application::new()
            .app_data(app.clone())
            .app_data(document.clone())
            .app_data(forwarding.clone())
            .app_data(bodies.clone())
            .app_data(metrics.clone())
            .app_data(ids.clone())
            .app_data(limits.clone())
            .wrap_fn(observe)
            .configure(routes::configure)
    });
    Ok(server
        .disable_signals()
        .keep_alive(edge.keep_alive)
        .on_connect(connections::watch(
            edge.keep_alive + SLOWEST_HEAD + SLOWEST_BODY,
        ))
        .client_request_timeout(SLOWEST_HEAD)
        .shutdown_timeout(LAST_REQUESTS)
        .listen(listener)?
        .run())
}

/// Bounds what the system holds of each connection that will be accepted.
fn bound_unread(listener: &TcpListener) -> io::Result<()> {
    // The standard library has no such option. This is another handle of the same socket.
    let handle = OwnedFd::from(listener.try_clone()?);
    TcpSocket::from_std_stream(TcpStream::from(handle)).set_recv_buffer_size(UNREAD)
}
