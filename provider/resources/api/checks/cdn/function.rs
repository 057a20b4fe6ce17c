//! Mistakes with `cdn.origin = "edge_function"`.

use super::{Found, at};
use crate::resources::api::config::{AuthorizerKind, Policy};
use crate::resources::api::edge::{Edge, Shield};
use crate::resources::api::shape::Shape;
use crate::wire::{Diagnostic, Path};

/// Mistakes in what the Lambda@Edge function needs.
pub(super) fn check(shape: &Shape, edge: &Edge, found: &mut Found) {
    if !edge.has_function() {
        if edge.sign_requests {
            let detail = format!(
                "The Lambda@Edge function of cdn.origin = \"edge_function\" signs requests, and cdn.origin is {:?}. Set cdn.origin \
                 to \"edge_function\", or remove sign_requests.",
                edge.origin.as_str()
            );
            found.error(at("sign_requests"), "Signed requests without an edge function", detail);
        }
        return;
    }
    let Some(names) = &shape.names else {
        let detail = "The Lambda@Edge function sends each request to the name of a region, and without a domain the regions have \
                      no names. Add a domain with regional_names = true, or set cdn.origin to \"group\".";
        found.error(at("origin"), "Edge function without a domain", detail);
        return;
    };
    if !names.regional {
        let detail = "The Lambda@Edge function sends each request to the name of a region, and the regions have no names of their \
                      own. Set domain.regional_names = true.";
        found.error(Path::of("domain").attribute("regional_names"), "Edge function without regional names", detail);
    }
    failover(shape, found);
    warnings(shape, edge, found);
}

/// Route 53 accepts a primary record without a health check only if it is an alias.
fn failover(shape: &Shape, found: &mut Found) {
    let primary = shape.regions.iter().find(|(_, place)| place.primary);
    let Some((primary, place)) = primary.filter(|_| shape.policy == Policy::Failover) else { return };
    if shape.health_check.is_none() && place.health.is_none() {
        let detail = format!(
            "The Lambda@Edge function reads CNAME records, and Route 53 rejects a primary record of type CNAME without a \
             health check. Add routing.health_check, or an alarm or an existing health check of {primary}."
        );
        found.error(at("origin"), "Primary region without a health check", detail);
    }
}

fn warnings(shape: &Shape, edge: &Edge, found: &mut Found) {
    let mut warn = |path: Path, summary, detail: &str| found.0.push(Diagnostic::warning(path, summary, detail));
    if edge.shield != Shield::Off {
        let detail = "With Origin Shield, CloudFront calls the Lambda@Edge function in the region of Origin Shield and not at the \
                      edge location of the client, so that all clients reach the region that is best for Origin Shield. Remove \
                      origin_shield.";
        warn(at("origin_shield"), "Origin Shield decides the region", detail);
    }
    for (name, authorizer) in shape.gateway.config.authorizers().known().into_iter().flatten() {
        let kind = authorizer.known().and_then(|authorizer| authorizer.kind().ok());
        if kind == Some(&AuthorizerKind::Iam) && !edge.sign_requests {
            let detail = "A signature of AWS credentials covers the host and the region that receive the request. A client of \
                          CloudFront does not know the region that the Lambda@Edge function chooses, and the function does not \
                          sign requests. Set cdn.sign_requests = true to accept the requests of all clients of CloudFront, use an \
                          authorizer of the kind \"jwt\", or let these clients call the names of the regions.";
            let path = Path::of("gateway").attribute("authorizers").key(name).attribute("kind");
            warn(path, "IAM authorization through CloudFront", detail);
        }
    }
}
