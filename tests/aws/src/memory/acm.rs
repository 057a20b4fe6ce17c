//! ACM: certificates as requested. Their progress and their users are set by the rules.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ApiCall, Outcome, Store, json, text};
use crate::message::ApiError;
use crate::upstream::Place;

/// The certificates of all accounts and regions, by ARN.
#[derive(Debug, Default, Clone)]
pub(super) struct Acm {
    certificates: Store<Certificate>,
}

#[derive(Debug, Clone)]
struct Certificate {
    /// The certificate, as DescribeCertificate returns it.
    detail: Value,
    tags: Vec<Value>,
}

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

impl Acm {
    pub(super) fn handle(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let body = call.request.json();
        let place = call.place;
        match call.operation.name.as_str() {
            "RequestCertificate" => self.request(call, &body),
            "ImportCertificate" => self.import(call, &body),
            "DescribeCertificate" => {
                let detail = &self.certificate(place, &body)?.detail;
                json(200, &json!({ "Certificate": detail }))
            }
            "ListCertificates" => self.list(place, &body),
            "DeleteCertificate" => {
                self.certificate(place, &body)?;
                self.certificates.remove(place, text(&body, "CertificateArn"));
                json(200, &json!({}))
            }
            "ListTagsForCertificate" => {
                let tags = &self.certificate(place, &body)?.tags;
                json(200, &json!({ "Tags": tags }))
            }
            "AddTagsToCertificate" => {
                let certificate = self.certificate(place, &body)?;
                untag(certificate, &body);
                certificate.tags.extend(body["Tags"].as_array().into_iter().flatten().cloned());
                json(200, &json!({}))
            }
            "RemoveTagsFromCertificate" => {
                untag(self.certificate(place, &body)?, &body);
                json(200, &json!({}))
            }
            _ => Err(call.not_implemented()),
        }
    }

    fn request(&mut self, call: &mut ApiCall<'_>, body: &Value) -> Outcome {
        let domain = &body["DomainName"];
        let mut names = body["SubjectAlternativeNames"].as_array().cloned().unwrap_or_default();
        if !names.contains(domain) {
            names.insert(0, domain.clone());
        }
        let method = super::field_or(body, "ValidationMethod", "DNS");
        let options: Vec<Value> = names
            .iter()
            .map(|name| json!({"DomainName": name, "ValidationMethod": method, "ValidationStatus": "SUCCESS"}))
            .collect();
        let arn = self.put(call, text(body, "DomainName"), &names, "AMAZON_ISSUED", body);
        if let Some(certificate) = self.certificates.get_mut(call.place, &arn) {
            certificate.detail["DomainValidationOptions"] = options.into();
        }
        json(200, &json!({ "CertificateArn": arn }))
    }

    /// Imports a certificate. It is not parsed, so the names that it covers are unknown.
    fn import(&mut self, call: &mut ApiCall<'_>, body: &Value) -> Outcome {
        if body.get("CertificateArn").is_some() {
            self.certificate(call.place, body)?;
            return json(200, &json!({ "CertificateArn": body["CertificateArn"] }));
        }
        let arn = self.put(call, "imported.invalid", &["imported.invalid".into()], "IMPORTED", body);
        json(200, &json!({ "CertificateArn": arn }))
    }

    fn put(&mut self, call: &mut ApiCall<'_>, domain: &str, names: &[Value], kind: &str, body: &Value) -> String {
        let Place { account, region } = call.place;
        let arn = format!("arn:aws:acm:{region}:{account}:certificate/{}", call.ids.uuid());
        let (from, to) = (call.now.as_secs(), (call.now + YEAR).as_secs());
        let tags = body["Tags"].as_array().cloned().unwrap_or_default();
        let detail = json!({
            "CertificateArn": arn,
            "DomainName": domain,
            "SubjectAlternativeNames": names,
            "Status": "ISSUED",
            "Type": kind,
            "KeyAlgorithm": "RSA_2048",
            "SignatureAlgorithm": "SHA256WITHRSA",
            "InUseBy": [],
            "CreatedAt": from,
            "IssuedAt": from,
            "NotBefore": from,
            "NotAfter": to,
            "DomainValidationOptions": [],
            "Options": {},
        });
        self.certificates.put(call.place, &arn, Certificate { detail, tags });
        arn
    }

    fn list(&self, place: &Place, body: &Value) -> Outcome {
        let summaries = self.certificates.all(place).map(|(arn, certificate)| {
            json!({
                "CertificateArn": arn,
                "DomainName": certificate.detail["DomainName"],
                "Status": certificate.detail["Status"],
            })
        });
        let limit = body["MaxItems"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(1000);
        let start = text(body, "NextToken").parse().unwrap_or_default();
        let (summaries, next) = super::page(summaries.collect(), start, limit);
        let mut response = json!({ "CertificateSummaryList": summaries });
        if let Some(next) = next {
            response["NextToken"] = next.to_string().into();
        }
        json(200, &response)
    }

    fn certificate(&mut self, place: &Place, body: &Value) -> Result<&mut Certificate, ApiError> {
        let arn = text(body, "CertificateArn");
        let missing = || ApiError::new(400, "ResourceNotFoundException", format!("Could not find certificate {arn}."));
        self.certificates.get_mut(place, arn).ok_or_else(missing)
    }
}

/// Removes the tags whose keys `body` contains.
fn untag(certificate: &mut Certificate, body: &Value) {
    let named: Vec<&str> = body["Tags"].as_array().into_iter().flatten().map(|tag| text(tag, "Key")).collect();
    certificate.tags.retain(|tag| !named.contains(&text(tag, "Key")));
}
