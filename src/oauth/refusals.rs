//! What the error of a provider means, and whose turn it is then: the row of `explain` that fits what
//! was answered to what was asked.
//!
//! `error` decides what happens; numbers and texts only choose the words for the person, since
//! providers change them (Microsoft says so). Where a row needs a text, the standard gives no other
//! way to tell two mistakes apart.

use crate::error::{Cause, Certainty, Stage, Words};
use crate::explain::{Facts, Sign, Then, of_provider};
use crate::oauth::response::{Asked, ErrorResponse};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub cause: Cause,
    pub then: Then,
    pub certainty: Certainty,
    pub words: Words,
}

/// What a provider's error means.
pub(crate) fn judge(answer: &ErrorResponse, asked: &Asked) -> Refusal {
    let fitting = of_provider(&Facts {
        family: asked.family,
        stage: Some(asked.stage),
        signs: asked
            .signs
            .with_if(asked.form.contains("client_assertion"), Sign::ShowsCertificate)
            .with_if(asked.stage == Stage::Token && !by_person(asked), Sign::NobodyIsAsked),
        text: &answer.description,
        http_status: answer.http_status,
        error: &answer.error,
        suberror: &answer.suberror,
        number: answer.number,
        asked: asked.what,
        ..Facts::default()
    });
    match fitting {
        Some(row) => {
            Refusal { cause: row.cause, then: row.then, certainty: row.certainty, words: row.words }
        }
        None => Refusal {
            cause: Cause::TokenRequestRefused,
            then: Then::Change,
            certainty: Certainty::Unknown,
            words: Words::default(),
        },
    }
}

/// Whether a person is at the other end of this grant while it is asked for.
fn by_person(asked: &Asked) -> bool {
    asked.what.contains("device_code") || asked.what.contains("authorization_code")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Family::{self, Google, Microsoft};
    use crate::explain::{Signs, signs_of_age};
    use crate::oauth::form::Form;

    fn judged(family: Family, what: &str, answer: ErrorResponse) -> Refusal {
        let form = Form::default();
        let stage = Stage::Token;
        judge(&answer, &Asked { family, stage, what, form: &form, signs: Signs::default() })
    }

    fn answer(error: &str, description: &str) -> ErrorResponse {
        let (error, description) = (error.into(), description.into());
        ErrorResponse { http_status: 400, error, description, ..ErrorResponse::default() }
    }

    #[test]
    fn numbers_count_only_for_microsoft() {
        let found = ErrorResponse { number: Some(50173), ..answer("invalid_grant", "") };
        let microsoft = judged(Microsoft, "refresh_token", found.clone());
        assert_eq!(microsoft.cause, Cause::NeedsSignInPasswordChanged);
        let other = judged(Family::Other, "refresh_token", found);
        assert_eq!((other.cause, other.then), (Cause::NeedsSignInExpired, Then::SignIn));
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
    fn the_age_of_the_sign_in_tells_why_google_ended_it() {
        const DAY: i64 = 24 * 3600;
        let ended = |renewed: i64, now: i64| {
            let signs = signs_of_age(Some(0), Some(renewed * DAY), now * DAY);
            let (form, stage, what) = (Form::default(), Stage::Token, "refresh_token");
            let asked = Asked { family: Google, stage, what, form: &form, signs };
            let refusal = judge(&answer("invalid_grant", "Bad Request"), &asked);
            assert_eq!(refusal.certainty, Certainty::Likely);
            refusal.cause
        };
        assert_eq!(ended(6, 8), Cause::NeedsSignInGoogleTesting);
        assert_eq!(ended(30, 31), Cause::NeedsSignInRevoked);
        assert_eq!(ended(2, 3), Cause::NeedsSignInRevoked);
        assert_eq!(ended(30, 230), Cause::NeedsSignInInactive);
    }

    #[test]
    fn an_app_that_showed_a_certificate_hears_nothing_of_a_secret() {
        let mut form = Form::default();
        form.set("client_assertion", "h.p.s");
        let family = Family::Other;
        let what = "client_credentials";
        let asked =
            Asked { family, stage: Stage::Token, what, form: &form, signs: Signs::default() };
        let refused = answer("invalid_client", "client authentication failed");
        assert_eq!(judge(&refused, &asked).cause, Cause::AppCertificateWrong);
        assert_eq!(judged(family, what, refused).cause, Cause::AppSecretWrong);
    }

    #[test]
    fn an_unknown_error_is_called_so_and_a_busy_server_heals_by_waiting() {
        let unknown = judged(Family::Other, "refresh_token", answer("no_such_error", ""));
        assert_eq!((unknown.cause, unknown.then), (Cause::TokenRequestRefused, Then::Change));
        assert_eq!(unknown.certainty, Certainty::Unknown);
        let busy = ErrorResponse { http_status: 503, ..answer("invalid_grant", "") };
        assert_eq!(judged(Microsoft, "refresh_token", busy).then, Then::Wait);
        let denied = judged(Google, "client_credentials", answer("access_denied", ""));
        assert_eq!(denied.cause, Cause::SignInBlockedByPolicy);
    }
}
