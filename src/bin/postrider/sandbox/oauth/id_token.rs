//! Id tokens (OpenID Connect Core §2): who signed in, signed with ES256 by a key that is made at
//! each start. `/jwks` shows its public half.

use super::client::CLIENT_ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub const CLAIMS: [&str; 8] =
    ["iss", "sub", "aud", "exp", "iat", "nonce", "email", "preferred_username"];

/// Seldom shorter elsewhere; a client looks at it once, right after the sign-in.
const LIFETIME: Duration = Duration::from_secs(3600);

pub struct IdTokens {
    key: EcdsaKeyPair,
    random: SystemRandom,
}

impl IdTokens {
    pub fn with_new_key() -> Result<Self, String> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let failed = |_| "no key for id tokens".to_owned();
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(failed)?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random)
            .map_err(|error| format!("the key for id tokens: {error}"))?;
        Ok(IdTokens { key, random })
    }

    /// `nonce` is what the client sent to the login page; after a refresh there is none.
    pub fn issue(
        &self,
        issuer: &str,
        user: &str,
        nonce: Option<&str>,
    ) -> Result<String, getrandom::Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": self.key_id() });
        let mut claims = json!({
            "iss": issuer,
            "sub": user.to_ascii_lowercase(),
            "aud": CLIENT_ID,
            "exp": (now + LIFETIME).as_secs(),
            "iat": now.as_secs(),
            "email": user,
            "preferred_username": user,
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        // It fails only without random numbers.
        let signature = self.key.sign(&self.random, signed.as_bytes());
        let signature = signature.map_err(|_| getrandom::Error::UNEXPECTED)?;
        Ok(format!("{signed}.{}", encode(signature)))
    }

    /// As a JSON Web Key (RFC 7517, RFC 7518 §6.2).
    pub fn public_key(&self) -> Value {
        let (x, y) = self.coordinates();
        json!({
            "kty": "EC", "crv": "P-256", "x": x, "y": y,
            "use": "sig", "alg": "ES256", "kid": self.key_id(),
        })
    }

    /// The thumbprint of RFC 7638.
    fn key_id(&self) -> String {
        let (x, y) = self.coordinates();
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        encode(digest(&SHA256, canonical.as_bytes()))
    }

    fn coordinates(&self) -> (String, String) {
        // An uncompressed point: 4, then x and y with 32 octets each.
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        (encode(x), encode(y))
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
