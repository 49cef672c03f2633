//! The CA of every scripted server, and a certificate of it for loopback; new in each run.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::{Arc, OnceLock};

struct Identity {
    ca_pem: String,
    config: Arc<ServerConfig>,
}

pub fn ca_pem() -> &'static [u8] {
    identity().ca_pem.as_bytes()
}

pub fn tls_config() -> Arc<ServerConfig> {
    identity().config.clone()
}

fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let mut params = CertificateParams::new([]).expect("no names");
        params.distinguished_name.push(DnType::CommonName, "CA of the scripted servers");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
        let ca = ca.expect("a CA");
        let key = KeyPair::generate().expect("a key");
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name.push(DnType::CommonName, "scripted server");
        let certificate = params.signed_by(&key, &ca).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            // Wine takes a chain for good that ends at nothing it could refuse.
            .with_single_cert(vec![certificate.der().clone(), ca.der().clone()], key)
            .expect("a configuration");
        Identity { ca_pem: ca.pem(), config: Arc::new(config) }
    })
}
