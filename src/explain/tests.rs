use super::table::ROWS;
use super::*;

/// Replies as the reference quotes them, or as servers of the project's tests give them; where it
/// has only a code, the code alone.
const QUOTED: &[(Stage, &str, Cause)] = {
    use Stage::{Data, Recipients, Sender, SignIn};
    &[
        (
            SignIn,
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the \
             Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
            Cause::SmtpAuthDisabledTenant,
        ),
        (
            SignIn,
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the \
             Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.",
            Cause::SmtpAuthDisabledMailbox,
        ),
        (
            SignIn,
            "535 5.7.139 Authentication unsuccessful, user is locked by your organization's \
             security defaults policy. Contact your administrator.",
            Cause::SecurityDefaults,
        ),
        (
            SignIn,
            "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be \
             authenticated successfully. Contact your administrator.",
            Cause::SignInBlockedByPolicy,
        ),
        (
            SignIn,
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            Cause::BasicAuthRetired,
        ),
        (
            SignIn,
            "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
            Cause::PasswordRefused,
        ),
        (SignIn, "535 5.7.139", Cause::SignInBlockedByPolicy),
        (
            SignIn,
            "550 5.7.30 Basic authentication is not supported for Client Submission.",
            Cause::BasicAuthRetired,
        ),
        (SignIn, "504 5.7.4 Unrecognized authentication type", Cause::MechanismNotOffered),
        (SignIn, "534 5.7.9 Application-specific password required.", Cause::AppPasswordRequired),
        (SignIn, "534 5.7.14 Please log in via your web browser", Cause::WebSignInRequired),
        (SignIn, "454 4.7.0 Too many login attempts, please try again later.", Cause::RateLimited),
        (Sender, "530 5.7.57 Client not authenticated to send mail.", Cause::NotSignedIn),
        (Sender, "530 5.7.0 Must issue a STARTTLS command first", Cause::StarttlsRequired),
        (Sender, "530 5.7.0 Authentication Required", Cause::NotSignedIn),
        (
            Sender,
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            Cause::SendAsDenied,
        ),
        (
            Data,
            "554 5.2.252 SendAsDenied; anna@example.org not allowed to send as bob@example.org",
            Cause::SendAsDenied,
        ),
        (
            Data,
            "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied",
            Cause::SendAsDenied,
        ),
        (
            Sender,
            "553 5.7.1 <bob@rig.test>: Sender address rejected: not owned by user alice@rig.test",
            Cause::SendAsDenied,
        ),
        (
            Data,
            "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending",
            Cause::TooManyConnections,
        ),
        (
            Data,
            "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
            Cause::TooManyConnections,
        ),
        (
            Data,
            "430 4.2.0 STOREDRV; mailbox logon failure; failure category: MapiExceptionLogonFailed",
            Cause::AppOnlyMailboxNotPermitted,
        ),
        (
            Data,
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
            Cause::QuotaExceeded,
        ),
        (
            Data,
            "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException",
            Cause::OwnMailboxFull,
        ),
        (Data, "552 5.3.4 Message size exceeds fixed maximum message size", Cause::MessageTooLarge),
        (Data, "552 5.2.3", Cause::MessageTooLarge),
        (
            Data,
            "421 4.4.2 Message submission rate for this client has exceeded the configured limit",
            Cause::RateLimited,
        ),
        (Sender, "550 5.4.5 Daily user sending limit exceeded", Cause::QuotaExceeded),
        (Sender, "550 5.7.708", Cause::SenderBlocked),
        (Recipients, "550 5.1.1 no such user", Cause::RecipientUnknown),
        (Recipients, "550 5.1.3", Cause::RecipientAddressInvalid),
        (Recipients, "554 5.7.1 <x@y.test>: Relay access denied", Cause::RelayDenied),
        (Recipients, "452 4.2.2", Cause::RecipientMailboxFull),
    ]
};

fn reply_of(text: &str) -> Reply {
    let mut buffer = crate::smtp::ReplyBuffer::default();
    buffer.push(format!("{text}\r\n").as_bytes());
    buffer.next(Stage::SignIn, &mut |_| {}).unwrap().unwrap()
}

#[test]
fn replies_that_are_quoted_mean_what_the_reference_says() {
    for (stage, text, cause) in QUOTED {
        let reply = reply_of(text);
        let row = meaning(&reply, *stage, &reply.to_string(), Family::Microsoft, None);
        assert_eq!(row.map(|row| row.cause), Some(*cause), "{text}");
        assert_eq!(explain(text).map(|found| found.cause), Some(*cause), "from a log: {text}");
    }
}

/// Facts that fit the row, as far as it asks for any.
fn facts_of(row: &Row) -> Facts<'_> {
    let provider = row.is_of_provider();
    Facts {
        family: row.family.unwrap_or_default(),
        stage: row.stages.first().copied().or(Some(Stage::Data)),
        with: row.with,
        code: if provider { 0 } else { row.codes.first().copied().unwrap_or(599) },
        enhanced: row.enhanced,
        text: row.text,
        error: row.error,
        suberror: row.suberror,
        number: row.numbers.first().copied(),
        what: if row.what.is_empty() { "device_code" } else { row.what },
    }
}

#[test]
fn every_row_is_reached_by_facts_that_fit_it() {
    for (at, row) in ROWS.iter().enumerate() {
        let facts = facts_of(row);
        let first = ROWS.iter().position(|other| other.fits(&facts));
        assert_eq!(first, Some(at), "{row:?}");
    }
}

#[test]
fn every_row_has_a_source_and_no_number_stands_in_two() {
    let mut seen = std::collections::HashSet::new();
    for row in ROWS {
        assert!(!row.source.is_empty(), "{row:?}");
        assert!(row.numbers.iter().all(|number| seen.insert(*number)), "{row:?}");
        assert!(
            row.is_of_provider() == row.codes.is_empty(),
            "of a server or of a provider: {row:?}"
        );
    }
}

#[test]
fn what_nobody_knows_stays_what_it_was_and_is_called_unknown() {
    let refused = |text: &str, cause| {
        Error::refused(Status::SignIn, Stage::SignIn, cause, "refused", reply_of(text))
    };
    let error = refine(
        refused("535 5.7.3 Authentication unsuccessful", Cause::TokenRefused),
        Family::Microsoft,
        Some(SignedInWith::Token),
    );
    assert_eq!((error.cause(), error.certainty()), (Cause::TokenRefused, Certainty::Unknown));
    let password = refine(
        refused("535 5.7.3 Authentication unsuccessful", Cause::PasswordRefused),
        Family::Microsoft,
        Some(SignedInWith::Password),
    );
    assert_eq!(
        (password.cause(), password.certainty()),
        (Cause::BasicAuthRetired, Certainty::Likely)
    );
    let elsewhere = refine(
        refused("535 5.7.3 no", Cause::PasswordRefused),
        Family::Other,
        Some(SignedInWith::Password),
    );
    assert_eq!(elsewhere.cause(), Cause::PasswordRefused);
    assert!(explain("nothing of the kind").is_none() && explain("299 5.1.1 yes").is_none());
}

#[test]
fn a_4xx_that_never_heals_and_a_5xx_that_does_are_told_apart() {
    let of = |text: &str| {
        let cause = Cause::MessageRefused;
        let error = Error::refused(Status::Message, Stage::Data, cause, "refused", reply_of(text));
        refine(error, Family::Microsoft, Some(SignedInWith::Token))
    };
    let never = of("430 4.2.0 STOREDRV; mailbox logon failure");
    assert_eq!(never.retry(), Retry::No);
    let tomorrow = of("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException");
    assert_eq!(tomorrow.retry(), Retry::Later);
    assert_eq!(tomorrow.retry_after(), Some(Duration::from_secs(24 * 3600)));
    assert_eq!(of("554 5.6.0 no").retry(), Retry::No);
    assert_eq!(of("451 4.3.0 later").retry(), Retry::Later);
}

#[test]
fn lines_of_logs_are_explained() {
    for (text, cause) in [
        (
            "smtplib.SMTPAuthenticationError: (535, b'5.7.139 Authentication unsuccessful, \
             SmtpClientAuthentication is disabled for the Tenant.')",
            Cause::SmtpAuthDisabledTenant,
        ),
        ("AADSTS7000215: Invalid client secret provided.", Cause::AppSecretWrong),
        (
            "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS50173: …\"}",
            Cause::NeedsSignInPasswordChanged,
        ),
        ("error: redirect_uri_mismatch", Cause::AppRedirectNotRegistered),
        ("{\"error\": \"invalid_client\"}", Cause::AppSecretWrong),
        ("S: 550-5.1.1 The address does not exist", Cause::RecipientUnknown),
    ] {
        assert_eq!(explain(text).map(|found| found.cause), Some(cause), "{text}");
    }
}
