//! Mutual TLS with one host: the owner of the certificate that it handed us when it started us.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};

use super::ServeError;
use super::validity::is_good;

/// Our end of the connection, and the certificate by which the host knows us.
pub(super) struct Identity {
    /// Takes connections from the owner of the pinned certificate.
    pub(super) acceptor: TlsAcceptor,
    /// Our certificate in DER form.
    pub(super) certificate: CertificateDer<'static>,
}

/// A new key and certificate of ours, for the host that owns `host`.
///
/// # Errors
/// [`ServeError::Tls`] when the cryptography refuses.
pub(super) fn identity(host: CertificateDer<'static>) -> Result<Identity, ServeError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Pinned { certificate: host, algorithms: provider.signature_verification_algorithms };
    // The host looks for this name, whatever the socket is.
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).map_err(|error| ServeError::Tls(error.into()))?;
    let certificate = cert.der().clone();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| ServeError::Tls(error.into()))?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(vec![certificate.clone()], PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into())
        .map_err(|error| ServeError::Tls(error.into()))?;
    // gRPC's only protocol; the host refuses a connection that does not agree on it.
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Identity { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
}

/// Accepts one certificate in its time, with proof of its key.
///
/// The host's certificate is self-signed with `CA:TRUE`, so that no chain can be built to it; and a chain is not what
/// makes it good: it came from the process that started us, by a way that only that process has.
#[derive(Debug)]
struct Pinned {
    certificate: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // With a hint the host would send nothing: its certificate has no issuer that could be named.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if *end_entity != self.certificate {
            return Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure));
        }
        if !is_good(end_entity, now.as_secs()) {
            return Err(Error::InvalidCertificate(CertificateError::Expired));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
