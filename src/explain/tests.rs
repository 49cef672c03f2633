use super::row::Section;
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
        let general = Cause::ServerRefused;
        let error = Error::refused(Status::Message, *stage, general, "refused", reply_of(text));
        let error = refine(error, known(Family::Microsoft, None));
        assert_eq!(error.cause(), *cause, "{text}");
        let found: Vec<_> = explain(text).rows.iter().map(|row| row.cause).collect();
        assert!(!found.is_empty() && found.iter().all(|found| found == cause), "{text}: {found:?}");
    }
}

fn known(family: Family, with: Option<SignedInWith>) -> Known {
    Known { family, with, signs: Signs::default() }
}

const SECTIONS: [Section; 4] =
    [Section::Replies, Section::Providers, Section::Own, Section::Suspects];

/// The first value of what the row asks for.
fn asked(row: &Row, key: &str) -> &'static str {
    row.asks(key).split(',').next().unwrap_or_default()
}

/// Facts that fit the row, as far as it asks for any; for each value of its conditions there is one
/// with it.
fn facts_of(row: &Row) -> Vec<Facts<'static>> {
    let value = |key| asked(row, key);
    let family = [Family::Microsoft, Family::Google, Family::Other];
    let signs = row.asks("knows").split(',').filter_map(Sign::of_word);
    let plain = Facts {
        family: family.into_iter().find(|f| f.code() == value("of")).unwrap_or_default(),
        stage: stage_of(value("at")).or(Some(Stage::Data)),
        with: with_of(value("with")),
        signs: signs.fold(Signs::default(), Signs::with),
        code: match row.section {
            Section::Replies | Section::Suspects => value("code").parse().unwrap_or(599),
            _ => 0,
        },
        enhanced: value("enhanced"),
        text: row.asks("text"),
        http_status: value("http").parse().unwrap_or(0),
        error: value("error"),
        suberror: value("suberror"),
        number: value("aadsts").parse().ok(),
        asked: if row.asks("asked").is_empty() { "nothing" } else { row.asks("asked") },
        was: Cause::of_code(value("was")),
    };
    let mut all = vec![plain];
    for (key, values) in row.conditions() {
        for value in values.split(',').skip(1) {
            all.extend(match key {
                "at" => Some(Facts { stage: stage_of(value), ..plain }),
                "code" => Some(Facts { code: value.parse().unwrap(), ..plain }),
                "enhanced" => Some(Facts { enhanced: value, ..plain }),
                "error" => Some(Facts { error: value, ..plain }),
                "suberror" => Some(Facts { suberror: value, ..plain }),
                "aadsts" => Some(Facts { number: value.parse().ok(), ..plain }),
                "was" => Some(Facts { was: Cause::of_code(value), ..plain }),
                _ => None,
            });
        }
    }
    all
}

fn stage_of(code: &str) -> Option<Stage> {
    use Stage::{Data, Greeting, Hello, Recipients, Sender, SignIn};
    [Greeting, Hello, SignIn, Sender, Recipients, Data].into_iter().find(|s| s.code() == code)
}

fn with_of(code: &str) -> Option<SignedInWith> {
    [SignedInWith::Token, SignedInWith::Password].into_iter().find(|with| with.code() == code)
}

#[test]
fn every_row_is_reached_by_all_facts_that_fit_it() {
    for section in [Section::Replies, Section::Providers, Section::Own] {
        for row in section.rows() {
            for facts in facts_of(&row) {
                assert_eq!(first(section, &facts), Some(row), "{facts:?}");
            }
        }
    }
    for row in Section::Suspects.rows() {
        for facts in facts_of(&row) {
            assert!(suspects(&facts).any(|found| found == row), "{facts:?}");
        }
    }
}

#[test]
fn every_line_of_the_table_is_a_row_whose_words_are_known() {
    let lines = row::TABLE.lines().filter(|line| line.contains(" => ") && !line.starts_with('#'));
    let rows: Vec<_> = SECTIONS.into_iter().flat_map(Section::rows).collect();
    assert_eq!(lines.clone().count(), rows.len());
    let more = row::TABLE.lines().filter(|line| line.starts_with("    ")).count();
    let said = |row: &Row| [row.words.advice, row.words.link].into_iter().flatten().count();
    assert_eq!(rows.iter().map(said).sum::<usize>(), more);
    for (row, line) in rows.iter().zip(lines) {
        assert!(!row.source.is_empty(), "{line}");
        // Put together again it is the line: nothing of it was passed over.
        let written = row.conditions().map(|(key, values)| {
            let quoted = values.is_empty() || values.contains(' ') || key == "text";
            if quoted { format!("{key}=`{values}`") } else { format!("{key}={values}") }
        });
        let written = written.collect::<Vec<_>>().join(" ");
        assert_eq!(Some(written.as_str()), line.split(" => ").next());
        for (key, values) in row.conditions() {
            let all = |is_known: fn(&str) -> bool| values.split(',').all(is_known);
            let known = match key {
                "of" => all(|word| ["microsoft", "google", "other"].contains(&word)),
                "at" => all(|word| stage_of(word).is_some()),
                "with" => all(|word| with_of(word).is_some()),
                "code" | "aadsts" | "http" => all(|word| word.parse::<u32>().is_ok()),
                "was" => all(|word| Cause::of_code(word).is_some()),
                "knows" | "without" => all(|word| Sign::of_word(word).is_some()),
                "enhanced" | "text" | "error" | "suberror" | "asked" => true,
                _ => false,
            };
            assert!(known, "{key}={values}: {line}");
        }
        let of_reply = ["code", "enhanced", "text"].iter().any(|key| asks(row, key));
        let of_provider = ["error", "suberror", "aadsts", "http"].iter().any(|key| asks(row, key));
        let right = match row.section {
            Section::Replies => of_reply && !of_provider,
            Section::Providers => of_provider,
            Section::Own => asks(row, "was") && !of_reply && !of_provider,
            Section::Suspects => of_reply && row.words.advice.is_some(),
        };
        assert!(right, "in the wrong section: {line}");
    }
}

fn asks(row: &Row, key: &str) -> bool {
    row.conditions().any(|(found, _)| found == key)
}

#[test]
fn every_advice_of_a_row_is_a_sentence_whose_places_are_known() {
    for row in SECTIONS.into_iter().flat_map(Section::rows) {
        let Some(advice) = row.words.advice else { continue };
        let filled = crate::error::values::fill(advice, &Default::default());
        assert!(!filled.contains(['{', '}']), "{filled}");
        let is_sentence = filled.ends_with('.') && filled.starts_with(char::is_uppercase);
        assert_eq!(is_sentence, row.section != Section::Suspects, "{filled}");
    }
}

#[test]
fn what_nobody_knows_stays_what_it_was_and_is_called_unknown() {
    let refused = |text: &str, cause| {
        Error::refused(Status::SignIn, Stage::SignIn, cause, "refused", reply_of(text))
    };
    let error = refine(
        refused("535 5.7.3 Authentication unsuccessful", Cause::TokenRefused),
        known(Family::Microsoft, Some(SignedInWith::Token)),
    );
    assert_eq!((error.cause(), error.certainty()), (Cause::TokenRefused, Certainty::Unknown));
    let password = refine(
        refused("535 5.7.3 Authentication unsuccessful", Cause::PasswordRefused),
        known(Family::Microsoft, Some(SignedInWith::Password)),
    );
    assert_eq!(
        (password.cause(), password.certainty()),
        (Cause::BasicAuthRetired, Certainty::Likely)
    );
    let elsewhere = refine(
        refused("535 5.7.3 no", Cause::PasswordRefused),
        known(Family::Other, Some(SignedInWith::Password)),
    );
    assert_eq!(elsewhere.cause(), Cause::PasswordRefused);
    assert!(explain("nothing of the kind").rows.is_empty());
    assert!(explain("299 5.1.1 yes").rows.is_empty());
}

#[test]
fn a_4xx_that_never_heals_and_a_5xx_that_does_are_told_apart() {
    let of = |text: &str| {
        let cause = Cause::MessageRefused;
        let error = Error::refused(Status::Message, Stage::Data, cause, "refused", reply_of(text));
        refine(error, known(Family::Microsoft, Some(SignedInWith::Token)))
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
        assert_eq!(explain(text).rows.first().map(|row| row.cause), Some(cause), "{text}");
    }
}
