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

    #[test]
    fn the_other_segment_is_asked_when_the_answer_names_it() {
        let other = |tenant, number| other_segment(tenant, &refused(number));
        assert_eq!(other("common", 9_002_331), Some("consumers"));
        assert_eq!(other("consumers", 9_002_332), Some("organizations"));
        assert_eq!(other("consumers", 9_002_331), None, "it is that one already");
        assert_eq!(other("contoso.example", 9_002_331), None, "the program chose it");
        assert_eq!(other("common", 50_194), None);
    }

    #[test]
    fn a_tenant_cannot_change_the_address() {
        assert!(check("9188040d-6c67-4c5b-b112-36a304b66dad").is_ok() && check("common").is_ok());
        for tenant in ["", "a/b", "../x", "a?b", "a b", "a#b", "é", "{tenant}"] {
            assert!(check(tenant).is_err(), "{tenant}");
        }
    }
}
