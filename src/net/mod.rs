//! The only sockets: resolve, connect, TLS, and waiting that a deadline, a cancellation and the
//! host's progress callback can always get through to.
//!
//! - `watch`    how long to wait, and who may end it
//! - `aside`    what cannot be interrupted, on a thread that nobody has to wait for
//! - `resolve`  names to addresses
//! - `connect`  addresses to a connected socket (RFC 8305)
//! - `proxy`    which proxy stands in the way, and how it is asked to let us through
//! - `tls`      trust and TLS configurations, made once per process
//! - `dbus`     the session bus of a Unix desktop, for its keyring
//! - `listen`   the other way round: the answer that a browser on this computer brings
//! - `stream`   the connection, plain or TLS, that never blocks for longer than the watch allows

mod aside;
mod connect;
#[cfg(all(unix, not(target_vendor = "apple")))]
pub(crate) mod dbus;
mod listen;
mod proxy;
mod resolve;
mod stream;
mod tls;
mod watch;

#[cfg(any(windows, target_vendor = "apple"))]
pub(crate) use aside::run_aside;
pub(crate) use connect::connect_to;
pub(crate) use listen::{Heard, Limits, Listener, Step};
pub(crate) use proxy::{Proxy, open};
pub(crate) use resolve::{check_host, resolve};
pub(crate) use stream::Stream;
pub(crate) use tls::{CertificateDer, Presented, ServerName, Trust};
pub use watch::Canceller;
pub(crate) use watch::{Cancellation, Watch};
