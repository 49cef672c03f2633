//! The concrete values that an advice names: where, who, from whom, to whom.

/// What is known about the send that failed; what is not known has a general word.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Values {
    pub host: Option<String>,
    pub user: Option<String>,
    pub from: Option<String>,
    pub recipient: Option<String>,
    pub scope: Option<String>,
}

impl Values {
    fn named(&self, name: &str) -> Option<(&Option<String>, &'static str)> {
        Some(match name {
            "host" => (&self.host, "the server"),
            "user" => (&self.user, "the mailbox"),
            "from" => (&self.from, "the From address"),
            "recipient" => (&self.recipient, "the recipient"),
            "scope" => (&self.scope, "the permission to send mail over SMTP"),
            _ => return None,
        })
    }
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
            Some((Some(value), _)) => filled.push_str(value),
            Some((None, word)) if filled.is_empty() => {
                let mut letters = word.chars();
                filled.extend(letters.next().map(|first| first.to_ascii_uppercase()));
                filled.push_str(letters.as_str());
            }
            Some((None, word)) => filled.push_str(word),
            None => filled.extend(["{", name, "}"]),
        }
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Cause;

    #[test]
    fn places_are_filled_with_what_is_known() {
        let values = Values { host: Some("mail.example.org".into()), ..Values::default() };
        assert_eq!(fill("{host} knows {user}.", &values), "mail.example.org knows the mailbox.");
        assert_eq!(fill("{user} is {", &Values::default()), "The mailbox is {");
        assert_eq!(fill("a {word}", &values), "a {word}");
    }

    #[test]
    fn every_advice_is_one_sentence_whose_places_are_known() {
        for cause in Cause::ALL {
            let advice = cause.advice();
            assert!(!advice.contains(['{', '}']), "{advice}");
            assert!(advice.ends_with('.') && advice.starts_with(char::is_uppercase), "{advice}");
        }
    }
}
