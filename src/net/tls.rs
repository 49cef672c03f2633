//! Trust and TLS configurations.
//!
//! A configuration holds the trust roots and the session tickets. It is made once per process for
//! each different trust, so that programs which make a handle for every message still resume TLS
//! sessions. TLS 1.2 and 1.3 only.

use crate::error::{Cause, Error, Result, Stage, Status};
use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
pub(crate) use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use std::sync::{Arc, OnceLock};

/// A program uses one or two; the oldest goes when there are more.
const CACHED_CONFIGURATIONS: usize = 16;

static CONFIGURATIONS: Mutex<Vec<(Trust, Arc<ClientConfig>)>> = Mutex::new(Vec::new());

/// Which certificates are accepted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trust {
    /// Certificates that are trusted besides those of the system.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Accept every certificate.
    pub accept_invalid: bool,
    /// Where to note the certificates that servers show, for a diagnosis.
    pub presented: Option<Presented>,
}

/// The certificates that the last server has shown, its own first, whether they are accepted or not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presented(Arc<Mutex<Vec<CertificateDer<'static>>>>);

impl Presented {
    pub(crate) fn certificates(&self) -> Vec<CertificateDer<'static>> {
        self.0.lock().clone()
    }
}

impl PartialEq for Presented {
    /// The same place, not equal certificates.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Trust {
    /// The certificates in a PEM text; `argument` names it in errors.
    pub(crate) fn parse_pem(pem: &[u8], argument: &str) -> Result<Vec<CertificateDer<'static>>> {
        let mut found = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate
                .map_err(|e| Error::argument(format!("{argument} is not proper PEM: {e}")))?;
            webpki::anchor_from_trusted_cert(&certificate).map_err(|e| {
                Error::argument(format!("{argument} holds a broken certificate: {e}"))
            })?;
            found.push(certificate.into_owned());
        }
        if found.is_empty() {
            return Err(Error::argument(format!("{argument} holds no PEM certificate")));
        }
        Ok(found)
    }

    /// The certificates in a PEM file.
    pub(crate) fn read_pem_file(path: &str) -> Result<Vec<CertificateDer<'static>>> {
        let pem = std::fs::read(path).map_err(|error| {
            let text = format!("the CA file {path} cannot be read: {error}");
            Error::new(Status::File, Stage::Argument, Cause::FileUnreadable, text)
        })?;
        Self::parse_pem(&pem, "the CA file")
    }

    /// The configuration for this trust.
    pub(crate) fn configuration(&self) -> Result<Arc<ClientConfig>> {
        if self.presented.is_some() {
            // A resumed session shows no certificates.
            return self.make_configuration();
        }
        let cached = |all: &[(Trust, Arc<ClientConfig>)]| {
            all.iter().find(|(trust, _)| trust == self).map(|(_, config)| config.clone())
        };
        if let Some(config) = cached(&CONFIGURATIONS.lock()) {
            return Ok(config);
        }
        // Made without the lock: reading the trust roots of the system takes milliseconds.
        let made = self.make_configuration()?;
        let mut all = CONFIGURATIONS.lock();
        if let Some(config) = cached(&all) {
            return Ok(config);
        }
        if all.len() >= CACHED_CONFIGURATIONS {
            all.remove(0);
        }
        all.push((self.clone(), made.clone()));
        Ok(made)
    }

    fn make_configuration(&self) -> Result<Arc<ClientConfig>> {
        let provider = provider();
        let verifier: Arc<dyn ServerCertVerifier> = if self.accept_invalid {
            Arc::new(AcceptAny(provider.clone()))
        } else {
            let roots = self.extra_roots.iter().cloned();
            let verifier =
                rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider.clone());
            Arc::new(verifier.map_err(|e| {
                let text = format!("the trusted certificates of the system cannot be used: {e}");
                Error::new(Status::Tls, Stage::Tls, Cause::TlsNoTrustRoots, text)
            })?)
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(Error::internal)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Explaining {
                verifier,
                presented: self.presented.clone(),
            }))
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(ring::default_provider())).clone()
}

/// Whether the server speaks only versions of TLS that nobody should.
fn is_too_old(error: &rustls::Error) -> bool {
    use rustls::PeerIncompatible::{
        ServerDoesNotSupportTls12Or13, ServerTlsVersionIsDisabledByOurConfig,
    };
    matches!(
        error,
        rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion)
            | rustls::Error::PeerIncompatible(
                ServerDoesNotSupportTls12Or13 | ServerTlsVersionIsDisabledByOurConfig
            )
    )
}

/// Why a handshake failed, for the person.
pub(crate) fn handshake_error(error: &rustls::Error, host: &str) -> Error {
    let certificate = |cause, what: String| {
        Error::new(
            Status::Certificate,
            Stage::Tls,
            cause,
            format!("the certificate of {host} {what}"),
        )
    };
    let rustls::Error::InvalidCertificate(reason) = error else {
        let text = format!("the TLS handshake with {host} failed: {error}");
        let cause = if is_too_old(error) { Cause::TlsTooOld } else { Cause::TlsFailed };
        return Error::new(Status::Tls, Stage::Tls, cause, text);
    };
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            certificate(Cause::CertificateExpired, "has expired".into())
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            certificate(Cause::CertificateNotYetValid, "is not valid yet".into())
        }
        CertificateError::NotValidForName => {
            certificate(Cause::CertificateWrongHost, "is for another host".into())
        }
        CertificateError::NotValidForNameContext { presented, .. } => certificate(
            Cause::CertificateWrongHost,
            format!("is for another host: {}", presented.join(", ")),
        ),
        CertificateError::UnknownIssuer => {
            certificate(Cause::CertificateUnknownCa, "was issued by an unknown CA".into())
        }
        CertificateError::Revoked => {
            certificate(Cause::CertificateRevoked, "has been revoked".into())
        }
        CertificateError::Other(other) if other.0.is::<SelfSigned>() => certificate(
            Cause::CertificateSelfSigned,
            "is self-signed: it is its own issuer and nobody vouches for it".into(),
        ),
        CertificateError::Other(other) => {
            certificate(Cause::CertificateInvalid, format!("is not valid: {}", other.0))
        }
        other => certificate(Cause::CertificateInvalid, format!("is not valid: {other:?}")),
    }
}

/// Says of a certificate nobody vouches for whether it is self-signed (issuer equals subject), and
/// knows what the verifier calls "other" when the issuer is nowhere to be found.
#[derive(Debug)]
struct Explaining {
    verifier: Arc<dyn ServerCertVerifier>,
    presented: Option<Presented>,
}

/// CERT_E_CHAINING, which Windows says of a certificate whose issuer the server did not send along.
const ISSUER_NOT_FOUND: &str = "(os error -2146762486)";

#[derive(Debug)]
struct SelfSigned;

impl std::fmt::Display for SelfSigned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("self-signed certificate")
    }
}

impl std::error::Error for SelfSigned {}

impl ServerCertVerifier for Explaining {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if let Some(presented) = &self.presented {
            let chain = std::iter::once(end_entity).chain(intermediates);
            *presented.0.lock() = chain.map(|one| one.clone().into_owned()).collect();
        }
        let verdict = self.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        verdict.map_err(|error| {
            use CertificateError::{Other, UnknownIssuer};
            // A self-signed certificate that calls itself a CA is refused as such ("Other").
            let no_issuer =
                matches!(error, rustls::Error::InvalidCertificate(UnknownIssuer | Other(_)));
            let issuer_not_found = matches!(&error, rustls::Error::InvalidCertificate(Other(other))
                if other.0.to_string().ends_with(ISSUER_NOT_FOUND));
            let self_signed = webpki::EndEntityCert::try_from(end_entity)
                .is_ok_and(|certificate| certificate.issuer() == certificate.subject());
            if no_issuer && self_signed {
                let reason = Other(rustls::OtherError(Arc::new(SelfSigned)));
                rustls::Error::InvalidCertificate(reason)
            } else if issuer_not_found {
                rustls::Error::InvalidCertificate(UnknownIssuer)
            } else {
                error
            }
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Accepts every certificate, but still asks the server to own its key.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Refusing(CertificateError);

    impl ServerCertVerifier for Refusing {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> std::result::Result<ServerCertVerified, rustls::Error> {
            Err(rustls::Error::InvalidCertificate(self.0.clone()))
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            Vec::new()
        }
    }

    fn explained(reason: CertificateError, certificate: &CertificateDer<'_>) -> Error {
        let name = ServerName::try_from("mail.example.org").unwrap();
        let verifier = Explaining { verifier: Arc::new(Refusing(reason)), presented: None };
        let verdict = verifier.verify_server_cert(certificate, &[], &name, &[], UnixTime::now());
        handshake_error(&verdict.unwrap_err(), "mail.example.org")
    }

    fn other(text: &'static str) -> CertificateError {
        CertificateError::Other(rustls::OtherError(Arc::from(Box::from(text))))
    }

    #[test]
    fn a_server_with_old_versions_only_is_told_from_other_failures() {
        let cause = |error| handshake_error(&error, "old.test").cause();
        let alert = rustls::Error::AlertReceived;
        assert_eq!(cause(alert(rustls::AlertDescription::ProtocolVersion)), Cause::TlsTooOld);
        assert_eq!(cause(alert(rustls::AlertDescription::HandshakeFailure)), Cause::TlsFailed);
    }

    #[test]
    fn what_the_system_calls_other_is_told_in_its_own_words() {
        use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let params = CertificateParams::new(["mail.example.org".to_owned()]).unwrap();
        let issued = params.signed_by(&KeyPair::generate().unwrap(), &ca).unwrap();

        let chaining = "A certificate chain could not be built. (os error -2146762486)";
        let error = explained(other(chaining), issued.der());
        assert_eq!(error.cause(), Cause::CertificateUnknownCa);
        assert_eq!(explained(other(chaining), ca.der()).cause(), Cause::CertificateSelfSigned);

        let error = explained(other("Not allowed here. (os error -1)"), issued.der());
        assert_eq!(error.cause(), Cause::CertificateInvalid);
        assert!(error.text().ends_with("is not valid: Not allowed here. (os error -1)"), "{error}");
    }
}
