//! The rig's OpenID provider alone (`tests/rig/provider.sh`), and what can be asked of it beside the
//! protocol (the end of `tests/rig/oidc/provider.mjs`).

use std::sync::OnceLock;

use serde_json::Value;

use super::script::Script;
use super::{http, rig, tools};

/// A running provider. Its programs for people (public clients): `desktop`, `desktop-brief` (access
/// tokens of two seconds), `desktop-lasting` (refresh tokens that are not rotated). `app` shows who
/// it is by a certificate.
pub struct Provider {
    pub issuer: String,
    /// The files of the app, without `.key` and `.pem`.
    pub app: String,
    _script: Script,
}

/// A request for a token, as the provider saw it. Tokens are there as their SHA-256.
#[derive(Clone, Debug)]
pub struct Asked {
    pub client: String,
    pub grant: String,
    pub status: u64,
    /// The refresh token that came with it.
    pub used: Option<String>,
    /// The refresh token that was given.
    pub issued: Option<String>,
}

/// The provider of this test binary, started at the first call. `None` when this machine lacks what
/// it needs, which has then been said; the test is to return at once.
pub fn shared() -> Option<&'static Provider> {
    static PROVIDER: OnceLock<Provider> = OnceLock::new();
    available().then(|| PROVIDER.get_or_init(Provider::launch))
}

fn available() -> bool {
    tools::require_all(&["openssl", "python3", "ps"]) && rig::is_installed("oidc")
}

impl Provider {
    /// One for the caller alone; dropping it stops it.
    pub fn start() -> Option<Self> {
        available().then(Self::launch)
    }

    fn launch() -> Self {
        let script = Script::start("provider.sh");
        Self { issuer: script.text("ISSUER"), app: script.text("APP"), _script: script }
    }

    /// The requests so far.
    pub fn witness(&self) -> Vec<Asked> {
        witness(&self.issuer)
    }

    /// A refresh token of Alice's, as if she had signed in.
    pub fn refresh_token(&self, client: &str) -> String {
        refresh_token(&self.issuer, client)
    }

    /// Holds the next request for a token: at `request` nothing has been done about it yet, at
    /// `answer` all has, and only the answer has not left.
    pub fn hold(&self, place: &str) {
        http::get(&self.issuer, &format!("/rig/hold?place={place}"));
    }

    /// Waits until a request is held.
    pub fn wait_until_held(&self) {
        http::get(&self.issuer, "/rig/held");
    }

    /// Lets it go on (`pass`), or ends its connection (`drop`).
    pub fn release(&self, fate: &str) {
        http::get(&self.issuer, &format!("/rig/release?fate={fate}"));
    }
}

/// [`Provider::refresh_token`] of the provider with this issuer.
pub fn refresh_token(issuer: &str, client: &str) -> String {
    let answer = http::get(issuer, &format!("/rig/refresh-token?client={client}"));
    answer["refresh_token"].as_str().expect("a token").to_owned()
}

/// [`Provider::witness`] of the provider with this issuer.
pub fn witness(issuer: &str) -> Vec<Asked> {
    let rows = http::get(issuer, "/rig/witness");
    let row = |row: &Value| {
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        Asked {
            client: text("client").unwrap_or_default(),
            grant: text("grant").unwrap_or_default(),
            status: row["status"].as_u64().expect("a status"),
            used: text("used"),
            issued: text("issued"),
        }
    };
    rows.as_array().expect("a list").iter().map(row).collect()
}
