//! Request bodies. Every body is read here: bounded in size, in time and in how much of all of them is held in memory.
//!
//! Nothing is unpacked before a token was found good, and what is unpacked never grows past the largest body: actix's
//! own decoder unpacks a whole chunk before anybody can look at its size. `clippy.toml` refuses its extractors.

use std::io::{self, BufRead, Read as _};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::rt::time::timeout;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, web};
use flate2::bufread::{GzDecoder, ZlibDecoder};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::blocking;
use super::error::Problem;
use crate::service::Error;

/// The largest body, in bytes, packed and unpacked.
pub const LARGEST_BODY: usize = 1 << 20;

/// The largest form of somebody who is not signed in, in bytes.
pub const LARGEST_SMALL_BODY: usize = 16 << 10;

/// How long a body may take to arrive: a connection is not kept for somebody who never sends the rest.
pub const SLOWEST_BODY: Duration = Duration::from_mins(1);

/// How many bytes of bodies from strangers are held at the same time, and how many from everybody else. Strangers have
/// their own budget, so that they cannot use up everybody's.
const HELD_FOR_STRANGERS: usize = 16 << 20;
const HELD_FOR_KNOWN: usize = 64 << 20;

/// A body takes its share of the budget in pieces of at least so many bytes: a body that comes in chunks of one byte must
/// not cost much more than another, since all of it is read in one go.
const SHARE: usize = 512;

/// How many packed or long bodies are unpacked and parsed at the same time.
const TURNS: usize = 2;

/// Bodies up to this many bytes are short: they are parsed at once, on the event loop.
const SHORT: usize = 64 << 10;

/// What all bodies of this server share.
#[derive(Debug)]
pub struct Bodies {
    strangers: Arc<Semaphore>,
    known: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            strangers: Arc::new(Semaphore::new(HELD_FOR_STRANGERS)),
            known: Arc::new(Semaphore::new(HELD_FOR_KNOWN)),
            turns: Arc::new(Semaphore::new(TURNS)),
        }
    }
}

/// Who sends a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A program with a good token: may pack what it sends.
    Program,
    /// Somebody signed in.
    SignedIn,
    /// Anybody at all.
    Stranger,
}

/// A body that was read.
#[derive(Debug)]
pub struct ReadBody {
    /// The bytes, unpacked.
    pub bytes: Bytes,
    /// Its share of the memory for bodies.
    _held: Option<OwnedSemaphorePermit>,
    /// Its turn, which lasts until it is parsed.
    _turn: Option<OwnedSemaphorePermit>,
}

impl ReadBody {
    /// Makes something of the body. What is long is parsed on another thread: the event loop must not wait for it.
    ///
    /// # Errors
    /// Those of `parse`.
    pub async fn parsed<T: Send + 'static>(
        self,
        parse: impl FnOnce(&[u8]) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        if self.bytes.len() <= SHORT {
            return parse(&self.bytes);
        }
        blocking::run(move || parse(&self.bytes)).await
    }
}

/// Reads the body of a request. Nothing is read before the future is awaited.
pub fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    sender: Sender,
    largest: usize,
) -> LocalBoxFuture<'static, Result<ReadBody, Problem>> {
    let bodies = request.app_data::<web::Data<Bodies>>().cloned();
    let allowed = allowed_coding(request.headers(), sender).and_then(|coding| {
        let announced = announced_length(request.headers(), largest)?;
        Ok((coding, announced))
    });
    let payload = payload.take();
    Box::pin(async move {
        let (coding, announced) = allowed?;
        let bodies =
            bodies.ok_or_else(|| Error::internal("the server has no memory for bodies"))?;
        let collected = collect(payload, bodies.budget(sender), announced, largest);
        let (bytes, held) = timeout(SLOWEST_BODY, collected)
            .await
            .map_err(|_| too_slow())??;
        let turn = bodies.turn(sender, coding, bytes.len()).await?;
        let bytes = unpacked(coding, bytes, largest).await?;
        Ok(ReadBody {
            bytes,
            _held: held,
            _turn: turn,
        })
    })
}

impl Bodies {
    fn budget(&self, sender: Sender) -> Arc<Semaphore> {
        Arc::clone(match sender {
            Sender::Stranger => &self.strangers,
            Sender::Program | Sender::SignedIn => &self.known,
        })
    }

    /// Waits for the turn of a body that costs much. What strangers send is not parsed before it is believed.
    async fn turn(
        &self,
        sender: Sender,
        coding: Coding,
        bytes: usize,
    ) -> Result<Option<OwnedSemaphorePermit>, Problem> {
        let is_cheap = coding == Coding::Identity && bytes <= SHORT;
        if is_cheap || sender == Sender::Stranger {
            return Ok(None);
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        turn.map(Some).map_err(|_| Error::Unavailable.into())
    }
}

/// The packed bytes, and their share of the budget.
async fn collect(
    mut payload: Payload,
    budget: Arc<Semaphore>,
    announced: usize,
    largest: usize,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Problem> {
    // Most bodies fit without growing; what is only announced takes no more than this.
    let mut bytes = Vec::with_capacity(announced.min(2 * SHORT));
    let mut held: Option<OwnedSemaphorePermit> = None;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| incomplete(&error))?;
        let length = bytes.len() + chunk.len();
        if length > largest {
            return Err(too_large(largest));
        }
        let room = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if length > room {
            let share = acquire(&budget, (length - room).max(SHARE))?;
            match &mut held {
                Some(held) => held.merge(share),
                None => held = Some(share),
            }
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((bytes.into(), held))
}

fn acquire(budget: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let share = u32::try_from(bytes).map_err(|_| no_room())?;
    let share = Arc::clone(budget).try_acquire_many_owned(share);
    share.map_err(|_| no_room())
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Deflate,
}

impl Coding {
    /// The one coding of a body; `None` where it is unknown, or packed more than once.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut found = Self::Identity;
        let all = headers.get_all(header::CONTENT_ENCODING);
        for (index, line) in all.enumerate() {
            found = match line.as_bytes().trim_ascii().to_ascii_lowercase().as_slice() {
                _ if index > 0 => return None,
                b"identity" | b"" => Self::Identity,
                b"gzip" | b"x-gzip" => Self::Gzip,
                b"deflate" => Self::Deflate,
                _ => return None,
            };
        }
        Some(found)
    }
}

/// What is packed as nobody here can unpack it would be read as it stands (RFC 9110 §8.4).
fn allowed_coding(headers: &HeaderMap, sender: Sender) -> Result<Coding, Problem> {
    let packed = match Coding::of(headers) {
        Some(Coding::Identity) => return Ok(Coding::Identity),
        packed => packed.filter(|_| sender == Sender::Program),
    };
    let (detail, readable) = if sender == Sender::Program {
        (
            "the body must have the Content-Encoding gzip or deflate, or none",
            "gzip, deflate",
        )
    } else {
        (
            "the body must not be compressed: send it without Content-Encoding",
            "identity",
        )
    };
    packed.ok_or_else(|| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
            .header(header::ACCEPT_ENCODING, HeaderValue::from_static(readable))
    })
}

/// How long a body says that it is; zero where it does not say. One that is too large need not arrive first.
fn announced_length(headers: &HeaderMap, largest: usize) -> Result<usize, Problem> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok())
        .unwrap_or(0);
    usize::try_from(length)
        .ok()
        .filter(|length| *length <= largest)
        .ok_or_else(|| too_large(largest))
}

async fn unpacked(coding: Coding, packed: Bytes, largest: usize) -> Result<Bytes, Problem> {
    if coding == Coding::Identity {
        return Ok(packed);
    }
    blocking::run(move || unpack(coding, &packed, largest)).await
}

/// Unpacks until there is one byte too many, and no further.
fn unpack(coding: Coding, packed: &[u8], largest: usize) -> Result<Bytes, Problem> {
    let read = match coding {
        Coding::Identity => return Ok(Bytes::copy_from_slice(packed)),
        Coding::Gzip => {
            let mut reader = GzDecoder::new(packed);
            read_to_limit(&mut reader, largest).map(|bytes| (bytes, reader.into_inner()))
        }
        Coding::Deflate => {
            let mut reader = ZlibDecoder::new(packed);
            read_to_limit(&mut reader, largest).map(|bytes| (bytes, reader.into_inner()))
        }
    };
    let not_packed = || Problem::not_json("the body is not compressed as it says");
    let (bytes, mut rest) = read.map_err(|_| not_packed())?;
    if bytes.len() > largest {
        return Err(too_large(largest));
    }
    // Another part, which others would unpack, too, must not be left out in silence.
    if rest.fill_buf().is_ok_and(|rest| !rest.is_empty()) {
        return Err(not_packed());
    }
    Ok(bytes.into())
}

fn read_to_limit(reader: &mut impl io::Read, largest: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(largest).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        format!("the body took more than {} seconds", SLOWEST_BODY.as_secs()),
    )
}

fn too_large(largest: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body has more than {largest} bytes"),
    )
}

fn no_room() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too much is being sent at the same time: try again in 5 seconds",
    )
    .header(header::RETRY_AFTER, HeaderValue::from_static("5"))
}

fn incomplete(error: &PayloadError) -> Problem {
    tracing::debug!(%error, "a body did not arrive");
    Problem::not_json("the body did not arrive whole")
}

/// A body from anybody, of at most so many bytes.
#[derive(Debug)]
pub struct StrangersBody<const LARGEST: usize>(pub ReadBody);

impl<const LARGEST: usize> FromRequest for StrangersBody<LARGEST> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload, Sender::Stranger, LARGEST);
        Box::pin(async move { body.await.map(Self) })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use actix_web::http::header::HeaderName;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn headers(codings: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for coding in codings {
            let value = HeaderValue::from_str(coding).unwrap();
            headers.append(HeaderName::from_static("content-encoding"), value);
        }
        headers
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn status(unpacked: Result<Bytes, Problem>) -> u16 {
        unpacked.map_or_else(|problem| problem.status().as_u16(), |_| 200)
    }

    #[test]
    fn one_known_coding_is_read_from_programs_and_none_from_others() {
        for (codings, program, others) in [
            (&[][..], true, true),
            (&["identity"], true, true),
            (&["GZIP "], true, false),
            (&["x-gzip"], true, false),
            (&["deflate"], true, false),
            (&["br"], false, false),
            (&["zstd"], false, false),
            (&["gzip, gzip"], false, false),
            (&["gzip", "gzip"], false, false),
            (&["identity", "gzip"], false, false),
            (&["gzip, identity"], false, false),
        ] {
            let headers = headers(codings);
            for (sender, expected) in [
                (Sender::Program, program),
                (Sender::SignedIn, others),
                (Sender::Stranger, others),
            ] {
                let found = allowed_coding(&headers, sender);
                assert_eq!(found.is_ok(), expected, "{codings:?} {sender:?}");
                if let Err(problem) = found {
                    assert_eq!(problem.status(), 415);
                }
            }
        }
    }

    #[test]
    fn unpacking_ends_one_byte_after_the_largest_body() {
        let zeros = gzip(&vec![0; 64 << 20]);
        assert_eq!(status(unpack(Coding::Gzip, &zeros, LARGEST_BODY)), 413);
        let full = gzip(&vec![b'x'; LARGEST_BODY]);
        assert_eq!(status(unpack(Coding::Gzip, &full, LARGEST_BODY)), 200);
        let mut endless = GzDecoder::new(zeros.as_slice());
        let read = read_to_limit(&mut endless, 1000).unwrap();
        assert_eq!(read.len(), 1001, "nothing is unpacked beyond that");
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(b"{}").unwrap();
        let small = unpack(Coding::Deflate, &zlib.finish().unwrap(), 2).unwrap();
        assert_eq!(&small[..], b"{}");
    }

    #[test]
    fn what_is_cut_off_broken_or_followed_by_more_is_refused() {
        let good = gzip(b"{\"name\":\"x\"}");
        assert_eq!(status(unpack(Coding::Gzip, &good, 100)), 200);
        let twice = [good.clone(), good.clone()].concat();
        let cut = &good[..good.len() - 3];
        for bad in [&twice[..], cut, b"{}", b""] {
            assert_eq!(status(unpack(Coding::Gzip, bad, 100)), 400);
            assert_eq!(status(unpack(Coding::Deflate, bad, 100)), 400);
        }
    }
}
