//! Real proxies: Squid and microsocks, started by `tests/rig/proxy.sh` once per test binary and
//! stopped when it ends.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::script::Script;
use super::tools;

/// A name that only Squid knows: whoever reaches it has left the look-up to the proxy. The rig's
/// certificates are for it too.
pub const HIDDEN_HOST: &str = "mail.rig.test";

/// Another such name, which stands in no certificate.
pub const UNNAMED_HOST: &str = "unnamed.rig.test";

const LOG_LIMIT: Duration = Duration::from_secs(20);

/// Running proxies, all on 127.0.0.1.
pub struct Proxies {
    /// Squid: HTTP CONNECT for everybody.
    pub http: u16,
    /// Squid: HTTP CONNECT after signing in.
    pub http_sign_in: u16,
    /// microsocks: SOCKS 5 for everybody.
    pub socks: u16,
    /// microsocks: SOCKS 5 after signing in.
    pub socks_sign_in: u16,
    /// Squid refuses to connect to this port.
    pub forbidden: u16,
    /// Nobody listens here, and nobody will.
    pub closed: u16,
    /// For the doors that ask for a sign-in; the password holds what a URL has to encode.
    pub user: String,
    pub password: String,
    squid_log: PathBuf,
    socks_logs: [PathBuf; 2],
    _script: Script,
}

/// The proxies of this test binary, started at the first call. `None` when this machine lacks what
/// they need, which has then been said; the test is to return at once.
pub fn shared() -> Option<&'static Proxies> {
    static PROXIES: OnceLock<Proxies> = OnceLock::new();
    let available = tools::require_all(&["squid", "microsocks", "openssl", "python3", "ps"]);
    available.then(|| PROXIES.get_or_init(Proxies::launch))
}

impl Proxies {
    fn launch() -> Self {
        let script = Script::start("proxy.sh");
        Self {
            http: script.port("HTTP"),
            http_sign_in: script.port("HTTP_SIGN_IN"),
            socks: script.port("SOCKS"),
            socks_sign_in: script.port("SOCKS_SIGN_IN"),
            forbidden: script.port("FORBIDDEN"),
            closed: script.port("CLOSED"),
            user: script.text("USER"),
            password: script.text("PASSWORD"),
            squid_log: script.text("SQUID_LOG").into(),
            socks_logs: ["SOCKS_LOG", "SOCKS_SIGN_IN_LOG"].map(|key| script.text(key).into()),
            _script: script,
        }
    }

    /// Waits until one of the proxies has written this down: Squid does so when a connection ends.
    pub fn wait_for_log(&self, words: &str) {
        let logs = || {
            let all = self.socks_logs.iter().chain([&self.squid_log]);
            all.map(|log| fs::read_to_string(log).unwrap_or_default()).collect::<String>()
        };
        let deadline = Instant::now() + LOG_LIMIT;
        while !logs().contains(words) {
            assert!(Instant::now() < deadline, "no {words:?} in\n{}", logs());
            thread::sleep(Duration::from_millis(20));
        }
    }
}
