//! What an error means, with everything that a send knows: the server and whose it is, who signs in
//! and with what, from whom the message is and to whom it goes.

use crate::error::values::Values;
use crate::error::{Cause, Certainty, Error, Stage};
use crate::explain::{self, Family, SignedInWith};
use crate::oauth::inspect::{self, Hint, Need, Service};
use crate::oauth::provider::{Provider, Providers};
use crate::secret::Secret;
use crate::smtp::{Credentials, Reply};
use crate::transport::server::Server;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a send knows.
pub(crate) struct Situation<'a> {
    server: &'a Server,
    /// The built-in provider of the server.
    provider: Option<Provider>,
    family: Family,
    from: Option<&'a str>,
}

impl<'a> Situation<'a> {
    pub(crate) fn new(server: &'a Server, from: Option<&'a str>) -> Self {
        let provider = Providers::of_host(&server.host);
        let of_account = server.account.as_ref().map(|account| account.family());
        let of_host = provider.as_ref().map(|provider| provider.family);
        let family = of_host.or(of_account).unwrap_or_default();
        Self { server, provider, family, from }
    }

    /// The error with its meaning; `recipient` is the first that was refused.
    pub(crate) fn explain(&self, error: Error, recipient: Option<&str>) -> Error {
        let with = self.signed_in_with();
        let error = match error.cause() {
            Cause::CertificateUnknownCa | Cause::CertificateSelfSigned if self.is_public() => {
                error.meaning(Cause::CertificateIntercepted, Certainty::Likely)
            }
            _ => explain::refine(error, self.family, with),
        };
        let error = error.with_values(self.values(recipient));
        match error.cause() {
            Cause::TokenRefused => self.suspect(error),
            Cause::MechanismNotOffered if self.family == Family::Microsoft => {
                let switch = "at Microsoft XOAUTH2 is missing when SMTP AUTH is switched off, or \
                              before STARTTLS";
                let advice = format!("{}: {switch}.", error.advice().trim_end_matches('.'));
                error.with_advice(advice)
            }
            _ => error,
        }
    }

    /// What the reply to a recipient means, when not all were refused.
    pub(crate) fn cause_of_recipient(&self, reply: &Reply) -> Option<Cause> {
        let text = reply.text();
        let with = self.signed_in_with();
        let row = explain::meaning(reply, Stage::Recipients, text, self.family, with);
        row.map(|row| row.cause)
    }

    /// The servers of big providers have certificates of public CAs: another one was put in between.
    fn is_public(&self) -> bool {
        self.provider.is_some()
    }

    fn signed_in_with(&self) -> Option<SignedInWith> {
        match (&self.server.credentials, &self.server.account) {
            (_, Some(_)) => Some(SignedInWith::Token),
            (Some(Credentials::Password { .. }), _) => Some(SignedInWith::Password),
            (Some(_), _) => Some(SignedInWith::Token),
            (None, None) => None,
        }
    }

    fn values(&self, recipient: Option<&str>) -> Values {
        let account = self.server.account.as_ref();
        let of_account = account.and_then(|account| account.mail_scope());
        let of_provider = self.provider.as_ref().and_then(Provider::mail_scope);
        Values {
            host: Some(self.server.host.clone()).filter(|host| !host.is_empty()),
            user: self.user(),
            from: self.from.map(str::to_owned),
            recipient: recipient.map(str::to_owned),
            scope: of_account.or_else(|| of_provider.map(str::to_owned)),
        }
    }

    fn user(&self) -> Option<String> {
        match (&self.server.credentials, &self.server.account) {
            (Some(credentials), None) => Some(credentials.user().to_owned()),
            (_, Some(account)) => account.user(),
            (None, None) => None,
        }
    }

    /// A token that was refused without a reason: what it says of itself points to one, else the
    /// likely ones are named, the likeliest first.
    fn suspect(&self, error: Error) -> Error {
        let Some(token) = self.token() else { return error };
        let hints = self.hints(&token);
        if let Some(Hint { cause, text }) = hints.into_iter().next() {
            let error = error.meaning(cause, Certainty::Likely);
            let advice = format!("{}: {text}.", error.advice().trim_end_matches('.'));
            return error.with_advice(advice);
        }
        match self.family {
            Family::Microsoft if inspect::is_of_app(&token) => {
                error.meaning(Cause::AppOnlyMailboxNotPermitted, Certainty::Likely)
            }
            Family::Microsoft => {
                let user = error.values().user.clone().unwrap_or_else(|| "the user".into());
                error.with_advice(microsoft_suspects(&user))
            }
            _ => error,
        }
    }

    fn token(&self) -> Option<Secret> {
        match (&self.server.credentials, &self.server.account) {
            (Some(Credentials::Password { .. }), None) | (None, None) => None,
            (Some(credentials), None) => Some(credentials.secret().clone()),
            (_, Some(account)) => account.kept_token(),
        }
    }

    fn hints(&self, token: &Secret) -> Vec<Hint> {
        let provider = self.provider.as_ref();
        let exchange = self.family == Family::Microsoft;
        let user = self.user();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let app_scope = provider.and_then(|provider| provider.scopes.app.as_ref()?.first());
        let need = Need {
            service: exchange.then_some(Service::ExchangeOnline),
            purpose: "SMTP",
            scope: provider.and_then(Provider::mail_scope).unwrap_or_default(),
            app_scope: app_scope.map(String::as_str),
            role: exchange.then_some("SMTP.SendAsApp"),
            user: user.as_deref(),
            tenant: None,
            now: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        };
        match inspect::inspect(token, &need) {
            Ok(hints) => hints,
            Err(wrong) => vec![Hint { cause: wrong.cause(), text: wrong.text().to_owned() }],
        }
    }
}

/// Microsoft says only "535 5.7.3": what it was found to mean, in the order of how often.
fn microsoft_suspects(user: &str) -> String {
    format!(
        "The server does not say why. Most likely {user} is not the first address of the account \
         that signed in (personal accounts sign in with that one only), or the sign-in is that of \
         another person; else SMTP AUTH is switched off for the mailbox (Set-CASMailbox -Identity \
         {user} -SmtpClientAuthenticationDisabled $false), or the token has ended. For a shared \
         mailbox the user is the person who signed in, and the shared address stands in From only; \
         some report the opposite."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Retry, Status};
    use crate::smtp::PasswordMechanism;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    fn server(host: &str, credentials: Credentials) -> Server {
        Server { host: host.into(), credentials: Some(credentials), ..Server::default() }
    }

    fn with_token(token: &str) -> Credentials {
        Credentials::XOAuth2 { user: "anna@example.org".into(), token: Secret::new(token) }
    }

    fn jwt(claims: &Value) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(&claims.to_string()))
    }

    fn refused(cause: Cause, text: &str) -> Error {
        let mut buffer = crate::smtp::ReplyBuffer::default();
        buffer.push(format!("{text}\r\n").as_bytes());
        let reply = buffer.next(Stage::SignIn, &mut |_| {}).unwrap().unwrap();
        Error::refused(Status::SignIn, Stage::SignIn, cause, "refused", reply)
    }

    /// Microsoft's bare refusal of this token.
    fn explained(token: &str) -> Error {
        let server = server("smtp.office365.com", with_token(token));
        let error = refused(Cause::TokenRefused, "535 5.7.3 Authentication unsuccessful");
        Situation::new(&server, Some("bob@example.org")).explain(error, None)
    }

    #[test]
    fn a_token_says_itself_what_is_wrong_with_it() {
        let good = json!({
            "aud": "https://outlook.office.com", "scp": "SMTP.Send", "exp": 4_000_000_000_u64,
            "upn": "anna@example.org",
        });
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            explained(&jwt(&claims))
        };
        for (name, value, cause) in [
            ("aud", json!("https://graph.microsoft.com"), Cause::TokenWrongAudience),
            ("scp", json!("User.Read"), Cause::TokenMissingScope),
            ("exp", json!(1_000_000_000), Cause::TokenExpired),
            ("upn", json!("carl@example.org"), Cause::WrongUserForToken),
        ] {
            let error = with(name, value);
            assert_eq!((error.cause(), error.certainty()), (cause, Certainty::Likely), "{name}");
            assert_eq!(error.retry(), Retry::No);
        }
        assert!(with("upn", json!("carl@example.org")).advice().contains("carl@example.org"));
        let app = json!({
            "aud": "https://outlook.office365.com", "idtyp": "app", "roles": ["SMTP.SendAsApp"],
            "exp": 4_000_000_000_u64,
        });
        let error = explained(&jwt(&app));
        assert_eq!(error.cause(), Cause::AppOnlyMailboxNotPermitted);
        assert!(error.advice().contains("anna@example.org"), "{}", error.advice());
    }

    #[test]
    fn where_several_causes_are_possible_they_are_named() {
        let error = explained("opaque");
        assert_eq!((error.cause(), error.certainty()), (Cause::TokenRefused, Certainty::Unknown));
        let advice = error.advice();
        assert!(advice.contains("anna@example.org") && advice.contains("Most likely"), "{advice}");
    }

    #[test]
    fn the_advice_names_the_mailbox_and_the_error_its_link() {
        let server = server("smtp.office365.com", with_token("opaque"));
        let text = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled \
                    for the Mailbox.";
        let error = refused(Cause::TokenRefused, text);
        let error = Situation::new(&server, None).explain(error, None);
        assert_eq!(error.cause(), Cause::SmtpAuthDisabledMailbox);
        assert!(error.advice().contains("Set-CASMailbox -Identity anna@example.org "));
        assert_eq!(error.link(), Some("https://aka.ms/smtp_auth_disabled"));
        let json: Value = serde_json::from_str(&error.to_json()).unwrap();
        assert_eq!(json["cause"], "smtp_auth_disabled_mailbox");
        assert_eq!(json["host"], "smtp.office365.com");
        assert_eq!(json["reply"]["enhanced_code"], "5.7.139");
        assert!(!error.to_json().contains("opaque"));
    }

    #[test]
    fn passwords_and_strange_certificates_at_big_providers() {
        let password = Credentials::Password {
            mechanism: PasswordMechanism::Auto,
            user: "anna@example.org".into(),
            password: Secret::new("s3cret"),
        };
        let server = server("smtp-mail.outlook.com", password);
        let situation = Situation::new(&server, None);
        let text = "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.";
        let error = situation.explain(refused(Cause::PasswordRefused, text), None);
        assert_eq!(error.cause(), Cause::BasicAuthRetired);
        let strange = |cause| Error::new(Status::Certificate, Stage::Tls, cause, "strange");
        let error = situation.explain(strange(Cause::CertificateUnknownCa), None);
        assert_eq!(error.cause(), Cause::CertificateIntercepted);
        let error = situation.explain(strange(Cause::CertificateExpired), None);
        assert_eq!(error.cause(), Cause::CertificateExpired);
    }
}
