//! Opening a connection to a server, directly or through a proxy: the loop between a dialogue and
//! `net::Stream`. Deadline and cancellation hold in every step, for the stream waits with the watch.

use super::address::{Kind, ProxyServer};
use super::http::Connect;
use super::socks::Socks5;
use crate::error::{Cause, Error, Result, Stage, Status};
use crate::net::connect::connect;
use crate::net::{Stream, Watch};
use crate::secret::Secret;

/// What a dialogue with a proxy wants next.
pub(super) enum Next {
    Write(Secret),
    /// At most so many octets: what may lie behind them is the server's.
    Read(usize),
    /// Everything from here on is between us and the server.
    Done,
}

/// One side of the talk with a proxy, without I/O.
pub(super) trait Dialogue {
    fn next(&mut self) -> Next;

    /// Takes in what was read: as much as was asked for, or less.
    fn receive(&mut self, bytes: &[u8]) -> Result<()>;
}

/// Connects to `host`, through `proxy` if there is one.
pub(crate) fn open(
    host: &str,
    port: u16,
    proxy: Option<&ProxyServer>,
    watch: &mut Watch,
) -> Result<Stream> {
    let Some(proxy) = proxy else {
        let (socket, peer) = connect(host, port, watch)?;
        return Ok(Stream::new(socket, peer));
    };
    let (socket, peer) =
        connect(&proxy.host, proxy.port, watch).map_err(|error| unreachable(proxy, &error))?;
    watch.begin(Stage::Proxy);
    let mut stream = Stream::new(socket, peer);
    let mut dialogue: Box<dyn Dialogue> = match proxy.kind {
        Kind::Http => Box::new(Connect::new(proxy, host, port)),
        Kind::Socks5 => Box::new(Socks5::new(proxy, host, port)),
    };
    let mut buffer = [0; 512];
    loop {
        match dialogue.next() {
            Next::Done => return Ok(stream),
            Next::Write(words) => say(&mut stream, words.bytes(), proxy, watch)?,
            Next::Read(most) => {
                let room = buffer.get_mut(..most).unwrap_or_default();
                let count = stream.read(room, watch).map_err(|error| lost(proxy, error))?;
                if count == 0 {
                    return Err(closed(proxy));
                }
                dialogue.receive(buffer.get(..count).unwrap_or_default())?;
            }
        }
    }
}

/// Says something to a proxy that has to be silent at this moment.
fn say(stream: &mut Stream, words: &[u8], proxy: &ProxyServer, watch: &mut Watch) -> Result<()> {
    let too_early = || {
        let text = format!("the proxy {proxy} spoke before it was asked");
        Error::proxy(Cause::ProxyProtocol, text)
    };
    let mut stop_at_anything = |_: &[u8]| false;
    match stream.take_arrived(&mut stop_at_anything) {
        Ok(false) => {}
        Ok(true) => return Err(too_early()),
        Err(_) => return Err(closed(proxy)),
    }
    let written = stream.write(words, watch, &mut stop_at_anything);
    if written.map_err(|error| lost(proxy, error))? { Ok(()) } else { Err(too_early()) }
}

/// There is no connection to the proxy; how the attempt ended decides what that means.
fn unreachable(proxy: &ProxyServer, error: &Error) -> Error {
    let text = format!("the proxy {proxy} cannot be reached: {error}");
    match error.status() {
        Status::Resolve | Status::Connect => Error::proxy(Cause::ProxyUnreachable, text),
        status => Error::new(status, Stage::Proxy, error.cause(), text),
    }
}

fn lost(proxy: &ProxyServer, error: Error) -> Error {
    match error.status() {
        Status::ConnectionLost => closed(proxy),
        _ => error,
    }
}

fn closed(proxy: &ProxyServer) -> Error {
    let text = format!("the proxy {proxy} closed the connection instead of answering");
    Error::proxy(Cause::ProxyProtocol, text)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Lets a dialogue talk to a proxy that says just this; gives what it said and what it left
    /// unread.
    pub(in crate::net::proxy) fn said_and_left(
        dialogue: &mut dyn Dialogue,
        replies: &[u8],
    ) -> (String, Vec<u8>) {
        let (said, left) = talk(dialogue, replies).unwrap();
        (String::from_utf8_lossy(&said).into_owned(), left)
    }

    pub(in crate::net::proxy) fn talk(
        dialogue: &mut dyn Dialogue,
        mut replies: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut said = Vec::new();
        loop {
            match dialogue.next() {
                Next::Done => return Ok((said, replies.to_vec())),
                Next::Write(words) => said.extend_from_slice(words.bytes()),
                Next::Read(most) => {
                    assert!((1..=512).contains(&most), "it asks for {most} octets");
                    // In pieces of all sizes, as they come from a network.
                    let count = (said.len() + replies.len()) % most + 1;
                    let (now, later) = replies.split_at(count.min(replies.len()));
                    assert!(!now.is_empty(), "it wants more than was said");
                    dialogue.receive(now)?;
                    replies = later;
                }
            }
        }
    }
}
