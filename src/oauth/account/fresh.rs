//! Whether a token is still good enough to be used: pure arithmetic over times that are passed in.
//!
//! Wall-clock time, because that survives suspend and is what the store keeps. A clock that was set
//! back makes a token look younger than it is: one from the future is never trusted.

use crate::error::{Error, Result};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Clocks of computers that share a store differ a little.
const TOLERANCE: i64 = 60;

/// The life of one access token, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub obtained_at: i64,
    pub expires_at: i64,
    /// When the provider wants to be asked again, if it said so.
    pub refresh_at: Option<i64>,
}

impl Life {
    /// Good for a send that begins now; `jitter` is 0 to 60.
    pub(super) fn is_fresh(&self, now: i64, jitter: i64) -> bool {
        let early = self.expires_at - self.lead(jitter);
        let due = self.refresh_at.map_or(early, |at| at.min(early));
        !self.is_from_the_future(now) && now < due
    }

    /// Not over yet: good enough when there is no other.
    pub(super) fn lives(&self, now: i64) -> bool {
        !self.is_from_the_future(now) && now < self.expires_at
    }

    fn is_from_the_future(&self, now: i64) -> bool {
        self.obtained_at > now + TOLERANCE
    }

    /// How long before its end a token is renewed: a tenth of its life, between one and five
    /// minutes, up to half a minute more or less so that programs do not all ask at once; never
    /// more than half of its life.
    fn lead(&self, jitter: i64) -> i64 {
        let life = (self.expires_at - self.obtained_at).max(0);
        ((life / 10).clamp(60, 300) + jitter - 30).min(life / 2)
    }
}

/// Seconds since 1970.
pub(super) fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

pub(super) fn time(seconds: i64) -> SystemTime {
    let since = u64::try_from(seconds).unwrap_or(0);
    UNIX_EPOCH.checked_add(Duration::from_secs(since)).unwrap_or(UNIX_EPOCH)
}

/// 0 to 60, at random.
pub(super) fn jitter() -> Result<i64> {
    let mut byte = [0];
    getrandom::fill(&mut byte)
        .map_err(|e| Error::internal(format_args!("no random numbers from the system: {e}")))?;
    Ok(i64::from(byte[0]) % 61)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Life = Life { obtained_at: 1000, expires_at: 4600, refresh_at: None };

    #[test]
    fn a_token_is_renewed_before_its_end() {
        // A tenth of an hour is six minutes: five at most, give or take half a minute.
        for (now, jitter, fresh) in [
            (1000, 30, true),
            (4299, 30, true),
            (4300, 30, false),
            (4269, 60, true),
            (4270, 60, false),
            (4329, 0, true),
            (4330, 0, false),
        ] {
            assert_eq!(HOUR.is_fresh(now, jitter), fresh, "{now} {jitter}");
        }
        assert!(HOUR.lives(4599) && !HOUR.lives(4600));
    }

    #[test]
    fn a_short_token_is_used_for_half_of_its_life() {
        let brief = Life { obtained_at: 1000, expires_at: 1010, refresh_at: None };
        assert!(brief.is_fresh(1004, 60) && !brief.is_fresh(1005, 0));
        let none = Life { obtained_at: 1000, expires_at: 1000, refresh_at: None };
        assert!(!none.is_fresh(1000, 0));
    }

    #[test]
    fn the_provider_may_want_it_earlier() {
        let early = Life { refresh_at: Some(2000), ..HOUR };
        assert!(early.is_fresh(1999, 30) && !early.is_fresh(2000, 30) && early.lives(2000));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_token_younger() {
        assert!(HOUR.is_fresh(940, 30), "clocks differ a little");
        assert!(!HOUR.is_fresh(900, 30) && !HOUR.lives(900));
    }
}
