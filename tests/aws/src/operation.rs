//! Identifies the AWS operation of a request: by the scope of its signature, then by target, action, or method and
//! path.

use http::HeaderMap;

use crate::message::Request;

/// The wire protocol of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// JSON; the operation is in `X-Amz-Target`.
    Json,
    /// JSON; the operation follows from method and path.
    RestJson,
    /// XML; the operation follows from method and path.
    RestXml,
    /// A form with the operation in `Action`; responses in XML.
    Query,
    /// CBOR; the operation is the last part of the path.
    Cbor,
}

/// The scope of a signature: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`. A signature of version 4A has no region,
/// because it is valid in several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The access key id.
    pub(crate) key: String,
    /// The region that the request is signed for.
    pub(crate) region: String,
    /// The service's signing name, or its name in IAM actions.
    pub(crate) service: String,
}

impl Scope {
    /// The scope of a signed request; `None` for all others, which are not AWS API calls.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let header = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
        let asymmetric = header.strip_prefix("AWS4-ECDSA-P256-SHA256");
        let rest = asymmetric.or_else(|| header.strip_prefix("AWS4-HMAC-SHA256"))?;
        let credential = rest.split("Credential=").nth(1)?.split(',').next()?;
        let mut parts = credential.trim().split('/');
        let key = parts.next()?.to_owned();
        parts.next()?;
        let region = if asymmetric.is_some() { "us-east-1" } else { parts.next()? }.to_owned();
        let service = match parts.next()? {
            // The name of the service in IAM actions.
            "monitoring" => "cloudwatch",
            service => service,
        };
        Some(Self { key, region, service: service.to_owned() })
    }
}

/// The protocol of `service`, a signing name.
pub(crate) fn protocol(service: &str) -> Protocol {
    match service {
        "acm" | "logs" | "dynamodb" | "tagging" | "wafv2" => Protocol::Json,
        "route53" | "cloudfront" | "s3" => Protocol::RestXml,
        "iam" | "sts" => Protocol::Query,
        "cloudwatch" => Protocol::Cbor,
        _ => Protocol::RestJson,
    }
}

/// An operation and the parameters in its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    /// `CreateFunction`; method and path of an unknown operation.
    pub(crate) name: String,
    /// The values of the placeholders in the path, decoded.
    pub(crate) path: Vec<String>,
}

/// The operation of a request to `service`.
pub(crate) fn identify(service: &str, request: &Request) -> Operation {
    let unnamed = || Operation { name: format!("{} {}", request.method, request.path), path: Vec::new() };
    let named = |name: String| Operation { name, path: Vec::new() };
    match protocol(service) {
        Protocol::Json => {
            let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
            target.and_then(|target| target.rsplit('.').next()).map_or_else(unnamed, |name| named(name.to_owned()))
        }
        Protocol::Cbor => request.path.rsplit('/').next().map_or_else(unnamed, |name| named(name.to_owned())),
        Protocol::Query => request.form("Action").map_or_else(unnamed, named),
        Protocol::RestJson | Protocol::RestXml => {
            let table = match service {
                "lambda" => LAMBDA,
                "apigateway" => API_GATEWAY,
                "route53" => ROUTE53,
                "cloudfront" => CLOUDFRONT,
                "cloudfront-keyvaluestore" => KEY_VALUE_STORES,
                "account" => ACCOUNT,
                _ => &[],
            };
            let found = table.iter().find_map(|row| Some((row.2, matches(row, request)?)));
            found.map_or_else(unnamed, |(name, path)| Operation { name: name.to_owned(), path })
        }
    }
}

/// Method, path, operation. `{}` is one segment of the path; what follows `?` must be in the query. Earlier rows take
/// precedence.
type Row = (&'static str, &'static str, &'static str);

fn matches(row: &Row, request: &Request) -> Option<Vec<String>> {
    let (pattern, expected) = row.1.split_once('?').unwrap_or((row.1, ""));
    if row.0 != request.method.as_str() || !request.query.split('&').any(|part| expected.is_empty() || part == expected)
    {
        return None;
    }
    let segments: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let pattern: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    if segments.len() != pattern.len() {
        return None;
    }
    let mut found = Vec::new();
    for (segment, expected) in segments.iter().zip(pattern) {
        if expected == "{}" {
            found.push(crate::message::decode(segment));
        } else if *segment != expected {
            return None;
        }
    }
    Some(found)
}

const LAMBDA: &[Row] = &[
    ("POST", "2015-03-31/functions", "CreateFunction"),
    ("GET", "2015-03-31/functions", "ListFunctions"),
    ("GET", "2015-03-31/functions/{}", "GetFunction"),
    ("DELETE", "2015-03-31/functions/{}", "DeleteFunction"),
    ("PUT", "2015-03-31/functions/{}/code", "UpdateFunctionCode"),
    ("GET", "2015-03-31/functions/{}/configuration", "GetFunctionConfiguration"),
    ("PUT", "2015-03-31/functions/{}/configuration", "UpdateFunctionConfiguration"),
    ("POST", "2015-03-31/functions/{}/invocations", "Invoke"),
    ("POST", "2015-03-31/functions/{}/versions", "PublishVersion"),
    ("GET", "2015-03-31/functions/{}/versions", "ListVersionsByFunction"),
    ("POST", "2015-03-31/functions/{}/aliases", "CreateAlias"),
    ("GET", "2015-03-31/functions/{}/aliases", "ListAliases"),
    ("GET", "2015-03-31/functions/{}/aliases/{}", "GetAlias"),
    ("PUT", "2015-03-31/functions/{}/aliases/{}", "UpdateAlias"),
    ("DELETE", "2015-03-31/functions/{}/aliases/{}", "DeleteAlias"),
    ("POST", "2015-03-31/functions/{}/policy", "AddPermission"),
    ("GET", "2015-03-31/functions/{}/policy", "GetPolicy"),
    ("DELETE", "2015-03-31/functions/{}/policy/{}", "RemovePermission"),
    ("PUT", "2017-10-31/functions/{}/concurrency", "PutFunctionConcurrency"),
    ("DELETE", "2017-10-31/functions/{}/concurrency", "DeleteFunctionConcurrency"),
    ("GET", "2019-09-30/functions/{}/concurrency", "GetFunctionConcurrency"),
    ("GET", "2019-09-30/functions/{}/provisioned-concurrency?List=ALL", "ListProvisionedConcurrencyConfigs"),
    ("PUT", "2019-09-30/functions/{}/provisioned-concurrency", "PutProvisionedConcurrencyConfig"),
    ("GET", "2019-09-30/functions/{}/provisioned-concurrency", "GetProvisionedConcurrencyConfig"),
    ("DELETE", "2019-09-30/functions/{}/provisioned-concurrency", "DeleteProvisionedConcurrencyConfig"),
    ("GET", "2017-03-31/tags/{}", "ListTags"),
    ("POST", "2017-03-31/tags/{}", "TagResource"),
    ("DELETE", "2017-03-31/tags/{}", "UntagResource"),
    ("GET", "2016-08-19/account-settings", "GetAccountSettings"),
];

const API_GATEWAY: &[Row] = &[
    ("POST", "v2/apis", "CreateApi"),
    ("GET", "v2/apis", "GetApis"),
    ("GET", "v2/apis/{}", "GetApi"),
    ("PATCH", "v2/apis/{}", "UpdateApi"),
    ("DELETE", "v2/apis/{}", "DeleteApi"),
    ("DELETE", "v2/apis/{}/cors", "DeleteCorsConfiguration"),
    ("POST", "v2/apis/{}/integrations", "CreateIntegration"),
    ("GET", "v2/apis/{}/integrations", "GetIntegrations"),
    ("GET", "v2/apis/{}/integrations/{}", "GetIntegration"),
    ("PATCH", "v2/apis/{}/integrations/{}", "UpdateIntegration"),
    ("DELETE", "v2/apis/{}/integrations/{}", "DeleteIntegration"),
    ("POST", "v2/apis/{}/authorizers", "CreateAuthorizer"),
    ("GET", "v2/apis/{}/authorizers", "GetAuthorizers"),
    ("GET", "v2/apis/{}/authorizers/{}", "GetAuthorizer"),
    ("PATCH", "v2/apis/{}/authorizers/{}", "UpdateAuthorizer"),
    ("DELETE", "v2/apis/{}/authorizers/{}", "DeleteAuthorizer"),
    ("POST", "v2/apis/{}/routes", "CreateRoute"),
    ("GET", "v2/apis/{}/routes", "GetRoutes"),
    ("GET", "v2/apis/{}/routes/{}", "GetRoute"),
    ("PATCH", "v2/apis/{}/routes/{}", "UpdateRoute"),
    ("DELETE", "v2/apis/{}/routes/{}", "DeleteRoute"),
    ("POST", "v2/apis/{}/stages", "CreateStage"),
    ("GET", "v2/apis/{}/stages", "GetStages"),
    ("GET", "v2/apis/{}/stages/{}", "GetStage"),
    ("PATCH", "v2/apis/{}/stages/{}", "UpdateStage"),
    ("DELETE", "v2/apis/{}/stages/{}", "DeleteStage"),
    ("DELETE", "v2/apis/{}/stages/{}/accesslogsettings", "DeleteAccessLogSettings"),
    ("DELETE", "v2/apis/{}/stages/{}/routesettings/{}", "DeleteRouteSettings"),
    ("POST", "v2/apis/{}/deployments", "CreateDeployment"),
    ("GET", "v2/apis/{}/deployments", "GetDeployments"),
    ("POST", "v2/domainnames", "CreateDomainName"),
    ("GET", "v2/domainnames", "GetDomainNames"),
    ("GET", "v2/domainnames/{}", "GetDomainName"),
    ("PATCH", "v2/domainnames/{}", "UpdateDomainName"),
    ("DELETE", "v2/domainnames/{}", "DeleteDomainName"),
    ("POST", "v2/domainnames/{}/apimappings", "CreateApiMapping"),
    ("GET", "v2/domainnames/{}/apimappings", "GetApiMappings"),
    ("GET", "v2/domainnames/{}/apimappings/{}", "GetApiMapping"),
    ("PATCH", "v2/domainnames/{}/apimappings/{}", "UpdateApiMapping"),
    ("DELETE", "v2/domainnames/{}/apimappings/{}", "DeleteApiMapping"),
    ("GET", "v2/tags/{}", "GetTags"),
    ("POST", "v2/tags/{}", "TagResource"),
    ("DELETE", "v2/tags/{}", "UntagResource"),
    ("POST", "restapis", "CreateRestApi"),
    ("GET", "restapis", "GetRestApis"),
    ("GET", "restapis/{}", "GetRestApi"),
    ("PUT", "restapis/{}", "PutRestApi"),
    ("PATCH", "restapis/{}", "UpdateRestApi"),
    ("DELETE", "restapis/{}", "DeleteRestApi"),
    ("GET", "restapis/{}/resources", "GetResources"),
    ("GET", "restapis/{}/authorizers", "GetAuthorizers"),
    ("GET", "restapis/{}/requestvalidators", "GetRequestValidators"),
    ("GET", "restapis/{}/gatewayresponses", "GetGatewayResponses"),
    ("POST", "restapis/{}/deployments", "CreateDeployment"),
    ("GET", "restapis/{}/deployments", "GetDeployments"),
    ("GET", "restapis/{}/deployments/{}", "GetDeployment"),
    ("DELETE", "restapis/{}/deployments/{}", "DeleteDeployment"),
    ("POST", "restapis/{}/stages", "CreateStage"),
    ("GET", "restapis/{}/stages", "GetStages"),
    ("GET", "restapis/{}/stages/{}", "GetStage"),
    ("PATCH", "restapis/{}/stages/{}", "UpdateStage"),
    ("DELETE", "restapis/{}/stages/{}", "DeleteStage"),
    ("POST", "apikeys", "CreateApiKey"),
    ("GET", "apikeys", "GetApiKeys"),
    ("GET", "apikeys/{}", "GetApiKey"),
    ("PATCH", "apikeys/{}", "UpdateApiKey"),
    ("DELETE", "apikeys/{}", "DeleteApiKey"),
    ("POST", "usageplans", "CreateUsagePlan"),
    ("GET", "usageplans", "GetUsagePlans"),
    ("GET", "usageplans/{}", "GetUsagePlan"),
    ("PATCH", "usageplans/{}", "UpdateUsagePlan"),
    ("DELETE", "usageplans/{}", "DeleteUsagePlan"),
    ("POST", "usageplans/{}/keys", "CreateUsagePlanKey"),
    ("GET", "usageplans/{}/keys", "GetUsagePlanKeys"),
    ("GET", "usageplans/{}/keys/{}", "GetUsagePlanKey"),
    ("DELETE", "usageplans/{}/keys/{}", "DeleteUsagePlanKey"),
    ("GET", "account", "GetAccount"),
    ("PATCH", "account", "UpdateAccount"),
    ("GET", "tags/{}", "GetTags"),
    ("PUT", "tags/{}", "TagResource"),
    ("DELETE", "tags/{}", "UntagResource"),
];

const ROUTE53: &[Row] = &[
    ("POST", "2013-04-01/hostedzone", "CreateHostedZone"),
    ("GET", "2013-04-01/hostedzone", "ListHostedZones"),
    ("GET", "2013-04-01/hostedzonesbyname", "ListHostedZonesByName"),
    ("GET", "2013-04-01/hostedzone/{}", "GetHostedZone"),
    ("POST", "2013-04-01/hostedzone/{}", "UpdateHostedZoneComment"),
    ("DELETE", "2013-04-01/hostedzone/{}", "DeleteHostedZone"),
    ("POST", "2013-04-01/hostedzone/{}/rrset", "ChangeResourceRecordSets"),
    ("GET", "2013-04-01/hostedzone/{}/rrset", "ListResourceRecordSets"),
    ("GET", "2013-04-01/change/{}", "GetChange"),
    ("POST", "2013-04-01/healthcheck", "CreateHealthCheck"),
    ("GET", "2013-04-01/healthcheck", "ListHealthChecks"),
    ("GET", "2013-04-01/healthcheck/{}", "GetHealthCheck"),
    ("POST", "2013-04-01/healthcheck/{}", "UpdateHealthCheck"),
    ("DELETE", "2013-04-01/healthcheck/{}", "DeleteHealthCheck"),
    ("GET", "2013-04-01/healthcheck/{}/status", "GetHealthCheckStatus"),
    ("POST", "2013-04-01/cidrcollection", "CreateCidrCollection"),
    ("GET", "2013-04-01/cidrcollection", "ListCidrCollections"),
    ("GET", "2013-04-01/cidrcollection/{}", "ListCidrLocations"),
    ("POST", "2013-04-01/cidrcollection/{}", "ChangeCidrCollection"),
    ("DELETE", "2013-04-01/cidrcollection/{}", "DeleteCidrCollection"),
    ("GET", "2013-04-01/cidrcollection/{}/cidrblocks", "ListCidrBlocks"),
    ("POST", "2013-04-01/tags/{}/{}", "ChangeTagsForResource"),
    ("GET", "2013-04-01/tags/{}/{}", "ListTagsForResource"),
    ("POST", "2013-04-01/tags/{}", "ListTagsForResources"),
];

const CLOUDFRONT: &[Row] = &[
    ("POST", "2020-05-31/distribution?WithTags", "CreateDistributionWithTags"),
    ("POST", "2020-05-31/distribution?WithTags=", "CreateDistributionWithTags"),
    ("POST", "2020-05-31/distribution", "CreateDistribution"),
    ("GET", "2020-05-31/distribution", "ListDistributions"),
    ("GET", "2020-05-31/distribution/{}", "GetDistribution"),
    ("GET", "2020-05-31/distribution/{}/config", "GetDistributionConfig"),
    ("PUT", "2020-05-31/distribution/{}/config", "UpdateDistribution"),
    ("DELETE", "2020-05-31/distribution/{}", "DeleteDistribution"),
    ("POST", "2020-05-31/domain-association", "UpdateDomainAssociation"),
    ("POST", "2020-05-31/distribution/{}/invalidation", "CreateInvalidation"),
    ("GET", "2020-05-31/distribution/{}/invalidation", "ListInvalidations"),
    ("GET", "2020-05-31/distribution/{}/invalidation/{}", "GetInvalidation"),
    ("POST", "2020-05-31/cache-policy", "CreateCachePolicy"),
    ("GET", "2020-05-31/cache-policy", "ListCachePolicies"),
    ("GET", "2020-05-31/cache-policy/{}", "GetCachePolicy"),
    ("PUT", "2020-05-31/cache-policy/{}", "UpdateCachePolicy"),
    ("DELETE", "2020-05-31/cache-policy/{}", "DeleteCachePolicy"),
    ("POST", "2020-05-31/origin-request-policy", "CreateOriginRequestPolicy"),
    ("GET", "2020-05-31/origin-request-policy", "ListOriginRequestPolicies"),
    ("GET", "2020-05-31/origin-request-policy/{}", "GetOriginRequestPolicy"),
    ("PUT", "2020-05-31/origin-request-policy/{}", "UpdateOriginRequestPolicy"),
    ("DELETE", "2020-05-31/origin-request-policy/{}", "DeleteOriginRequestPolicy"),
    ("POST", "2020-05-31/response-headers-policy", "CreateResponseHeadersPolicy"),
    ("GET", "2020-05-31/response-headers-policy", "ListResponseHeadersPolicies"),
    ("GET", "2020-05-31/response-headers-policy/{}", "GetResponseHeadersPolicy"),
    ("PUT", "2020-05-31/response-headers-policy/{}", "UpdateResponseHeadersPolicy"),
    ("DELETE", "2020-05-31/response-headers-policy/{}", "DeleteResponseHeadersPolicy"),
    ("POST", "2020-05-31/continuous-deployment-policy", "CreateContinuousDeploymentPolicy"),
    ("GET", "2020-05-31/continuous-deployment-policy", "ListContinuousDeploymentPolicies"),
    ("GET", "2020-05-31/continuous-deployment-policy/{}", "GetContinuousDeploymentPolicy"),
    ("PUT", "2020-05-31/continuous-deployment-policy/{}", "UpdateContinuousDeploymentPolicy"),
    ("DELETE", "2020-05-31/continuous-deployment-policy/{}", "DeleteContinuousDeploymentPolicy"),
    ("POST", "2020-05-31/function", "CreateFunction"),
    ("GET", "2020-05-31/function", "ListFunctions"),
    ("GET", "2020-05-31/function/{}", "GetFunction"),
    ("PUT", "2020-05-31/function/{}", "UpdateFunction"),
    ("DELETE", "2020-05-31/function/{}", "DeleteFunction"),
    ("GET", "2020-05-31/function/{}/describe", "DescribeFunction"),
    ("POST", "2020-05-31/function/{}/publish", "PublishFunction"),
    ("POST", "2020-05-31/key-value-store", "CreateKeyValueStore"),
    ("GET", "2020-05-31/key-value-store", "ListKeyValueStores"),
    ("GET", "2020-05-31/key-value-store/{}", "DescribeKeyValueStore"),
    ("PUT", "2020-05-31/key-value-store/{}", "UpdateKeyValueStore"),
    ("DELETE", "2020-05-31/key-value-store/{}", "DeleteKeyValueStore"),
    ("GET", "2020-05-31/tagging", "ListTagsForResource"),
    ("POST", "2020-05-31/tagging?Operation=Tag", "TagResource"),
    ("POST", "2020-05-31/tagging?Operation=Untag", "UntagResource"),
];

const KEY_VALUE_STORES: &[Row] = &[
    ("GET", "key-value-stores/{}", "DescribeKeyValueStore"),
    ("GET", "key-value-stores/{}/keys", "ListKeys"),
    ("POST", "key-value-stores/{}/keys", "UpdateKeys"),
    ("GET", "key-value-stores/{}/keys/{}", "GetKey"),
    ("PUT", "key-value-stores/{}/keys/{}", "PutKey"),
    ("DELETE", "key-value-stores/{}/keys/{}", "DeleteKey"),
];

const ACCOUNT: &[Row] = &[("POST", "listRegions", "ListRegions"), ("POST", "getRegionOptStatus", "GetRegionOptStatus")];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(service: &str, request: &str, name: &str, path: &[&str]) {
        let (method, uri) = request.split_once(' ').unwrap();
        let request = Request::for_test(method, uri, "Action=CreateRole&RoleName=r");
        let expected = Operation { name: name.to_owned(), path: path.iter().map(|part| (*part).to_owned()).collect() };
        assert_eq!(identify(service, &request), expected);
    }

    #[test]
    fn operations_are_identified() {
        check("lambda", "GET /2015-03-31/functions", "ListFunctions", &[]);
        check("lambda", "PUT /2015-03-31/functions/giraffe/code", "UpdateFunctionCode", &["giraffe"]);
        check(
            "lambda",
            "DELETE /2017-03-31/tags/arn%3Aaws%3Alambda%3Aa?tagKeys=x",
            "UntagResource",
            &["arn:aws:lambda:a"],
        );
        check("apigateway", "DELETE /v2/apis/a1/stages/%24default", "DeleteStage", &["a1", "$default"]);
        check("apigateway", "PUT /restapis/a1?mode=overwrite", "PutRestApi", &["a1"]);
        check("route53", "POST /2013-04-01/hostedzone/Z1/rrset/", "ChangeResourceRecordSets", &["Z1"]);
        check("cloudfront", "POST /2020-05-31/distribution?WithTags", "CreateDistributionWithTags", &[]);
        check("cloudfront", "POST /2020-05-31/tagging?Operation=Untag&Resource=x", "UntagResource", &[]);
        check("iam", "POST /", "CreateRole", &[]);
        check("lambda", "GET /2099-01-01/secrets", "GET /2099-01-01/secrets", &[]);
    }

    #[test]
    fn the_scope_is_read_from_the_signature() {
        let mut headers = HeaderMap::new();
        assert_eq!(Scope::of(&headers), None);
        let signature = "AWS4-HMAC-SHA256 Credential=123456789012/20261121/us-west-2/acm/aws4_request, SignedHeaders=host, Signature=0";
        headers.insert(http::header::AUTHORIZATION, signature.parse().unwrap());
        let scope = Scope::of(&headers).unwrap();
        assert_eq!(
            (scope.key.as_str(), scope.region.as_str(), scope.service.as_str()),
            ("123456789012", "us-west-2", "acm")
        );
        let signature =
            "AWS4-ECDSA-P256-SHA256 Credential=1/20261121/cloudfront-keyvaluestore/aws4_request, Signature=0";
        headers.insert(http::header::AUTHORIZATION, signature.parse().unwrap());
        assert_eq!(Scope::of(&headers).unwrap().service, "cloudfront-keyvaluestore");
        headers.insert(http::header::AUTHORIZATION, "Bearer abc".parse().unwrap());
        assert_eq!(Scope::of(&headers), None);
    }
}
