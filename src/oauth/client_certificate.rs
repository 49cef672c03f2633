//! A certificate in place of a client secret: the app signs a short statement with the private key
//! of a certificate that was uploaded to its registration (RFC 7523 §2.2, `oauth.md` §1.10).
//!
//! PEM files or a PFX file → [`ClientCertificate`] → an assertion for one token request.

use crate::error::{Cause, Error, Result, Stage, Status};
use crate::message::random_hex;
use crate::oauth::der::Certificate;
use crate::oauth::jwt::{Algorithm, SigningKey, sign};
use crate::oauth::pfx::{self, Failure};
use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{self, digest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

/// How long an assertion is valid, in seconds: Microsoft asks for five to ten minutes.
const LIFETIME: i64 = 600;

/// How the server recognizes the certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Thumbprint {
    /// `x5t#S256` with PS256.
    #[default]
    Sha256,
    /// `x5t` with RS256, for servers that do not know the other.
    Sha1,
}

/// A private key and the certificate for it.
#[derive(Debug)]
pub(crate) struct ClientCertificate {
    key: SigningKey,
    certificate: Vec<u8>,
}

impl ClientCertificate {
    /// From PEM texts, which may also be one and the same with both in it. Of several certificates
    /// the one that belongs to the key counts.
    pub(crate) fn from_pem(key: &[u8], certificates: &[u8]) -> Result<Self> {
        let key = SigningKey::from_pem(key)?;
        let found = CertificateDer::pem_slice_iter(certificates).flatten();
        Self::matching(key, found.map(|certificate| certificate.to_vec()))
    }

    /// From a PFX (PKCS#12) file.
    pub(crate) fn from_pfx(file: &[u8], password: &Secret) -> Result<Self> {
        let password = std::str::from_utf8(password.bytes())
            .map_err(|_| Error::argument("the password of the PFX file is not UTF-8"))?;
        let found = pfx::read(file, password).map_err(|failure| match failure {
            Failure::WrongPassword => {
                let text = "the password does not open the PFX file";
                Error::new(Status::InvalidArgument, Stage::Argument, Cause::PfxPasswordWrong, text)
            }
            Failure::Malformed => invalid("this is no PFX file, or it is damaged"),
            Failure::Unsupported => invalid("the PFX file is encrypted in an unknown way"),
        })?;
        let key = found.keys.first().ok_or_else(|| invalid("the PFX file has no private key"))?;
        Self::matching(SigningKey::from_pkcs8(key)?, found.certificates.into_iter())
    }

    fn matching(key: SigningKey, certificates: impl Iterator<Item = Vec<u8>>) -> Result<Self> {
        let mut seen = 0;
        for certificate in certificates {
            seen += 1;
            let read = Certificate::read(&certificate);
            if read.is_some_and(|read| read.public_key == key.public_key()) {
                return Ok(Self { key, certificate });
            }
        }
        Err(invalid(match seen {
            0 => "there is no certificate",
            _ => "the certificate does not belong to the private key",
        }))
    }

    /// A statement that we are this client, for one request to `audience`, which is the token
    /// endpoint. `now` is in seconds since 1970.
    pub(crate) fn assertion(
        &self,
        thumbprint: Thumbprint,
        audience: &str,
        client_id: &str,
        now: i64,
    ) -> Result<Secret> {
        self.check_time(now)?;
        let (rsa, member, hash) = match thumbprint {
            Thumbprint::Sha256 => (Algorithm::Ps256, "x5t#S256", &digest::SHA256),
            Thumbprint::Sha1 => (Algorithm::Rs256, "x5t", &digest::SHA1_FOR_LEGACY_USE_ONLY),
        };
        let print = URL_SAFE_NO_PAD.encode(digest(hash, &self.certificate));
        let claims = json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": random_uuid()?,
            "nbf": now,
            "iat": now,
            "exp": now + LIFETIME,
        });
        sign(&self.key, self.key.algorithm(rsa), &[(member, &print)], &claims)
    }

    /// The server would only say that the assertion is wrong.
    fn check_time(&self, now: i64) -> Result<()> {
        let Some(read) = Certificate::read(&self.certificate) else { return Ok(()) };
        let text = if now > read.not_after {
            "the certificate of the app has expired"
        } else if now < read.not_before {
            "the certificate of the app is not valid yet"
        } else {
            return Ok(());
        };
        Err(Error::new(Status::Token, Stage::Token, Cause::ClientCertificateExpired, text))
    }
}

fn invalid(text: &'static str) -> Error {
    Error::new(Status::InvalidArgument, Stage::Argument, Cause::ClientCertificateInvalid, text)
}

/// Version 4, in the form of RFC 9562.
fn random_uuid() -> Result<String> {
    let hex = random_hex()?;
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Ok(format!(
        "{}-{}-4{}-a{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    ))
}

// openssl makes the keys, which the Windows of our tests has not; the code is the same everywhere.
#[cfg(all(test, unix))]
#[path = "client_certificate_tests.rs"]
mod tests;
