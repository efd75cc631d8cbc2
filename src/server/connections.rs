//! Ends connections on which nothing is asked for too long.
//!
//! The server itself bounds the first head of a connection, and a connection that rests. It bounds neither a later head
//! that never ends, nor a body that nobody reads, nor an answer that is never fetched: those are ended here.

use std::any::Any;
use std::cell::Cell;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::rt;
use tokio::sync::oneshot;

/// What is known about a connection.
#[derive(Debug)]
struct Activity {
    /// How many of its requests are being answered.
    answering: Cell<u32>,
    /// When something was asked or answered last.
    last: Cell<Instant>,
}

/// A connection that is watched until this is dropped, with the connection.
struct Watched {
    activity: Rc<Activity>,
    _end: oneshot::Sender<()>,
}

/// A request that is being answered.
#[derive(Debug)]
pub struct Answering(Option<Rc<Activity>>);

impl Answering {
    /// Notes that a request has come; dropping this notes that it is answered.
    #[must_use]
    pub fn of(request: &ServiceRequest) -> Self {
        let activity = request
            .conn_data::<Watched>()
            .map(|watched| Rc::clone(&watched.activity));
        if let Some(activity) = &activity {
            activity.answering.set(activity.answering.get() + 1);
        }
        Self(activity)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if let Some(activity) = &self.0 {
            activity
                .answering
                .set(activity.answering.get().saturating_sub(1));
            activity.last.set(Instant::now());
        }
    }
}

/// Watches a new connection: it is ended once nothing was asked or answered for `longest`.
pub fn watch(longest: Duration) -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + 'static {
    move |connection, extensions| {
        let stream = connection.downcast_ref::<rt::net::TcpStream>();
        // A handle of its own: the server does not give its away.
        let handle = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok());
        let Some(handle) = handle else {
            return;
        };
        let activity = Rc::new(Activity {
            answering: Cell::new(0),
            last: Cell::new(Instant::now()),
        });
        let (end, ended) = oneshot::channel();
        extensions.insert(Watched {
            activity: Rc::clone(&activity),
            _end: end,
        });
        rt::spawn(end_when_silent(handle.into(), activity, ended, longest));
    }
}

async fn end_when_silent(
    connection: TcpStream,
    activity: Rc<Activity>,
    mut ended: oneshot::Receiver<()>,
    longest: Duration,
) {
    let mut pause = longest;
    while rt::time::timeout(pause, &mut ended).await.is_err() {
        let silent = activity.last.get().elapsed();
        if activity.answering.get() > 0 {
            pause = longest;
        } else if silent < longest {
            pause = longest.saturating_sub(silent);
        } else {
            tracing::debug!("a connection was ended: nothing was asked for too long");
            // It fails where the client was quicker.
            let _ = connection.shutdown(Shutdown::Both);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use actix_web::dev::Service as _;
    use actix_web::{App, HttpResponse, HttpServer, web};

    use super::*;

    const LONGEST: Duration = Duration::from_millis(400);

    /// A server that answers nothing but `/`, and lets connections rest for an hour.
    fn start() -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let server = HttpServer::new(|| {
                App::new()
                    .wrap_fn(|request, service| {
                        let answering = Answering::of(&request);
                        let answer = service.call(request);
                        async move {
                            let answer = answer.await;
                            drop(answering);
                            answer
                        }
                    })
                    .service(web::resource("/").to(|| async {
                        rt::time::sleep(LONGEST * 2).await;
                        HttpResponse::Ok().body("ok")
                    }))
            })
            .workers(1)
            .disable_signals()
            .keep_alive(Duration::from_hours(1))
            .on_connect(watch(LONGEST));
            rt::System::new().block_on(server.listen(listener).unwrap().run())
        });
        address
    }

    /// What comes until the connection ends, and how long that took.
    fn until_end(connection: &mut TcpStream) -> (String, Duration) {
        connection
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let (begun, mut text) = (Instant::now(), String::new());
        connection.read_to_string(&mut text).expect("it ends");
        (text, begun.elapsed())
    }

    #[test]
    fn a_head_that_never_ends_is_ended_on_any_turn_and_a_slow_answer_is_not() {
        let address = start();
        let mut connection = TcpStream::connect(address).unwrap();
        // Takes longer to answer than a connection may be silent.
        let whole = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        connection.write_all(whole.as_bytes()).unwrap();
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        connection.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
        let (_, took) = until_end(&mut connection);
        assert!(took >= LONGEST / 2, "{took:?}");
    }

    #[test]
    fn a_body_that_nobody_reads_is_ended() {
        let mut connection = TcpStream::connect(start()).unwrap();
        let head =
            "POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n";
        connection.write_all(head.as_bytes()).unwrap();
        let (text, _) = until_end(&mut connection);
        assert!(text.starts_with("HTTP/1.1 404"), "{text}");
    }
}
