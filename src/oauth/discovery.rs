//! Endpoints that an issuer publishes (OpenID Connect Discovery 1.0, RFC 8414).

use crate::error::{Cause, Error, Result, Retry, Stage, Status};
use crate::net::Watch;
use crate::oauth::http::{self, Client};
use crate::oauth::http_message::{Request, Response};
use crate::oauth::provider::{Endpoints, Provider, Quirk};
use serde_json::Value;

/// What an issuer says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Metadata {
    pub issuer: String,
    pub endpoints: Endpoints,
    /// The redirect carries `iss` (RFC 9207).
    pub issuer_in_redirect: bool,
    /// How clients may show who they are; empty when it does not say.
    pub authentication_methods: Vec<String>,
    pub grant_types: Vec<String>,
}

/// Where it says so: OpenID's place behind the path, then RFC 8414's before it.
pub(crate) fn addresses(issuer: &str) -> Result<[String; 2]> {
    let url = http::checked(issuer)?;
    let plain = issuer.trim_end_matches('/');
    let path = url.path().trim_end_matches('/');
    let mut first = url.clone();
    first.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
    first.set_query(None);
    first.set_fragment(None);
    Ok([format!("{plain}/.well-known/openid-configuration"), first.into()])
}

impl Metadata {
    /// Understands the document of an issuer; one of another issuer is refused (RFC 8414 §3.3).
    pub(crate) fn read(issuer: &str, response: &Response) -> Result<Self> {
        let json: Value = serde_json::from_slice(&response.body).map_err(|_| {
            failed(format!("{issuer} publishes no metadata (HTTP {})", response.status))
        })?;
        let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        let list = |name: &str| -> Vec<String> {
            let values = json.get(name).and_then(Value::as_array).into_iter().flatten();
            values.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let found = text("issuer").unwrap_or_default();
        if !is_same(issuer, &found) {
            return Err(failed(format!("the metadata of {issuer} is that of \"{found}\"")));
        }
        let endpoint = |name: &str| {
            let address = text(name);
            address.as_deref().map(http::checked).transpose().map(|_| address)
        };
        let endpoints = Endpoints {
            authorize: endpoint("authorization_endpoint")?,
            token: endpoint("token_endpoint")?,
            device: endpoint("device_authorization_endpoint")?,
            revoke: endpoint("revocation_endpoint")?,
            ..Endpoints::default()
        };
        if endpoints.token.is_none() {
            return Err(failed(format!("the metadata of {issuer} names no token endpoint")));
        }
        Ok(Self {
            issuer: found,
            endpoints,
            issuer_in_redirect: json.get("authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
            authentication_methods: list("token_endpoint_auth_methods_supported"),
            grant_types: list("grant_types_supported"),
        })
    }

    /// Asks an issuer at both places.
    pub(crate) fn fetch(issuer: &str, client: Client, watch: &mut Watch) -> Result<Self> {
        let mut last = failed(format!("{issuer} publishes no metadata"));
        for address in addresses(issuer)? {
            let request = Request { body: None, authorization: None };
            let response = client.exchange(&address, &request, watch)?;
            if response.status == 200 {
                return Self::read(issuer, &response);
            }
            let passes = response.status == 429 || response.status >= 500;
            let retry = if passes { Retry::Later } else { Retry::No };
            let text = format!("{issuer} publishes no metadata (HTTP {})", response.status);
            last = failed(text).with_retry(retry, response.retry_after);
        }
        Err(last)
    }

    /// Fills in what the provider does not say itself.
    pub(crate) fn complete(self, provider: &mut Provider) {
        let fill = |own: &mut Option<String>, found| *own = own.take().or(found);
        let own = &mut provider.endpoints;
        fill(&mut own.authorize, self.endpoints.authorize);
        fill(&mut own.token, self.endpoints.token);
        fill(&mut own.device, self.endpoints.device);
        fill(&mut own.revoke, self.endpoints.revoke);
        fill(&mut provider.issuer, Some(self.issuer));
        if self.issuer_in_redirect && !provider.has(Quirk::IssuerInRedirect) {
            provider.quirks.push(Quirk::IssuerInRedirect);
        }
        let takes = |way: &str| self.authentication_methods.iter().any(|method| method == way);
        if takes("client_secret_basic") && !takes("client_secret_post") {
            provider.quirks.push(Quirk::SecretInHeader);
        }
    }
}

/// Exactly, except that Microsoft's for several tenants holds a placeholder (oauth.md §5.2).
fn is_same(wanted: &str, found: &str) -> bool {
    let segments = ["/common/", "/organizations/"];
    found == wanted
        || segments.iter().any(|segment| wanted.replacen(segment, "/{tenantid}/", 1) == found)
}

fn failed(text: String) -> Error {
    Error::new(Status::Token, Stage::Token, Cause::DiscoveryFailed, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::provider::Providers;
    use crate::oauth::scripted::json;

    const ISSUER: &str = "https://id.example/realm";

    fn document(issuer: &str) -> String {
        format!(
            r#"{{"issuer":"{issuer}","authorization_endpoint":"https://id.example/auth",
                "token_endpoint":"https://id.example/token",
                "device_authorization_endpoint":"https://id.example/device",
                "authorization_response_iss_parameter_supported":true,
                "token_endpoint_auth_methods_supported":["none","client_secret_basic"]}}"#
        )
    }

    #[test]
    fn both_places_are_those_of_their_standards() {
        let [openid, rfc] = addresses("https://id.example/realm/").unwrap();
        assert_eq!(openid, "https://id.example/realm/.well-known/openid-configuration");
        assert_eq!(rfc, "https://id.example/.well-known/oauth-authorization-server/realm");
        let [openid, rfc] = addresses("https://accounts.google.com").unwrap();
        assert_eq!(openid, "https://accounts.google.com/.well-known/openid-configuration");
        assert_eq!(rfc, "https://accounts.google.com/.well-known/oauth-authorization-server");
        assert!(addresses("http://id.example").is_err());
    }

    #[test]
    fn what_it_says_fills_in_what_is_not_set() {
        let metadata = Metadata::read(ISSUER, &json(200, &document(ISSUER))).unwrap();
        assert_eq!(metadata.authentication_methods, ["none", "client_secret_basic"]);
        let mut provider = Providers::built_in().unwrap().named("custom").unwrap();
        provider.endpoints.token = Some("https://own.example/token".into());
        metadata.complete(&mut provider);
        assert_eq!(provider.endpoints.token.as_deref(), Some("https://own.example/token"));
        assert_eq!(provider.endpoints.device.as_deref(), Some("https://id.example/device"));
        assert_eq!(provider.issuer.as_deref(), Some(ISSUER));
        assert!(provider.has(Quirk::IssuerInRedirect));
    }

    #[test]
    fn the_document_of_another_issuer_is_refused() {
        for found in ["https://evil.example", "https://id.example/realm/", ""] {
            let error = Metadata::read(ISSUER, &json(200, &document(found))).unwrap_err();
            assert_eq!(error.cause(), Cause::DiscoveryFailed, "{found}");
        }
        let common = "https://login.microsoftonline.com/common/v2.0";
        let any = "https://login.microsoftonline.com/{tenantid}/v2.0";
        assert!(Metadata::read(common, &json(200, &document(any))).is_ok());
    }

    #[test]
    fn documents_without_use_or_with_open_endpoints_are_refused() {
        let without = format!(r#"{{"issuer":"{ISSUER}"}}"#);
        let open = format!(r#"{{"issuer":"{ISSUER}","token_endpoint":"http://id.example/token"}}"#);
        for body in [without.as_str(), open.as_str(), "<html>"] {
            assert!(Metadata::read(ISSUER, &json(200, body)).is_err(), "{body}");
        }
    }
}
