//! The sandbox's certificates, new at each start: an authority of its own (its certificate goes
//! to `ca.pem`) and, signed by it, the server certificate for localhost, 127.0.0.1 and ::1.
//!
//! The private keys never leave this process, so trusting `ca.pem` means trusting this run only.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

pub struct Certificate {
    pub ca_pem: String,
    pub server: Arc<ServerConfig>,
}

pub fn make() -> Result<Certificate, Box<dyn Error>> {
    let mut ca = parameters("Postrider sandbox CA", &[])?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;

    let mut server = parameters("Postrider sandbox", &NAMES)?;
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let chain = vec![server.signed_by(&key, &ca)?.into()];

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())?;
    Ok(Certificate { ca_pem: ca.pem(), server: Arc::new(config) })
}

/// Valid from yesterday, for clocks that go differently, for a month: macOS and Windows refuse
/// certificates that last for ages.
fn parameters(name: &str, names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = (SystemTime::now() - DAY).into();
    parameters.not_after = (SystemTime::now() + 30 * DAY).into();
    Ok(parameters)
}
