//! The rig of real servers: Postfix, Dovecot and an OpenID provider, started by
//! `tests/rig/serve.sh` once per test binary and stopped when it ends.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use super::script::Script;
use super::{http, records, tools};

/// Where all servers listen; Postfix listens on `::1` too when [`Rig::ipv6`].
pub const HOST: &str = "127.0.0.1";
/// The users of the rig. All have [`Rig::password`].
pub const ALICE: &str = "alice@rig.test";
pub const BOB: &str = "bob@rig.test";
pub const CAROL: &str = "carol@rig.test";
pub const JOERG: &str = "jörg@rig.test";
/// Receives only (no account), in a domain with an international name.
pub const ANNA: &str = "anna@bücher.test";
/// Refused for good: `550 5.1.1`.
pub const UNKNOWN_USER: &str = "nobody@rig.test";
/// Refused for now: `450 4.2.1`.
pub const BUSY_USER: &str = "later@rig.test";

/// In another domain: taken from those who signed in, and thrown away.
pub const ELSEWHERE: &str = "somebody@elsewhere.test";

const EXPIRY_LIMIT: Duration = Duration::from_secs(20);
const CLIENT_SECRET: &str = "service-secret";

/// Running servers.
pub struct Rig {
    /// Where clients connect to.
    pub ports: Ports,
    /// The authority that issued the good certificates (PEM). They are for `localhost`,
    /// `mail.rig.test`, `127.0.0.1` and `::1`.
    pub ca_file: PathBuf,
    /// All certificates and keys: `server`, `expired`, `wronghost`, `nameonly`, `selfsigned`, `otherca`,
    /// and the authorities `ca`, `other-ca`, each as `.pem` and `.key`.
    pub certificates: PathBuf,
    /// Holds a Maildir per user: `alice`, `bob`, `carol`, `joerg`, `anna`.
    pub maildirs: PathBuf,
    /// Holds everything of this rig, with the servers' logs in `postfix/`, `dovecot/`, `oidc/`.
    pub state: PathBuf,
    /// The OpenID provider: `http://127.0.0.1:port`.
    pub issuer: String,
    /// The password of every user, for PLAIN and LOGIN.
    pub password: String,
    /// Whether Postfix listens on `::1` too, with the same ports.
    pub ipv6: bool,
    /// The servers; each leads a session of its own.
    pub pids: Vec<u32>,
    script: Script,
}

/// A door for each case. Postfix's, unless the name says otherwise; all know XOAUTH2, OAUTHBEARER,
/// PLAIN and LOGIN unless told otherwise.
#[derive(Debug)]
pub struct Ports {
    /// STARTTLS and signing in are required.
    pub submission: u16,
    /// TLS from the first octet; signing in is required.
    pub submissions: u16,
    /// STARTTLS and signing in are offered, not required: mail for the rig's users is taken anyway.
    /// The mechanisms are offered in clear too.
    pub plain: u16,
    /// For mail from outside: no signing in, STARTTLS offered. Dovecot relays to it.
    pub mx: u16,
    /// As `plain`, without STARTTLS.
    pub no_tls: u16,
    /// As `submission`, with TLS 1.2 as the newest.
    pub tls12: u16,
    /// As `submissions`, with a certificate that expired in 2021.
    pub expired: u16,
    /// As `submissions`, with a certificate for `other.example`.
    pub wronghost: u16,
    /// As `submissions`, with a certificate for `localhost` and no address.
    pub nameonly: u16,
    /// As `submissions`, with a certificate that signed itself.
    pub selfsigned: u16,
    /// As `submissions`, with a certificate of an authority that nobody knows.
    pub otherca: u16,
    /// As `plain`, taking at most [`SMALL_SIZE`] octets.
    pub small: u16,
    /// As `submission`: Alice and Bob may send from their own address only.
    pub own_from: u16,
    /// As `plain`, without PIPELINING.
    pub no_pipelining: u16,
    /// As `plain`, without SMTPUTF8.
    pub no_smtputf8: u16,
    /// As `plain`, without 8BITMIME and SMTPUTF8.
    pub no_8bitmime: u16,
    /// As `plain`, with PLAIN and LOGIN as the only mechanisms.
    pub password_only: u16,
    /// Dovecot: STARTTLS required for PLAIN and LOGIN from elsewhere; loopback counts as secure.
    pub dovecot_submission: u16,
    /// Dovecot: TLS from the first octet.
    pub dovecot_submissions: u16,
    /// Nobody listens here, and nobody will: connections are refused.
    pub closed: u16,
}

/// The limit of [`Ports::small`], in octets.
pub const SMALL_SIZE: usize = 20_000;

/// The rig of this test binary, started at the first call. `None` when this machine lacks what it
/// needs, which has then been said; the test is to return at once.
pub fn shared() -> Option<&'static Rig> {
    static RIG: OnceLock<Rig> = OnceLock::new();
    available().then(|| RIG.get_or_init(Rig::launch))
}

/// Whether this machine has what a rig needs; what is missing has then been said.
pub fn available() -> bool {
    const TOOLS: [&str; 5] = ["dovecot", "postfix", "openssl", "python3", "ps"];
    if !tools::require_all(&TOOLS) {
        return false;
    }
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() != 0) {
        tools::skip("run as root, which the real mail servers need");
        return false;
    }
    is_installed("oidc")
}

/// Whether the npm packages of a folder of `tests/rig` are there; otherwise the test is to return at
/// once.
pub fn is_installed(folder: &str) -> bool {
    let installed = build_folder().join(folder).join("installed").exists();
    if !installed {
        tools::skip(&format!("run tests/rig/install.sh, which brings npm's packages for {folder}"));
    }
    installed
}

/// Where `tests/rig/install.sh` puts what it gets from npm.
fn build_folder() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("build/rig");
    env::var_os("RIG_BUILD").map_or_else(usual, PathBuf::from)
}

impl Rig {
    /// Starts servers for the caller alone; dropping the rig stops them. Tests that only use the
    /// servers share one: [`shared`].
    pub fn start() -> Option<Self> {
        available().then(Self::launch)
    }

    fn launch() -> Self {
        let script = Script::start("serve.sh");
        let (text, port) = (|key: &str| script.text(key), |name: &str| script.port(name));
        let certificates = PathBuf::from(text("CERTIFICATES"));
        Self {
            ports: Ports {
                submission: port("SUBMISSION"),
                submissions: port("SUBMISSIONS"),
                plain: port("PLAIN"),
                mx: port("MX"),
                no_tls: port("NO_TLS"),
                tls12: port("TLS12"),
                expired: port("EXPIRED"),
                wronghost: port("WRONGHOST"),
                nameonly: port("NAMEONLY"),
                selfsigned: port("SELFSIGNED"),
                otherca: port("OTHERCA"),
                small: port("SMALL"),
                own_from: port("OWN_FROM"),
                no_pipelining: port("NO_PIPELINING"),
                no_smtputf8: port("NO_SMTPUTF8"),
                no_8bitmime: port("NO_8BITMIME"),
                password_only: port("PASSWORD_ONLY"),
                dovecot_submission: port("DOVECOT_SUBMISSION"),
                dovecot_submissions: port("DOVECOT_SUBMISSIONS"),
                closed: port("CLOSED"),
            },
            ca_file: certificates.join("ca.pem"),
            certificates,
            maildirs: text("MAILDIRS").into(),
            state: text("STATE").into(),
            issuer: text("ISSUER"),
            password: {
                records::secret(&text("PASSWORD"));
                text("PASSWORD")
            },
            ipv6: text("IPV6") == "yes",
            pids: text("PIDS").split_whitespace().map(|pid| pid.parse().expect("a pid")).collect(),
            script,
        }
    }

    /// A door of Postfix that refuses more than the others do: `tests/rig/postfix.sh` tells what.
    pub fn refusing(&self, door: &str) -> u16 {
        self.script.port(door)
    }

    /// A new access token of one of the provider's clients:
    /// `service` (Alice's), `service-bob`, `service-joerg`, and `service-long` (Alice's, 2000
    /// octets: too long for one command line of these servers).
    pub fn token(&self, client: &str) -> String {
        self.token_with_scope(client, "mail.send")
    }

    /// A token that is good but not for sending mail.
    pub fn unscoped_token(&self) -> String {
        self.token_with_scope("service", "")
    }

    /// A token of Bob's: good, but not for signing in as Alice.
    pub fn foreign_token(&self) -> String {
        self.token("service-bob")
    }

    /// A token of Alice's that was taken back.
    pub fn revoked_token(&self) -> String {
        let token = self.token("service");
        let (status, _) = self.ask_provider("/token/revocation", "service", &[("token", &token)]);
        assert_eq!(status, 200, "the provider revokes a token");
        assert!(!self.is_active("service", &token));
        token
    }

    /// A token of Alice's whose time is over: takes a second or two, for the provider counts in
    /// whole seconds.
    pub fn expired_token(&self) -> String {
        let token = self.token("service-brief");
        let deadline = Instant::now() + EXPIRY_LIMIT;
        while self.is_active("service-brief", &token) {
            assert!(Instant::now() < deadline, "the token does not expire");
            thread::sleep(Duration::from_millis(50));
        }
        token
    }

    fn token_with_scope(&self, client: &str, scope: &str) -> String {
        let mut fields = vec![("grant_type", "client_credentials")];
        if !scope.is_empty() {
            fields.push(("scope", scope));
        }
        let (status, answer) = self.ask_provider("/token", client, &fields);
        assert_eq!(status, 200, "the provider refuses a token: {}", answer["error_description"]);
        answer["access_token"].as_str().expect("an access token").to_owned()
    }

    fn is_active(&self, client: &str, token: &str) -> bool {
        let (status, answer) =
            self.ask_provider("/token/introspection", client, &[("token", token)]);
        assert_eq!(status, 200, "the provider introspects");
        answer["active"] == true
    }

    fn ask_provider(
        &self,
        path: &str,
        client: &str,
        fields: &[(&str, &str)],
    ) -> (u16, serde_json::Value) {
        let credentials = [("client_id", client), ("client_secret", CLIENT_SECRET)];
        http::post_form(&self.issuer, path, &[&credentials, fields].concat())
    }
}
