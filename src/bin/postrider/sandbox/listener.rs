//! Accepting connections: a thread each, up to a limit, and closing them so that the last
//! words arrive.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Serves each connection on a thread of its own until the process ends. Who comes when `most`
/// are being served gets `busy` and is sent away.
pub fn serve<F>(listener: TcpListener, most: usize, busy: &'static str, serve: F)
where
    F: Fn(TcpStream) + Send + Sync + 'static,
{
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else {
                // Out of file descriptors, most likely: give connections time to end.
                thread::sleep(Duration::from_millis(20));
                continue;
            };
            // Each connection holds one reference, the listener itself another.
            if Arc::strong_count(&serve) > most {
                let _ = stream.write_all(busy.as_bytes());
                continue;
            }
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
}

/// Ends a connection whose last bytes the peer shall read. Closing a socket with unread input
/// makes the system send a reset, which can overtake those bytes; so what still comes is read
/// away first, for a bounded time.
pub fn close_gently(stream: &mut TcpStream) {
    const PATIENCE: Duration = Duration::from_secs(2);
    let end = Instant::now() + PATIENCE;
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let mut discarded = [0; 16 * 1024];
    while Instant::now() < end && stream.read(&mut discarded).is_ok_and(|count| count > 0) {}
}
