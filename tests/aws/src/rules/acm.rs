//! ACM: certificates wait for their validation record and cannot be deleted while in use.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Context, Verdict, acm_dns, timer};
use crate::error::Error;
use crate::message::Response;
use crate::proxy::Proxy;
use crate::upstream::{Lookup, Place};

const DESCRIBE: &str = "CertificateManager.DescribeCertificate";

/// Rejects the deletion of a certificate in use; responds to a repeated request with the first one's certificate.
pub(crate) async fn before(context: &Context<'_>) -> Verdict {
    let body = context.request.json();
    let arn = body["CertificateArn"].as_str().unwrap_or_default();
    match context.operation.name.as_str() {
        "DeleteCertificate" if is_in_use(context, arn).await? => {
            let message = format!("Certificate {arn} in account {} is in use.", context.place.account);
            context.refuse(400, "ResourceInUseException", message)
        }
        "RequestCertificate" => {
            if let Some(message) = mistake(&body) {
                return context.refuse(400, "ValidationException", message);
            }
            let Some(arn) = request_key(context).and_then(|key| context.proxy.remembered(&key)) else {
                return Ok(None);
            };
            let found = describe(context, &context.place, &arn).await?;
            Ok(found.map(|_| Response::json(StatusCode::OK, &json!({ "CertificateArn": arn }))))
        }
        _ => Ok(None),
    }
}

/// Makes new certificates pending, and sets the progress of all.
pub(crate) async fn after(context: &Context<'_>, response: &mut Response) -> Result<(), Error> {
    let mut body = response.as_json();
    match context.operation.name.as_str() {
        "RequestCertificate" => {
            let arn = body["CertificateArn"].as_str().unwrap_or_default();
            let delay = context.proxy.options.delays.validation_record;
            context.proxy.timers.start(&context.timer("requested", arn), delay);
            let request = context.request.json();
            let facts = json!({
                "by_email": request["ValidationMethod"] == "EMAIL",
                "algorithm": request["KeyAlgorithm"].as_str().unwrap_or("RSA_2048"),
            });
            context.proxy.remember(request_facts(arn), &facts.to_string());
            if let Some(key) = request_key(context) {
                context.proxy.remember(key, arn);
            }
            return Ok(());
        }
        "DescribeCertificate" => {
            if let Some(certificate) = body.get_mut("Certificate") {
                apply_progress(context, &context.place, certificate).await?;
                let arn = certificate["CertificateArn"].as_str().unwrap_or_default();
                certificate["InUseBy"] = users(context, arn).await?.into();
                // AWS returns tags from another operation.
                if let Some(fields) = certificate.as_object_mut() {
                    fields.remove("Tags");
                }
            }
        }
        "ListCertificates" => {
            for summary in body["CertificateSummaryList"].as_array_mut().into_iter().flatten() {
                let arn = summary["CertificateArn"].as_str().unwrap_or_default();
                if let Some(certificate) = certificate(context, &context.place, arn).await? {
                    summary["Status"] = certificate["Status"].clone();
                    summary["KeyAlgorithm"] = certificate["KeyAlgorithm"].clone();
                }
            }
            keep_requested_keys(&context.request.json(), &mut body);
        }
        _ => return Ok(()),
    }
    response.body = body.to_string().into();
    Ok(())
}

/// A certificate as AWS describes it; `None` when the region does not have it.
pub(crate) async fn certificate(context: &Context<'_>, place: &Place, arn: &str) -> Result<Option<Value>, Error> {
    let mut found = describe(context, place, arn).await?;
    if let Some(certificate) = &mut found {
        apply_progress(context, place, certificate).await?;
    }
    Ok(found)
}

async fn describe(context: &Context<'_>, place: &Place, arn: &str) -> Result<Option<Value>, Error> {
    let body = json!({ "CertificateArn": arn });
    let response = context.proxy.upstream.json(place, "acm", Lookup::Target(DESCRIBE, &body)).await?;
    Ok(response.map(|response| response["Certificate"].clone()))
}

/// Whether a certificate covers a name, by itself or by a wildcard for its first label.
pub(crate) fn covers(certificate: &Value, name: &str) -> bool {
    let wildcard = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    let names = certificate["SubjectAlternativeNames"].as_array();
    names
        .into_iter()
        .flatten()
        .any(|covered| *covered == *name || wildcard.as_ref().is_some_and(|wild| covered == wild))
}

/// The key that identifies requests with the same account, region and token.
fn request_key(context: &Context<'_>) -> Option<String> {
    let body = context.request.json();
    let token = format!("{}/{}", body["IdempotencyToken"].as_str()?, body["DomainName"]);
    Some(context.timer("certificate-token", &token))
}

/// Why ACM rejects a request for a certificate.
///
/// # Source
/// ACM API reference, `RequestCertificate`.
fn mistake(request: &Value) -> Option<String> {
    const ALGORITHMS: [&str; 3] = ["RSA_2048", "EC_prime256v1", "EC_secp384r1"];
    let algorithm = request["KeyAlgorithm"].as_str().unwrap_or("RSA_2048");
    if !ALGORITHMS.contains(&algorithm) {
        return Some(format!("The key algorithm {algorithm} is only for imported certificates."));
    }
    if request["DomainName"].as_str().is_some_and(|name| name.len() > 64) {
        return Some("The first domain name can have no more than 64 octets, including periods.".to_owned());
    }
    let others = request["SubjectAlternativeNames"].as_array().map_or(0, Vec::len);
    (others > 100).then(|| "A certificate can have at most 100 subject alternative names.".to_owned())
}

/// The key of what a certificate's request contained, which ministack does not keep.
fn request_facts(arn: &str) -> String {
    format!("certificate request/{arn}")
}

/// Without a filter, ACM lists only certificates with RSA keys of 1,024 and 2,048 bits.
fn keep_requested_keys(request: &Value, body: &mut Value) {
    let requested = request["Includes"]["keyTypes"].as_array().cloned();
    let requested = requested.unwrap_or_else(|| vec!["RSA_1024".into(), "RSA_2048".into()]);
    let is_listed = |summary: &Value| {
        let algorithm = summary["KeyAlgorithm"].as_str().unwrap_or("RSA-2048").replace('-', "_");
        requested.iter().any(|key| *key == *algorithm)
    };
    if let Some(summaries) = body["CertificateSummaryList"].as_array_mut() {
        summaries.retain(is_listed);
    }
}

/// Follows the links in ACM's e-mails for `domain` and the names below it.
pub(crate) fn approve(proxy: &Proxy, domain: &str) {
    proxy.remember(format!("certificate approved/{domain}"), "");
}

/// Whether the owner of `name` has followed the link in ACM's e-mail.
fn is_approved(proxy: &Proxy, name: &str) -> bool {
    let parents = name.match_indices('.').filter_map(|(at, _)| name.get(at + 1..));
    let mut all = std::iter::once(name).chain(parents);
    all.any(|domain| proxy.remembered(&format!("certificate approved/{domain}")).is_some())
}

/// Makes ACM renew every certificate.
pub(crate) fn renew(proxy: &Proxy) {
    proxy.remember(RENEWALS.to_owned(), "");
}

const RENEWALS: &str = "certificate renewals";

/// Sets the key algorithm and the validation of a certificate to those of its request. Returns whether ACM validates it by
/// e-mail.
pub(crate) fn apply_request(proxy: &Proxy, certificate: &mut Value) -> bool {
    let arn = certificate["CertificateArn"].as_str().unwrap_or_default();
    let facts = proxy.remembered(&request_facts(arn)).and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let facts = facts.unwrap_or_default();
    // Requests have an underscore, descriptions a hyphen.
    certificate["KeyAlgorithm"] = facts["algorithm"].as_str().unwrap_or("RSA_2048").replace('_', "-").into();
    let by_email = facts["by_email"] == true;
    for option in certificate["DomainValidationOptions"].as_array_mut().into_iter().flatten() {
        option["ValidationMethod"] = if by_email { "EMAIL" } else { "DNS" }.into();
        let domain = option["DomainName"].as_str().unwrap_or_default().trim_start_matches("*.").to_owned();
        if by_email {
            let boxes = ["administrator", "hostmaster", "postmaster", "webmaster", "admin"];
            option["ValidationEmails"] = boxes.map(|name| format!("{name}@{domain}")).to_vec().into();
            option["ValidationDomain"] = domain.into();
            if let Some(fields) = option.as_object_mut() {
                fields.remove("ResourceRecord");
            }
        }
    }
    by_email
}

/// ministack issues certificates immediately and invents a validation record. AWS reports the record after a moment,
/// waits for it, and uses the same record for a name and an account in every region.
async fn apply_progress(context: &Context<'_>, place: &Place, certificate: &mut Value) -> Result<(), Error> {
    if certificate["Type"] == "IMPORTED" {
        return Ok(());
    }
    let arn = certificate["CertificateArn"].as_str().unwrap_or_default().to_owned();
    let is_reported = !context.proxy.timers.is_running(&timer(place, "requested", &arn));
    let issued = timer(place, "issued", &arn);
    // An issued certificate stays issued; only a renewal would need the record again.
    let was_issued = context.proxy.timers.has_ended(&issued);
    let by_email = apply_request(context.proxy, certificate);
    let (mut validated, mut forbidden) = (true, false);
    let mut held = Vec::new();
    for option in certificate["DomainValidationOptions"].as_array_mut().into_iter().flatten() {
        let name = option["DomainName"].as_str().unwrap_or_default();
        let is_held = if by_email {
            is_approved(context.proxy, name.trim_start_matches("*."))
        } else {
            let (record, value) = validation_record(&place.account, name);
            let is_held = acm_dns::has_record(context, place, &record, &value).await?;
            forbidden |= !was_issued && is_held && acm_dns::is_forbidden(context, place, name).await?;
            option["ResourceRecord"] = json!({"Name": record, "Type": "CNAME", "Value": value});
            is_held
        };
        validated = validated && (was_issued || is_held);
        held.push(is_held);
    }
    if validated && is_reported && !forbidden {
        context.proxy.timers.start_once(&issued, context.proxy.options.delays.certificate_issued);
    }
    let is_issued = context.proxy.timers.has_ended(&issued);
    for option in certificate["DomainValidationOptions"].as_array_mut().into_iter().flatten() {
        option["ValidationStatus"] = if is_issued { "SUCCESS" } else { "PENDING_VALIDATION" }.into();
        if let (false, Some(fields)) = (is_reported, option.as_object_mut()) {
            fields.remove("ResourceRecord");
        }
    }
    certificate["Status"] = if is_issued { "ISSUED" } else { "PENDING_VALIDATION" }.into();
    if forbidden {
        certificate["Status"] = "FAILED".into();
        certificate["FailureReason"] = "CAA_ERROR".into();
    }
    if was_issued && context.proxy.remembered(RENEWALS).is_some() {
        add_renewal(certificate, &held);
    }
    if let (false, Some(fields)) = (is_issued, certificate.as_object_mut()) {
        for field in ["IssuedAt", "NotBefore", "NotAfter"] {
            fields.remove(field);
        }
    }
    Ok(())
}

/// Adds the progress of a renewal, for which ACM validates every name again.
fn add_renewal(certificate: &mut Value, held: &[bool]) {
    let status = |done: bool, pending: &str| if done { "SUCCESS" } else { pending }.to_owned();
    let mut options = certificate["DomainValidationOptions"].clone();
    for (option, held) in options.as_array_mut().into_iter().flatten().zip(held) {
        option["ValidationStatus"] = status(*held, "PENDING_VALIDATION").into();
    }
    certificate["RenewalSummary"] = json!({
        "RenewalStatus": status(held.iter().all(|held| *held), "PENDING_VALIDATION"),
        "DomainValidationOptions": options,
        "UpdatedAt": certificate["CreatedAt"],
    });
}

/// The name and value of the validation record for a domain name. A wildcard shares the record of its parent.
fn validation_record(account: &str, name: &str) -> (String, String) {
    let base = name.strip_prefix("*.").unwrap_or(name);
    let digest = |purpose: &str| format!("{:032x}", fnv(&format!("{purpose}/{account}/{base}")));
    (format!("_{}.{base}.", digest("name")), format!("_{}.acm-validations.aws.", digest("value")))
}

/// FNV-1a with 128 bits: repeatable, and as long as AWS's labels.
fn fnv(text: &str) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    text.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

/// The ARNs of the resources that use a certificate: API Gateway domain names of its region, and distributions.
async fn users(context: &Context<'_>, arn: &str) -> Result<Vec<String>, Error> {
    let upstream = &context.proxy.upstream;
    let mut users = Vec::new();
    let domains =
        upstream.json(&context.place, "apigateway", Lookup::Get("/v2/domainnames")).await?.unwrap_or_default();
    for domain in domains["items"].as_array().into_iter().flatten() {
        if domain["domainNameConfigurations"][0]["certificateArn"] == arn {
            users.push(domain["domainNameArn"].as_str().unwrap_or_default().to_owned());
        }
    }
    // CloudFront only uses certificates of us-east-1.
    let distributions = if context.place == context.place.global() {
        upstream.xml(&context.place, "cloudfront", Lookup::Get("/2020-05-31/distribution")).await?
    } else {
        None
    };
    for distribution in distributions.iter().flat_map(|list| list.items_at(&["Items"])) {
        if distribution.text_at(&["ViewerCertificate", "ACMCertificateArn"]) == arn {
            users.push(distribution.text_at(&["ARN"]).to_owned());
        }
    }
    users.sort();
    Ok(users)
}

async fn is_in_use(context: &Context<'_>, arn: &str) -> Result<bool, Error> {
    let released = released_timer(context, arn);
    Ok(context.proxy.timers.is_running(&released) || !users(context, arn).await?.is_empty())
}

/// Records that a certificate is no longer used by something, which ACM notices later.
pub(crate) fn release(context: &Context<'_>, arn: &str) {
    let delay = context.proxy.options.delays.certificate_released;
    context.proxy.timers.start(&released_timer(context, arn), delay);
}

fn released_timer(context: &Context<'_>, arn: &str) -> String {
    format!("{}/released/{arn}", context.place.account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_shares_the_record_of_its_parent() {
        let account = "123456789012";
        assert_eq!(validation_record(account, "*.a.com"), validation_record(account, "a.com"));
        assert_ne!(validation_record(account, "b.a.com"), validation_record(account, "a.com"));
        assert_ne!(validation_record("210987654321", "a.com"), validation_record(account, "a.com"));
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        let certificate = json!({"SubjectAlternativeNames": ["a.com", "*.a.com"]});
        for (name, covered) in [("a.com", true), ("b.a.com", true), ("c.b.a.com", false), ("b.com", false)] {
            assert_eq!(covers(&certificate, name), covered, "{name}");
        }
    }
}
