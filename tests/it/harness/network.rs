//! A network between a server and its database, which may fail.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// How often a connection looks at the state of the network.
const LOOK: Duration = Duration::from_millis(20);

/// How a network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All is well.
    Open = 0,
    /// Connections are closed, new ones too.
    Down = 1,
    /// Connections stay, and new ones are taken, but nothing comes through until it is open again.
    Silent = 2,
}

/// What stands between a server and its database.
pub struct Network {
    state: Arc<AtomicU8>,
    address: SocketAddr,
}

impl Network {
    /// One in front of this address.
    pub fn before(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(AtomicU8::new(State::Open as u8));
        let seen = Arc::clone(&state);
        // It waits for connections until the tests are over.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                // Where the database does not take it, it is dropped, which closes it.
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(database)) else {
                    continue;
                };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let seen = Arc::clone(&seen);
                    std::thread::spawn(move || pass_on(from, to, &seen));
                }
            }
        });
        Self { state, address }
    }

    /// Where its other end is.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes it so.
    pub fn is(&self, state: State) {
        self.state.store(state as u8, Ordering::SeqCst);
    }
}

/// Passes on what comes in, as long as the network does.
fn pass_on(mut from: TcpStream, mut to: TcpStream, state: &AtomicU8) {
    let is = |wanted: State| state.load(Ordering::SeqCst) == wanted as u8;
    from.set_read_timeout(Some(LOOK)).unwrap();
    let mut some = [0; 8192];
    while !is(State::Down) {
        if is(State::Silent) {
            std::thread::sleep(LOOK);
            continue;
        }
        match from.read(&mut some) {
            Ok(0) => break,
            Ok(count) => {
                // What was read just when the network fell silent arrives when it is over, as with TCP.
                while is(State::Silent) {
                    std::thread::sleep(LOOK);
                }
                if to.write_all(&some[..count]).is_err() {
                    break;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {}
            Err(_) => break,
        }
    }
    // Where the other direction has done so before, there is nothing left to close.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
