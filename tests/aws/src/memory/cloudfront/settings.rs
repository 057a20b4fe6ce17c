//! The defaults that CloudFront adds to the settings of a distribution, and its consistency checks. Pure.

use crate::memory::xml_response::node;
use crate::xml::Element;

const DISTRIBUTION_DEFAULTS: &str = "<a>
    <Aliases><Quantity>0</Quantity></Aliases>
    <DefaultRootObject></DefaultRootObject>
    <OriginGroups><Quantity>0</Quantity></OriginGroups>
    <CacheBehaviors><Quantity>0</Quantity></CacheBehaviors>
    <CustomErrorResponses><Quantity>0</Quantity></CustomErrorResponses>
    <Logging><Enabled>false</Enabled><IncludeCookies>false</IncludeCookies><Bucket></Bucket><Prefix></Prefix></Logging>
    <PriceClass>PriceClass_All</PriceClass>
    <ViewerCertificate>
        <CloudFrontDefaultCertificate>true</CloudFrontDefaultCertificate>
        <SSLSupportMethod>vip</SSLSupportMethod>
        <MinimumProtocolVersion>TLSv1</MinimumProtocolVersion>
        <CertificateSource>cloudfront</CertificateSource>
    </ViewerCertificate>
    <Restrictions><GeoRestriction><RestrictionType>none</RestrictionType><Quantity>0</Quantity></GeoRestriction>
    </Restrictions>
    <WebACLId></WebACLId>
    <HttpVersion>http2</HttpVersion>
    <IsIPV6Enabled>false</IsIPV6Enabled>
    <ContinuousDeploymentPolicyId></ContinuousDeploymentPolicyId>
    <Staging>false</Staging>
</a>";

const ORIGIN_DEFAULTS: &str = "<a>
    <OriginPath></OriginPath>
    <CustomHeaders><Quantity>0</Quantity></CustomHeaders>
    <ConnectionAttempts>3</ConnectionAttempts>
    <ConnectionTimeout>10</ConnectionTimeout>
    <OriginShield><Enabled>false</Enabled></OriginShield>
    <OriginAccessControlId></OriginAccessControlId>
</a>";

const CUSTOM_ORIGIN_DEFAULTS: &str = "<a>
    <OriginReadTimeout>30</OriginReadTimeout>
    <OriginKeepaliveTimeout>5</OriginKeepaliveTimeout>
</a>";

const BEHAVIOR_DEFAULTS: &str = "<a>
    <TrustedSigners><Enabled>false</Enabled><Quantity>0</Quantity></TrustedSigners>
    <TrustedKeyGroups><Enabled>false</Enabled><Quantity>0</Quantity></TrustedKeyGroups>
    <AllowedMethods>
        <Quantity>2</Quantity><Items><Method>HEAD</Method><Method>GET</Method></Items>
        <CachedMethods><Quantity>2</Quantity><Items><Method>HEAD</Method><Method>GET</Method></Items></CachedMethods>
    </AllowedMethods>
    <SmoothStreaming>false</SmoothStreaming>
    <Compress>false</Compress>
    <LambdaFunctionAssociations><Quantity>0</Quantity></LambdaFunctionAssociations>
    <FunctionAssociations><Quantity>0</Quantity></FunctionAssociations>
    <FieldLevelEncryptionId></FieldLevelEncryptionId>
</a>";

/// The settings as CloudFront stores them, with all defaults.
pub(super) fn complete(requested: &Element) -> Element {
    let mut config = node("DistributionConfig", requested.children.clone());
    fill(&mut config, DISTRIBUTION_DEFAULTS);
    for origin in items_mut(&mut config, "Origins") {
        fill(origin, ORIGIN_DEFAULTS);
        if let Some(custom) = origin.child_mut("CustomOriginConfig") {
            fill(custom, CUSTOM_ORIGIN_DEFAULTS);
        }
    }
    for behavior in items_mut(&mut config, "CacheBehaviors") {
        fill(behavior, BEHAVIOR_DEFAULTS);
    }
    if let Some(behavior) = config.child_mut("DefaultCacheBehavior") {
        fill(behavior, BEHAVIOR_DEFAULTS);
    }
    config
}

fn items_mut<'a>(config: &'a mut Element, list: &str) -> impl Iterator<Item = &'a mut Element> {
    config.child_mut(list).and_then(|list| list.child_mut("Items")).into_iter().flat_map(|items| &mut items.children)
}

/// Adds missing children.
fn fill(element: &mut Element, defaults: &str) {
    let defaults = Element::parse(defaults.as_bytes()).unwrap_or_default().children;
    for default in defaults {
        if element.child(&default.name).is_none() {
            element.children.push(default);
        }
    }
}

/// Whether a list declares more or fewer items than it has.
pub(super) fn inconsistent(element: &Element) -> bool {
    let counted = element
        .child("Quantity")
        .is_some_and(|quantity| quantity.text != element.items_at(&["Items"]).len().to_string());
    counted || element.children.iter().any(inconsistent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_added_and_given_settings_are_kept() {
        let requested = b"<DistributionConfig><PriceClass>PriceClass_100</PriceClass>
            <Origins><Quantity>1</Quantity><Items><Origin><Id>a</Id><ConnectionTimeout>5</ConnectionTimeout>
            <CustomOriginConfig><HTTPPort>80</HTTPPort></CustomOriginConfig></Origin></Items></Origins>
            <DefaultCacheBehavior><TargetOriginId>a</TargetOriginId></DefaultCacheBehavior></DistributionConfig>";
        let config = complete(&Element::parse(requested).unwrap());
        let origin = &config.items_at(&["Origins", "Items"])[0];
        assert_eq!(config.text_at(&["PriceClass"]), "PriceClass_100");
        assert_eq!(config.text_at(&["OriginGroups", "Quantity"]), "0");
        assert_eq!((origin.text_at(&["ConnectionTimeout"]), origin.text_at(&["ConnectionAttempts"])), ("5", "3"));
        assert_eq!(origin.text_at(&["CustomOriginConfig", "OriginReadTimeout"]), "30");
        assert_eq!(config.items_at(&["DefaultCacheBehavior", "AllowedMethods", "Items"]).len(), 2);
        assert_eq!(complete(&config), config);
        assert!(!inconsistent(&config));
    }

    #[test]
    fn wrong_quantities_are_found() {
        for (list, expected) in [
            ("<a><Quantity>0</Quantity></a>", false),
            ("<a><Quantity>1</Quantity></a>", true),
            ("<a><b><Quantity>1</Quantity><Items><c>1</c><c>2</c></Items></b></a>", true),
        ] {
            assert_eq!(inconsistent(&Element::parse(list.as_bytes()).unwrap()), expected, "{list}");
        }
    }
}
