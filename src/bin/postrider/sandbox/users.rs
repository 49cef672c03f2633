//! Who has a mailbox here: everybody at example.org.

/// The mailbox that the start-up text and the pages propose.
pub const DEFAULT_USER: &str = "anna@example.org";

pub fn has_mailbox(address: &str) -> bool {
    const LONGEST: usize = 254;
    let (local, domain) = address.rsplit_once('@').unwrap_or_default();
    !local.is_empty()
        && domain.eq_ignore_ascii_case("example.org")
        && address.len() <= LONGEST
        && !address.chars().any(|character| character.is_control() || character.is_whitespace())
}
