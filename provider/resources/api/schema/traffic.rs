//! The part of the schema that says how requests come in.

use super::{flag, number, text, texts};
use crate::schema::{Attribute, Mode};
use crate::wire::Type;

/// `gateway`.
pub(super) fn gateway() -> Attribute {
    Attribute::object(
        "gateway",
        Mode::OptionalComputed,
        "What takes the requests in every region.",
        vec![
            text("protocol", "`\"http\"`, the default: an HTTP API of API Gateway."),
            texts(
                "routes",
                "Route keys: `\"$default\"`, `\"GET /items/{id}\"`, `\"ANY /files/{path+}\"`. Default: `[\"$default\"]`, \
                 every request.",
            ),
            cors(),
            Attribute::object(
                "throttle",
                Mode::Optional,
                "How many requests each region takes.",
                vec![number("rate", "Requests in a second, on average."), number("burst", "Requests at once.")],
            ),
            Attribute::object(
                "access_log",
                Mode::Optional,
                "A line in the log group `/aws/vendedlogs/multiregion/NAME/access` of the region for every request.",
                vec![
                    text(
                        "format",
                        "The line, with API Gateway's `$context` variables. Default: JSON of the usual ones.",
                    ),
                    number("retention_days", "Days after which it is deleted; 0 keeps it for ever. Default: 14."),
                ],
            ),
            flag(
                "disable_execute_api_endpoint",
                "Whether only custom domain names answer. Health checks then need `domain.regional_names`, and so does \
                 CloudFront when it asks regions one by one. Default: `false`.",
            ),
            number("timeout_ms", "How long the function may take: 50 to 30000 milliseconds. Default: 30000."),
        ],
    )
}

fn cors() -> Attribute {
    Attribute::object(
        "cors",
        Mode::Optional,
        "Cross-origin resource sharing: which web pages may call the API.",
        vec![
            texts("allow_origins", "Origins that may call: `\"https://www.example.com\"`, `\"*\"`."),
            texts("allow_methods", "Methods that they may use."),
            texts("allow_headers", "Headers that they may send."),
            texts("expose_headers", "Headers of the answer that they may read."),
            flag("allow_credentials", "Whether they may send cookies. Not with the origin `*`. Default: `false`."),
            number("max_age_seconds", "How long a browser may keep the answer: -1 to 86400 seconds."),
        ],
    )
}

/// `domain`.
pub(super) fn domain() -> Attribute {
    Attribute::object(
        "domain",
        Mode::Optional,
        "The name under which the API is reached, in a hosted zone of this account. Without it there are the endpoints of \
         the regions, and with `cdn` CloudFront's own name.",
        vec![
            Attribute::string("name", Mode::Required, "The name: `api.example.com`."),
            Attribute::string("zone_id", Mode::Required, "The id of the public hosted zone that it is in."),
            flag(
                "regional_names",
                "Whether each region also has a name of its own, `us-west-2.api.example.com`, that no routing moves. It \
                 makes the certificates cover `*.api.example.com`. Default: `false`.",
            ),
            text(
                "base_path",
                "What stands before every path: `\"v1\"` for `https://api.example.com/v1/`. Default: nothing.",
            ),
            Attribute::object(
                "certificate",
                Mode::Optional,
                "Where the certificates come from. By default one is requested in each region and validated by a record \
                 in the zone.",
                vec![
                    flag(
                        "wildcard",
                        "Whether the certificates also cover the names directly below. Always so with `regional_names`, \
                         and with a `cdn` that answers to `name` in front of the latency name. Default: `false`.",
                    ),
                    Attribute::map(
                        "arns",
                        Type::String,
                        Mode::Optional,
                        "Certificates brought along, by region: one for each region, and one in us-east-1 for `cdn`.",
                    ),
                ],
            ),
        ],
    )
}

/// `routing`.
pub(super) fn routing() -> Attribute {
    Attribute::object(
        "routing",
        Mode::OptionalComputed,
        "Who is answered by which region, as Route 53 decides it for `domain.name`.",
        vec![
            text(
                "policy",
                "`\"latency\"` (the default): the region nearest to whom asks. `\"failover\"`: of exactly two regions the \
                 primary, and the other one while the primary is ill. `\"weighted\"`: each region by its `weight`.",
            ),
            Attribute::object(
                "health_check",
                Mode::Optional,
                "A Route 53 health check of each region: an ill region gets no requests as long as another is well. It \
                 asks the region's own API Gateway endpoint, or its regional name when that is disabled.",
                vec![
                    text(
                        "path",
                        "The path that is asked for, and that the probe asks for, too; a route must lead there. Default: `\"/\"`.",
                    ),
                    number("interval_seconds", "The time between two questions: 10 or 30 seconds. Default: 30."),
                    number("failure_threshold", "How many answers in a row change the verdict: 1 to 10. Default: 3."),
                    flag("measure_latency", "Whether latency is measured, at a price. Default: `false`."),
                    text("search_string", "Text that must stand in the first 5,120 bytes of the answer."),
                ],
            ),
            number(
                "drain_seconds",
                "How long resolvers may keep an answer. So long is waited after a region was taken out of DNS before it is \
                 destroyed, and before an API's own endpoint is closed. Default: 60.",
            ),
        ],
    )
}

/// `cdn`.
pub(super) fn cdn() -> Attribute {
    Attribute::object(
        "cdn",
        Mode::Optional,
        "CloudFront in front of the regions. Without it Route 53 points straight at them.\n\n\
         With a `domain`, CloudFront answers to `domain.name` (or to `aliases`). Where it asks one latency-routed name, \
         that name cannot be its own: it is then `origin.` before `domain.name`, on certificates that cover both. If \
         `aliases` are given and `domain.name` is not among them, `domain.name` itself is the latency-routed name.\n\n\
         CloudFront fails over by asking an *origin group* of exactly two regions: the primary one and the next that \
         serves, by name. A group takes no writes: only GET, HEAD and OPTIONS come through.",
        vec![
            Attribute::string(
                "origin",
                Mode::Required,
                "What CloudFront asks. `\"latency\"`: the name that Route 53 routes to the regions, with all methods; it \
                 needs a `domain`. `\"group\"`: an origin group of two regions, with reads only; it works without a \
                 `domain`, needs two serving regions, and ignores `routing`.",
            ),
            Attribute::list(
                "failover_status_codes",
                Type::Number,
                Mode::Optional,
                "The statuses on which the second region of a group is asked: of 403, 404, 416, 429, 500, 502, 503 and \
                 504. Default: `[502, 503, 504]`.",
            ),
            texts(
                "read_paths",
                "Path patterns whose requests are reads and go to an origin group. All other requests, writes among them, \
                 go to the latency name, or with `origin = \"group\"` to the primary region alone. With \
                 `origin = \"latency\"` the group is the latency name and then the primary region. Default: none; with \
                 `origin = \"group\"` everything goes to the group.",
            ),
            text(
                "price_class",
                "Where CloudFront answers from: `\"PriceClass_100\"`, `\"PriceClass_200\"` or `\"PriceClass_All\"`, the \
                 default.",
            ),
            texts(
                "aliases",
                "The names that CloudFront answers to, in the zone of `domain`. Default: `[domain.name]`.",
            ),
        ],
    )
}
