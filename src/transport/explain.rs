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
