//! The sign-in of an account in a file: a person signs in on a desktop, a server sends.

use super::{Account, refresh};
use crate::error::Result;
use std::path::Path;

impl Account {
    /// Writes the sign-in into a file that only the passphrase opens (at least eight octets). The
    /// file appears whole or not at all.
    pub fn export(&self, path: &str, passphrase: &str) -> Result<()> {
        let settings = self.settings();
        let key = settings.key()?;
        match settings.store.load(&key)? {
            Some(_) => settings.store.export_to(Path::new(path), &key, passphrase),
            None => Err(refresh::nobody_signed_in(&key)),
        }
    }

    /// Takes the sign-in from such a file, in place of the one that is there. Provider, client id,
    /// tenant and user have to be those of the account that was exported.
    pub fn import(&self, path: &str, passphrase: &str) -> Result<()> {
        let settings = self.settings();
        let key = settings.key()?;
        self.watched(|watch| settings.store.import_from(Path::new(path), &key, passphrase, watch))?;
        *self.0.ended.lock() = None;
        Ok(())
    }
}
