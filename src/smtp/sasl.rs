//! Signing in: mechanisms (RFC 4954) and what they say.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::secret::Secret;
use crate::smtp::capabilities::Capabilities;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How to sign in with user and password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordMechanism {
    /// PLAIN when it is offered, else LOGIN.
    Auto,
    Plain,
    Login,
}

/// Who signs in, and with what.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Credentials {
    XOAuth2 { user: String, token: Secret },
    OAuthBearer { user: String, token: Secret },
    Password { mechanism: PasswordMechanism, user: String, password: Secret },
}

impl Credentials {
    /// What must not be shown to anybody.
    pub(crate) fn secret(&self) -> &Secret {
        match self {
            Credentials::XOAuth2 { token, .. } | Credentials::OAuthBearer { token, .. } => token,
            Credentials::Password { password, .. } => password,
        }
    }

    /// Who signs in.
    pub(crate) fn user(&self) -> &str {
        match self {
            Credentials::XOAuth2 { user, .. }
            | Credentials::OAuthBearer { user, .. }
            | Credentials::Password { user, .. } => user,
        }
    }

    /// The exchange for a server with these capabilities.
    pub(crate) fn exchange(
        &self,
        offered: &Capabilities,
        host: &str,
        port: u16,
    ) -> Result<Exchange> {
        let (mechanism, responses, answer_to_failure) = match self {
            Credentials::XOAuth2 { user, token } => {
                let parts =
                    [b"user=", user.as_bytes(), b"\x01auth=Bearer ", token.bytes(), b"\x01\x01"];
                ("XOAUTH2", vec![encode(&parts)], Some(""))
            }
            Credentials::OAuthBearer { user, token } => {
                // RFC 5801 §4: "," and "=" would end the name.
                let user = user.replace('=', "=3D").replace(',', "=2C");
                let port = port.to_string();
                let parts = [
                    b"n,a=",
                    user.as_bytes(),
                    b",\x01host=",
                    host.as_bytes(),
                    b"\x01port=",
                    port.as_bytes(),
                    b"\x01auth=Bearer ",
                    token.bytes(),
                    b"\x01\x01",
                ];
                // RFC 7628 §3.2.3: a single ^A ends a failed exchange.
                ("OAUTHBEARER", vec![encode(&parts)], Some("AQ=="))
            }
            Credentials::Password { mechanism, user, password } => {
                let plain = match mechanism {
                    PasswordMechanism::Plain => true,
                    PasswordMechanism::Login => false,
                    PasswordMechanism::Auto => {
                        offered.offers_mechanism("PLAIN") || !offered.offers_mechanism("LOGIN")
                    }
                };
                if plain {
                    let parts = [b"\0", user.as_bytes(), b"\0", password.bytes()];
                    ("PLAIN", vec![encode(&parts)], None)
                } else {
                    // Prompts differ between servers, but never their order.
                    let password = encode(&[password.bytes()]);
                    ("LOGIN", vec![encode(&[user.as_bytes()]), password], None)
                }
            }
        };
        if offered.mechanisms.is_empty() {
            return Err(unsupported(
                Cause::AuthNotOffered,
                "the server does not let users sign in here (it offers no AUTH)".into(),
            ));
        }
        if !offered.offers_mechanism(mechanism) {
            return Err(unsupported(
                Cause::MechanismNotOffered,
                format!(
                    "the server does not offer {mechanism}; it offers {}",
                    offered.mechanisms.join(", ")
                ),
            )
            .with_values(offered.offered()));
        }
        Ok(Exchange { mechanism, responses, answer_to_failure })
    }
}

fn unsupported(cause: Cause, text: String) -> Error {
    Error::new(Status::Unsupported, Stage::SignIn, cause, text)
}

/// Base64 of the parts joined.
fn encode(parts: &[&[u8]]) -> Secret {
    let joined = Secret::concat(parts);
    let length = base64::encoded_len(joined.bytes().len(), true).unwrap_or_default();
    let mut encoded = zeroize::Zeroizing::new(vec![0; length]);
    // Into a buffer of the right size: one that grows would leave pieces behind.
    let written = STANDARD.encode_slice(joined.bytes(), &mut encoded).unwrap_or_default();
    Secret::new(encoded.get(..written).unwrap_or_default())
}

/// One run of a mechanism.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub mechanism: &'static str,
    /// What to answer to each 334, in base64; the first one may go with the command.
    pub responses: Vec<Secret>,
    /// What to answer to the 334 that explains a failure (XOAUTH2, OAUTHBEARER).
    pub answer_to_failure: Option<&'static str>,
}

/// The explanation in a 334 after the response: JSON in base64 (RFC 7628 §3.2.2).
pub(crate) fn failure_explanation(challenge: &str) -> Option<String> {
    let decoded = STANDARD.decode(challenge.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let text = text.trim();
    let one_line = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    (!one_line.is_empty()).then_some(one_line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offering(mechanisms: &[&str]) -> Capabilities {
        let mechanisms = mechanisms.iter().map(|name| (*name).to_owned()).collect();
        Capabilities { mechanisms, ..Capabilities::default() }
    }

    fn decoded(secret: &Secret) -> String {
        String::from_utf8(STANDARD.decode(secret.bytes()).unwrap()).unwrap()
    }

    #[test]
    fn responses_are_those_of_the_specifications() {
        let token = Secret::new("ya29.tok");
        let user = "a,b=c@example.org".to_owned();
        let bearer = Credentials::OAuthBearer { user: user.clone(), token: token.clone() };
        let exchange = bearer.exchange(&offering(&["OAUTHBEARER"]), "mail.test", 587).unwrap();
        assert_eq!(
            decoded(&exchange.responses[0]),
            "n,a=a=2Cb=3Dc@example.org,\x01host=mail.test\x01port=587\x01auth=Bearer ya29.tok\x01\x01"
        );
        let xoauth2 = Credentials::XOAuth2 { user, token };
        let exchange = xoauth2.exchange(&offering(&["XOAUTH2"]), "mail.test", 587).unwrap();
        assert_eq!(
            decoded(&exchange.responses[0]),
            "user=a,b=c@example.org\x01auth=Bearer ya29.tok\x01\x01"
        );
    }

    #[test]
    fn passwords_use_plain_before_login() {
        let with = |mechanism| Credentials::Password {
            mechanism,
            user: "anna".into(),
            password: Secret::new("s3cret"),
        };
        let auto = with(PasswordMechanism::Auto);
        let both = auto.exchange(&offering(&["LOGIN", "PLAIN"]), "h", 1).unwrap();
        assert_eq!(
            (both.mechanism, decoded(&both.responses[0]).as_str()),
            ("PLAIN", "\0anna\0s3cret")
        );
        let login = auto.exchange(&offering(&["LOGIN"]), "h", 1).unwrap();
        assert_eq!((login.mechanism, login.responses.len()), ("LOGIN", 2));
        let error =
            with(PasswordMechanism::Plain).exchange(&offering(&["LOGIN"]), "h", 1).unwrap_err();
        assert_eq!(error.cause(), Cause::MechanismNotOffered);
        let error = auto.exchange(&offering(&[]), "h", 1).unwrap_err();
        assert_eq!(error.cause(), Cause::AuthNotOffered);
    }

    #[test]
    fn the_explanation_of_a_failure_is_decoded() {
        let challenge = STANDARD.encode("{\"status\":\"401\"}\n");
        assert_eq!(failure_explanation(&challenge).unwrap(), "{\"status\":\"401\"}");
        assert_eq!(failure_explanation("no base64!"), None);
    }
}
