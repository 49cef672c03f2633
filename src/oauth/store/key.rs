//! Which account: the name under which a store keeps it.

use crate::error::{Error, Result};
use ring::digest;
use std::fmt;

/// What tells one account from another, chosen before anybody signs in and never changed after.
///
/// Provider, tenant and user are compared without regard to case and surrounding space, as the
/// providers compare them; the client id is taken as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountKey {
    provider: String,
    client_id: String,
    tenant: String,
    user: String,
}

impl AccountKey {
    /// `provider` is a provider's name; of `custom` its issuer, or its token endpoint. `tenant` is
    /// empty where the provider has none. `user` is what the program calls the account: the address
    /// that is going to sign in, any other word, or nothing when the program has only one.
    pub fn new(provider: &str, client_id: &str, tenant: &str, user: &str) -> Result<Self> {
        for (what, text) in
            [("provider", provider), ("client id", client_id), ("tenant", tenant), ("user", user)]
        {
            if text.contains(char::is_control) {
                let text = format!("the {what} of the account contains control characters");
                return Err(Error::argument(text));
            }
        }
        if provider.trim().is_empty() {
            return Err(Error::argument("the provider of the account is empty"));
        }
        Ok(Self {
            provider: provider.trim().to_lowercase(),
            client_id: client_id.trim().to_owned(),
            tenant: tenant.trim().to_lowercase(),
            user: user.trim().to_lowercase(),
        })
    }

    /// The provider's name, or its issuer.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The id of the program at the provider.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The organization at the provider.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// What the program calls the account.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The key as 32 hexadecimal digits: fit for file names, and the name that callbacks are given.
    ///
    /// The first half of the SHA-256 of the four parts as a JSON array (docs/store.md): it never
    /// changes, or programs would lose their accounts.
    pub fn name(&self) -> String {
        let parts = [&self.provider, &self.client_id, &self.tenant, &self.user];
        // Texts in an array can always be written.
        let text = serde_json::to_string(&parts).unwrap_or_default();
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        to_hex(&hash.as_ref()[..NAME_DIGITS / 2])
    }
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = if self.user.is_empty() { "the account" } else { &self.user };
        write!(f, "{user} at {}", self.provider)
    }
}

/// The length of [`AccountKey::name`].
const NAME_DIGITS: usize = 32;

pub(super) fn is_name(text: &str) -> bool {
    text.len() == NAME_DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

pub(super) fn to_hex(octets: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_key_never_changes() {
        let key = AccountKey::new("microsoft", "client", "", "anna@example.org").unwrap();
        // printf '["microsoft","client","","anna@example.org"]' | sha256sum
        assert_eq!(key.name(), "49eb1ffde47eb8da53aca989369b4fe0");
        assert!(is_name(&key.name()));
    }

    #[test]
    fn case_and_space_make_no_other_account_and_every_part_does() {
        let key = |parts: [&str; 4]| {
            AccountKey::new(parts[0], parts[1], parts[2], parts[3]).unwrap().name()
        };
        let anna = key(["microsoft", "client", "tenant", "anna@example.org"]);
        assert_eq!(key([" Microsoft", "client", "Tenant", "Anna@Example.org "]), anna);
        for other in [
            ["google", "client", "tenant", "anna@example.org"],
            ["microsoft", "Client", "tenant", "anna@example.org"],
            ["microsoft", "client", "", "anna@example.org"],
            ["microsoft", "client", "tenant", "bob@example.org"],
            ["microsoft", "clienttenant", "", "anna@example.org"],
        ] {
            assert_ne!(key(other), anna, "{other:?}");
        }
    }

    #[test]
    fn a_key_without_a_provider_or_with_line_ends_is_refused() {
        assert!(AccountKey::new(" ", "client", "", "").is_err());
        assert!(AccountKey::new("google", "client\n", "", "").is_err());
    }
}
