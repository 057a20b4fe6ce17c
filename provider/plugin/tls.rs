//! Mutual TLS with one host, which passed its certificate when it started the program.

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
use super::validity::is_valid;

/// The server side of the connection.
pub(super) struct Identity {
    /// Accepts only clients with the pinned certificate.
    pub(super) acceptor: TlsAcceptor,
    /// The server's certificate in DER format, which the host pins.
    pub(super) certificate: CertificateDer<'static>,
}

/// Creates a key and a certificate for a server that accepts only the client certificate `host`.
///
/// # Errors
/// [`ServeError::Tls`] when the key or the TLS configuration cannot be created.
pub(super) fn identity(host: CertificateDer<'static>) -> Result<Identity, ServeError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Pinned { certificate: host, algorithms: provider.signature_verification_algorithms };
    // The host expects this name for every kind of socket.
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).map_err(|error| ServeError::Tls(error.into()))?;
    let certificate = cert.der().clone();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| ServeError::Tls(error.into()))?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(vec![certificate.clone()], PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into())
        .map_err(|error| ServeError::Tls(error.into()))?;
    // The only protocol of gRPC. The host refuses a connection without it.
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Identity { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
}

/// Accepts one certificate during its validity period, with proof of its key.
///
/// The host's certificate is self-signed with `CA:TRUE`, so no chain to it can be built. It is trusted because it came in the
/// environment, which only the parent process controls.
#[derive(Debug)]
struct Pinned {
    certificate: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // With a hint the host would send no certificate, because its certificate has no issuer to match.
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
        if !is_valid(end_entity, now.as_secs()) {
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
