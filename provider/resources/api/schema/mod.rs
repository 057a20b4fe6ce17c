//! The schema of `multiregion_api`: what its documentation is made of.

mod function;
mod traffic;

use crate::resources::shared::{owned, status, timeouts};
use crate::schema::{Attribute, Mode, Schema};
use crate::wire::Type;

use Mode::{Computed, Optional, OptionalComputed, Required};

/// The schema of `multiregion_api`.
pub(super) fn schema() -> Schema {
    Schema {
        version: 0,
        description: "One HTTP API that lives in many AWS regions: a Lambda function behind an API Gateway in each, and, \
                      as far as they are asked for, one domain name whose requests Route 53 routes to the regions, health \
                      checks that take an ill region out, and CloudFront in front.\n\n\
                      A region gets traffic only after its API has answered a real request. A region that is taken out \
                      of `regions` is first taken out of DNS, and destroyed once no resolver holds its answer any more.",
        attributes: [arguments(), computed()].concat(),
    }
}

fn arguments() -> Vec<Attribute> {
    vec![
        Attribute::string(
            "name",
            Required,
            "The API's name: lower case letters, digits and hyphens, at most 40, beginning with a letter. The function, \
             the role, the API and the log groups are called by it, so it is unique in the account. Another name makes \
             another API.",
        ),
        function::regions(),
        function::function(),
        traffic::gateway(),
        traffic::domain(),
        traffic::routing(),
        traffic::cdn(),
        Attribute::map(
            "tags",
            Type::String,
            OptionalComputed,
            "Tags for every AWS object that takes tags; they win over the provider's `default_tags`.",
        ),
        timeouts::attribute(
            "How long each operation may take, waits for certificates and CloudFront included. Defaults: 90 minutes to \
             create and to update, 2 hours to delete.",
        ),
        Attribute::bool(
            "deletion_protection",
            OptionalComputed,
            "Whether a destroy is refused as long as this is true. Default: `false`.",
        ),
        Attribute::string(
            "on_create_failure",
            OptionalComputed,
            "What a create does when a part of it fails: `\"rollback\"` (the default) takes away everything it made; \
             `\"keep\"` keeps it, warns, sets `status` to `\"incomplete\"`, and the next apply goes on.",
        ),
    ]
}

fn computed() -> Vec<Attribute> {
    vec![
        Attribute::string("id", Computed, "The API's name."),
        Attribute::string(
            "url",
            Computed,
            "Where the API answers: the domain name if there is one, else CloudFront's, else the first serving region's.",
        ),
        status::attribute(),
        owned::owner_id(),
        owned::account_id(),
        Attribute::objects("endpoints", Computed, "What there is in each region, by region.", endpoint()),
        Attribute::object(
            "distribution",
            Computed,
            "The CloudFront distribution; null without `cdn`.",
            vec![
                Attribute::string("id", Computed, "Its id."),
                Attribute::string("domain_name", Computed, "Its own host name."),
            ],
        ),
        Attribute::objects(
            "components",
            Computed,
            "Every AWS object of the API by its address: `us-west-2/function`, `global/record/api.example.com`. A plan \
             shows by it what is added, changed and removed.",
            vec![
                Attribute::string("kind", Computed, "What it is."),
                Attribute::string("id", Computed, "What AWS calls it; null when it is wanted but could not be made."),
                Attribute::string(
                    "revision",
                    Computed,
                    "A digest of its settings, but for the values of environment variables: it changes when they do; where only such values do, it is known after apply.",
                ),
            ],
        ),
    ]
}

fn endpoint() -> Vec<Attribute> {
    vec![
        Attribute::string(
            "execute_api_url",
            Computed,
            "The API Gateway's own URL; null when `gateway.disable_execute_api_endpoint` is set.",
        ),
        Attribute::string(
            "pinned_url",
            Computed,
            "The URL that only this region answers to; null without `domain.regional_names`.",
        ),
        Attribute::string(
            "domain_target",
            Computed,
            "The host name that the region's custom domain name is an alias of; null without one.",
        ),
        Attribute::string("function_version", Computed, "The version of the function that answers."),
        Attribute::bool("serving", Computed, "Whether requests are sent to the region, which has answered its probe."),
    ]
}

/// A text that may be left out.
fn text(name: &'static str, description: &'static str) -> Attribute {
    Attribute::string(name, Optional, description)
}

/// A number that may be left out.
fn number(name: &'static str, description: &'static str) -> Attribute {
    Attribute::number(name, Optional, description)
}

/// A flag that may be left out.
fn flag(name: &'static str, description: &'static str) -> Attribute {
    Attribute::bool(name, Optional, description)
}

/// A list of texts that may be left out.
fn texts(name: &'static str, description: &'static str) -> Attribute {
    Attribute::list(name, Type::String, Optional, description)
}
