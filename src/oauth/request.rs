//! Requests to the token endpoint (RFC 6749 §4 and §6, RFC 7523, RFC 8628 §3.4).

use crate::error::{Error, Result, Retry, Stage, Status};
use crate::explain::{Sign, Signs};
use crate::net::Watch;
use crate::oauth::form::Form;
use crate::oauth::http::Client;
use crate::oauth::http_message::{Request, Response};
use crate::oauth::provider::{Provider, Quirk};
use crate::oauth::response::{Asked, looks_like_an_id, refusal, without_mark};
use crate::oauth::token::Token;
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::time::SystemTime;
use url::form_urlencoded::byte_serialize;

/// How the client shows who it is (RFC 6749 §2.3, RFC 7523 §2.2).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ClientAuthentication {
    /// A public client: its id only.
    None,
    /// The secret in the body (`client_secret_post`).
    SecretPost(Secret),
    /// The secret in the Authorization field (`client_secret_basic`).
    SecretBasic(Secret),
    /// A signed JWT in place of a secret (`private_key_jwt`).
    Assertion(Secret),
}

/// What the token is asked for with.
#[derive(Clone, Debug)]
pub(crate) enum Grant {
    AuthorizationCode {
        code: Secret,
        redirect_uri: String,
        verifier: Secret,
    },
    RefreshToken {
        token: Secret,
        /// What the age of the sign-in tells.
        age: Signs,
    },
    DeviceCode(Secret),
    ClientCredentials,
    /// A signed JWT that says for whom (RFC 7523 §2.1).
    JwtBearer(Secret),
}

impl Grant {
    /// The `grant_type`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Grant::AuthorizationCode { .. } => "authorization_code",
            Grant::RefreshToken { .. } => "refresh_token",
            Grant::DeviceCode(_) => "urn:ietf:params:oauth:grant-type:device_code",
            Grant::ClientCredentials => "client_credentials",
            Grant::JwtBearer(_) => "urn:ietf:params:oauth:grant-type:jwt-bearer",
        }
    }

    /// What is asked for, for people and for the table of `refusals`.
    fn in_words(&self) -> &'static str {
        match self {
            Grant::AuthorizationCode { .. } => "a token for the sign-in (authorization_code)",
            Grant::RefreshToken { .. } => "a new token (refresh_token)",
            Grant::DeviceCode(_) => "a token for the device code (device_code)",
            Grant::ClientCredentials => "a token for the app (client_credentials)",
            Grant::JwtBearer(_) => "a token for the service account (jwt-bearer)",
        }
    }
}

/// Who asks whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    /// With its tenant filled in.
    pub provider: &'a Provider,
    pub client_id: &'a str,
    pub authentication: &'a ClientAuthentication,
    /// Further parameters of the program.
    pub parameters: &'a [(String, String)],
}

impl<'a> Asking<'a> {
    /// The fields of a request for a token.
    pub(crate) fn token_form(&self, grant: &Grant, scopes: &[String]) -> Form {
        let mut form = Form::default();
        form.set("grant_type", grant.name());
        let mut scope_wanted = self.provider.has(Quirk::ScopeInTokenRequest);
        match grant {
            Grant::AuthorizationCode { code, redirect_uri, verifier } => {
                form.set_secret("code", code);
                form.set("redirect_uri", redirect_uri);
                form.set_secret("code_verifier", verifier);
            }
            Grant::RefreshToken { token, .. } => form.set_secret("refresh_token", token),
            Grant::DeviceCode(code) => {
                form.set_secret("device_code", code);
                scope_wanted = false;
            }
            Grant::ClientCredentials => scope_wanted = true,
            Grant::JwtBearer(assertion) => {
                form.set_secret("assertion", assertion);
                // The assertion names the scopes.
                scope_wanted = false;
            }
        }
        if scope_wanted && !scopes.is_empty() {
            form.set("scope", scopes.join(" "));
        }
        // Google knows a service account by its assertion alone.
        let anonymous = matches!(grant, Grant::JwtBearer(_))
            && *self.authentication == ClientAuthentication::None;
        if !anonymous {
            self.identify(&mut form);
        }
        form
    }

    /// Adds who asks, as far as it stands in the body.
    pub(crate) fn identify(&self, form: &mut Form) {
        match self.authentication {
            ClientAuthentication::None => form.set("client_id", self.client_id),
            ClientAuthentication::SecretPost(secret) => {
                form.set("client_id", self.client_id);
                form.set_secret("client_secret", secret);
            }
            ClientAuthentication::SecretBasic(_) => {}
            ClientAuthentication::Assertion(assertion) => {
                form.set("client_id", self.client_id);
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                form.set("client_assertion_type", kind);
                form.set_secret("client_assertion", assertion);
            }
        }
        for (name, value) in self.parameters {
            if !form.contains(name) {
                form.set(name.clone(), value);
            }
        }
    }

    /// The value of the Authorization field. Id and secret are encoded first (RFC 6749 §2.3.1).
    fn authorization(&self) -> Option<Secret> {
        let ClientAuthentication::SecretBasic(secret) = self.authentication else { return None };
        let encoded = |bytes: &[u8]| Secret::new(byte_serialize(bytes).collect::<String>());
        let (id, secret) = (encoded(self.client_id.as_bytes()), encoded(secret.bytes()));
        let pair = Secret::concat(&[id.bytes(), b":", secret.bytes()]);
        let value = zeroize::Zeroizing::new(STANDARD.encode(pair.bytes()));
        Some(Secret::concat(&[b"Basic ", value.as_bytes()]))
    }

    pub(crate) fn request(&self, form: &Form) -> Request {
        Request { body: Some(form.encode()), authorization: self.authorization() }
    }

    /// What helps to understand the answer.
    pub(crate) fn asked<'b>(&self, what: &'b str, form: &'b Form) -> Asked<'b> {
        let secret_is_an_id = match self.authentication {
            ClientAuthentication::SecretPost(secret)
            | ClientAuthentication::SecretBasic(secret) => looks_like_an_id(secret),
            ClientAuthentication::None | ClientAuthentication::Assertion(_) => false,
        };
        let signs = Signs::default().with_if(secret_is_an_id, Sign::SecretIsAnId);
        Asked { family: self.provider.family, stage: Stage::Token, what, form, signs }
    }

    /// The error in an answer.
    pub(crate) fn refusal(&self, what: &str, form: &Form, response: &Response) -> Error {
        let json = serde_json::from_slice(without_mark(&response.body)).ok();
        refusal(response, json.as_ref(), &self.asked(what, form))
    }

    /// Understands the answer to a request for a token.
    pub(crate) fn read_token(
        &self,
        grant: &Grant,
        scopes: &[String],
        form: &Form,
        response: &Response,
        now: SystemTime,
    ) -> Result<Token> {
        let mut asked = self.asked(grant.in_words(), form);
        if let Grant::RefreshToken { age, .. } = grant {
            asked.signs = asked.signs.and(*age);
        }
        Token::read(response, &asked, scopes, now)
    }

    /// Asks for a token, once.
    pub(crate) fn token(
        &self,
        grant: &Grant,
        scopes: &[String],
        client: Client,
        watch: &mut Watch,
    ) -> Result<Token> {
        let endpoint = self.provider.needs(&self.provider.endpoints.token, "tokens")?;
        let form = self.token_form(grant, scopes);
        let response = client
            .exchange(&endpoint, &self.request(&form), watch)
            .map_err(|error| not_twice(grant, error))?;
        self.read_token(grant, scopes, &form, &response, SystemTime::now())
    }
}

/// A code is good once: when its request may have arrived, asking again cannot succeed (§6.2).
fn not_twice(grant: &Grant, error: Error) -> Error {
    let sent = error.stage() == Stage::Token
        && matches!(error.status(), Status::ConnectionLost | Status::Timeout);
    match grant {
        Grant::AuthorizationCode { .. } if sent => error.with_retry(Retry::No, None),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::provider::Providers;

    const CODE: &str = "the-code";

    fn encoded(
        provider: &str,
        authentication: ClientAuthentication,
        grant: &Grant,
    ) -> (String, Option<String>) {
        let provider = Providers::built_in().unwrap().named(provider).unwrap();
        let asking = Asking {
            provider: &provider,
            client_id: "id",
            authentication: &authentication,
            parameters: &[("grant_type".into(), "other".into()), ("mkt".into(), "de".into())],
        };
        let request = asking.request(&asking.token_form(grant, &["s1".into(), "s2".into()]));
        let text = |secret: &Secret| String::from_utf8(secret.bytes().to_vec()).unwrap();
        (text(request.body.as_ref().unwrap()), request.authorization.as_ref().map(text))
    }

    fn code() -> Grant {
        Grant::AuthorizationCode {
            code: Secret::new(CODE),
            redirect_uri: "http://localhost:7/".into(),
            verifier: Secret::new("v"),
        }
    }

    #[test]
    fn each_grant_has_its_fields() {
        let refresh = Grant::RefreshToken { token: Secret::new("r"), age: Signs::default() };
        let device = Grant::DeviceCode(Secret::new("d"));
        let jwt = Grant::JwtBearer(Secret::new("a.b.c"));
        for (provider, grant, fields) in [
            (
                "microsoft",
                code(),
                "authorization_code&code=the-code&redirect_uri=http%3A%2F%2Flocalhost%3A7%2F\
                 &code_verifier=v&scope=s1+s2&client_id=id",
            ),
            (
                "microsoft",
                refresh.clone(),
                "refresh_token&refresh_token=r&scope=s1+s2&client_id=id",
            ),
            ("google", refresh, "refresh_token&refresh_token=r&client_id=id"),
            (
                "microsoft",
                device,
                "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=d&client_id=id",
            ),
            ("custom", Grant::ClientCredentials, "client_credentials&scope=s1+s2&client_id=id"),
        ] {
            let (body, authorization) = encoded(provider, ClientAuthentication::None, &grant);
            assert_eq!(body, format!("grant_type={fields}&mkt=de"));
            assert_eq!(authorization, None);
        }
        let (body, _) = encoded("google", ClientAuthentication::None, &jwt);
        assert_eq!(
            body,
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c"
        );
    }

    #[test]
    fn the_client_shows_who_it_is_in_each_way() {
        let secret = Secret::new("p%ss word");
        let grant = Grant::ClientCredentials;
        let (body, none) =
            encoded("custom", ClientAuthentication::SecretPost(secret.clone()), &grant);
        assert!(body.contains("&client_id=id&client_secret=p%25ss+word&"), "{body}");
        assert_eq!(none, None);
        let (body, basic) = encoded("custom", ClientAuthentication::SecretBasic(secret), &grant);
        assert!(!body.contains("client_id") && !body.contains("secret"), "{body}");
        assert_eq!(basic, Some(format!("Basic {}", STANDARD.encode("id:p%25ss+word"))));
        let assertion = ClientAuthentication::Assertion(Secret::new("h.p.s"));
        let (body, _) = encoded("custom", assertion, &grant);
        assert!(body.contains(
            "&client_id=id&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
             client-assertion-type%3Ajwt-bearer&client_assertion=h.p.s"
        ));
    }

    #[test]
    fn a_code_whose_answer_was_lost_is_not_sent_again() {
        let lost = || Error::connection_lost(Stage::Token, "reset");
        assert_eq!(not_twice(&code(), lost()).retry(), Retry::No);
        assert_eq!(not_twice(&Grant::ClientCredentials, lost()).retry(), Retry::Later);
        let before = Error::connection_lost(Stage::Tls, "reset");
        assert_eq!(not_twice(&code(), before).retry(), Retry::Later, "it was never sent");
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", code()).contains(CODE));
    }
}
