//! Who signs in, and with which token. No person is asked.

use super::{Stop, Walk, Walked, now};
use crate::diagnosis::certificate::moment;
use crate::diagnosis::{Step, StepName};
use crate::oauth::inspect::{inspect_for, readable_claims};
use crate::oauth::provider::Providers;
use crate::oauth::{AccessToken, Account};
use crate::secret::Secret;
use crate::smtp::Credentials;
use crate::transport::{credentials, user_of};
use std::time::UNIX_EPOCH;

/// With what somebody signs in.
pub(super) enum SignIn {
    None,
    With(Credentials),
    /// With a token that could not be had: the server is looked at all the same.
    Missing(String),
}

impl Walk<'_> {
    pub(super) fn account_and_token(&mut self) -> Walked<SignIn> {
        let server = self.server.clone();
        match (&server.account, &server.credentials) {
            (Some(account), _) => self.account(account),
            (None, Some(credentials)) => {
                self.skip(StepName::Account, "no account is used");
                match credentials {
                    Credentials::XOAuth2 { user, token }
                    | Credentials::OAuthBearer { user, token } => self.given_token(user, token)?,
                    Credentials::Password { .. } => {
                        self.skip(StepName::Token, "signs in with a password");
                    }
                }
                Ok(SignIn::With(credentials.clone()))
            }
            (None, None) => {
                self.skip(StepName::Account, "no account is used");
                self.skip(StepName::Token, "no sign-in was set");
                Ok(SignIn::None)
            }
        }
    }

    fn account(&mut self, account: &Account) -> Walked<SignIn> {
        let mut step = Step::begin(StepName::Account);
        let facts = account.facts();
        step.find(format!("{} ({})", facts.provider.title, facts.provider.name));
        let user = facts.user.as_deref().unwrap_or("nobody yet: the provider tells");
        step.find(format!("user {user}; {}", facts.signs_in));
        if !facts.client_id.is_empty() {
            step.find(format!("client id {}", facts.client_id));
        }
        step.find(facts.tenant.map_or("no tenant".into(), |tenant| format!("tenant {tenant}")));
        step.find(format!("asks for {}", facts.scopes.join(" ")));
        let provider = Providers::of_host(&self.server.host);
        if let Some(other) = provider.filter(|other| other.family != facts.provider.family) {
            step.warn(format!(
                "{} is a server of {}, and the account is one of {}: its tokens are refused there.",
                self.server.host, other.title, facts.provider.title
            ));
        }
        let signed_in = account.check_sign_in();
        if signed_in.is_ok() {
            step.find("a token can be had without a person, as far as this computer knows");
        }
        let why = signed_in.err();
        let missing = why.as_ref().map(ToString::to_string);
        self.end(step, why);
        if let Some(why) = missing {
            self.skip(StepName::Token, "see account");
            return Ok(SignIn::Missing(why));
        }
        self.account_token(account)
    }

    fn account_token(&mut self, account: &Account) -> Walked<SignIn> {
        let mut step = Step::begin(StepName::Token);
        let found = account.token_without_person(&mut self.watch).and_then(|token| {
            let user = user_of(&token)?;
            tell_token(&token, &mut step);
            for hint in account.look_at(&token, &user)? {
                step.warn(sentence(&hint.text));
            }
            Ok(credentials(account, &token, &user))
        });
        let error = found.as_ref().err().cloned();
        let over = self.is_over(error.as_ref());
        self.end(step, error);
        match found {
            Ok(credentials) => Ok(SignIn::With(credentials)),
            Err(error) if over => Err(Stop(error.to_string())),
            Err(error) => Ok(SignIn::Missing(error.to_string())),
        }
    }

    /// A token that the program gave: nobody but the server can say whether it is good.
    fn given_token(&mut self, user: &str, token: &Secret) -> Walked {
        let mut step = Step::begin(StepName::Token);
        step.find("given by the program");
        tell_claims(token, &mut step);
        let provider = Providers::of_host(&self.server.host);
        match inspect_for(provider.as_ref(), token, Some(user), None, now()) {
            Ok(hints) => hints.iter().for_each(|hint| step.warn(sentence(&hint.text))),
            // A send leaves the judgement to the server, too.
            Err(error) => step.warn(sentence(error.text())),
        }
        self.end(step, None);
        Ok(())
    }
}

fn tell_token(token: &AccessToken, step: &mut Step) {
    let ends = token.expires_at.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let ends = i64::try_from(ends).unwrap_or(i64::MAX);
    step.find(format!("good until {}", moment(ends)));
    if !token.scopes.is_empty() {
        step.find(format!("for {}", token.scopes.join(" ")));
    }
    tell_claims(token.secret(), step);
}

fn tell_claims(token: &Secret, step: &mut Step) {
    let claims = readable_claims(token);
    if claims.is_empty() {
        step.find("it says nothing of itself that can be read here");
    }
    for (name, value) in claims {
        step.find(format!("{name}: {value}"));
    }
}

fn sentence(hint: &str) -> String {
    let mut letters = hint.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
