//! The tenant segment of Microsoft's addresses (oauth.md §1.1, §1.3).

use crate::error::{Error, Result};

/// A tenant id, a domain, or a word such as `common`: it becomes a part of an address.
pub(crate) fn check(tenant: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if tenant.is_empty() || tenant.len() > 253 || !tenant.chars().all(fits) || tenant.contains("..")
    {
        return Err(Error::argument(format!(
            "the tenant {tenant:?} is no tenant id and no domain"
        )));
    }
    Ok(())
}

/// Whether it names one organization: client credentials need that (AADSTS9001023).
pub(crate) fn is_concrete(tenant: &str) -> bool {
    !matches!(tenant, "common" | "organizations" | "consumers")
}

/// The segment on which an app is registered, when an error says that it is not this one.
pub(crate) fn other_segment(tenant: &str, error: &Error) -> Option<&'static str> {
    let right = match error.response()?.number? {
        // "… is configured for use by Microsoft Account users only. Please use the /consumers endpoint"
        9_002_331 => "consumers",
        // "… Microsoft Entra users only. Please do not use the /consumers endpoint"
        9_002_332 => "organizations",
        _ => return None,
    };
    (tenant != right && !is_concrete(tenant)).then_some(right)
}

/// Asks with the tenant, and once more with the other segment when the answer names it. Tells with
/// which tenant it went well: codes and refresh tokens belong to the segment that gave them
/// (AADSTS700005).
pub(crate) fn with_right_segment<T>(
    tenant: &str,
    mut ask: impl FnMut(&str) -> Result<T>,
) -> Result<(T, String)> {
    let error = match ask(tenant) {
        Ok(found) => return Ok((found, tenant.to_owned())),
        Err(error) => error,
    };
    match other_segment(tenant, &error) {
        Some(right) => ask(right).map(|found| (found, right.to_owned())),
        None => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Cause, Stage, Status};
    use crate::oauth::ErrorResponse;

    fn refused(number: u32) -> Error {
        let response = ErrorResponse { number: Some(number), ..ErrorResponse::default() };
        let error =
            Error::new(Status::Token, Stage::Token, Cause::AppWrongAccountType, number.to_string());
        error.with_response(response)
    }

    fn segments(tenant: &str, number: u32) -> (Vec<String>, bool) {
        let mut asked = Vec::new();
        let answer = with_right_segment(tenant, |segment| {
            asked.push(segment.to_owned());
            if asked.len() == 1 { Err(refused(number)) } else { Ok(()) }
        });
        (asked, answer.is_ok())
    }

    #[test]
    fn the_other_segment_is_asked_once_when_the_answer_names_it() {
        assert_eq!(
            segments("common", 9_002_331),
            (vec!["common".into(), "consumers".into()], true)
        );
        let mirror = (vec!["consumers".into(), "organizations".into()], true);
        assert_eq!(segments("consumers", 9_002_332), mirror);
        assert_eq!(segments("consumers", 9_002_331), (vec!["consumers".into()], false));
        assert_eq!(segments("contoso.example", 9_002_331).0.len(), 1, "the program chose it");
        assert_eq!(segments("common", 50_194).0.len(), 1);
    }

    #[test]
    fn a_tenant_cannot_change_the_address() {
        assert!(check("9188040d-6c67-4c5b-b112-36a304b66dad").is_ok() && check("common").is_ok());
        for tenant in ["", "a/b", "../x", "a?b", "a b", "a#b", "é", "{tenant}"] {
            assert!(check(tenant).is_err(), "{tenant}");
        }
    }
}
