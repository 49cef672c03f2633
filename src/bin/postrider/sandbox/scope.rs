//! What a token is good for: `mail` opens SMTP; the others are those of OpenID Connect.

/// The names that may be asked for. `offline_access` changes nothing: there is always a refresh
/// token.
pub const NAMES: [&str; 5] = ["mail", "openid", "email", "profile", "offline_access"];

#[derive(Clone)]
pub struct Scope(Vec<&'static str>);

impl Scope {
    pub fn mail() -> Self {
        Scope(vec!["mail"])
    }

    /// Nothing when a name is unknown. Who asks for nothing gets `mail`.
    pub fn asked(text: Option<&str>) -> Option<Self> {
        let Some(text) = text else { return Some(Scope::mail()) };
        let mut names = Vec::new();
        for asked in text.split(' ').filter(|name| !name.is_empty()) {
            let name = NAMES.into_iter().find(|name| *name == asked)?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Some(Scope(names)).filter(|scope| !scope.0.is_empty())
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains(&name)
    }

    pub fn is_within(&self, other: &Scope) -> bool {
        self.0.iter().all(|name| other.has(name))
    }

    pub fn text(&self) -> String {
        self.0.join(" ")
    }
}
