//! Fields of a request, as application/x-www-form-urlencoded, without leaving secrets behind.

use crate::secret::Secret;
use std::borrow::Cow;
use url::form_urlencoded::{self, byte_serialize};

/// The fields of a request, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<Field>);

#[derive(Clone, Debug)]
struct Field {
    name: Cow<'static, str>,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    Public(String),
    Secret(Secret),
}

impl Value {
    fn bytes(&self) -> &[u8] {
        match self {
            Value::Public(text) => text.as_bytes(),
            Value::Secret(secret) => secret.bytes(),
        }
    }
}

impl Form {
    pub(crate) fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.put(name.into(), Value::Public(value.into()));
    }

    pub(crate) fn set_secret(&mut self, name: impl Into<Cow<'static, str>>, value: &Secret) {
        self.put(name.into(), Value::Secret(value.clone()));
    }

    /// RFC 6749 §3.1: a parameter must not be given twice; the later value counts.
    fn put(&mut self, name: Cow<'static, str>, value: Value) {
        match self.0.iter_mut().find(|field| field.name == name) {
            Some(field) => field.value = value,
            None => self.0.push(Field { name, value }),
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|field| field.name == name)
    }

    /// The body of a request.
    pub(crate) fn encode(&self) -> Secret {
        // Three octets for each is the most: a text that grows would leave pieces behind.
        let most = self.0.iter().map(|f| 3 * (f.name.len() + f.value.bytes().len()) + 2).sum();
        let mut encoded = zeroize::Zeroizing::new(String::with_capacity(most));
        for field in &self.0 {
            if !encoded.is_empty() {
                encoded.push('&');
            }
            encoded.extend(byte_serialize(field.name.as_bytes()));
            encoded.push('=');
            encoded.extend(byte_serialize(field.value.bytes()));
        }
        Secret::new(encoded.as_bytes())
    }

    /// The address with the fields behind it. Only for fields that a browser may show.
    pub(crate) fn behind(&self, address: &str) -> String {
        let separator = if address.contains('?') { '&' } else { '?' };
        let query = self.encode();
        format!("{address}{separator}{}", String::from_utf8_lossy(query.bytes()))
    }

    /// The text with every echo of a secret of this request replaced by ***, as it is or encoded:
    /// some servers quote in their errors what they were sent.
    pub(crate) fn without_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for field in &self.0 {
            let Value::Secret(secret) = &field.value else { continue };
            text = hide(text, secret);
        }
        text
    }
}

/// The text with every echo of the secret replaced by ***, as it is or encoded.
pub(crate) fn hide(text: String, secret: &Secret) -> String {
    /// A shorter one is in every text, and is no secret.
    const SHORTEST: usize = 6;
    let Ok(plain) = std::str::from_utf8(secret.bytes()) else { return text };
    if plain.len() < SHORTEST {
        return text;
    }
    let encoded: zeroize::Zeroizing<String> =
        byte_serialize(plain.as_bytes()).collect::<String>().into();
    text.replace(plain, "***").replace(encoded.as_str(), "***")
}

/// The fields of a body or a query, in their order.
pub(crate) fn parse(encoded: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded.as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(secret: &Secret) -> &str {
        std::str::from_utf8(secret.bytes()).unwrap()
    }

    #[test]
    fn fields_are_encoded_in_their_order_and_only_once() {
        let mut form = Form::default();
        form.set("grant_type", "client_credentials");
        form.set("scope", "first");
        form.set_secret("client_secret", &Secret::new("a b&c=~é"));
        form.set("scope", "https://outlook.office365.com/.default");
        assert_eq!(
            text(&form.encode()),
            "grant_type=client_credentials&scope=https%3A%2F%2Foutlook.office365.com%2F.default\
             &client_secret=a+b%26c%3D%7E%C3%A9"
        );
    }

    #[test]
    fn a_query_goes_behind_the_one_that_is_there() {
        let mut form = Form::default();
        form.set("a", "1");
        assert_eq!(form.behind("https://id.example/auth"), "https://id.example/auth?a=1");
        assert_eq!(form.behind("https://id.example/auth?p=x"), "https://id.example/auth?p=x&a=1");
    }

    #[test]
    fn echoes_of_secrets_are_hidden_and_debug_shows_none() {
        let mut form = Form::default();
        form.set_secret("code", &Secret::new("4/0Abc+def"));
        form.set("client_id", "my-client");
        let shown = form.without_secrets("bad code 4/0Abc+def (4%2F0Abc%2Bdef) of my-client");
        assert_eq!(shown, "bad code *** (***) of my-client");
        assert!(!format!("{form:?}").contains("0Abc"));
    }
}
