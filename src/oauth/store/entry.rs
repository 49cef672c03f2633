//! What a store keeps of one account, and the JSON document that it is written as.
//!
//! The document is read and written field by field: tokens go from and to memory that is wiped, and
//! fields that this version does not know stay as they are, so that an older and a newer program
//! can share a store.

use super::key::AccountKey;
use super::{corrupt, store_error};
use crate::error::{Cause, Error, Result};
use crate::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use zeroize::Zeroizing;

/// A document: the plain text of an entry, wiped when dropped.
pub(super) type Document = Zeroizing<Vec<u8>>;

const FORMAT: &str = "postrider-account";
/// Raised when an older program would misunderstand a document; new fields need no new version.
const VERSION: u64 = 1;

/// One account. Times are seconds since 1970, UTC.
#[derive(Clone, PartialEq)]
pub struct Entry {
    pub(super) key: AccountKey,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) access_token: Option<Secret>,
    /// When the access token ends.
    pub expires_at: Option<i64>,
    /// When the access token was given.
    pub obtained_at: Option<i64>,
    /// What the provider granted.
    pub scopes: Vec<String>,
    /// The e-mail address of the person who signed in.
    pub address: Option<String>,
    /// The name with which the person signs in (`preferred_username`).
    pub user_name: Option<String>,
    /// The provider's id of the account, which outlives changes of the address.
    pub account_id: Option<String>,
    /// When a person signed in last.
    pub signed_in_at: Option<i64>,
    /// Further fields: name → JSON. They may hold anything, so they are wiped and never printed.
    extra: Vec<(String, Secret)>,
}

impl Entry {
    /// An account nobody has signed in to.
    pub fn new(key: AccountKey) -> Self {
        Self {
            key,
            refresh_token: None,
            access_token: None,
            expires_at: None,
            obtained_at: None,
            scopes: Vec::new(),
            address: None,
            user_name: None,
            account_id: None,
            signed_in_at: None,
            extra: Vec::new(),
        }
    }

    /// As [`Entry::new`], with the further fields of the one that it replaces: they are not ours.
    pub(crate) fn in_place_of(before: Option<&Entry>, key: AccountKey) -> Self {
        let extra = before.map(|before| before.extra.clone()).unwrap_or_default();
        Self { extra, ..Self::new(key) }
    }

    /// Which account it is.
    pub fn key(&self) -> &AccountKey {
        &self.key
    }

    /// A further field of the document, as JSON.
    pub fn extra(&self, name: &str) -> Option<&str> {
        self.extra.iter().find(|(n, _)| n == name).and_then(|(_, json)| json.text())
    }

    /// Sets a further field to a value in JSON; `None` removes it.
    pub fn set_extra(&mut self, name: &str, json: Option<&str>) -> Result<()> {
        if Fields::KNOWN.contains(&name) {
            return Err(Error::argument(format!("{name} is no further field of an account")));
        }
        if json.is_some_and(|json| serde_json::from_str::<&RawValue>(json).is_err()) {
            return Err(Error::argument(format!("the value of {name} is not JSON")));
        }
        self.extra.retain(|(n, _)| n != name);
        self.extra.extend(json.map(|json| (name.to_owned(), Secret::new(json))));
        Ok(())
    }

    /// `place` names the document in errors.
    pub(super) fn parse(document: &[u8], place: &dyn fmt::Display) -> Result<Self> {
        let mut fields = Fields::parse(document, place)?;
        match fields.take::<String>("format")? {
            Some(format) if format == FORMAT => {}
            _ => return Err(corrupt(place, format_args!("it is no \"{FORMAT}\""))),
        }
        match fields.take::<u64>("version")? {
            Some(VERSION) => {}
            Some(version) if version > VERSION => {
                let text = format!("{place} has version {version}; this program knows {VERSION}");
                return Err(store_error(Cause::StoreNewer, text));
            }
            _ => return Err(corrupt(place, "it has no version")),
        }
        let mut part = |name| Ok(fields.take::<String>(name)?.unwrap_or_default());
        let key = AccountKey::new(
            &part("provider")?,
            &part("client_id")?,
            &part("tenant")?,
            &part("user")?,
        )
        .map_err(|error| corrupt(place, error))?;
        Ok(Self {
            key,
            refresh_token: fields.take_secret("refresh_token")?,
            access_token: fields.take_secret("access_token")?,
            expires_at: fields.take("expires_at")?,
            obtained_at: fields.take("obtained_at")?,
            scopes: fields.take("scopes")?.unwrap_or_default(),
            address: fields.take("address")?,
            user_name: fields.take("user_name")?,
            account_id: fields.take("account_id")?,
            signed_in_at: fields.take("signed_in_at")?,
            extra: fields.rest(),
        })
    }

    /// The document, in one allocation of the right size: growing one would leave tokens behind.
    pub(super) fn document(&self) -> Result<Document> {
        let mut length = Count(0);
        let mut document = Zeroizing::new(Vec::new());
        self.write(&mut length)
            .and_then(|()| {
                document.reserve_exact(length.0);
                self.write(&mut *document)
            })
            .map_err(|error| Error::internal(format!("an account cannot be written: {error}")))?;
        Ok(document)
    }

    fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut out = Object { to, begun: false };
        out.field("format", Some(FORMAT))?;
        out.field("version", Some(VERSION))?;
        out.field("provider", Some(self.key.provider()))?;
        out.field("client_id", Some(self.key.client_id()))?;
        out.field("tenant", Some(self.key.tenant()))?;
        out.field("user", Some(self.key.user()))?;
        out.field("address", self.address.as_ref())?;
        out.field("user_name", self.user_name.as_ref())?;
        out.field("account_id", self.account_id.as_ref())?;
        out.field("signed_in_at", self.signed_in_at)?;
        out.field("scopes", Some(&self.scopes))?;
        out.field("obtained_at", self.obtained_at)?;
        out.field("expires_at", self.expires_at)?;
        out.field("access_token", self.access_token.as_ref().map(text).transpose()?)?;
        out.field("refresh_token", self.refresh_token.as_ref().map(text).transpose()?)?;
        for (name, json) in &self.extra {
            let raw: &RawValue = serde_json::from_slice(json.bytes())?;
            out.field(name, Some(raw))?;
        }
        out.to.write_all(b"\n}\n")
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key)
            .field("address", &self.address)
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .field("refresh_token", &self.refresh_token)
            .field("access_token", &self.access_token)
            .finish_non_exhaustive()
    }
}

fn text(secret: &Secret) -> io::Result<&str> {
    secret.text().ok_or_else(|| io::Error::other("a token is not UTF-8"))
}

/// A JSON object being written, a field a line.
struct Object<'a> {
    to: &'a mut dyn Write,
    begun: bool,
}

impl Object<'_> {
    fn field<T: Serialize>(&mut self, name: &str, value: Option<T>) -> io::Result<()> {
        let Some(value) = value else { return Ok(()) };
        self.to.write_all(if self.begun { b",\n  " } else { b"{\n  " })?;
        self.begun = true;
        serde_json::to_writer(&mut *self.to, name)?;
        self.to.write_all(b": ")?;
        Ok(serde_json::to_writer(&mut *self.to, &value)?)
    }
}

/// Counts what would be written.
struct Count(usize);

impl Write for Count {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0 += octets.len();
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The fields of a document that were not looked at yet; they lie in the document itself.
struct Fields<'a> {
    left: BTreeMap<String, &'a RawValue>,
    place: &'a dyn fmt::Display,
}

impl<'a> Fields<'a> {
    /// Every name that [`Entry`] has a field for.
    const KNOWN: &'static [&'static str] = &[
        "format",
        "version",
        "provider",
        "client_id",
        "tenant",
        "user",
        "address",
        "user_name",
        "account_id",
        "signed_in_at",
        "scopes",
        "obtained_at",
        "expires_at",
        "access_token",
        "refresh_token",
    ];

    fn parse(document: &'a [u8], place: &'a dyn fmt::Display) -> Result<Self> {
        // Only the position is told: what stands there may be a token.
        let mut left: BTreeMap<String, &RawValue> =
            serde_json::from_slice(document).map_err(|error| {
                let (line, column) = (error.line(), error.column());
                corrupt(place, format_args!("no JSON object, see line {line}, column {column}"))
            })?;
        left.retain(|name, value| value.get() != "null" || !Self::KNOWN.contains(&name.as_str()));
        Ok(Self { left, place })
    }

    /// Errors do not quote the value: it may be a token in the wrong place.
    fn take<T: Deserialize<'a>>(&mut self, name: &str) -> Result<Option<T>> {
        let Some(raw) = self.left.remove(name) else { return Ok(None) };
        serde_json::from_str(raw.get())
            .map_err(|_| corrupt(self.place, format_args!("{name} has a value of a wrong kind")))
    }

    fn take_secret(&mut self, name: &str) -> Result<Option<Secret>> {
        // A token is printable ASCII, so as a rule it lies in the document as it is.
        if let Some(raw) = self.left.get(name)
            && let Ok(plain) = serde_json::from_str::<&str>(raw.get())
        {
            self.left.remove(name);
            return Ok(Some(Secret::new(plain)));
        }
        let copied = self.take::<String>(name)?.map(Zeroizing::new);
        Ok(copied.map(|text| Secret::new(text.as_bytes())))
    }

    fn rest(self) -> Vec<(String, Secret)> {
        self.left.into_iter().map(|(name, raw)| (name, Secret::new(raw.get()))).collect()
    }
}
