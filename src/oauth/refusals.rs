//! What the errors of providers mean, and whose turn it is then: a row of `explain`, and what the
//! request tells beyond it.
//!
//! `error` decides what happens; numbers and texts only choose the words for the person, since
//! providers change them (Microsoft says so). Where a row needs a text, the standard gives no other
//! way to tell two mistakes apart.

use crate::error::{Cause, Certainty, Stage};
use crate::explain::{Facts, Then, look_up};
use crate::oauth::response::{Asked, ErrorResponse};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub cause: Cause,
    pub then: Then,
    pub certainty: Certainty,
}

use Then::{Change, Wait};

/// What a provider's error means.
pub(crate) fn judge(answer: &ErrorResponse, asked: &Asked) -> Refusal {
    let fitting = look_up(&Facts {
        family: asked.family,
        stage: Some(asked.stage),
        text: &answer.description,
        error: &answer.error,
        suberror: &answer.suberror,
        number: answer.number,
        what: asked.what,
        ..Facts::default()
    });
    let (cause, then, certainty) = match fitting {
        Some(row) => (row.cause, row.then, row.certainty),
        None => (Cause::TokenRequestRefused, Change, Certainty::Unknown),
    };
    let mut refusal = Refusal { cause, then, certainty };
    if refusal.cause == Cause::AppSecretWrong && asked.secret_is_an_id {
        refusal.cause = Cause::AppSecretIdNotValue;
    }
    // The standards have one word for whatever an app shows.
    if refusal.cause == Cause::AppSecretWrong && asked.form.contains("client_assertion") {
        refusal.cause = Cause::AppCertificateWrong;
    }
    // A person at the browser says no; without a person it is the administrator who does.
    if refusal.cause == Cause::SignInDeclined && asked.stage == Stage::Token && !by_person(asked) {
        refusal = Refusal {
            cause: Cause::SignInBlockedByPolicy,
            then: Change,
            certainty: Certainty::Likely,
        };
    }
    // A busy server may still give the error that it usually gives.
    let busy = matches!(answer.http_status, 429 | 503);
    if busy && refusal.then != Wait {
        refusal = Refusal {
            cause: busy_cause(answer.http_status),
            then: Wait,
            certainty: Certainty::Sure,
        };
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
    use crate::explain::Family::{self, Google, Microsoft};
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
        assert_eq!((unknown.cause, unknown.then), (Cause::TokenRequestRefused, Change));
        assert_eq!(unknown.certainty, Certainty::Unknown);
        let busy = ErrorResponse { http_status: 503, ..answer("invalid_grant", "") };
        assert_eq!(judged(Microsoft, "refresh_token", busy).then, Wait);
        let denied = judged(Google, "client_credentials", answer("access_denied", ""));
        assert_eq!(denied.cause, Cause::SignInBlockedByPolicy);
    }
}
