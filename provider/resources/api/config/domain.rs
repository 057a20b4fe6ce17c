//! `domain`: the names of an API.

use crate::schema::{TextMap, Texts, attributes, choices};

attributes! {
    /// The domain names of the API, in a hosted zone of this account or at another DNS service. Without a domain, the API is
    /// reachable at the endpoints of its regions and, with `cdn`, at the domain name of the CloudFront distribution.
    pub(in crate::resources::api) struct Domain {
        /// The domain name.
        name: String = required, example("\"api.example.com\"");
        /// Further names of the API in the same hosted zone, such as `www.example.com` or `*.tenants.example.com`. The
        /// certificates cover them. Without `cdn`, they lead to the regions by the same routing policy as `name`. With `cdn`,
        /// CloudFront serves them, unless `cdn.aliases` is set and does not contain them.
        additional_names: Texts = optional, example("[\"www.example.com\"]");
        /// The id of the public hosted zone that holds the names. Without it, the provider creates no records: create those in
        /// `validation_records` at your DNS service while the apply waits for the certificates, and then records that lead
        /// from the names to `endpoints[...].domain_target` or to `distribution.domain_name`.
        zone_id: String = optional, example("multiregion_zone.this.id");
        /// The id of a private hosted zone that also holds the records of the names, with the same routing policy, so that
        /// clients in its VPCs reach the API under the same names. Private zones support neither the policy `ip_based` nor
        /// names that CloudFront serves.
        private_zone_id: String = optional, example("aws_route53_zone.internal.zone_id");
        /// Whether records that exist at the names of the API and belong to none of your multiregion resources are replaced. When
        /// the provider creates a record, one change of Route 53 deletes the A, AAAA and CNAME records of the name, with any
        /// routing policy, and creates those of the API, so that clients are served all the time. The plan shows the records
        /// that it replaces. A create that fails and is rolled back restores them. By default, such a record is an error.
        replaces: bool = optional, default(false);
        /// Whether each region also has a name of its own, such as `us-west-2.api.example.com`, that always leads to that
        /// region. The certificates then also cover `*.api.example.com`.
        regional_names: bool = optional, default(false);
        /// A path that precedes every path of the API: with `v1`, the API is at `https://api.example.com/v1/`. By default,
        /// the API is at the root.
        base_path: String = optional, example("\"v1\"");
        certificate: Certificate = optional, default(Certificate::default());
        mutual_tls: MutualTls = optional;
    }

    /// Mutual TLS: clients must present a certificate that a certification authority in the trust store issued. Set
    /// `gateway.disable_execute_api_endpoint = true`, or clients can avoid it at the default endpoints.
    ///
    /// Route 53's checkers and the provider have no client certificate. Once the default endpoints are disabled, the provider
    /// invokes the functions directly instead of sending a request through API Gateway, and health checks need the protocol
    /// `tcp` or an alarm (`regions[...].health_alarm`). With `cdn`, CloudFront presents the certificate of
    /// `cdn.client_certificate_arn`, which is required then.
    pub(in crate::resources::api) struct MutualTls {
        /// The S3 URI of the trust store, a file with the certificates of the authorities in PEM format. Required, unless every
        /// region has one in `regions[...].mutual_tls`. Your credentials must be able to read it.
        truststore_uri: String = optional, example("\"s3://truststore/authorities.pem\"");
        /// The version of the S3 object. Without it, API Gateway reads the object when this object changes, and does not notice
        /// new content.
        truststore_version: String = optional, example("aws_s3_object.authorities.version_id");
        /// The ARN of a certificate in the region that ACM has issued for the names. Required when the certificate is imported
        /// or from a private certification authority, to prove that you control the names.
        ownership_certificate_arn: String = optional;
    }

    /// The certificates of the names. By default, the provider requests a certificate in each region and validates it by
    /// records in the zone.
    pub(in crate::resources::api) struct Certificate {
        /// Whether the certificates also cover the names directly below `name`. By default, they do when they have to: with
        /// `regional_names`, and when CloudFront serves `name` with `origin = "latency"`.
        wildcard: bool = optional;
        /// ARNs of existing certificates by region, used instead of requesting certificates: one for each region, and one
        /// in us-east-1 for `cdn`.
        arns: TextMap = optional;
        key_algorithm: KeyAlgorithm = optional, default(KeyAlgorithm::Rsa2048);
        validation: Validation = optional, default(Validation::Dns);
    }
}

choices! {
    /// The algorithm of the key pair of the certificates. A change requests new certificates and replaces the old ones without
    /// interrupting connections.
    pub(in crate::resources::api) enum KeyAlgorithm {
        /// RSA with 2,048 bits, which all clients support.
        Rsa2048 = "RSA_2048",
        /// ECDSA with the curve P-256.
        EcP256 = "EC_prime256v1",
        /// ECDSA with the curve P-384. CloudFront does not support it.
        EcP384 = "EC_secp384r1",
    }

    /// How ACM verifies that you control the names.
    pub(in crate::resources::api) enum Validation {
        /// By a record in the hosted zone, or at your DNS service without `zone_id`. ACM renews the certificate as long as the
        /// record exists.
        Dns = "dns",
        /// By an e-mail to the administrative addresses of the domain, such as `admin@example.com`. Follow the link in the
        /// e-mail while the apply waits, and again for each renewal: a certificate is valid for at most 198 days.
        Email = "email",
    }
}
