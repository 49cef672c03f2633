//! A sign-in in two halves that is under way, in a browser or on another device.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::oauth::{BrowserSignIn, DeviceSignIn};

pub(super) enum SignIn {
    Browser(BrowserSignIn),
    Device(DeviceSignIn),
}

impl SignIn {
    /// The page to open.
    pub(super) fn url(&self) -> &str {
        match self {
            Self::Browser(sign_in) => sign_in.url(),
            Self::Device(sign_in) => sign_in.verification_uri(),
        }
    }

    /// The page with the code in it, when there is one.
    pub(super) fn complete_url(&self) -> &str {
        match self {
            Self::Browser(_) => "",
            Self::Device(sign_in) => sign_in.verification_uri_complete().unwrap_or_default(),
        }
    }

    pub(super) fn user_code(&self) -> &str {
        match self {
            Self::Browser(_) => "",
            Self::Device(sign_in) => sign_in.user_code(),
        }
    }

    pub(super) fn message(&self) -> String {
        match self {
            Self::Browser(sign_in) => sign_in.message(),
            Self::Device(sign_in) => sign_in.message(),
        }
    }

    /// In seconds; 0 when nobody says so.
    pub(super) fn expires_in(&self) -> i32 {
        match self {
            Self::Browser(_) => 0,
            Self::Device(sign_in) => seconds(sign_in.expires_in()),
        }
    }

    pub(super) fn open_browser(&self) -> Result<()> {
        match self {
            Self::Browser(sign_in) => sign_in.open_browser(),
            Self::Device(sign_in) => sign_in.open_browser(),
        }
    }

    pub(super) fn poll(&mut self) -> Result<bool> {
        match self {
            Self::Browser(sign_in) => sign_in.poll(),
            Self::Device(sign_in) => sign_in.poll(),
        }
    }

    pub(super) fn complete(&mut self, address: &str) -> Result<()> {
        match self {
            Self::Browser(sign_in) => sign_in.complete(address),
            Self::Device(_) => {
                Err(Error::argument("address: the sign-in is one with a code on another device"))
            }
        }
    }
}

/// For a call that goes on with a sign-in while there is none.
pub(super) fn none() -> Error {
    let text = "no sign-in is under way: begin one first";
    Error::new(Status::NeedsSignIn, Stage::Authorize, Cause::SignInNotBegun, text)
}

pub(super) fn seconds(duration: std::time::Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}
