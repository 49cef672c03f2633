//! What is known besides what was said: of the token, the sign-in, and the settings.

/// One thing that is known; the table calls it by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    // What the token says of itself, when it can be read.
    AudienceIsOtherService,
    PermissionMissing,
    TokenEnded,
    TokenOfOtherUser,
    TokenOfApp,
    /// An account gave it just now, with the scopes of its provider.
    TokenOfAccount,

    // How old the sign-in is.
    AgeIsKnown,
    OlderThanADay,
    /// The provider renewed it within seven days of the sign-in, and no more behind them.
    EndedAfterSevenDays,
    UnusedForSixMonths,

    // What was set.
    SecretIsAnId,
    ShowsCertificate,
    /// The request is one for which no person is at a browser.
    NobodyIsAsked,
    /// A server of a built-in provider.
    PublicServer,
    /// The mail server and not another one, such as a provider's.
    MailServer,
    NoSignIn,
    /// Neither STARTTLS nor TLS.
    WithoutTls,
    /// The From address is not the user.
    FromIsAnother,

    // What the server offered.
    OffersTokens,
    OffersPasswords,
}

impl Sign {
    const WORDS: &'static [(&'static str, Sign)] = &[
        ("aud_is_other_service", Sign::AudienceIsOtherService),
        ("permission_missing", Sign::PermissionMissing),
        ("token_ended", Sign::TokenEnded),
        ("token_of_other_user", Sign::TokenOfOtherUser),
        ("token_of_app", Sign::TokenOfApp),
        ("token_of_account", Sign::TokenOfAccount),
        ("age_is_known", Sign::AgeIsKnown),
        ("older_than_a_day", Sign::OlderThanADay),
        ("ended_after_seven_days", Sign::EndedAfterSevenDays),
        ("unused_for_six_months", Sign::UnusedForSixMonths),
        ("secret_is_an_id", Sign::SecretIsAnId),
        ("shows_certificate", Sign::ShowsCertificate),
        ("nobody_is_asked", Sign::NobodyIsAsked),
        ("public_server", Sign::PublicServer),
        ("server_of_mail", Sign::MailServer),
        ("no_sign_in", Sign::NoSignIn),
        ("without_tls", Sign::WithoutTls),
        ("from_is_another", Sign::FromIsAnother),
        ("offers_tokens", Sign::OffersTokens),
        ("offers_passwords", Sign::OffersPasswords),
    ];

    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, sign)| *sign)
    }
}

/// All that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signs(u32);

impl Signs {
    pub(crate) fn with(self, sign: Sign) -> Self {
        Self(self.0 | 1 << sign as u32)
    }

    pub(crate) fn with_if(self, known: bool, sign: Sign) -> Self {
        if known { self.with(sign) } else { self }
    }

    pub(crate) fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(super) fn has(self, sign: Sign) -> bool {
        self.0 & (1 << sign as u32) != 0
    }
}

const DAY: i64 = 24 * 3600;

/// What the age of a sign-in tells; times in seconds since 1970. `renewed_at` is when the provider
/// last gave a token for it.
pub(crate) fn signs_of_age(signed_in_at: Option<i64>, renewed_at: Option<i64>, now: i64) -> Signs {
    let Some(signed_in_at) = signed_in_at.filter(|at| *at <= now) else { return Signs::default() };
    let renewed_at = renewed_at.unwrap_or(signed_in_at);
    let seven_days = signed_in_at + 7 * DAY;
    Signs::default()
        .with(Sign::AgeIsKnown)
        .with_if(now - signed_in_at > DAY, Sign::OlderThanADay)
        .with_if(now >= seven_days && renewed_at <= seven_days, Sign::EndedAfterSevenDays)
        .with_if(now - renewed_at > 183 * DAY, Sign::UnusedForSixMonths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_sign_in_tells_what_may_have_ended_it() {
        let begun = 1_000_000;
        let after = |days: i64| begun + days * DAY;
        let signs =
            |renewed: i64, now: i64| signs_of_age(Some(begun), Some(after(renewed)), after(now));
        assert_eq!(signs_of_age(None, Some(begun), after(9)), Signs::default());
        assert_eq!(
            signs_of_age(Some(begun), None, begun - 1),
            Signs::default(),
            "the clock was set"
        );
        let fresh = signs(0, 0);
        assert!(fresh.has(Sign::AgeIsKnown) && !fresh.has(Sign::OlderThanADay));
        assert!(signs(6, 8).has(Sign::EndedAfterSevenDays) && signs(6, 8).has(Sign::OlderThanADay));
        assert!(!signs(6, 6).has(Sign::EndedAfterSevenDays));
        assert!(!signs(30, 31).has(Sign::EndedAfterSevenDays), "it was renewed after that");
        assert!(signs(1, 190).has(Sign::UnusedForSixMonths));
        assert!(!signs(189, 190).has(Sign::UnusedForSixMonths));
    }
}
