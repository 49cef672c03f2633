//! The Credential Manager of Windows.

use super::super::store_error;
use super::Keyring;
use crate::error::{Cause, Error, Result};
use crate::net::{Watch, run_aside};
use crate::platform;
use crate::secret::Secret;
use std::io;

pub(crate) struct CredentialManager {
    service: String,
}

impl CredentialManager {
    pub(crate) fn new(service: &str) -> Self {
        Self { service: service.to_owned() }
    }

    /// The call goes to another process (LSASS), which may be busy.
    fn ask<T: Send + 'static>(
        &self,
        id: &str,
        watch: &mut Watch,
        work: impl FnOnce(&str) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let target = format!("{}/{id}", self.service);
        let answer = run_aside("postrider-keyring", watch, move || work(&target), failed)?;
        answer.map_err(|error| match error.raw_os_error() {
            // ERROR_NO_SUCH_LOGON_SESSION: a service or a network logon without a profile.
            Some(1312) => store_error(
                Cause::KeyringAbsent,
                "this logon session has no Credential Manager".into(),
            ),
            _ => failed(&error.to_string()),
        })
    }
}

fn failed(why: &str) -> Error {
    store_error(Cause::KeyringFailed, format!("the Credential Manager refused: {why}"))
}

impl Keyring for CredentialManager {
    fn get(&self, id: &str, watch: &mut Watch) -> Result<Option<Secret>> {
        self.ask(id, watch, |target| Ok(platform::read_credential(target)?.map(Secret::new)))
    }

    fn set(&self, id: &str, text: &Secret, watch: &mut Watch) -> Result<()> {
        let text = text.clone();
        self.ask(id, watch, move |target| platform::write_credential(target, text.bytes()))
    }

    fn delete(&self, id: &str, watch: &mut Watch) -> Result<()> {
        self.ask(id, watch, platform::delete_credential)
    }
}
