//! Devices that wait for somebody to let them in on the device page (RFC 8628), and how often
//! they may ask whether that has happened.

use super::super::random;
use super::super::recent::Recent;
use super::super::scope::Scope;
use super::super::tokens::Consent;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What `slow_down` adds to the interval, for good (RFC 8628 §3.5).
const SLOWER: Duration = Duration::from_secs(5);

pub struct Devices {
    lifetime: Duration,
    interval: Duration,
    devices: Recent<Device>,
}

struct Device {
    device_code: String,
    user_code: String,
    expires: Instant,
    interval: Duration,
    last_asked: Option<Instant>,
    scope: Scope,
    decision: Decision,
}

enum Decision {
    Pending,
    Approved(Arc<Consent>),
    Refused,
}

/// What a device gets that has asked to be let in.
pub struct Invitation {
    pub device_code: String,
    pub user_code: String,
    pub expires_in: u64,
    pub interval: u64,
}

/// Why a device gets no tokens (yet).
pub enum NotYet {
    Pending,
    /// With the interval from now on.
    SlowDown(Duration),
    Refused,
    Expired,
    Unknown,
}

impl Devices {
    pub fn new(lifetime: Duration, interval: Duration) -> Self {
        Devices { lifetime, interval, devices: Recent::new() }
    }

    pub fn invite(&mut self, scope: Scope) -> Result<Invitation, getrandom::Error> {
        let (device_code, user_code) = (random::text()?, random::user_code()?);
        self.devices.remember(Device {
            device_code: device_code.clone(),
            user_code: user_code.clone(),
            expires: Instant::now() + self.lifetime,
            interval: self.interval,
            last_asked: None,
            scope,
            decision: Decision::Pending,
        });
        let (expires_in, interval) = (self.lifetime.as_secs(), self.interval.as_secs());
        Ok(Invitation { device_code, user_code, expires_in, interval })
    }

    /// A device asks. Who was let in gets tokens once.
    pub fn ask(&mut self, device_code: &str) -> Result<Arc<Consent>, NotYet> {
        let wanted = |device: &Device| device.device_code == device_code;
        let device = self.devices.find_mut(wanted).ok_or(NotYet::Unknown)?;
        let now = Instant::now();
        if now >= device.expires {
            return Err(NotYet::Expired);
        }
        let last = device.last_asked.replace(now);
        if last.is_some_and(|last| now < last + device.interval) {
            device.interval += SLOWER;
            return Err(NotYet::SlowDown(device.interval));
        }
        let consent = match &device.decision {
            Decision::Pending => return Err(NotYet::Pending),
            Decision::Refused => return Err(NotYet::Refused),
            Decision::Approved(consent) => Arc::clone(consent),
        };
        self.devices.take(wanted);
        Ok(consent)
    }

    /// Whether a device with this code waits to be let in.
    pub fn waits(&mut self, user_code: &str) -> bool {
        self.pending(user_code).is_some()
    }

    /// Each of these is false when no device waits with this code.
    pub fn approve(&mut self, user_code: &str, user: &str) -> bool {
        self.decide(user_code, |scope| {
            let scope = scope.clone();
            Decision::Approved(Arc::new(Consent { user: Some(user.to_owned()), scope }))
        })
    }

    pub fn refuse(&mut self, user_code: &str) -> bool {
        self.decide(user_code, |_| Decision::Refused)
    }

    fn decide(&mut self, user_code: &str, decision: impl FnOnce(&Scope) -> Decision) -> bool {
        let Some(device) = self.pending(user_code) else { return false };
        device.decision = decision(&device.scope);
        true
    }

    fn pending(&mut self, user_code: &str) -> Option<&mut Device> {
        let now = Instant::now();
        let typed = normal(user_code);
        self.devices.find_mut(|device| {
            normal(&device.user_code) == typed
                && now < device.expires
                && matches!(device.decision, Decision::Pending)
        })
    }
}

/// People type codes in small letters, with spaces, or without the hyphen.
fn normal(user_code: &str) -> String {
    user_code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}
