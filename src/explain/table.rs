//! The table. Texts are quoted as they were found, or left out where only a code is known; a row
//! whose meaning nobody documents is `likely` only. Sources are sections of the reference that was
//! collected for this project (O: OAuth and the providers' SMTP), RFCs, or what a server was seen
//! to say in the project's own tests.
//!
//! Adding what is known is adding a row; the order matters only where two rows fit the same facts.

use super::Family::{self, Google, Microsoft};
use super::Row;
use super::SignedInWith::{Password, Token};
use super::Then::{self, Change, SignIn, Wait, WaitHours};
use crate::error::Certainty::{Likely, Sure};
use crate::error::{Cause, Stage};

const EMPTY: Row = Row {
    family: None,
    stages: &[],
    with: None,
    codes: &[],
    enhanced: "",
    text: "",
    error: "",
    suberror: "",
    numbers: &[],
    what: "",
    cause: Cause::Internal,
    then: Change,
    certainty: Sure,
    source: "",
};

/// A reply at the sign-in.
const fn auth(
    enhanced: &'static str,
    text: &'static str,
    cause: Cause,
    then: Then,
    source: &'static str,
) -> Row {
    Row { stages: &[Stage::SignIn], codes: REFUSED, enhanced, text, cause, then, source, ..EMPTY }
}

/// A reply at any step.
const fn reply(
    codes: &'static [u16],
    enhanced: &'static str,
    text: &'static str,
    cause: Cause,
    then: Then,
    source: &'static str,
) -> Row {
    Row { codes, enhanced, text, cause, then, source, ..EMPTY }
}

const fn at(stage: &'static [Stage], row: Row) -> Row {
    Row { stages: stage, ..row }
}

const fn likely(row: Row) -> Row {
    Row { certainty: Likely, ..row }
}

const fn of(family: Family, row: Row) -> Row {
    Row { family: Some(family), ..row }
}

/// By AADSTS number: what they name is not in `error`.
const fn number(numbers: &'static [u32], cause: Cause, then: Then) -> Row {
    Row { family: Some(Microsoft), numbers, cause, then, source: "O §1.12", ..EMPTY }
}

const fn suberror(suberror: &'static str, cause: Cause, then: Then) -> Row {
    Row { family: Some(Microsoft), suberror, cause, then, source: "O §1.12", ..EMPTY }
}

const fn google(
    error: &'static str,
    text: &'static str,
    cause: Cause,
    then: Then,
    source: &'static str,
) -> Row {
    Row { family: Some(Google), error, text, cause, then, source, ..EMPTY }
}

const fn error(error: &'static str, cause: Cause, then: Then, source: &'static str) -> Row {
    Row { error, cause, then, source, ..EMPTY }
}

const fn grant(what: &'static str, row: Row) -> Row {
    Row { what, ..row }
}

/// Any negative reply.
const REFUSED: &[u16] = &[
    421, 430, 432, 450, 451, 452, 454, 500, 501, 502, 503, 504, 521, 530, 534, 535, 538, 550, 551,
    552, 553, 554, 555,
];
const ENVELOPE: &[Stage] = &[Stage::Sender, Stage::Recipients];
const FROM: &[Stage] = &[Stage::Sender, Stage::Recipients, Stage::Data];
const TO: &[Stage] = &[Stage::Recipients];
const DATA: &[Stage] = &[Stage::Data];
const CONNECTING: &[Stage] = &[Stage::Greeting, Stage::Hello];

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    // ---- Replies of mail servers: the sign-in ------------------------------------------------
    auth("5.7.139", "SmtpClientAuthentication is disabled for the Tenant", Cause::SmtpAuthDisabledTenant, Change, "O §2.4"),
    auth("5.7.139", "SmtpClientAuthentication is disabled for the Mailbox", Cause::SmtpAuthDisabledMailbox, Change, "O §2.4"),
    auth("5.7.139", "security defaults policy", Cause::SecurityDefaults, Change, "O §2.4"),
    auth("5.7.139", "did not meet the criteria", Cause::SignInBlockedByPolicy, Change, "O §2.4"),
    auth("5.7.139", "basic authentication is disabled", Cause::BasicAuthRetired, Change, "O §2.4"),
    auth("5.7.139", "user credentials were incorrect", Cause::PasswordRefused, Change, "O §2.4"),
    auth("5.7.139", "account locked", Cause::AccountLocked, Change, "O §2.4"),
    likely(auth("5.7.139", "", Cause::SignInBlockedByPolicy, Change, "O §2.4: every known one is a switch or a policy")),
    reply(&[550], "5.7.30", "", Cause::BasicAuthRetired, Change, "O §2.4"),
    at(&[Stage::SignIn], reply(&[504, 500, 502], "", "", Cause::MechanismNotOffered, Change, "O §2.4; RFC 4954 §4")),
    auth("5.7.9", "Application-specific password required", Cause::AppPasswordRequired, Change, "O §4.7"),
    auth("5.7.14", "", Cause::WebSignInRequired, Change, "O §4.7"),
    auth("4.7.0", "Too many login attempts", Cause::RateLimited, Wait, "O §4.7"),
    // Google's explanation of a refused token (RFC 7628 §3.2.2).
    likely(of(Google, Row { with: Some(Token), ..auth("", "\"status\":\"401\"", Cause::TokenExpired, Change, "O §4.7: common experience") })),
    likely(of(Google, Row { with: Some(Token), ..auth("", "\"status\":\"400\"", Cause::TokenMissingScope, Change, "O §4.7: common experience") })),
    // Dovecot's explanation: it has looked at the end of the token.
    Row { with: Some(Token), ..auth("", "the access token has expired", Cause::TokenExpired, Change, "the project's sandbox") },
    likely(of(Microsoft, Row { with: Some(Password), ..auth("5.7.3", "", Cause::BasicAuthRetired, Change, "O §2.6: personal accounts since 2024-09-16") })),
    auth("5.7.11", "", Cause::PlaintextAuth, Change, "RFC 4954 §6"),

    // ---- Replies at any step -----------------------------------------------------------------
    reply(&[530], "", "STARTTLS", Cause::StarttlsRequired, Change, "RFC 3207 §4"),
    reply(&[530], "", "", Cause::NotSignedIn, Change, "O §2.4; RFC 4954 §6"),
    reply(&[432, 421, 451, 450], "", "Concurrent connections limit exceeded", Cause::TooManyConnections, Wait, "O §2.4"),
    reply(&[432, 421, 451, 450], "", "sender thread limit exceeded", Cause::TooManyConnections, Wait, "O §2.4"),
    reply(&[421], "", "too many connections", Cause::TooManyConnections, Wait, "Postfix: anvil(8)"),
    reply(&[421], "", "Message submission rate", Cause::RateLimited, Wait, "O §2.4"),
    reply(&[421, 450, 451], "", "too many messages", Cause::RateLimited, Wait, "Postfix: anvil(8)"),
    likely(of(Google, reply(&[421], "4.7.0", "Try again later", Cause::RateLimited, Wait, "O §4.7"))),
    // A 4xx that no waiting heals.
    reply(&[430], "", "mailbox logon failure", Cause::AppOnlyMailboxNotPermitted, Change, "O §2.4"),
    reply(REFUSED, "", "MapiExceptionLogonFailed", Cause::AppOnlyMailboxNotPermitted, Change, "O §2.4"),
    // 5xx that waiting does heal.
    reply(REFUSED, "", "SubmissionQuotaExceeded", Cause::QuotaExceeded, WaitHours(24), "O §2.4"),
    reply(&[550], "5.4.5", "", Cause::QuotaExceeded, WaitHours(24), "O §4.7"),
    reply(&[550], "5.1.90", "", Cause::QuotaExceeded, WaitHours(24), "O §2.4"),
    at(DATA, reply(REFUSED, "", "QuotaExceededException", Cause::OwnMailboxFull, Change, "O §2.4")),

    // ---- Whose name the message bears ---------------------------------------------------------
    reply(REFUSED, "5.7.60", "", Cause::SendAsDenied, Change, "O §2.4"),
    reply(REFUSED, "5.2.252", "", Cause::SendAsDenied, Change, "O §2.4"),
    reply(REFUSED, "", "SendAsDenied", Cause::SendAsDenied, Change, "O §2.4"),
    at(FROM, reply(REFUSED, "", "Sender address rejected: not owned by user", Cause::SendAsDenied, Change, "Postfix: smtpd_sender_login_maps")),
    // The server says "for now" of a domain that does not exist.
    at(FROM, reply(REFUSED, "", "Sender address rejected: Domain not found", Cause::SenderDomainUnknown, Change, "Postfix: reject_unknown_sender_domain")),
    at(FROM, reply(&[550, 553, 554], "5.1.8", "", Cause::SenderBlocked, Change, "O §2.4")),
    at(FROM, reply(&[450, 451], "4.1.8", "", Cause::SenderDomainUnknown, Change, "RFC 3463 §3.2")),
    likely(reply(&[550], "5.7.708", "", Cause::SenderBlocked, Change, "O §2.4")),
    likely(reply(&[550], "5.7.501", "", Cause::SenderBlocked, Change, "O §2.4")),
    likely(reply(&[550], "5.7.502", "", Cause::SenderBlocked, Change, "O §2.4")),
    likely(reply(&[550], "5.7.503", "", Cause::SenderBlocked, Change, "O §2.4")),
    likely(reply(&[550], "5.7.512", "", Cause::SenderBlocked, Change, "O §2.4")),

    // ---- To whom it goes ----------------------------------------------------------------------
    at(TO, reply(REFUSED, "", "Relay access denied", Cause::RelayDenied, Change, "Postfix: smtpd_relay_restrictions")),
    likely(at(TO, reply(&[450, 451, 421], "", "greylist", Cause::Greylisted, Wait, "RFC 6647: the word, in whatever text"))),
    at(TO, reply(REFUSED, "5.1.1", "", Cause::RecipientUnknown, Change, "RFC 3463 §3.2")),
    at(TO, reply(REFUSED, "5.1.10", "", Cause::RecipientUnknown, Change, "RFC 7505 §4.2; Exchange")),
    at(TO, reply(REFUSED, "5.1.6", "", Cause::RecipientUnknown, Change, "RFC 3463 §3.2")),
    at(TO, reply(REFUSED, "5.1.2", "", Cause::RecipientDomainUnknown, Change, "RFC 3463 §3.2")),
    at(TO, reply(REFUSED, "5.1.3", "", Cause::RecipientAddressInvalid, Change, "RFC 3463 §3.2")),
    at(TO, reply(REFUSED, "5.2.1", "", Cause::RecipientDisabled, Change, "RFC 3463 §3.3")),
    at(TO, reply(REFUSED, "5.2.2", "", Cause::RecipientMailboxFull, Change, "RFC 3463 §3.3")),
    at(TO, reply(&[450, 452], "4.2.2", "", Cause::RecipientMailboxFull, Wait, "RFC 3463 §3.3")),
    at(TO, reply(&[450, 451, 550], "", "Domain not found", Cause::RecipientDomainUnknown, Change, "Postfix: reject_unknown_recipient_domain")),
    at(TO, reply(REFUSED, "", "User unknown", Cause::RecipientUnknown, Change, "Postfix: local_recipient_maps")),
    at(ENVELOPE, reply(&[452, 550], "4.5.3", "", Cause::TooManyRecipients, Change, "RFC 3463 §3.6")),
    at(ENVELOPE, reply(REFUSED, "5.5.3", "", Cause::TooManyRecipients, Change, "RFC 3463 §3.6")),
    at(TO, reply(&[452], "", "too many recipients", Cause::TooManyRecipients, Change, "RFC 5321 §4.5.3.1.10")),

    // ---- The message --------------------------------------------------------------------------
    reply(REFUSED, "5.3.4", "", Cause::MessageTooLarge, Change, "RFC 3463 §3.4"),
    reply(REFUSED, "5.2.3", "", Cause::MessageTooLarge, Change, "RFC 3463 §3.3"),
    reply(&[452, 451], "4.3.1", "", Cause::ServerBusy, Wait, "RFC 3463 §3.4"),
    at(CONNECTING, reply(&[421], "", "", Cause::ServerBusy, Wait, "RFC 5321 §3.8")),

    // ---- Errors of OAuth providers: Microsoft, in the order of its table ------------------------
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
    suberror("consent_required", Cause::NeedsSignInConsent, SignIn),
    suberror("user_password_expired", Cause::NeedsSignInPassword, SignIn),
    suberror("protection_policy_required", Cause::SignInBlockedByPolicy, Change),
    suberror("device_authentication_failed", Cause::SignInBlockedByPolicy, Change),
    // The button on Microsoft's page.
    likely(suberror("cancel", Cause::SignInDeclined, SignIn)),

    // ---- Google; the texts for service accounts are not confirmed --------------------------------
    google("invalid_request", "client_secret is missing", Cause::AppSecretMissing, Change, "O §4.3"),
    likely(google("invalid_grant", "Invalid JWT: Token must be a short-lived token", Cause::ClockWrong, Change, "O §4.6")),
    likely(google("invalid_grant", "Invalid JWT Signature", Cause::AppCertificateWrong, Change, "O §4.6")),
    likely(google("invalid_grant", "Not a valid email or user ID", Cause::AppImpersonatedUserUnknown, Change, "O §4.6")),
    grant("jwt-bearer", google("unauthorized_client", "", Cause::AppDelegationMissing, Change, "O §4.6")),
    Row { suberror: "invalid_rapt", ..google("invalid_grant", "", Cause::NeedsSignInFrequency, SignIn, "O §4.4") },
    grant("refresh_token", google("invalid_grant", "", Cause::NeedsSignInGoogle, SignIn, "O §4.4")),
    google("admin_policy_enforced", "", Cause::SignInBlockedByPolicy, Change, "O §4.3"),
    google("org_internal", "", Cause::AppWrongAccountType, Change, "O §4.3"),
    google("disallowed_useragent", "", Cause::SignInEmbeddedBrowser, SignIn, "O §4.3"),
    google("deleted_client", "", Cause::AppUnknown, Change, "O §4.3"),
    google("disabled_client", "", Cause::AppUnknown, Change, "O §4.6"),
    google("redirect_uri_mismatch", "", Cause::AppRedirectNotRegistered, Change, "O §4.3"),
    google("rate_limit_exceeded", "", Cause::TooManyTokenRequests, Wait, "O §4.3"),
    google("internal_failure", "", Cause::ProviderBusy, Wait, "O §4.3"),

    // ---- The standards ---------------------------------------------------------------------------
    grant("authorization_code", error("invalid_grant", Cause::SignInMixedUp, SignIn, "RFC 6749 §5.2")),
    grant("jwt-bearer", error("invalid_grant", Cause::AppCertificateWrong, Change, "RFC 7523 §3.1")),
    grant("client_credentials", error("invalid_grant", Cause::AppNotAuthorized, Change, "RFC 6749 §5.2")),
    error("invalid_grant", Cause::NeedsSignInExpired, SignIn, "RFC 6749 §5.2"),
    error("interaction_required", Cause::NeedsSignIn, SignIn, "OpenID Connect Core §3.1.2.6"),
    error("login_required", Cause::NeedsSignIn, SignIn, "OpenID Connect Core §3.1.2.6"),
    error("account_selection_required", Cause::NeedsSignIn, SignIn, "OpenID Connect Core §3.1.2.6"),
    error("consent_required", Cause::NeedsSignInConsent, SignIn, "OpenID Connect Core §3.1.2.6"),
    error("access_denied", Cause::SignInDeclined, SignIn, "RFC 6749 §4.1.2.1"),
    // Microsoft's word for it at the device's door.
    error("authorization_declined", Cause::SignInDeclined, SignIn, "O §1.8"),
    error("expired_token", Cause::SignInTimedOut, SignIn, "RFC 8628 §3.5"),
    error("bad_verification_code", Cause::SignInMixedUp, SignIn, "O §1.8"),
    error("invalid_client", Cause::AppSecretWrong, Change, "RFC 6749 §5.2"),
    error("unauthorized_client", Cause::AppNotAuthorized, Change, "RFC 6749 §5.2"),
    error("unsupported_grant_type", Cause::FlowNotOffered, Change, "RFC 6749 §5.2"),
    error("unsupported_response_type", Cause::FlowNotOffered, Change, "RFC 6749 §4.1.2.1"),
    error("invalid_scope", Cause::TokenScopeInvalid, Change, "RFC 6749 §5.2"),
    error("invalid_resource", Cause::AppPermissionMissing, Change, "O §1.12"),
    error("invalid_request", Cause::TokenRequestInvalid, Change, "RFC 6749 §5.2"),
    // States of the device flow, not refusals: `device` acts on them before anybody sees them.
    error("authorization_pending", Cause::SignInTimedOut, Wait, "RFC 8628 §3.5"),
    error("slow_down", Cause::TooManyTokenRequests, Wait, "RFC 8628 §3.5"),
    error("temporarily_unavailable", Cause::ProviderBusy, Wait, "RFC 6749 §4.1.2.1"),
    error("server_error", Cause::ProviderBusy, Wait, "RFC 6749 §4.1.2.1"),
];
