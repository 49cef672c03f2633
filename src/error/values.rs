//! The concrete values that an advice names: where, who, from whom, to whom.

use super::Cause;
use std::borrow::Cow;

/// What is known about what failed; what is not known has a general word.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Values {
    pub host: Option<String>,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub from: Option<String>,
    pub recipient: Option<String>,
    pub tenant: Option<String>,
    pub scope: Option<String>,
    /// The mechanisms that the server offered, with commas.
    pub offered: Option<String>,
}

impl Values {
    /// These, and the others where these know nothing.
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            host: self.host.or(others.host),
            port: self.port.or(others.port),
            user: self.user.or(others.user),
            from: self.from.or(others.from),
            recipient: self.recipient.or(others.recipient),
            tenant: self.tenant.or(others.tenant),
            scope: self.scope.or(others.scope),
            offered: self.offered.or(others.offered),
        }
    }

    /// What stands in the place of a name. In capitals it is a part of a command.
    fn named(&self, name: &str) -> Option<Cow<'_, str>> {
        let word = |value: &'_ Option<String>, word: &'static str| match value {
            Some(value) => Cow::Owned(value.clone()),
            None => Cow::Borrowed(word),
        };
        Some(match name {
            "host" => word(&self.host, "the server"),
            "port" => word(&self.port.map(|port| port.to_string()), "(as it was set)"),
            "user" => word(&self.user, "the mailbox"),
            "from" => word(&self.from, "the From address"),
            "recipient" => word(&self.recipient, "the recipient"),
            "tenant" => word(&self.tenant, "the organization"),
            "scope" => word(&self.scope, "the permission to send mail over SMTP"),
            "offered" => word(&self.offered, "others"),
            "USER" => in_command(self.user.as_deref().unwrap_or("ADDRESS")),
            "FROM" => in_command(self.from.as_deref().unwrap_or("ADDRESS")),
            _ => return None,
        })
    }
}

/// As PowerShell takes it for one word, whatever is in it.
fn in_command(value: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "@._+-".contains(letter);
    match value.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && value.chars().all(is_plain)
    {
        true => value.into(),
        false => format!("'{}'", value.replace('\'', "''")).into(),
    }
}

/// One sentence that names several causes; each is a part of a sentence.
pub(super) fn suspicion(suspects: &[(Cause, &'static str)]) -> String {
    let clauses: Vec<_> = suspects.iter().map(|(_, clause)| *clause).collect();
    format!("The reply does not tell why; most likely {}.", clauses.join("; or "))
}

/// The template with its places filled; a sentence begins with a capital letter whatever fills it.
pub(crate) fn fill(template: &str, values: &Values) -> String {
    let mut filled = String::with_capacity(template.len() + 40);
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = behind.split_once('}') else {
            filled.push('{');
            rest = behind;
            continue;
        };
        match values.named(name) {
            Some(Cow::Borrowed(word)) if filled.is_empty() => {
                let mut letters = word.chars();
                filled.extend(letters.next().map(|first| first.to_ascii_uppercase()));
                filled.push_str(letters.as_str());
            }
            Some(value) => filled.push_str(&value),
            None => filled.extend(["{", name, "}"]),
        }
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_with_what_is_known() {
        let values = Values { host: Some("mail.example.org".into()), ..Values::default() };
        assert_eq!(fill("{host} knows {user}.", &values), "mail.example.org knows the mailbox.");
        assert_eq!(fill("{user} is {", &Values::default()), "The mailbox is {");
        assert_eq!(fill("a {word}", &values), "a {word}");
        let mut values = Values { user: Some("anna@example.org".into()), ..values };
        assert_eq!(
            fill("Set -Identity {USER} now.", &values),
            "Set -Identity anna@example.org now."
        );
        values.user = Some("o'hara; rm@example.org".into());
        assert_eq!(fill("-Identity {USER}", &values), "-Identity 'o''hara; rm@example.org'");
        assert_eq!(fill("-Identity {FROM}", &values), "-Identity ADDRESS");
    }

    #[test]
    fn every_advice_is_one_sentence_whose_places_are_known() {
        for cause in Cause::ALL {
            let advice = cause.advice();
            assert!(!advice.contains(['{', '}']), "{advice}");
            assert!(advice.ends_with('.') && advice.starts_with(char::is_uppercase), "{advice}");
            // What the programs of the README have room for, with a name here and there.
            assert!(advice.len() < 400, "{advice}");
        }
    }
}
