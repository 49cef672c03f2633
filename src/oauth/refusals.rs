//! What the errors of providers mean, and whose turn it is then. A table (oauth.md §1.12, §4.3,
//! §4.4, §4.6, §5.5, §5.7): the first row that fits counts.
//!
//! `error` decides what happens; numbers and texts only choose the words for the person, since
//! providers change them (Microsoft says so). Where a row needs a text, the standard gives no other
//! way to tell two mistakes apart.

use crate::error::{Cause, Stage};
use crate::oauth::provider::Family::{self, Google, Microsoft};
use crate::oauth::response::{Asked, ErrorResponse};

/// Whose turn it is after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// A person signs in again.
    SignIn,
    /// Somebody changes a setting, here or at the provider.
    Change,
    /// Nobody: it passes by itself.
    Wait,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub cause: Cause,
    pub then: Then,
}

/// What must be in an answer for a row to fit; what is empty fits everything.
struct Row {
    family: Option<Family>,
    numbers: &'static [u32],
    error: &'static str,
    suberror: &'static str,
    /// A part of the description.
    text: &'static str,
    /// The end of the grant type.
    what: &'static str,
    cause: Cause,
    then: Then,
}

const ANY: &str = "";

/// By AADSTS number: what they name is not in `error`.
const fn number(numbers: &'static [u32], cause: Cause, then: Then) -> Row {
    Row { numbers, ..row(Some(Microsoft), ANY, cause, then) }
}

const fn row(family: Option<Family>, error: &'static str, cause: Cause, then: Then) -> Row {
    Row { family, numbers: &[], error, suberror: ANY, text: ANY, what: ANY, cause, then }
}

const fn google(error: &'static str, text: &'static str, cause: Cause, then: Then) -> Row {
    Row { text, ..row(Some(Google), error, cause, then) }
}

const fn error(error: &'static str, cause: Cause, then: Then) -> Row {
    row(None, error, cause, then)
}

use Then::{Change, SignIn, Wait};

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Microsoft: oauth.md §1.12, in the order of its table.
    number(&[50011], Cause::AppRedirectNotRegistered, Change),
    number(&[50020, 16000, 50034, 51004, 90072], Cause::NeedsSignInOtherAccount, SignIn),
    number(&[500011, 650057, 65005, 650056, 650052], Cause::AppPermissionMissing, Change),
    number(&[50053], Cause::AccountLocked, Change),
    number(&[50055, 50144, 50126, 50056], Cause::NeedsSignInPassword, SignIn),
    number(&[50057], Cause::AccountDisabled, Change),
    number(&[50058], Cause::NeedsSignIn, SignIn),
    number(&[50059, 50128, 90019], Cause::TenantMissing, Change),
    number(&[50072, 50074, 50076, 50078, 50079], Cause::NeedsSignInMfa, SignIn),
    number(&[50173], Cause::NeedsSignInPasswordChanged, SignIn),
    number(&[700082], Cause::NeedsSignInInactive, SignIn),
    number(&[50089, 50132, 50133, 70000, 70008, 700084, 54005], Cause::NeedsSignInExpired, SignIn),
    number(&[70043], Cause::NeedsSignInFrequency, SignIn),
    number(&[530036], Cause::NeedsSignInBrowser, SignIn),
    number(&[50097, 50129, 53000, 53001, 53002, 530032, 53003, 530035, 53004], Cause::SignInBlockedByPolicy, Change),
    number(&[50105], Cause::AppUserNotAssigned, Change),
    number(&[50194], Cause::AppWrongAccountType, Change),
    number(&[50196], Cause::TooManyTokenRequests, Wait),
    number(&[65001], Cause::NeedsSignInConsent, SignIn),
    number(&[65004], Cause::SignInDeclined, SignIn),
    number(&[90094, 90095], Cause::AppAdminConsentNeeded, Change),
    number(&[70001, 700016, 7000112], Cause::AppUnknown, Change),
    number(&[70002, 7000215], Cause::AppSecretWrong, Change),
    number(&[7000222], Cause::AppSecretExpired, Change),
    number(&[7000218], Cause::AppPublicFlowsOff, Change),
    number(&[700025], Cause::AppSecretNotAllowed, Change),
    number(&[700027, 50012, 700030, 50013], Cause::AppCertificateWrong, Change),
    number(&[500133, 700024], Cause::ClockWrong, Change),
    number(&[70011, 28002, 700022, 70023], Cause::TokenScopeInvalid, Change),
    number(&[70019], Cause::SignInTimedOut, SignIn),
    number(&[9002331, 9002332], Cause::AppWrongAccountType, Change),
    number(&[9001023, 90124, 90130], Cause::TenantMissing, Change),
    number(&[90002, 900382, 900432], Cause::TenantUnknown, Change),
    number(&[90033, 90006, 90012, 90024, 50033, 50087, 90090], Cause::ProviderBusy, Wait),
    number(&[900144, 240002, 501481, 50147, 501491, 901002, 90027, 700005], Cause::TokenRequestInvalid, Change),
    number(&[500021, 500022, 500212, 500213], Cause::SignInBlockedByPolicy, Change),
    // What Microsoft's own library tells apart by `suberror`.
    Row { suberror: "consent_required", ..row(Some(Microsoft), ANY, Cause::NeedsSignInConsent, SignIn) },
    Row { suberror: "user_password_expired", ..row(Some(Microsoft), ANY, Cause::NeedsSignInPassword, SignIn) },
    Row { suberror: "protection_policy_required", ..row(Some(Microsoft), ANY, Cause::SignInBlockedByPolicy, Change) },
    Row { suberror: "device_authentication_failed", ..row(Some(Microsoft), ANY, Cause::SignInBlockedByPolicy, Change) },
    // The button on Microsoft's page [UNVERIFIED: seen in the wild].
    Row { suberror: "cancel", ..row(Some(Microsoft), ANY, Cause::SignInDeclined, SignIn) },

    // Google: §4.3, §4.4 and, for service accounts, §4.6 [its texts are UNVERIFIED].
    google("invalid_request", "client_secret is missing", Cause::AppSecretMissing, Change),
    google("invalid_grant", "Invalid JWT: Token must be a short-lived token", Cause::ClockWrong, Change),
    google("invalid_grant", "Invalid JWT Signature", Cause::AppCertificateWrong, Change),
    google("invalid_grant", "Not a valid email or user ID", Cause::AppImpersonatedUserUnknown, Change),
    Row { what: "jwt-bearer", ..google("unauthorized_client", ANY, Cause::AppDelegationMissing, Change) },
    Row { suberror: "invalid_rapt", ..google("invalid_grant", ANY, Cause::NeedsSignInFrequency, SignIn) },
    Row { what: "refresh_token", ..google("invalid_grant", ANY, Cause::NeedsSignInGoogle, SignIn) },
    google("admin_policy_enforced", ANY, Cause::SignInBlockedByPolicy, Change),
    google("org_internal", ANY, Cause::AppWrongAccountType, Change),
    google("disallowed_useragent", ANY, Cause::SignInEmbeddedBrowser, SignIn),
    google("deleted_client", ANY, Cause::AppUnknown, Change),
    google("disabled_client", ANY, Cause::AppUnknown, Change),
    google("redirect_uri_mismatch", ANY, Cause::AppRedirectNotRegistered, Change),
    google("rate_limit_exceeded", ANY, Cause::TooManyTokenRequests, Wait),
    google("internal_failure", ANY, Cause::ProviderBusy, Wait),

    // The standards: RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5, OpenID Connect Core §3.1.2.6.
    Row { what: "authorization_code", ..error("invalid_grant", Cause::SignInMixedUp, SignIn) },
    Row { what: "jwt-bearer", ..error("invalid_grant", Cause::AppCertificateWrong, Change) },
    Row { what: "client_credentials", ..error("invalid_grant", Cause::AppNotAuthorized, Change) },
    error("invalid_grant", Cause::NeedsSignInExpired, SignIn),
    error("interaction_required", Cause::NeedsSignIn, SignIn),
    error("login_required", Cause::NeedsSignIn, SignIn),
    error("account_selection_required", Cause::NeedsSignIn, SignIn),
    error("consent_required", Cause::NeedsSignInConsent, SignIn),
    error("access_denied", Cause::SignInDeclined, SignIn),
    // Microsoft's word for it at the device's door.
    error("authorization_declined", Cause::SignInDeclined, SignIn),
    error("expired_token", Cause::SignInTimedOut, SignIn),
    error("bad_verification_code", Cause::SignInMixedUp, SignIn),
    error("invalid_client", Cause::AppSecretWrong, Change),
    error("unauthorized_client", Cause::AppNotAuthorized, Change),
    error("unsupported_grant_type", Cause::FlowNotOffered, Change),
    error("unsupported_response_type", Cause::FlowNotOffered, Change),
    error("invalid_scope", Cause::TokenScopeInvalid, Change),
    error("invalid_resource", Cause::AppPermissionMissing, Change),
    error("invalid_request", Cause::TokenRequestInvalid, Change),
    // States of the device flow, not refusals: `device` acts on them before anybody sees them.
    error("authorization_pending", Cause::SignInTimedOut, Wait),
    error("slow_down", Cause::TooManyTokenRequests, Wait),
    error("temporarily_unavailable", Cause::ProviderBusy, Wait),
    error("server_error", Cause::ProviderBusy, Wait),
];

impl Row {
    fn fits(&self, answer: &ErrorResponse, asked: &Asked) -> bool {
        let same = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        self.family.is_none_or(|family| family == asked.family)
            && (self.numbers.is_empty() || answer.number.is_some_and(|n| self.numbers.contains(&n)))
            && same(self.error, &answer.error)
            && same(self.suberror, &answer.suberror)
            && answer.description.contains(self.text)
            && asked.what.contains(self.what)
    }
}

/// Whether a word is an error that providers use.
pub(crate) fn is_known_error(word: &str) -> bool {
    !word.is_empty() && ROWS.iter().any(|row| row.error == word)
}

/// What a provider's error means.
pub(crate) fn judge(answer: &ErrorResponse, asked: &Asked) -> Refusal {
    let fitting = ROWS.iter().find(|row| row.fits(answer, asked));
    let mut refusal = match fitting {
        Some(row) => Refusal { cause: row.cause, then: row.then },
        None => Refusal { cause: Cause::TokenRequestRefused, then: Change },
    };
    if refusal.cause == Cause::AppSecretWrong && asked.secret_is_an_id {
        refusal.cause = Cause::AppSecretIdNotValue;
    }
    // The standards have one word for whatever an app shows.
    if refusal.cause == Cause::AppSecretWrong && asked.form.contains("client_assertion") {
        refusal.cause = Cause::AppCertificateWrong;
    }
    // A person at the browser says no; without a person it is the administrator who does.
    if refusal.cause == Cause::SignInDeclined && asked.stage == Stage::Token && !by_person(asked) {
        refusal = Refusal { cause: Cause::SignInBlockedByPolicy, then: Change };
    }
    // A busy server may still give the error that it usually gives.
    let busy = matches!(answer.http_status, 429 | 503);
    if busy && refusal.then != Wait {
        refusal = Refusal { cause: busy_cause(answer.http_status), then: Wait };
    }
    refusal
}

fn busy_cause(http_status: u16) -> Cause {
    if http_status == 429 { Cause::TooManyTokenRequests } else { Cause::ProviderBusy }
}

/// Whether a person is at the other end of this grant while it is asked for.
fn by_person(asked: &Asked) -> bool {
    asked.what.contains("device_code") || asked.what.contains("authorization_code")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::form::Form;

    fn judged(family: Family, what: &str, answer: ErrorResponse) -> Refusal {
        let form = Form::default();
        let stage = Stage::Token;
        judge(&answer, &Asked { family, stage, what, form: &form, secret_is_an_id: false })
    }

    fn answer(error: &str, description: &str) -> ErrorResponse {
        let (error, description) = (error.into(), description.into());
        ErrorResponse { http_status: 400, error, description, ..ErrorResponse::default() }
    }

    #[test]
    fn no_number_stands_in_two_rows() {
        let mut seen = std::collections::HashSet::new();
        for number in ROWS.iter().flat_map(|row| row.numbers) {
            assert!(seen.insert(number), "{number}");
        }
    }

    #[test]
    fn every_row_is_reached_by_an_answer_that_fits_it() {
        for (at, row) in ROWS.iter().enumerate() {
            let mut found = answer(row.error, row.text);
            found.suberror = row.suberror.into();
            found.number = row.numbers.first().copied();
            let family = row.family.unwrap_or(Family::Other);
            let form = Form::default();
            let what = if row.what.is_empty() { "device_code" } else { row.what };
            let asked =
                Asked { family, stage: Stage::Token, what, form: &form, secret_is_an_id: false };
            let first = ROWS.iter().position(|other| other.fits(&found, &asked));
            assert_eq!(first, Some(at), "{} {} {:?}", row.error, row.text, row.numbers);
        }
    }

    #[test]
    fn numbers_count_only_for_microsoft() {
        let found = ErrorResponse { number: Some(50173), ..answer("invalid_grant", "") };
        let microsoft = judged(Microsoft, "refresh_token", found.clone());
        assert_eq!(microsoft.cause, Cause::NeedsSignInPasswordChanged);
        let other = judged(Family::Other, "refresh_token", found);
        assert_eq!(other, Refusal { cause: Cause::NeedsSignInExpired, then: SignIn });
    }

    #[test]
    fn what_was_asked_tells_the_same_words_apart() {
        let delegation = "Client is unauthorized to retrieve access tokens using this method, or \
                          client not authorized for any of the scopes requested.";
        let found = answer("unauthorized_client", delegation);
        let jwt = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        assert_eq!(judged(Google, jwt, found.clone()).cause, Cause::AppDelegationMissing);
        assert_eq!(judged(Google, "refresh_token", found).cause, Cause::AppNotAuthorized);
        let dead = answer("invalid_grant", "Token has been expired or revoked.");
        assert_eq!(judged(Google, "refresh_token", dead).cause, Cause::NeedsSignInGoogle);
    }

    #[test]
    fn an_app_that_showed_a_certificate_hears_nothing_of_a_secret() {
        let mut form = Form::default();
        form.set("client_assertion", "h.p.s");
        let family = Family::Other;
        let what = "client_credentials";
        let asked =
            Asked { family, stage: Stage::Token, what, form: &form, secret_is_an_id: false };
        let refused = answer("invalid_client", "client authentication failed");
        assert_eq!(judge(&refused, &asked).cause, Cause::AppCertificateWrong);
        assert_eq!(judged(family, what, refused).cause, Cause::AppSecretWrong);
    }

    #[test]
    fn an_unknown_error_is_called_so_and_a_busy_server_heals_by_waiting() {
        let unknown = judged(Family::Other, "refresh_token", answer("no_such_error", ""));
        assert_eq!(unknown, Refusal { cause: Cause::TokenRequestRefused, then: Change });
        let busy = ErrorResponse { http_status: 503, ..answer("invalid_grant", "") };
        assert_eq!(judged(Microsoft, "refresh_token", busy).then, Wait);
        let denied = judged(Google, "client_credentials", answer("access_denied", ""));
        assert_eq!(denied.cause, Cause::SignInBlockedByPolicy);
    }
}
