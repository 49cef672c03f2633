//! Reads PFX files (PKCS#12, RFC 7292): the private key and the certificates in them, for
//! `client_certificate`.
//!
//! As Windows, OpenSSL, Java and the Azure portal write them: one password, DER, keys and
//! certificates encrypted by PBES2 (AES-CBC) or by the old 3DES and RC2 schemes. Only reading, and
//! only what the person gives us; the work that a file can ask for is bounded.

use crate::oauth::der::{Der, INTEGER, OCTET_STRING, OID, SEQUENCE, TAGGED_0};
use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit};
use des::TdesEde3;
use rc2::Rc2;
use ring::{digest, hmac, pbkdf2};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// More rounds than any program asks for: the rest is an attempt to keep us busy.
const MOST_ROUNDS: u32 = 10_000_000;

/// Object identifiers, as DER has them.
mod oid {
    pub const DATA: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";
    pub const ENCRYPTED_DATA: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x06";
    pub const KEY_BAG: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x0A\x01\x01";
    pub const SHROUDED_KEY_BAG: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x0A\x01\x02";
    pub const CERTIFICATE_BAG: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x0A\x01\x03";
    pub const X509: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x16\x01";
    pub const SHA1_3DES: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x01\x03";
    pub const SHA1_RC2_128: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x01\x05";
    pub const SHA1_RC2_40: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x01\x06";
    pub const PBES2: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0D";
    pub const PBKDF2: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0C";
    pub const HMAC_SHA1: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x02\x07";
    pub const HMAC_SHA256: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x02\x09";
    pub const HMAC_SHA384: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x02\x0A";
    pub const HMAC_SHA512: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x02\x0B";
    pub const AES_128: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x02";
    pub const AES_192: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x16";
    pub const AES_256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2A";
    pub const TDES: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x03\x07";
    pub const SHA1: &[u8] = b"\x2B\x0E\x03\x02\x1A";
    pub const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
    pub const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
    pub const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
}

/// Why a file could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Malformed,
    WrongPassword,
    /// Encrypted in a way that is not known here.
    Unsupported,
}

type Result<T> = std::result::Result<T, Failure>;

/// What was found.
#[derive(Default)]
pub(crate) struct Pfx {
    /// PrivateKeyInfo in DER.
    pub keys: Vec<Zeroizing<Vec<u8>>>,
    pub certificates: Vec<Vec<u8>>,
}

/// A password in the two forms in which it is used.
struct Password<'a> {
    /// PBES2.
    text: &'a str,
    /// The derivation of PKCS#12 itself.
    utf16: Zeroizing<Vec<u8>>,
}

impl<'a> Password<'a> {
    fn new(text: &'a str, end: Option<u16>) -> Self {
        let units = text.encode_utf16().chain(end);
        Self { text, utf16: Zeroizing::new(units.flat_map(u16::to_be_bytes).collect()) }
    }
}

/// Reads a file. Its checksum tells a wrong password from a damaged file.
pub(crate) fn read(file: &[u8], password: &str) -> Result<Pfx> {
    // A NUL ends the password. Where there is none, some programs leave that away too.
    match read_with(file, &Password::new(password, Some(0))) {
        Err(Failure::WrongPassword) if password.is_empty() => {
            read_with(file, &Password::new(password, None))
        }
        done => done,
    }
}

fn read_with(file: &[u8], password: &Password) -> Result<Pfx> {
    let mut whole = enter(Der::new(file))?;
    if whole.number() != Some(3) {
        return Err(Failure::Malformed);
    }
    let content = content(&mut whole)?.ok_or(Failure::Unsupported)?;
    if !whole.is_empty() {
        check(&mut enter(whole)?, content, password)?;
    }
    let mut found = Pfx::default();
    let mut parts = enter(Der::new(content))?;
    while !parts.is_empty() {
        let rest = parts;
        match self::content(&mut parts)? {
            Some(plain) => found.read_bags(plain, password)?,
            None => {
                let mut encrypted = rest;
                found.read_bags(&decrypted_content(&mut encrypted, password)?, password)?;
            }
        }
    }
    Ok(found)
}

/// The next ContentInfo (RFC 5652 §3): plain data, or nothing when it is something else.
fn content<'a>(from: &mut Der<'a>) -> Result<Option<&'a [u8]>> {
    let mut info = from.enter(SEQUENCE).ok_or(Failure::Malformed)?;
    if info.take(OID).ok_or(Failure::Malformed)? != oid::DATA {
        return Ok(None);
    }
    let data = info.enter(TAGGED_0).and_then(|mut data| data.take(OCTET_STRING));
    data.map(Some).ok_or(Failure::Malformed)
}

/// The next ContentInfo when it is EncryptedData (RFC 5652 §8), decrypted.
fn decrypted_content(from: &mut Der, password: &Password) -> Result<Zeroizing<Vec<u8>>> {
    let parts = (|| {
        let mut info = from.enter(SEQUENCE)?;
        let kind = info.take(OID)?;
        let mut data = info.enter(TAGGED_0)?.enter(SEQUENCE)?;
        data.take(INTEGER)?;
        let mut content = data.enter(SEQUENCE)?;
        content.take(OID)?;
        let algorithm = content.enter(SEQUENCE)?;
        // [0] IMPLICIT OCTET STRING, in one piece.
        Some((kind, algorithm, content.take(0x80)?))
    })();
    match parts {
        Some((oid::ENCRYPTED_DATA, algorithm, text)) => decrypt(algorithm, text, password),
        // Encrypted for somebody's public key.
        Some(_) => Err(Failure::Unsupported),
        None => Err(Failure::Malformed),
    }
}

impl Pfx {
    /// SafeContents (RFC 7292 §4.2).
    fn read_bags(&mut self, contents: &[u8], password: &Password) -> Result<()> {
        let mut bags = enter(Der::new(contents))?;
        while !bags.is_empty() {
            let mut bag = bags.enter(SEQUENCE).ok_or(Failure::Malformed)?;
            let kind = bag.take(OID).ok_or(Failure::Malformed)?;
            let value = bag.take(TAGGED_0).ok_or(Failure::Malformed)?;
            let mut inner = enter(Der::new(value))?;
            match kind {
                oid::KEY_BAG => self.keys.push(Zeroizing::new(value.to_vec())),
                oid::SHROUDED_KEY_BAG => {
                    let algorithm = inner.enter(SEQUENCE).ok_or(Failure::Malformed)?;
                    let text = inner.take(OCTET_STRING).ok_or(Failure::Malformed)?;
                    self.keys.push(decrypt(algorithm, text, password)?);
                }
                oid::CERTIFICATE_BAG if inner.take(OID) == Some(oid::X509) => {
                    let value = inner.enter(TAGGED_0).and_then(|mut v| v.take(OCTET_STRING));
                    self.certificates.push(value.ok_or(Failure::Malformed)?.to_vec());
                }
                // Revocation lists, secrets, folders: nothing that we need.
                _ => {}
            }
        }
        Ok(())
    }
}

fn enter(mut der: Der) -> Result<Der> {
    der.enter(SEQUENCE).ok_or(Failure::Malformed)
}

fn rounds(rounds: Option<u32>) -> Result<NonZeroU32> {
    let rounds = rounds.and_then(NonZeroU32::new).ok_or(Failure::Malformed)?;
    if rounds.get() > MOST_ROUNDS { Err(Failure::Unsupported) } else { Ok(rounds) }
}

/// Compares the checksum of the content (RFC 7292 §4, MacData). Kinds that are not known (RFC 9579)
/// are passed over: with a wrong password nothing can be decrypted anyway.
fn check(mac: &mut Der, content: &[u8], password: &Password) -> Result<()> {
    let parts = (|| {
        let mut digest = mac.enter(SEQUENCE)?;
        let kind = digest.enter(SEQUENCE)?.take(OID)?;
        let expected = digest.take(OCTET_STRING)?;
        let salt = mac.take(OCTET_STRING)?;
        let rounds = if mac.is_empty() { Some(1) } else { mac.number() };
        Some((kind, expected, salt, rounds))
    })();
    let (kind, expected, salt, asked) = parts.ok_or(Failure::Malformed)?;
    let (digest, hmac) = match kind {
        oid::SHA1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        oid::SHA256 => (&digest::SHA256, hmac::HMAC_SHA256),
        oid::SHA384 => (&digest::SHA384, hmac::HMAC_SHA384),
        oid::SHA512 => (&digest::SHA512, hmac::HMAC_SHA512),
        _ => return Ok(()),
    };
    let rounds = rounds(asked)?;
    let key = derive(digest, 3, password, salt, rounds, digest.output_len());
    hmac::verify(&hmac::Key::new(hmac, &key), content, expected).map_err(|_| Failure::WrongPassword)
}

/// Decrypts by an AlgorithmIdentifier, whose contents `algorithm` are.
fn decrypt(mut algorithm: Der, text: &[u8], password: &Password) -> Result<Zeroizing<Vec<u8>>> {
    let kind = algorithm.take(OID).ok_or(Failure::Malformed)?;
    let mut parameters = enter(algorithm)?;
    if kind == oid::PBES2 {
        return decrypt_pbes2(&mut parameters, text, password);
    }
    let length = match kind {
        oid::SHA1_3DES => 24,
        oid::SHA1_RC2_128 => 16,
        oid::SHA1_RC2_40 => 5,
        _ => return Err(Failure::Unsupported),
    };
    let salt = parameters.take(OCTET_STRING).ok_or(Failure::Malformed)?;
    let rounds = rounds(parameters.number())?;
    let sha1 = &digest::SHA1_FOR_LEGACY_USE_ONLY;
    let key = derive(sha1, 1, password, salt, rounds, length);
    let iv = derive(sha1, 2, password, salt, rounds, 8);
    match kind {
        oid::SHA1_3DES => cbc(TdesEde3::new_from_slice(&key).ok(), &iv, text),
        _ => cbc(Some(Rc2::new_with_eff_key_len(&key, length * 8)), &iv, text),
    }
}

/// RFC 8018 §6.2 with PBKDF2.
fn decrypt_pbes2(
    parameters: &mut Der,
    text: &[u8],
    password: &Password,
) -> Result<Zeroizing<Vec<u8>>> {
    let parts = (|| {
        let mut derivation = parameters.enter(SEQUENCE)?;
        let mut encryption = parameters.enter(SEQUENCE)?;
        let kind = derivation.take(OID)?;
        let cipher = encryption.take(OID)?;
        Some((kind, derivation.enter(SEQUENCE)?, cipher, encryption.take(OCTET_STRING)?))
    })();
    let (kind, mut derivation, cipher, iv) = parts.ok_or(Failure::Unsupported)?;
    if kind != oid::PBKDF2 {
        return Err(Failure::Unsupported);
    }
    let salt = derivation.take(OCTET_STRING).ok_or(Failure::Malformed)?;
    let rounds = rounds(derivation.number())?;
    if derivation.tag() == Some(INTEGER) {
        derivation.next(); // the length of the key, which the cipher tells
    }
    let function = match derivation.enter(SEQUENCE) {
        None => oid::HMAC_SHA1,
        Some(mut function) => function.take(OID).ok_or(Failure::Malformed)?,
    };
    let function = match function {
        oid::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
        oid::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
        oid::HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
        oid::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return Err(Failure::Unsupported),
    };
    let key = |length: usize| {
        let mut key = Zeroizing::new(vec![0; length]);
        pbkdf2::derive(function, rounds, salt, password.text.as_bytes(), &mut key);
        key
    };
    match cipher {
        oid::AES_128 => cbc(Aes128::new_from_slice(&key(16)).ok(), iv, text),
        oid::AES_192 => cbc(Aes192::new_from_slice(&key(24)).ok(), iv, text),
        oid::AES_256 => cbc(Aes256::new_from_slice(&key(32)).ok(), iv, text),
        oid::TDES => cbc(TdesEde3::new_from_slice(&key(24)).ok(), iv, text),
        _ => Err(Failure::Unsupported),
    }
}

fn cbc<C: BlockCipherDecrypt>(
    cipher: Option<C>,
    iv: &[u8],
    text: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let cipher = cipher.ok_or(Failure::Malformed)?;
    let mode = cbc::Decryptor::inner_iv_slice_init(cipher, iv).map_err(|_| Failure::Malformed)?;
    let mut buffer = Zeroizing::new(text.to_vec());
    // Files without a checksum tell a wrong password only by this.
    let length =
        mode.decrypt_padded::<Pkcs7>(&mut buffer).map_err(|_| Failure::WrongPassword)?.len();
    buffer.truncate(length);
    Ok(buffer)
}

/// The key derivation of PKCS#12 itself (RFC 7292 appendix B): for keys (`id` 1), initialization
/// vectors (2) and checksums (3).
fn derive(
    algorithm: &'static digest::Algorithm,
    id: u8,
    password: &Password,
    salt: &[u8],
    rounds: NonZeroU32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = algorithm.block_len();
    let filled = |text: &[u8]| -> Vec<u8> {
        text.iter().copied().cycle().take(text.len().div_ceil(block) * block).collect()
    };
    let mut input = Zeroizing::new([filled(salt), filled(&password.utf16)].concat());
    let mut derived = Zeroizing::new(Vec::with_capacity(length + algorithm.output_len()));
    while derived.len() < length {
        let mut context = digest::Context::new(algorithm);
        context.update(&vec![id; block]);
        context.update(&input);
        let mut hash = context.finish();
        for _ in 1..rounds.get() {
            hash = digest::digest(algorithm, hash.as_ref());
        }
        derived.extend_from_slice(hash.as_ref());
        // Each block of the input plus the hash, repeated to a block, plus one.
        for part in input.chunks_exact_mut(block) {
            let mut carry = 1u16;
            let added = hash.as_ref().iter().cycle().take(block).collect::<Vec<_>>();
            for (octet, added) in part.iter_mut().zip(added).rev() {
                carry += u16::from(*octet) + u16::from(*added);
                *octet = carry as u8;
                carry >>= 8;
            }
        }
    }
    derived.truncate(length);
    derived
}

// openssl makes the keys, which the Windows of our tests has not; the code is the same everywhere.
#[cfg(all(test, unix))]
#[path = "pfx_tests.rs"]
mod tests;
