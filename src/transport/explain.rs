//! What an error means, with everything that a send knows: the server and whose it is, who signs in
//! and with what, from whom the message is and to whom it goes.

use crate::error::values::Values;
use crate::error::{Cause, Error};
use crate::explain::{self, Family, Known, Sign, SignedInWith, Signs};
use crate::oauth::inspect::{self, Hint};
use crate::oauth::provider::{Provider, Providers};
use crate::secret::Secret;
use crate::smtp::{Credentials, Reply};
use crate::transport::server::{Security, Server};
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
        let error = error.with_values(self.values(recipient));
        // A refused token says itself what may be wrong with it.
        let token = Some(error.cause()).filter(|cause| *cause == Cause::TokenRefused);
        let token = token.and_then(|_| self.token());
        let hint = token.as_ref().and_then(|token| self.hint(token));
        let signs = self
            .signs(error.values())
            .with_if(token.as_ref().is_some_and(inspect::is_of_app), Sign::TokenOfApp);
        let signs = hint.as_ref().map_or(signs, |hint| signs.with(sign_of(hint)));
        let error = explain::refine(error, self.known(signs));
        match hint {
            Some(hint) if hint.cause == error.cause() => error.with_detail(hint.text),
            _ => error,
        }
    }

    /// The error of a send that reached some, when this is why it did not reach the others.
    pub(crate) fn explain_recipient(&self, error: Error, reply: &Reply) -> Error {
        match self.known(self.signs(error.values())).of_recipient(reply) {
            Some(row) => error.meaning(row.cause, row.certainty, row.words),
            None => error,
        }
    }

    fn known(&self, signs: Signs) -> Known {
        Known { family: self.family, with: self.signed_in_with(), signs }
    }

    fn signs(&self, values: &Values) -> Signs {
        let of_account = self.server.account.as_ref().map(|account| account.signs());
        let offers = |names: &[&str]| {
            let offered = values.offered.as_deref().unwrap_or_default();
            offered.split(", ").any(|name| names.contains(&name))
        };
        let is_server = values.host.as_ref() == Some(&self.server.host);
        let is_user = self.from.is_none() || self.from == values.user.as_deref();
        of_account
            .unwrap_or_default()
            // Their certificates are those of public CAs: another one was put in between.
            .with_if(self.provider.is_some(), Sign::PublicServer)
            .with_if(is_server, Sign::MailServer)
            .with_if(self.signed_in_with().is_none(), Sign::NoSignIn)
            .with_if(self.server.security == Security::Plain, Sign::WithoutTls)
            .with_if(!is_user, Sign::FromIsAnother)
            .with_if(offers(&["XOAUTH2", "OAUTHBEARER"]), Sign::OffersTokens)
            .with_if(offers(&["PLAIN", "LOGIN"]), Sign::OffersPasswords)
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
        let host = Some(self.server.host.clone()).filter(|host| !host.is_empty());
        Values {
            port: host.as_ref().map(|_| self.server.port),
            host,
            user: self.user(),
            from: self.from.map(str::to_owned),
            recipient: recipient.map(str::to_owned),
            scope: of_account.or_else(|| of_provider.map(str::to_owned)),
            ..Values::default()
        }
    }

    fn user(&self) -> Option<String> {
        match (&self.server.credentials, &self.server.account) {
            (Some(credentials), None) => Some(credentials.user().to_owned()),
            (_, Some(account)) => account.user(),
            (None, None) => None,
        }
    }

    fn token(&self) -> Option<Secret> {
        match (&self.server.credentials, &self.server.account) {
            (Some(Credentials::Password { .. }), None) | (None, None) => None,
            (Some(credentials), None) => Some(credentials.secret().clone()),
            (_, Some(account)) => account.kept_token(),
        }
    }

    /// The first thing that the token says against itself.
    fn hint(&self, token: &Secret) -> Option<Hint> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let (provider, user) = (self.provider.as_ref(), self.user());
        match inspect::inspect_for(provider, token, user.as_deref(), None, now) {
            Ok(hints) => hints.into_iter().next(),
            Err(wrong) => Some(Hint { cause: wrong.cause(), text: wrong.text().to_owned() }),
        }
    }
}

fn sign_of(hint: &Hint) -> Sign {
    match hint.cause {
        Cause::TokenMissingScope => Sign::PermissionMissing,
        Cause::TokenExpired => Sign::TokenEnded,
        Cause::WrongUserForToken => Sign::TokenOfOtherUser,
        _ => Sign::AudienceIsOtherService,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Certainty, Retry, Stage, Status};
    use crate::oauth::Account;
    use crate::smtp::PasswordMechanism;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};
    use std::time::Duration;

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
        assert!(advice.contains("anna@example.org") && advice.contains("most likely"), "{advice}");
        // What the programs of the README have room for.
        assert!(advice.len() < 500, "{} octets: {advice}", advice.len());
    }

    #[test]
    fn what_is_known_of_the_sign_in_leaves_out_what_it_cannot_be() {
        let explained = |account: Account| {
            let server = Server {
                host: "smtp.office365.com".into(),
                account: Some(account),
                ..Server::default()
            };
            let error = refused(Cause::TokenRefused, "535 5.7.3 Authentication unsuccessful");
            Situation::new(&server, Some("shared@example.org")).explain(error, None)
        };
        let account = |signed_in_before: Duration| {
            let account = Account::new("microsoft", None).unwrap();
            account.set_client("00000000-0000-0000-0000-000000000001", None).unwrap();
            account.set_user("anna@example.org").unwrap();
            account.set_refresh_token("r").unwrap();
            account.set_sign_in_age_for_tests(signed_in_before);
            account
        };
        let new = explained(account(Duration::ZERO));
        assert_eq!(new.suspects().first(), Some(&Cause::WrongUserForToken));
        assert!(!new.suspects().contains(&Cause::TokenExpired), "it is a new token");
        assert!(new.advice().contains("the shared mailbox shared@example.org"), "{}", new.advice());
        // What has worked for days is not the wrong user.
        let old = explained(account(Duration::from_secs(3 * 24 * 3600)));
        assert_eq!(old.suspects().first(), Some(&Cause::SmtpAuthDisabledMailbox));
        assert!(old.advice().contains("was switched off"), "{}", old.advice());
        let json: Value = serde_json::from_str(&old.to_json()).unwrap();
        assert_eq!(json["suspects"][0], "smtp_auth_disabled_mailbox");
    }

    #[test]
    fn what_the_server_offers_tells_which_sign_in_it_wants() {
        let password = || Credentials::Password {
            mechanism: PasswordMechanism::Plain,
            user: "anna@example.org".into(),
            password: Secret::new("s3cret"),
        };
        let explained = |host: &str, credentials, cause, offered: &str| {
            let error = match cause {
                Cause::PasswordRefused => refused(cause, "535 5.7.8 Authentication failed"),
                cause => Error::new(Status::Unsupported, Stage::SignIn, cause, "not offered"),
            };
            let values = Values { offered: Some(offered.into()), ..Values::default() };
            let server = server(host, credentials);
            Situation::new(&server, None).explain(error.with_values(values), None).advice()
        };
        let missing = Cause::MechanismNotOffered;
        let advice = explained("mail.example.org", password(), missing, "XOAUTH2, OAUTHBEARER");
        assert!(advice.starts_with("Sign in with OAuth2"), "{advice}");
        let advice = explained("mail.example.org", with_token("t"), missing, "PLAIN, LOGIN");
        assert!(advice.starts_with("Sign in with a password") && advice.contains("PLAIN, LOGIN"));
        let advice = explained("smtp.office365.com", with_token("t"), missing, "LOGIN");
        assert!(advice.contains("-Identity anna@example.org "), "{advice}");
        let without_tls =
            Server { security: Security::Plain, ..server("mail.example.org", password()) };
        let none = Error::new(Status::Unsupported, Stage::SignIn, Cause::AuthNotOffered, "none");
        let advice = Situation::new(&without_tls, None).explain(none, None).advice();
        assert!(advice.starts_with("Use STARTTLS or TLS: mail.example.org"), "{advice}");
        let refused = Cause::PasswordRefused;
        let advice = explained("mail.example.org", password(), refused, "PLAIN, XOAUTH2");
        assert!(advice.contains("wants OAuth2 or an app password"), "{advice}");
        let advice = explained("mail.example.org", password(), refused, "PLAIN");
        assert!(!advice.contains("OAuth2"), "{advice}");
    }

    #[test]
    fn a_refused_connection_of_another_server_says_nothing_of_ports_for_mail() {
        let server = server("mail.example.org", with_token("t"));
        let error = || Error::new(Status::Connect, Stage::Connect, Cause::ConnectionRefused, "no");
        let advice = |error| Situation::new(&server, None).explain(error, None).advice();
        assert!(advice(error()).contains("usual ports for mail"));
        let host = Some("login.example.org".into());
        let elsewhere = error().with_values(Values { host, port: Some(443), ..Values::default() });
        assert_eq!(
            advice(elsewhere),
            "Check name and port of login.example.org: nothing listens on port 443."
        );
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
