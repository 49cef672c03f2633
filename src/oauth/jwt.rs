//! JSON Web Tokens (RFC 7519): signing the assertions with which an app proves itself (RFC 7523), and
//! reading the claims of tokens that others have made.
//!
//! `client_certificate` and `service_account` sign; `id_token` and `inspect` read. Signatures are made
//! here and never checked: what is read came straight from the token endpoint over TLS (OpenID
//! Connect Core §3.1.3.7), or is only looked at.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Map, Value};
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// Tokens of Microsoft reach some 6 KB, with many groups 20; far more is none.
const LONGEST_TOKEN: usize = 128 * 1024;

/// The names of RFC 7518 §3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Ps256 => "PS256",
            Algorithm::Es256 => "ES256",
        }
    }
}

/// A private key that signs. ring does not print it, and neither do we.
pub(crate) enum SigningKey {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// From PEM text with one unencrypted key: PKCS#8, PKCS#1 or SEC 1.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self> {
        if memchr::memmem::find(pem, b"ENCRYPTED PRIVATE KEY").is_some()
            || memchr::memmem::find(pem, b"Proc-Type: 4,ENCRYPTED").is_some()
        {
            return Err(invalid("it is protected by a password: use a PFX file, or decrypt it"));
        }
        let mut der = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| invalid("there is no private key in PEM form in it"))?;
        let key = match &der {
            PrivateKeyDer::Pkcs1(rsa) => RsaKeyPair::from_der(rsa.secret_pkcs1_der())
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(invalid),
            PrivateKeyDer::Pkcs8(any) => Self::from_pkcs8(any.secret_pkcs8_der()),
            PrivateKeyDer::Sec1(_) => {
                Err(invalid("convert it to PKCS#8 first (openssl pkcs8 -topk8 -nocrypt)"))
            }
            _ => Err(invalid("it is of an unknown kind")),
        };
        der.zeroize();
        key
    }

    /// From the DER of a PrivateKeyInfo (RFC 5208).
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self> {
        let rsa = match RsaKeyPair::from_pkcs8(der) {
            Ok(key) => return Ok(Self::Rsa(Box::new(key))),
            Err(error) => error,
        };
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new())
            .map(|key| Self::P256(Box::new(key)))
            // Most keys are RSA: what is wrong with it as such says more.
            .map_err(|_| invalid(rsa))
    }

    /// As it stands in a certificate: an RSAPublicKey, or a point.
    pub(crate) fn public_key(&self) -> &[u8] {
        match self {
            Self::Rsa(key) => key.public().as_ref(),
            Self::P256(key) => key.public_key().as_ref(),
        }
    }

    /// The algorithm to sign with, where RSA should use `rsa`.
    pub(crate) fn algorithm(&self, rsa: Algorithm) -> Algorithm {
        match self {
            Self::Rsa(_) => rsa,
            Self::P256(_) => Algorithm::Es256,
        }
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        let signed = match (self, algorithm) {
            (Self::Rsa(key), Algorithm::Rs256 | Algorithm::Ps256) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let done = match algorithm {
                    Algorithm::Rs256 => {
                        key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    }
                    _ => key.sign(&RSA_PSS_SHA256, &random, message, &mut signature),
                };
                done.map(|()| signature)
            }
            (Self::P256(key), Algorithm::Es256) => {
                key.sign(&random, message).map(|signature| signature.as_ref().to_vec())
            }
            _ => return Err(invalid(format!("it cannot sign by {}", algorithm.name()))),
        };
        signed.map_err(|_| invalid("signing with it failed"))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa(_) => "SigningKey(RSA)",
            Self::P256(_) => "SigningKey(P-256)",
        })
    }
}

fn invalid(why: impl fmt::Display) -> Error {
    let text = format!("the private key cannot be used: {why}");
    Error::new(Status::InvalidArgument, Stage::Argument, Cause::PrivateKeyInvalid, text)
}

/// A signed token. `header` is what goes into the header besides `alg` and `typ`.
pub(crate) fn sign(
    key: &SigningKey,
    algorithm: Algorithm,
    header: &[(&str, &str)],
    claims: &Value,
) -> Result<Secret> {
    let mut whole_header = Map::new();
    whole_header.insert("alg".into(), algorithm.name().into());
    whole_header.insert("typ".into(), "JWT".into());
    whole_header.extend(header.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    let header = URL_SAFE_NO_PAD.encode(Value::Object(whole_header).to_string());
    let claims = Zeroizing::new(URL_SAFE_NO_PAD.encode(claims.to_string()));
    let message = Secret::concat(&[header.as_bytes(), b".", claims.as_bytes()]);
    let signature = key.sign(algorithm, message.bytes())?;
    let signature = Zeroizing::new(URL_SAFE_NO_PAD.encode(signature));
    Ok(Secret::concat(&[message.bytes(), b".", signature.as_bytes()]))
}

/// The claims of a token that somebody else signed; nothing when it is no JWT that can be read (one
/// that is encrypted has five parts). Nothing is checked.
pub(crate) fn claims(token: &[u8]) -> Option<Map<String, Value>> {
    let token = token.trim_ascii();
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let mut parts = token.split(|byte| *byte == b'.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    // Three parts with dots between them may also be something else: both have to be objects.
    part(header)?;
    part(claims)
}

fn part(text: &[u8]) -> Option<Map<String, Value>> {
    // Some servers pad, although RFC 7515 §2 forbids it.
    let end = text.iter().rposition(|byte| *byte != b'=')? + 1;
    let json = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.get(..end)?).ok()?);
    match serde_json::from_slice(&json) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

/// A moment among claims (NumericDate); some servers write it as text, or with a fraction.
pub(crate) fn moment(claims: &Map<String, Value>, name: &str) -> Option<i64> {
    let value = claims.get(name)?;
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    // Saturates, and NaN is 0: whatever a token says, it is a moment.
    Some(number as i64)
}

/// A text among claims; an empty one is none.
pub(crate) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// A claim that may be one text or several, such as `aud`.
pub(crate) fn texts<'a>(claims: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    match claims.get(name) {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

// openssl makes the keys, which the Windows of our tests has not; the code is the same everywhere.
#[cfg(all(test, unix))]
#[path = "jwt_tests.rs"]
mod tests;
