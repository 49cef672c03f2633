//! Which token store an account is kept in: the system's keyring, or a folder of the person's
//! choosing. Never the second because the first does not work: the person decides.

use crate::config;
use crate::output::{Failure, Result};
use postrider::oauth::Store;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// For a person who is asked to unlock the keyring.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What `--store` says.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Choice {
    #[default]
    Keyring,
    File(PathBuf),
}

impl Choice {
    pub fn open(&self) -> Result<Store> {
        match self {
            Choice::File(folder) => Ok(Store::file(folder)?),
            Choice::Keyring => {
                let folder = config::folder()?.join("keyring");
                Store::keyring(folder, "Postrider", PATIENCE).map_err(|error| {
                    Failure::from(error).advise(
                        "To keep sign-ins in files instead, which the permissions of a folder \
                         protect, say --store file:FOLDER.",
                    )
                })
            }
        }
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.split_once(':') {
            None if text == "keyring" => Ok(Choice::Keyring),
            Some(("file", folder)) if !folder.is_empty() => {
                // What is remembered must hold wherever the command is called next.
                let folder = std::path::absolute(folder).map_err(|error| error.to_string())?;
                Ok(Choice::File(folder))
            }
            _ => Err("it is keyring, or file:FOLDER".to_owned()),
        }
    }
}

impl TryFrom<String> for Choice {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

impl From<Choice> for String {
    fn from(choice: Choice) -> Self {
        choice.to_string()
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Choice::Keyring => f.write_str("keyring"),
            Choice::File(folder) => write!(f, "file:{}", folder.display()),
        }
    }
}
