//! What programs can find out by themselves: the metadata of RFC 8414 and OpenID Connect
//! Discovery (one document for both), and the key that id tokens are signed with.

use super::super::Sandbox;
use super::super::http::{Answer, Request};
use super::super::scope;
use super::token_endpoint::GRANTS;
use super::{id_token, return_address};
use serde_json::json;

const CLIENT_AUTHENTICATION: [&str; 3] = ["none", "client_secret_post", "client_secret_basic"];

pub fn metadata(_: &Request, sandbox: &Sandbox) -> Answer {
    let provider = &sandbox.provider;
    let body = json!({
        "issuer": provider.issuer,
        "authorization_endpoint": provider.url("/authorize"),
        "token_endpoint": provider.url("/token"),
        "device_authorization_endpoint": provider.url("/device_authorization"),
        "revocation_endpoint": provider.url("/revoke"),
        "jwks_uri": provider.url("/jwks"),
        "scopes_supported": scope::NAMES,
        "response_types_supported": ["code"],
        "response_modes_supported": return_address::MODES,
        "grant_types_supported": GRANTS,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
        "revocation_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
        "authorization_response_iss_parameter_supported": true,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": id_token::CLAIMS,
    });
    Answer::json("200 OK", &body)
}

pub fn keys(_: &Request, sandbox: &Sandbox) -> Answer {
    Answer::json("200 OK", &json!({ "keys": [sandbox.provider.id_tokens.public_key()] }))
}
