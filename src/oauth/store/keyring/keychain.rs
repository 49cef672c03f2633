//! The keychain of macOS.

use super::super::store_error;
use super::Keyring;
use crate::error::{Cause, Error, Result};
use crate::net::{Watch, run_aside};
use crate::secret::Secret;
use security_framework::base::Error as KeychainError;
use security_framework::passwords;

/// errSecItemNotFound
const NOT_FOUND: i32 = -25300;
/// errSecInteractionNotAllowed, errSecAuthFailed: it is locked and nobody may be asked.
const LOCKED: [i32; 2] = [-25308, -25293];
/// errSecNoSuchKeychain, errSecNoDefaultKeychain, errSecNotAvailable
const ABSENT: [i32; 3] = [-25294, -25307, -25291];

pub(crate) struct Keychain {
    service: String,
}

impl Keychain {
    pub(crate) fn new(service: &str) -> Self {
        Self { service: service.to_owned() }
    }

    /// The system may ask the person, and takes the time that this needs.
    fn ask<T: Send + 'static>(
        &self,
        id: &str,
        watch: &mut Watch,
        work: impl FnOnce(&str, &str) -> std::result::Result<T, KeychainError> + Send + 'static,
    ) -> Result<Option<T>> {
        let (service, id) = (self.service.clone(), id.to_owned());
        let answer = run_aside("postrider-keyring", watch, move || work(&service, &id), failed)?;
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.code() == NOT_FOUND => Ok(None),
            Err(error) if LOCKED.contains(&error.code()) => {
                Err(store_error(Cause::KeyringLocked, format!("the keychain is locked: {error}")))
            }
            Err(error) if ABSENT.contains(&error.code()) => {
                Err(store_error(Cause::KeyringAbsent, format!("there is no keychain: {error}")))
            }
            Err(error) => Err(failed(&error.to_string())),
        }
    }
}

fn failed(why: &str) -> Error {
    store_error(Cause::KeyringFailed, format!("the keychain refused: {why}"))
}

impl Keyring for Keychain {
    fn get(&self, id: &str, watch: &mut Watch) -> Result<Option<Secret>> {
        let found = self.ask(id, watch, |service, id| {
            passwords::get_generic_password(service, id).map(zeroize::Zeroizing::new)
        })?;
        Ok(found.map(|text| Secret::new(&*text)))
    }

    fn set(&self, id: &str, text: &Secret, watch: &mut Watch) -> Result<()> {
        let text = text.clone();
        self.ask(id, watch, move |service, id| {
            passwords::set_generic_password(service, id, text.bytes())
        })?;
        Ok(())
    }

    fn delete(&self, id: &str, watch: &mut Watch) -> Result<()> {
        self.ask(id, watch, passwords::delete_generic_password)?;
        Ok(())
    }
}
