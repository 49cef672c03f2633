//! Texts that nobody can guess.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// For programs: 256 bits in 43 characters.
pub fn text() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// For people to type: `WDJB-MJHT`. Consonants only, so that no word comes about, and nothing that
/// looks like something else (RFC 8628 §6.1).
pub fn user_code() -> Result<String, getrandom::Error> {
    const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
    let mut code = String::new();
    while code.len() < 9 {
        let mut byte = [0];
        getrandom::fill(&mut byte)?;
        // 240 is a multiple of 20: beyond it the first letters would come more often.
        if byte[0] < 240 {
            code.push(char::from(LETTERS[usize::from(byte[0]) % LETTERS.len()]));
            if code.len() == 4 {
                code.push('-');
            }
        }
    }
    Ok(code)
}
