//! The endpoint of CloudFront's data plane for key value stores.

use aws_sdk_cloudfrontkeyvaluestore::config::Builder;
use aws_sdk_cloudfrontkeyvaluestore::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_smithy_types::Document;
use aws_smithy_types::endpoint::EndpointAuthScheme;

/// A configured endpoint, as it is. The SDK puts the account id in front of its host name, which no local endpoint and no
/// IP address has.
#[derive(Debug)]
struct AsConfigured(String);

impl ResolveEndpoint for AsConfigured {
    fn resolve_endpoint<'a>(&'a self, _: &'a Params) -> EndpointFuture<'a> {
        let scheme = EndpointAuthScheme::with_capacity("sigv4a", 2)
            .put("signingName", "cloudfront-keyvaluestore")
            .put("signingRegionSet", vec![Document::from("*")]);
        EndpointFuture::ready(Ok(Endpoint::builder().url(self.0.clone()).auth_scheme(scheme).build()))
    }
}

/// `builder` with a configured endpoint.
pub(super) fn key_value_stores(builder: Builder, endpoint: Option<&str>) -> Builder {
    match endpoint {
        Some(url) => builder.endpoint_resolver(AsConfigured(url.to_owned())),
        None => builder,
    }
}
