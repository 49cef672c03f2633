//! Windows: encryption with the user's key (DPAPI), and the Credential Manager.

use std::io;
use std::ptr::{null, null_mut};
use windows_sys::Win32::Foundation::{ERROR_NOT_FOUND, LocalFree};
use windows_sys::Win32::Security::Credentials::{
    CRED_PERSIST_LOCAL_MACHINE, CRED_TYPE_GENERIC, CREDENTIALW, CredDeleteW, CredFree, CredReadW,
    CredWriteW,
};
use windows_sys::Win32::Security::Cryptography::{
    CRYPT_INTEGER_BLOB, CRYPTPROTECT_UI_FORBIDDEN, CryptProtectData, CryptUnprotectData,
};
use zeroize::{Zeroize, Zeroizing};

/// Encrypts for this user on this computer; `entropy` is needed again to decrypt.
pub(crate) fn protect(plain: &[u8], entropy: &[u8]) -> io::Result<Vec<u8>> {
    let (plain, entropy) = (blob(plain)?, blob(entropy)?);
    let mut out = CRYPT_INTEGER_BLOB::default();
    // SAFETY: the blobs describe slices that live until the call is over, which it only reads; no
    // description, no prompt; `out` is written.
    let done = unsafe {
        let flags = CRYPTPROTECT_UI_FORBIDDEN;
        CryptProtectData(&plain, null(), &entropy, null(), null(), flags, &mut out)
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: Windows has just filled it.
    Ok(unsafe { take(out) }.to_vec())
}

/// Decrypts what [`protect`] gave the same user.
pub(crate) fn unprotect(sealed: &[u8], entropy: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
    let (sealed, entropy) = (blob(sealed)?, blob(entropy)?);
    let mut out = CRYPT_INTEGER_BLOB::default();
    // SAFETY: as in protect(); no description is asked for.
    let done = unsafe {
        let flags = CRYPTPROTECT_UI_FORBIDDEN;
        CryptUnprotectData(&sealed, null_mut(), &entropy, null(), null(), flags, &mut out)
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: Windows has just filled it.
    Ok(unsafe { take(out) })
}

/// For reading only, whatever the type says.
fn blob(octets: &[u8]) -> io::Result<CRYPT_INTEGER_BLOB> {
    let length = u32::try_from(octets.len()).map_err(io::Error::other)?;
    Ok(CRYPT_INTEGER_BLOB { cbData: length, pbData: octets.as_ptr().cast_mut() })
}

/// Copies what Windows allocated, wipes and frees it.
///
/// # Safety
/// `out` must have been filled by a call of DPAPI that succeeded.
unsafe fn take(out: CRYPT_INTEGER_BLOB) -> Zeroizing<Vec<u8>> {
    // SAFETY: it describes octets that belong to us until they are freed, which is below.
    let octets = unsafe { std::slice::from_raw_parts_mut(out.pbData, out.cbData as usize) };
    let copy = Zeroizing::new(octets.to_vec());
    octets.zeroize();
    // SAFETY: it came from LocalAlloc and is not used any more.
    unsafe { LocalFree(out.pbData.cast()) };
    copy
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// What lies under this name, if something does.
pub(crate) fn read_credential(target: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut found: *mut CREDENTIALW = null_mut();
    // SAFETY: the name ends with NUL; `found` is written.
    let done = unsafe { CredReadW(wide(target).as_ptr(), CRED_TYPE_GENERIC, 0, &mut found) };
    if done == 0 {
        return none_if_not_found().map(|()| None);
    }
    // SAFETY: it was written, and belongs to us until CredFree().
    let (data, length) = unsafe { ((*found).CredentialBlob, (*found).CredentialBlobSize as usize) };
    let content = match data.is_null() {
        true => Zeroizing::new(Vec::new()),
        false => {
            // SAFETY: the credential says where its content is and how long; nobody else has it.
            let octets = unsafe { std::slice::from_raw_parts_mut(data, length) };
            let copy = Zeroizing::new(octets.to_vec());
            octets.zeroize();
            copy
        }
    };
    // SAFETY: it came from CredReadW and is not used any more.
    unsafe { CredFree(found.cast()) };
    Ok(Some(content))
}

/// Puts it under this name, for this user on this computer.
pub(crate) fn write_credential(target: &str, content: &[u8]) -> io::Result<()> {
    let (mut target, mut user) = (wide(target), wide("postrider"));
    let credential = CREDENTIALW {
        Type: CRED_TYPE_GENERIC,
        TargetName: target.as_mut_ptr(),
        UserName: user.as_mut_ptr(),
        CredentialBlobSize: u32::try_from(content.len()).map_err(io::Error::other)?,
        CredentialBlob: content.as_ptr().cast_mut(),
        Persist: CRED_PERSIST_LOCAL_MACHINE,
        ..CREDENTIALW::default()
    };
    // SAFETY: all pointers are valid until the call is over, which only reads them.
    match unsafe { CredWriteW(&credential, 0) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Removes what lies under this name; nothing is fine.
pub(crate) fn delete_credential(target: &str) -> io::Result<()> {
    // SAFETY: the name ends with NUL.
    match unsafe { CredDeleteW(wide(target).as_ptr(), CRED_TYPE_GENERIC, 0) } {
        0 => none_if_not_found(),
        _ => Ok(()),
    }
}

fn none_if_not_found() -> io::Result<()> {
    let error = io::Error::last_os_error();
    match error.raw_os_error() == Some(ERROR_NOT_FOUND.cast_signed()) {
        true => Ok(()),
        false => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_protected_opens_with_the_same_entropy_only() {
        let sealed = protect(b"a token", b"anna").unwrap();
        assert!(!sealed.windows(7).any(|octets| octets == b"a token"));
        assert_eq!(unprotect(&sealed, b"anna").unwrap()[..], b"a token"[..]);
        assert!(unprotect(&sealed, b"bob").is_err());
    }

    #[test]
    fn a_credential_is_written_read_replaced_and_deleted() {
        let target = format!("postrider-test/{}", std::process::id());
        assert!(read_credential(&target).unwrap().is_none());
        for content in [&b"one"[..], b"two"] {
            write_credential(&target, content).unwrap();
            assert_eq!(read_credential(&target).unwrap().unwrap()[..], *content);
        }
        delete_credential(&target).unwrap();
        delete_credential(&target).unwrap();
        assert!(read_credential(&target).unwrap().is_none());
    }
}
