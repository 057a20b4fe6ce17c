//! Configurations expand to the expected components, dependencies and specs.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::testing::{config, expand, outline};
use crate::desired::Address;
use crate::resources::shared::values::at;
use crate::wire::{Path, Value};

fn outlined(hcl: &str) -> String {
    outline(&expand(&config(hcl)).unwrap())
}

/// The spec of one component, as JSON.
fn spec(hcl: &str, address: &str) -> serde_json::Value {
    let address: Address = address.parse().unwrap();
    expand(&config(hcl)).unwrap().desired.get(&address).unwrap().spec.clone()
}

#[test]
fn one_region_without_a_domain_needs_no_records() {
    insta::assert_snapshot!(outlined(super::ONE_REGION), @r"
    global/claim
    global/completion_marker
    global/role
    us-east-1/alias <- us-east-1/function, us-east-1/version, us-east-1/version_check
    us-east-1/execute_api_endpoint <- us-east-1/http_api
    us-east-1/function <- global/role, us-east-1/log_group
    us-east-1/http_api
    us-east-1/integration <- us-east-1/alias, us-east-1/http_api, us-east-1/permission
    us-east-1/log_group
    us-east-1/log_group/access
    us-east-1/permission <- us-east-1/alias, us-east-1/function, us-east-1/http_api
    us-east-1/probe <- us-east-1/alias, us-east-1/execute_api_endpoint, us-east-1/http_api, us-east-1/permission, us-east-1/route/$default, us-east-1/route/GET /items/{id}, us-east-1/stage, us-east-1/version
    us-east-1/provisioned_concurrency <- us-east-1/alias, us-east-1/function
    us-east-1/route/$default <- us-east-1/http_api, us-east-1/integration
    us-east-1/route/GET /items/{id} <- us-east-1/http_api, us-east-1/integration
    us-east-1/stage <- us-east-1/http_api, us-east-1/log_group/access
    us-east-1/version <- us-east-1/function
    us-east-1/version_check <- us-east-1/function, us-east-1/version
    ");
}

#[test]
fn each_function_has_components_of_its_own() {
    insta::assert_snapshot!(outlined(super::FUNCTIONS), @r"
    global/claim
    global/completion_marker
    global/record/api.example.com <- [us-east-1/domain], [us-east-1/health_check], [us-east-1/mapping], [us-east-1/permission], [us-east-1/permission/orders], [us-east-1/permission/reports], [us-east-1/probe], [us-east-1/probe/api.example.com], [us-east-1/probe/orders], [us-east-1/probe/reports], [us-west-2/domain], [us-west-2/health_check], [us-west-2/mapping], [us-west-2/permission], [us-west-2/permission/orders], [us-west-2/permission/reports], [us-west-2/probe], [us-west-2/probe/api.example.com], [us-west-2/probe/orders], [us-west-2/probe/reports]
    global/role
    global/role/orders
    global/validation_record/api.example.com <- us-east-1/certificate
    us-east-1/alias <- us-east-1/function, us-east-1/version, us-east-1/version_check
    us-east-1/alias/orders <- us-east-1/function/orders, us-east-1/version/orders, us-east-1/version_check/orders
    us-east-1/alias/reports <- us-east-1/function/reports, us-east-1/version/reports, us-east-1/version_check/reports
    us-east-1/certificate
    us-east-1/domain <- us-east-1/issued_certificate
    us-east-1/execute_api_endpoint <- us-east-1/http_api
    us-east-1/function <- global/role, us-east-1/log_group
    us-east-1/function/orders <- global/role/orders, us-east-1/log_group/orders
    us-east-1/function/reports <- us-east-1/log_group/reports
    us-east-1/health_check <- us-east-1/http_api, us-east-1/probe, us-east-1/probe/api.example.com, us-east-1/probe/orders, us-east-1/probe/reports
    us-east-1/http_api
    us-east-1/integration <- us-east-1/alias, us-east-1/http_api, us-east-1/permission
    us-east-1/integration/orders <- us-east-1/alias/orders, us-east-1/http_api, us-east-1/permission/orders
    us-east-1/integration/reports <- us-east-1/alias/reports, us-east-1/http_api, us-east-1/permission/reports
    us-east-1/issued_certificate <- global/validation_record/api.example.com, us-east-1/certificate
    us-east-1/log_group
    us-east-1/log_group/orders
    us-east-1/log_group/reports
    us-east-1/mapping <- us-east-1/domain, us-east-1/http_api, us-east-1/probe, us-east-1/probe/orders, us-east-1/probe/reports, us-east-1/stage
    us-east-1/permission <- us-east-1/alias, us-east-1/function, us-east-1/http_api
    us-east-1/permission/orders <- us-east-1/alias/orders, us-east-1/function/orders, us-east-1/http_api
    us-east-1/permission/reports <- us-east-1/alias/reports, us-east-1/function/reports, us-east-1/http_api
    us-east-1/probe <- us-east-1/alias, us-east-1/execute_api_endpoint, us-east-1/http_api, us-east-1/permission, us-east-1/route/GET /health, us-east-1/stage, us-east-1/version
    us-east-1/probe/api.example.com <- us-east-1/alias, us-east-1/domain, us-east-1/execute_api_endpoint, us-east-1/mapping, us-east-1/version
    us-east-1/probe/orders <- us-east-1/alias/orders, us-east-1/execute_api_endpoint, us-east-1/http_api, us-east-1/permission/orders, us-east-1/route/ANY /orders, us-east-1/route/ANY /orders/{id}, us-east-1/stage, us-east-1/version/orders
    us-east-1/probe/reports <- us-east-1/alias/reports, us-east-1/execute_api_endpoint, us-east-1/http_api, us-east-1/permission/reports, us-east-1/route/GET /reports, us-east-1/stage, us-east-1/version/reports
    us-east-1/route/ANY /orders <- us-east-1/http_api, us-east-1/integration/orders
    us-east-1/route/ANY /orders/{id} <- us-east-1/http_api, us-east-1/integration/orders
    us-east-1/route/GET /health <- us-east-1/http_api, us-east-1/integration
    us-east-1/route/GET /reports <- us-east-1/http_api, us-east-1/integration/reports
    us-east-1/route_settings/ANY /orders <- us-east-1/http_api, us-east-1/route/ANY /orders, us-east-1/stage
    us-east-1/route_settings/ANY /orders/{id} <- us-east-1/http_api, us-east-1/route/ANY /orders/{id}, us-east-1/stage
    us-east-1/stage <- us-east-1/http_api
    us-east-1/version <- us-east-1/function
    us-east-1/version/orders <- us-east-1/function/orders
    us-east-1/version/reports <- us-east-1/function/reports
    us-east-1/version_check <- us-east-1/function, us-east-1/version
    us-east-1/version_check/orders <- us-east-1/function/orders, us-east-1/version/orders
    us-east-1/version_check/reports <- us-east-1/function/reports, us-east-1/version/reports
    us-west-2/alias <- us-west-2/function, us-west-2/version, us-west-2/version_check
    us-west-2/alias/orders <- us-west-2/function/orders, us-west-2/version/orders, us-west-2/version_check/orders
    us-west-2/alias/reports <- us-west-2/function/reports, us-west-2/version/reports, us-west-2/version_check/reports
    us-west-2/certificate
    us-west-2/domain <- us-west-2/issued_certificate
    us-west-2/execute_api_endpoint <- us-west-2/http_api
    us-west-2/function <- global/role, us-west-2/log_group
    us-west-2/function/orders <- global/role/orders, us-west-2/log_group/orders
    us-west-2/function/reports <- us-west-2/log_group/reports
    us-west-2/health_check <- us-west-2/http_api, us-west-2/probe, us-west-2/probe/api.example.com, us-west-2/probe/orders, us-west-2/probe/reports
    us-west-2/http_api
    us-west-2/integration <- us-west-2/alias, us-west-2/http_api, us-west-2/permission
    us-west-2/integration/orders <- us-west-2/alias/orders, us-west-2/http_api, us-west-2/permission/orders
    us-west-2/integration/reports <- us-west-2/alias/reports, us-west-2/http_api, us-west-2/permission/reports
    us-west-2/issued_certificate <- global/validation_record/api.example.com, us-west-2/certificate
    us-west-2/log_group
    us-west-2/log_group/orders
    us-west-2/log_group/reports
    us-west-2/mapping <- us-west-2/domain, us-west-2/http_api, us-west-2/probe, us-west-2/probe/orders, us-west-2/probe/reports, us-west-2/stage
    us-west-2/permission <- us-west-2/alias, us-west-2/function, us-west-2/http_api
    us-west-2/permission/orders <- us-west-2/alias/orders, us-west-2/function/orders, us-west-2/http_api
    us-west-2/permission/reports <- us-west-2/alias/reports, us-west-2/function/reports, us-west-2/http_api
    us-west-2/probe <- us-west-2/alias, us-west-2/execute_api_endpoint, us-west-2/http_api, us-west-2/permission, us-west-2/route/GET /health, us-west-2/stage, us-west-2/version
    us-west-2/probe/api.example.com <- us-west-2/alias, us-west-2/domain, us-west-2/execute_api_endpoint, us-west-2/mapping, us-west-2/version
    us-west-2/probe/orders <- us-west-2/alias/orders, us-west-2/execute_api_endpoint, us-west-2/http_api, us-west-2/permission/orders, us-west-2/route/ANY /orders, us-west-2/route/ANY /orders/{id}, us-west-2/stage, us-west-2/version/orders
    us-west-2/probe/reports <- us-west-2/alias/reports, us-west-2/execute_api_endpoint, us-west-2/http_api, us-west-2/permission/reports, us-west-2/route/GET /reports, us-west-2/stage, us-west-2/version/reports
    us-west-2/route/ANY /orders <- us-west-2/http_api, us-west-2/integration/orders
    us-west-2/route/ANY /orders/{id} <- us-west-2/http_api, us-west-2/integration/orders
    us-west-2/route/GET /health <- us-west-2/http_api, us-west-2/integration
    us-west-2/route/GET /reports <- us-west-2/http_api, us-west-2/integration/reports
    us-west-2/route_settings/ANY /orders <- us-west-2/http_api, us-west-2/route/ANY /orders, us-west-2/stage
    us-west-2/route_settings/ANY /orders/{id} <- us-west-2/http_api, us-west-2/route/ANY /orders/{id}, us-west-2/stage
    us-west-2/stage <- us-west-2/http_api
    us-west-2/version <- us-west-2/function
    us-west-2/version/orders <- us-west-2/function/orders
    us-west-2/version/reports <- us-west-2/function/reports
    us-west-2/version_check <- us-west-2/function, us-west-2/version
    us-west-2/version_check/orders <- us-west-2/function/orders, us-west-2/version/orders
    us-west-2/version_check/reports <- us-west-2/function/reports, us-west-2/version/reports
    ");
}

#[test]
fn api_without_functions_is_complete_without_routes() {
    insta::assert_snapshot!(outlined(super::NO_FUNCTION), @r"
    global/claim
    global/completion_marker
    global/record/api.example.com <- [us-east-1/domain], [us-east-1/health_check], [us-east-1/mapping], [us-east-1/probe], [us-east-1/probe/api.example.com], [us-west-2/domain], [us-west-2/health_check], [us-west-2/mapping], [us-west-2/probe], [us-west-2/probe/api.example.com]
    global/validation_record/api.example.com <- us-east-1/certificate
    us-east-1/certificate
    us-east-1/domain <- us-east-1/issued_certificate
    us-east-1/execute_api_endpoint <- us-east-1/http_api
    us-east-1/health_check <- us-east-1/http_api, us-east-1/probe, us-east-1/probe/api.example.com
    us-east-1/http_api
    us-east-1/issued_certificate <- global/validation_record/api.example.com, us-east-1/certificate
    us-east-1/mapping <- us-east-1/domain, us-east-1/http_api, us-east-1/probe, us-east-1/stage
    us-east-1/probe <- us-east-1/execute_api_endpoint, us-east-1/http_api, us-east-1/stage
    us-east-1/probe/api.example.com <- us-east-1/domain, us-east-1/execute_api_endpoint, us-east-1/mapping
    us-east-1/stage <- us-east-1/http_api
    us-west-2/certificate
    us-west-2/domain <- us-west-2/issued_certificate
    us-west-2/execute_api_endpoint <- us-west-2/http_api
    us-west-2/health_check <- us-west-2/http_api, us-west-2/probe, us-west-2/probe/api.example.com
    us-west-2/http_api
    us-west-2/issued_certificate <- global/validation_record/api.example.com, us-west-2/certificate
    us-west-2/mapping <- us-west-2/domain, us-west-2/http_api, us-west-2/probe, us-west-2/stage
    us-west-2/probe <- us-west-2/execute_api_endpoint, us-west-2/http_api, us-west-2/stage
    us-west-2/probe/api.example.com <- us-west-2/domain, us-west-2/execute_api_endpoint, us-west-2/mapping
    us-west-2/stage <- us-west-2/http_api
    ");
}

#[test]
fn drained_region_keeps_its_components() {
    insta::assert_snapshot!(outlined(super::ACTIVE_ACTIVE), @r"
    global/claim
    global/completion_marker
    global/record/api.ipgiraffe.com <- [us-east-1/domain], [us-east-1/health_check], [us-east-1/mapping], [us-east-1/permission], [us-east-1/probe], [us-east-1/probe/api.ipgiraffe.com], [us-west-2/domain], [us-west-2/health_check], [us-west-2/mapping], [us-west-2/permission], [us-west-2/probe], [us-west-2/probe/api.ipgiraffe.com]
    global/record/eu-central-1.api.ipgiraffe.com <- eu-central-1/domain/regional, eu-central-1/mapping/regional, eu-central-1/probe, eu-central-1/probe/api.ipgiraffe.com
    global/record/us-east-1.api.ipgiraffe.com <- us-east-1/domain/regional, us-east-1/mapping/regional, us-east-1/probe, us-east-1/probe/api.ipgiraffe.com
    global/record/us-west-2.api.ipgiraffe.com <- us-west-2/domain/regional, us-west-2/mapping/regional, us-west-2/probe, us-west-2/probe/api.ipgiraffe.com
    global/role
    global/validation_record/api.ipgiraffe.com <- eu-central-1/certificate
    eu-central-1/alias <- eu-central-1/function, eu-central-1/version, eu-central-1/version_check
    eu-central-1/certificate
    eu-central-1/domain <- eu-central-1/issued_certificate
    eu-central-1/domain/regional <- eu-central-1/issued_certificate
    eu-central-1/execute_api_endpoint <- eu-central-1/http_api
    eu-central-1/function <- global/role, eu-central-1/log_group
    eu-central-1/health_check <- eu-central-1/http_api, eu-central-1/probe, eu-central-1/probe/api.ipgiraffe.com
    eu-central-1/http_api
    eu-central-1/integration <- eu-central-1/alias, eu-central-1/http_api, eu-central-1/permission
    eu-central-1/issued_certificate <- global/validation_record/api.ipgiraffe.com, eu-central-1/certificate
    eu-central-1/log_group
    eu-central-1/mapping <- eu-central-1/domain, eu-central-1/http_api, eu-central-1/probe, eu-central-1/stage
    eu-central-1/mapping/regional <- eu-central-1/domain/regional, eu-central-1/http_api, eu-central-1/probe, eu-central-1/stage
    eu-central-1/permission <- eu-central-1/alias, eu-central-1/function, eu-central-1/http_api
    eu-central-1/probe <- eu-central-1/alias, eu-central-1/execute_api_endpoint, eu-central-1/http_api, eu-central-1/permission, eu-central-1/route/$default, eu-central-1/stage, eu-central-1/version
    eu-central-1/probe/api.ipgiraffe.com <- eu-central-1/alias, eu-central-1/domain, eu-central-1/execute_api_endpoint, eu-central-1/mapping, eu-central-1/version
    eu-central-1/route/$default <- eu-central-1/http_api, eu-central-1/integration
    eu-central-1/stage <- eu-central-1/http_api
    eu-central-1/version <- eu-central-1/function
    eu-central-1/version_check <- eu-central-1/function, eu-central-1/version
    us-east-1/alias <- us-east-1/function, us-east-1/version, us-east-1/version_check
    us-east-1/certificate
    us-east-1/domain <- us-east-1/issued_certificate
    us-east-1/domain/regional <- us-east-1/issued_certificate
    us-east-1/execute_api_endpoint <- us-east-1/http_api
    us-east-1/function <- global/role, us-east-1/log_group
    us-east-1/health_check <- us-east-1/http_api, us-east-1/probe, us-east-1/probe/api.ipgiraffe.com
    us-east-1/http_api
    us-east-1/integration <- us-east-1/alias, us-east-1/http_api, us-east-1/permission
    us-east-1/issued_certificate <- global/validation_record/api.ipgiraffe.com, us-east-1/certificate
    us-east-1/log_group
    us-east-1/mapping <- us-east-1/domain, us-east-1/http_api, us-east-1/probe, us-east-1/stage
    us-east-1/mapping/regional <- us-east-1/domain/regional, us-east-1/http_api, us-east-1/probe, us-east-1/stage
    us-east-1/permission <- us-east-1/alias, us-east-1/function, us-east-1/http_api
    us-east-1/probe <- us-east-1/alias, us-east-1/execute_api_endpoint, us-east-1/http_api, us-east-1/permission, us-east-1/route/$default, us-east-1/stage, us-east-1/version
    us-east-1/probe/api.ipgiraffe.com <- us-east-1/alias, us-east-1/domain, us-east-1/execute_api_endpoint, us-east-1/mapping, us-east-1/version
    us-east-1/route/$default <- us-east-1/http_api, us-east-1/integration
    us-east-1/stage <- us-east-1/http_api
    us-east-1/version <- us-east-1/function
    us-east-1/version_check <- us-east-1/function, us-east-1/version
    us-west-2/alias <- us-west-2/function, us-west-2/version, us-west-2/version_check
    us-west-2/certificate
    us-west-2/domain <- us-west-2/issued_certificate
    us-west-2/domain/regional <- us-west-2/issued_certificate
    us-west-2/execute_api_endpoint <- us-west-2/http_api
    us-west-2/function <- global/role, us-west-2/log_group
    us-west-2/health_check <- us-west-2/http_api, us-west-2/probe, us-west-2/probe/api.ipgiraffe.com
    us-west-2/http_api
    us-west-2/integration <- us-west-2/alias, us-west-2/http_api, us-west-2/permission
    us-west-2/issued_certificate <- global/validation_record/api.ipgiraffe.com, us-west-2/certificate
    us-west-2/log_group
    us-west-2/mapping <- us-west-2/domain, us-west-2/http_api, us-west-2/probe, us-west-2/stage
    us-west-2/mapping/regional <- us-west-2/domain/regional, us-west-2/http_api, us-west-2/probe, us-west-2/stage
    us-west-2/permission <- us-west-2/alias, us-west-2/function, us-west-2/http_api
    us-west-2/probe <- us-west-2/alias, us-west-2/execute_api_endpoint, us-west-2/http_api, us-west-2/permission, us-west-2/route/$default, us-west-2/stage, us-west-2/version
    us-west-2/probe/api.ipgiraffe.com <- us-west-2/alias, us-west-2/domain, us-west-2/execute_api_endpoint, us-west-2/mapping, us-west-2/version
    us-west-2/route/$default <- us-west-2/http_api, us-west-2/integration
    us-west-2/stage <- us-west-2/http_api
    us-west-2/version <- us-west-2/function
    us-west-2/version_check <- us-west-2/function, us-west-2/version
    ");
}

#[test]
fn failover_regions_share_one_record() {
    insta::assert_snapshot!(outlined(super::FAILOVER), @r"
    global/claim
    global/completion_marker
    global/record/api.example.com <- [us-east-1/domain], [us-east-1/health_check], [us-east-1/mapping], [us-east-1/permission], [us-east-1/probe], [us-east-1/probe/api.example.com], [us-west-2/domain], [us-west-2/health_check], [us-west-2/mapping], [us-west-2/permission], [us-west-2/probe], [us-west-2/probe/api.example.com]
    global/role
    global/validation_record/api.example.com <- us-east-1/certificate
    us-east-1/alias <- us-east-1/function, us-east-1/version, us-east-1/version_check
    us-east-1/certificate
    us-east-1/domain <- us-east-1/issued_certificate
    us-east-1/execute_api_endpoint <- us-east-1/http_api
    us-east-1/function <- global/role, us-east-1/log_group
    us-east-1/health_check <- us-east-1/http_api, us-east-1/probe, us-east-1/probe/api.example.com
    us-east-1/http_api
    us-east-1/integration <- us-east-1/alias, us-east-1/http_api, us-east-1/permission
    us-east-1/issued_certificate <- global/validation_record/api.example.com, us-east-1/certificate
    us-east-1/log_group
    us-east-1/mapping <- us-east-1/domain, us-east-1/http_api, us-east-1/probe, us-east-1/stage
    us-east-1/permission <- us-east-1/alias, us-east-1/function, us-east-1/http_api
    us-east-1/probe <- us-east-1/alias, us-east-1/execute_api_endpoint, us-east-1/http_api, us-east-1/permission, us-east-1/route/$default, us-east-1/stage, us-east-1/version
    us-east-1/probe/api.example.com <- us-east-1/alias, us-east-1/domain, us-east-1/execute_api_endpoint, us-east-1/mapping, us-east-1/version
    us-east-1/route/$default <- us-east-1/http_api, us-east-1/integration
    us-east-1/stage <- us-east-1/http_api
    us-east-1/version <- us-east-1/function
    us-east-1/version_check <- us-east-1/function, us-east-1/version
    us-west-2/alias <- us-west-2/function, us-west-2/version, us-west-2/version_check
    us-west-2/certificate
    us-west-2/domain <- us-west-2/issued_certificate
    us-west-2/execute_api_endpoint <- us-west-2/http_api
    us-west-2/function <- global/role, us-west-2/log_group
    us-west-2/health_check <- us-west-2/http_api, us-west-2/probe, us-west-2/probe/api.example.com
    us-west-2/http_api
    us-west-2/integration <- us-west-2/alias, us-west-2/http_api, us-west-2/permission
    us-west-2/issued_certificate <- global/validation_record/api.example.com, us-west-2/certificate
    us-west-2/log_group
    us-west-2/mapping <- us-west-2/domain, us-west-2/http_api, us-west-2/probe, us-west-2/stage
    us-west-2/permission <- us-west-2/alias, us-west-2/function, us-west-2/http_api
    us-west-2/probe <- us-west-2/alias, us-west-2/execute_api_endpoint, us-west-2/http_api, us-west-2/permission, us-west-2/route/$default, us-west-2/stage, us-west-2/version
    us-west-2/probe/api.example.com <- us-west-2/alias, us-west-2/domain, us-west-2/execute_api_endpoint, us-west-2/mapping, us-west-2/version
    us-west-2/route/$default <- us-west-2/http_api, us-west-2/integration
    us-west-2/stage <- us-west-2/http_api
    us-west-2/version <- us-west-2/function
    us-west-2/version_check <- us-west-2/function, us-west-2/version
    ");
}

#[test]
fn origin_group_without_a_domain_needs_no_records() {
    insta::assert_snapshot!(outlined(super::CDN_GROUP), @r"
    global/cache_policy
    global/claim
    global/completion_marker
    global/distribution <- global/cache_policy, eu-central-1/http_api, eu-central-1/probe, us-east-1/http_api, us-east-1/probe
    global/role
    eu-central-1/alias <- eu-central-1/function, eu-central-1/version, eu-central-1/version_check
    eu-central-1/execute_api_endpoint <- eu-central-1/http_api
    eu-central-1/function <- global/role, eu-central-1/log_group
    eu-central-1/http_api
    eu-central-1/integration <- eu-central-1/alias, eu-central-1/http_api, eu-central-1/permission
    eu-central-1/log_group
    eu-central-1/permission <- eu-central-1/alias, eu-central-1/function, eu-central-1/http_api
    eu-central-1/probe <- eu-central-1/alias, eu-central-1/execute_api_endpoint, eu-central-1/http_api, eu-central-1/permission, eu-central-1/route/$default, eu-central-1/stage, eu-central-1/version
    eu-central-1/route/$default <- eu-central-1/http_api, eu-central-1/integration
    eu-central-1/stage <- eu-central-1/http_api
    eu-central-1/version <- eu-central-1/function
    eu-central-1/version_check <- eu-central-1/function, eu-central-1/version
    us-east-1/alias <- us-east-1/function, us-east-1/version, us-east-1/version_check
    us-east-1/execute_api_endpoint <- us-east-1/http_api
    us-east-1/function <- global/role, us-east-1/log_group
    us-east-1/http_api
    us-east-1/integration <- us-east-1/alias, us-east-1/http_api, us-east-1/permission
    us-east-1/log_group
    us-east-1/permission <- us-east-1/alias, us-east-1/function, us-east-1/http_api
    us-east-1/probe <- us-east-1/alias, us-east-1/execute_api_endpoint, us-east-1/http_api, us-east-1/permission, us-east-1/route/$default, us-east-1/stage, us-east-1/version
    us-east-1/route/$default <- us-east-1/http_api, us-east-1/integration
    us-east-1/stage <- us-east-1/http_api
    us-east-1/version <- us-east-1/function
    us-east-1/version_check <- us-east-1/function, us-east-1/version
    us-west-2/alias <- us-west-2/function, us-west-2/version, us-west-2/version_check
    us-west-2/execute_api_endpoint <- us-west-2/http_api
    us-west-2/function <- global/role, us-west-2/log_group
    us-west-2/http_api
    us-west-2/integration <- us-west-2/alias, us-west-2/http_api, us-west-2/permission
    us-west-2/log_group
    us-west-2/permission <- us-west-2/alias, us-west-2/function, us-west-2/http_api
    us-west-2/probe <- us-west-2/alias, us-west-2/execute_api_endpoint, us-west-2/http_api, us-west-2/permission, us-west-2/route/$default, us-west-2/stage, us-west-2/version
    us-west-2/route/$default <- us-west-2/http_api, us-west-2/integration
    us-west-2/stage <- us-west-2/http_api
    us-west-2/version <- us-west-2/function
    us-west-2/version_check <- us-west-2/function, us-west-2/version
    ");
}

#[test]
fn origin_group_with_a_domain_has_a_record_for_the_distribution() {
    insta::assert_snapshot!(outlined(super::CDN_GROUP_DOMAIN), @r"
    global/cache_policy
    global/claim
    global/completion_marker
    global/distribution <- global/cache_policy, eu-central-1/http_api, eu-central-1/probe, us-east-1/issued_certificate/cdn, us-west-2/http_api, us-west-2/probe
    global/record/api.example.com <- global/distribution
    global/role
    global/validation_record/api.example.com <- us-east-1/certificate/cdn
    eu-central-1/alias <- eu-central-1/function, eu-central-1/version, eu-central-1/version_check
    eu-central-1/execute_api_endpoint <- eu-central-1/http_api
    eu-central-1/function <- global/role, eu-central-1/log_group
    eu-central-1/http_api
    eu-central-1/integration <- eu-central-1/alias, eu-central-1/http_api, eu-central-1/permission
    eu-central-1/log_group
    eu-central-1/permission <- eu-central-1/alias, eu-central-1/function, eu-central-1/http_api
    eu-central-1/probe <- eu-central-1/alias, eu-central-1/execute_api_endpoint, eu-central-1/http_api, eu-central-1/permission, eu-central-1/route/$default, eu-central-1/stage, eu-central-1/version
    eu-central-1/route/$default <- eu-central-1/http_api, eu-central-1/integration
    eu-central-1/stage <- eu-central-1/http_api
    eu-central-1/version <- eu-central-1/function
    eu-central-1/version_check <- eu-central-1/function, eu-central-1/version
    us-east-1/certificate/cdn
    us-east-1/issued_certificate/cdn <- global/validation_record/api.example.com, us-east-1/certificate/cdn
    us-west-2/alias <- us-west-2/function, us-west-2/version, us-west-2/version_check
    us-west-2/execute_api_endpoint <- us-west-2/http_api
    us-west-2/function <- global/role, us-west-2/log_group
    us-west-2/http_api
    us-west-2/integration <- us-west-2/alias, us-west-2/http_api, us-west-2/permission
    us-west-2/log_group
    us-west-2/permission <- us-west-2/alias, us-west-2/function, us-west-2/http_api
    us-west-2/probe <- us-west-2/alias, us-west-2/execute_api_endpoint, us-west-2/http_api, us-west-2/permission, us-west-2/route/$default, us-west-2/stage, us-west-2/version
    us-west-2/route/$default <- us-west-2/http_api, us-west-2/integration
    us-west-2/stage <- us-west-2/http_api
    us-west-2/version <- us-west-2/function
    us-west-2/version_check <- us-west-2/function, us-west-2/version
    ");
}

#[test]
fn latency_origin_has_its_own_record() {
    insta::assert_snapshot!(outlined(super::CDN_LATENCY), @r"
    global/cache_policy
    global/claim
    global/completion_marker
    global/distribution <- global/cache_policy, global/record/origin.api.example.com, us-east-1/http_api, us-east-1/issued_certificate, us-east-1/probe, us-east-1/probe/origin.api.example.com
    global/record/api.example.com <- global/distribution
    global/record/origin.api.example.com <- [us-east-1/domain], [us-east-1/health_check], [us-east-1/mapping], [us-east-1/permission], [us-east-1/probe], [us-east-1/probe/origin.api.example.com], [us-west-2/domain], [us-west-2/health_check], [us-west-2/mapping], [us-west-2/permission], [us-west-2/probe], [us-west-2/probe/origin.api.example.com]
    global/role
    global/validation_record/api.example.com <- us-east-1/certificate
    us-east-1/alias <- us-east-1/function, us-east-1/version, us-east-1/version_check
    us-east-1/certificate
    us-east-1/domain <- us-east-1/issued_certificate
    us-east-1/execute_api_endpoint <- us-east-1/http_api
    us-east-1/function <- global/role, us-east-1/log_group
    us-east-1/health_check <- us-east-1/http_api, us-east-1/probe, us-east-1/probe/origin.api.example.com
    us-east-1/http_api
    us-east-1/integration <- us-east-1/alias, us-east-1/http_api, us-east-1/permission
    us-east-1/issued_certificate <- global/validation_record/api.example.com, us-east-1/certificate
    us-east-1/log_group
    us-east-1/mapping <- us-east-1/domain, us-east-1/http_api, us-east-1/probe, us-east-1/stage
    us-east-1/permission <- us-east-1/alias, us-east-1/function, us-east-1/http_api
    us-east-1/probe <- us-east-1/alias, us-east-1/execute_api_endpoint, us-east-1/http_api, us-east-1/permission, us-east-1/route/$default, us-east-1/stage, us-east-1/version
    us-east-1/probe/origin.api.example.com <- us-east-1/alias, us-east-1/domain, us-east-1/execute_api_endpoint, us-east-1/mapping, us-east-1/version
    us-east-1/route/$default <- us-east-1/http_api, us-east-1/integration
    us-east-1/stage <- us-east-1/http_api
    us-east-1/version <- us-east-1/function
    us-east-1/version_check <- us-east-1/function, us-east-1/version
    us-west-2/alias <- us-west-2/function, us-west-2/version, us-west-2/version_check
    us-west-2/certificate
    us-west-2/domain <- us-west-2/issued_certificate
    us-west-2/execute_api_endpoint <- us-west-2/http_api
    us-west-2/function <- global/role, us-west-2/log_group
    us-west-2/health_check <- us-west-2/http_api, us-west-2/probe, us-west-2/probe/origin.api.example.com
    us-west-2/http_api
    us-west-2/integration <- us-west-2/alias, us-west-2/http_api, us-west-2/permission
    us-west-2/issued_certificate <- global/validation_record/api.example.com, us-west-2/certificate
    us-west-2/log_group
    us-west-2/mapping <- us-west-2/domain, us-west-2/http_api, us-west-2/probe, us-west-2/stage
    us-west-2/permission <- us-west-2/alias, us-west-2/function, us-west-2/http_api
    us-west-2/probe <- us-west-2/alias, us-west-2/execute_api_endpoint, us-west-2/http_api, us-west-2/permission, us-west-2/route/$default, us-west-2/stage, us-west-2/version
    us-west-2/probe/origin.api.example.com <- us-west-2/alias, us-west-2/domain, us-west-2/execute_api_endpoint, us-west-2/mapping, us-west-2/version
    us-west-2/route/$default <- us-west-2/http_api, us-west-2/integration
    us-west-2/stage <- us-west-2/http_api
    us-west-2/version <- us-west-2/function
    us-west-2/version_check <- us-west-2/function, us-west-2/version
    ");
}

#[test]
fn existing_certificates_and_role_are_not_created() {
    insta::assert_snapshot!(outlined(super::EXISTING_OBJECTS), @r"
    global/claim
    global/completion_marker
    global/distribution <- global/record/api.example.com, us-east-1/issued_certificate/cdn
    global/record/api.example.com <- [us-west-2/domain], [us-west-2/mapping], [us-west-2/permission], [us-west-2/probe], [us-west-2/probe/api.example.com]
    global/record/www.example.com <- global/distribution
    us-east-1/issued_certificate/cdn
    us-west-2/alias <- us-west-2/function, us-west-2/version, us-west-2/version_check
    us-west-2/domain <- us-west-2/issued_certificate
    us-west-2/execute_api_endpoint <- us-west-2/http_api
    us-west-2/function <- us-west-2/log_group
    us-west-2/http_api
    us-west-2/integration <- us-west-2/alias, us-west-2/http_api, us-west-2/permission
    us-west-2/issued_certificate
    us-west-2/log_group
    us-west-2/mapping <- us-west-2/domain, us-west-2/http_api, us-west-2/probe, us-west-2/stage
    us-west-2/permission <- us-west-2/alias, us-west-2/function, us-west-2/http_api
    us-west-2/probe <- us-west-2/alias, us-west-2/execute_api_endpoint, us-west-2/http_api, us-west-2/permission, us-west-2/route/$default, us-west-2/stage, us-west-2/version
    us-west-2/probe/api.example.com <- us-west-2/alias, us-west-2/domain, us-west-2/execute_api_endpoint, us-west-2/mapping, us-west-2/version
    us-west-2/route/$default <- us-west-2/http_api, us-west-2/integration
    us-west-2/stage <- us-west-2/http_api
    us-west-2/version <- us-west-2/function
    us-west-2/version_check <- us-west-2/function, us-west-2/version
    ");
}

#[test]
fn record_excludes_drained_regions_and_waits_for_the_others() {
    let record = spec(super::ACTIVE_ACTIVE, "global/record/api.ipgiraffe.com");
    insta::assert_snapshot!(serde_json::to_string_pretty(&record).unwrap(), @r#"
    {
      "drain_seconds": 60,
      "name": "api.ipgiraffe.com",
      "sets": {
        "us-east-1": {
          "$ready": [
            "us-east-1/probe",
            "us-east-1/probe/api.ipgiraffe.com",
            "us-east-1/mapping",
            "us-east-1/permission"
          ],
          "value": {
            "health_check_id": {
              "$ref": "us-east-1/health_check",
              "output": "id"
            },
            "routing": {
              "latency": {
                "region": "us-east-1"
              }
            },
            "target": {
              "$ref": "us-east-1/domain",
              "output": "target"
            },
            "target_zone_id": {
              "$ref": "us-east-1/domain",
              "output": "zone_id"
            }
          }
        },
        "us-west-2": {
          "$ready": [
            "us-west-2/probe",
            "us-west-2/probe/api.ipgiraffe.com",
            "us-west-2/mapping",
            "us-west-2/permission"
          ],
          "value": {
            "health_check_id": {
              "$ref": "us-west-2/health_check",
              "output": "id"
            },
            "routing": {
              "latency": {
                "region": "us-west-2"
              }
            },
            "target": {
              "$ref": "us-west-2/domain",
              "output": "target"
            },
            "target_zone_id": {
              "$ref": "us-west-2/domain",
              "output": "zone_id"
            }
          }
        }
      },
      "types": [
        "A",
        "AAAA"
      ],
      "zone_id": "Z0123456789"
    }
    "#);
}

#[test]
fn region_with_a_disabled_endpoint_is_probed_by_its_regional_name() {
    let probe = spec(super::WEIGHTED, "us-west-2/probe");
    assert_eq!(probe["endpoint"]["$ref"], "us-west-2/domain/regional");
    assert_eq!(probe["host"], "us-west-2.api.example.com");
    assert_eq!(spec(super::WEIGHTED, "us-west-2/health_check")["host"], "us-west-2.api.example.com");
}

#[test]
fn probe_requests_a_path_that_matches_a_route() {
    let probed = |routes: &str| {
        let probe = spec(&super::ONE_REGION.replace(r#""GET /items/{id}", "$default""#, routes), "us-east-1/probe");
        (probe["path"].as_str().unwrap().to_owned(), probe["routed"].as_bool().unwrap())
    };
    assert_eq!(probed(r#""GET /items", "$default""#), ("/".to_owned(), true));
    assert_eq!(probed(r#""GET /items", "GET /items/{id}""#), ("/items".to_owned(), true));
    assert_eq!(probed(r#""POST /items", "GET /items/{id}""#), ("/".to_owned(), false));
    assert_eq!(spec(super::ACTIVE_ACTIVE, "us-west-2/probe")["path"], "/health");
}

#[test]
fn routes_use_authorizers_that_may_call_their_functions() {
    let expansion = expand(&config(super::AUTHORIZERS)).unwrap();
    let node = |address: &str| expansion.desired.get(&address.parse().unwrap()).unwrap();
    let before = |address: &str| -> Vec<String> {
        let all = node(address).depends_on.iter().map(ToString::to_string);
        all.filter(|other| other.contains("authorizer") || other.contains("permission")).collect()
    };
    assert_eq!(before("us-west-2/authorizer/keys"), ["us-west-2/permission/gate"]);
    assert_eq!(before("us-west-2/route/GET /keys"), ["us-west-2/authorizer/keys"]);
    assert_eq!(before("us-west-2/route/ANY /orders"), ["us-west-2/authorizer/users"]);
    assert_eq!(before("us-west-2/route/GET /admin"), [""; 0]);

    let authorization = |route: &str| node(&format!("us-west-2/route/{route}")).spec["authorization"].clone();
    let id = |name: &str| json!({ "$ref": format!("us-west-2/authorizer/{name}"), "output": "id" });
    let users = json!({ "jwt": { "authorizer_id": id("users"), "scopes": ["orders/write", "orders/read"] } });
    assert_eq!(authorization("ANY /orders"), users);
    assert_eq!(authorization("GET /keys"), json!({ "lambda": { "authorizer_id": id("keys") } }));
    assert_eq!((authorization("GET /admin"), authorization("GET /health")), (json!("iam"), json!(null)));

    let partners = &node("us-west-2/authorizer/partners").spec;
    assert_eq!(partners["identity_sources"], json!(["$request.header.X-Partner"]));
    let expected = json!({
        "function_arn": "arn:aws:lambda:us-west-2:123456789012:function:partners",
        "payload_format": "1.0", "simple_responses": false, "ttl_seconds": 300,
    });
    assert_eq!(partners["lambda"], expected);
}

#[test]
fn routes_of_the_single_function_do_not_reach_the_others() {
    let values = spec(super::REST, "us-east-1/rest_definition")["values"].clone();
    let aliases: BTreeSet<&str> =
        values.as_object().unwrap().values().map(|value| value["$ref"].as_str().unwrap()).collect();
    assert_eq!(aliases, BTreeSet::from(["us-east-1/alias", "us-east-1/alias/orders"]));
}

#[test]
fn a_probe_expects_the_refusal_of_a_protected_route() {
    let probe = |function: &str| {
        let probe = spec(super::AUTHORIZERS, &format!("us-east-1/probe{function}"));
        (probe["path"].as_str().unwrap().to_owned(), probe["routed"] == true, probe["protected"] == true)
    };
    assert_eq!(probe(""), ("/health".to_owned(), true, false));
    assert_eq!(probe("/admin"), ("/admin".to_owned(), true, true));
    assert_eq!(probe("/gate"), ("/".to_owned(), false, true));
}

/// The path and the expected answer of the probe of a function, and what its version must answer.
fn probed(hcl: &str, function: &str) -> (serde_json::Value, serde_json::Value, serde_json::Value) {
    let probe = spec(hcl, &format!("us-east-1/probe{function}"));
    let check = spec(hcl, &format!("us-east-1/version_check{function}"));
    (probe["path"].clone(), probe["expected"].clone(), check["request"]["expected"].clone())
}

#[test]
fn a_probe_expects_the_answer_that_route_53_expects() {
    use serde_json::json;

    let healthy = |text| json!({ "path": "/health", "statuses": ["200-399"], "search_string": text });
    let usual = json!({ "path": null, "statuses": [], "search_string": null });
    let hcl = super::ACTIVE_ACTIVE.replace("path = \"/health\"", "path = \"/health\", search_string = \"ok\"");
    assert_eq!(probed(&hcl, ""), (json!("/health"), healthy(json!("ok")), healthy(json!("ok"))));
    // Only one of the functions serves the path of the health check.
    let nothing = json!(null);
    assert_eq!(probed(super::FUNCTIONS, ""), (json!("/health"), healthy(nothing.clone()), healthy(nothing)));
    assert_eq!(probed(super::FUNCTIONS, "/orders"), (json!("/orders"), usual.clone(), usual.clone()));
    let overlapping =
        super::FUNCTIONS.replace("\"GET /health\"", "\"$default\"").replace("\"GET /reports\"", "\"GET /health\"");
    assert_eq!(probed(&overlapping, "").1, usual);
    assert_eq!(probed(&overlapping, "/reports").1["statuses"], json!(["200-399"]));
    // Route 53 reads no response, or expects a failure.
    for setting in ["protocol = \"tcp\"", "inverted = true", "disabled = true"] {
        let hcl = super::FAILOVER.replace("interval_seconds = 10", setting);
        assert_eq!(probed(&hcl, "").1, usual, "{setting}");
    }
    assert_eq!(probed(super::ONE_REGION, "").1, usual);
}

#[test]
fn a_probe_goes_the_way_of_clients() {
    use serde_json::json;

    let probe = spec(super::ACTIVE_ACTIVE, "us-east-1/probe/api.ipgiraffe.com");
    assert_eq!(probe["host"], json!("api.ipgiraffe.com"));
    assert_eq!(probe["endpoint"], json!({ "$ref": "us-east-1/domain", "output": "target" }));
    assert_eq!((&probe["path"], &probe["expected"]["path"]), (&json!("/v1/health"), &json!("/health")));
    assert_eq!(probe["expected"]["statuses"], json!(["200-399"]));
    // It asks the function that serves the path.
    let asked = |hcl: &str| spec(hcl, "us-east-1/probe/api.example.com")["version"]["$ref"].clone();
    assert_eq!(asked(super::FUNCTIONS), json!("us-east-1/version"));
    assert_eq!(
        asked(&super::FUNCTIONS.replace("path = \"/health\"", "path = \"/reports\"")),
        json!("us-east-1/version/reports")
    );
    // With disabled endpoints, the only probe uses the name. Without a certificate, no request reaches it.
    for hcl in [super::WEIGHTED, super::MUTUAL_TLS, super::ONE_REGION] {
        let desired = expand(&config(hcl)).unwrap().desired;
        let probes = desired.nodes().keys().filter(|address| address.kind == "probe" && address.key.is_some());
        assert_eq!(probes.count(), 0, "{hcl}");
    }
}

#[test]
fn routing_probe_decides_what_counts() {
    use serde_json::json;

    let with = |probe: &str| {
        let hcl = super::FUNCTIONS.replace("path = \"/health\"", &format!("path = \"/health\" }}, probe = {{ {probe}"));
        (probed(&hcl, ""), probed(&hcl, "/orders"))
    };
    let (health, orders) = with("statuses = [\"200\", \"401\"]");
    assert_eq!(health.1, json!({ "path": "/health", "statuses": ["200", "401"], "search_string": null }));
    assert_eq!(orders.1, json!({ "path": null, "statuses": ["200", "401"], "search_string": null }));
    let (health, orders) = with("path = \"/orders\", search_string = \"ok\"");
    assert_eq!(
        (health.0, health.1["path"].clone(), health.1["statuses"].clone()),
        (json!("/health"), json!(null), json!([]))
    );
    assert_eq!(orders.1, json!({ "path": "/orders", "statuses": ["200-399"], "search_string": "ok" }));
    let disabled = super::ONE_REGION.replace("tags = ", "routing = { probe = { enabled = false } }\ntags = ");
    assert_eq!(spec(&disabled, "us-east-1/probe")["enabled"], json!(false));
    assert_eq!(spec(super::ONE_REGION, "us-east-1/probe")["enabled"], json!(true));
}

#[test]
fn access_log_group_has_the_vended_logs_prefix() {
    let group = spec(super::ONE_REGION, "us-east-1/log_group/access");
    assert_eq!(group["name"], "/aws/vendedlogs/multiregion/giraffe/access");
}

#[test]
fn version_changes_only_with_the_settings_it_freezes() {
    let fingerprint = |hcl: &str| spec(hcl, "us-east-1/version")["fingerprint"].clone();
    let before = fingerprint(super::CDN_LATENCY);
    assert!(before.is_string());
    let changed = |from: &str, to: &str| fingerprint(&super::CDN_LATENCY.replace(from, to)) != before;
    assert!(changed("python3.12", "python3.13"));
    assert!(changed("runtime =", "environment = { STAGE = \"test\" }, runtime ="));
    assert!(changed("runtime =", "role_arn = \"arn:aws:iam::123456789012:role/mine\", runtime ="));
    assert!(!changed("runtime =", "reserved_concurrency = 3, log_retention_days = 30, runtime ="));
    assert!(!changed("routing ", "tags = { a = \"b\" }\nrouting "));
    let unknown = fingerprint(&super::CDN_LATENCY.replace("\"src\"", "var.source"));
    assert_eq!(unknown, serde_json::json!({ "$unknown": true }));
}

#[test]
fn unknown_zone_makes_only_its_records_unknown() {
    let hcl = super::ACTIVE_ACTIVE.replace("\"Z0123456789\"", "multiregion_zone.this.id");
    let expansion = expand(&config(&hcl)).unwrap();
    assert!(expansion.addresses_known);
    let nodes = expansion.desired.nodes().iter();
    let unknown: Vec<String> = nodes
        .filter(|(_, node)| node.spec.to_string().contains("$unknown"))
        .map(|(address, _)| address.to_string())
        .collect();
    insta::assert_snapshot!(unknown.join("\n"), @r"
    global/record/api.ipgiraffe.com
    global/record/eu-central-1.api.ipgiraffe.com
    global/record/us-east-1.api.ipgiraffe.com
    global/record/us-west-2.api.ipgiraffe.com
    global/validation_record/api.ipgiraffe.com
    ");
}

#[test]
fn unknown_domain_name_makes_all_components_unknown() {
    let hcl = super::ACTIVE_ACTIVE.replace("\"api.ipgiraffe.com\"", "var.name");
    let config = config(&hcl);
    let expansion = expand(&config).unwrap();
    assert!(!expansion.addresses_known && expansion.desired.nodes().is_empty());
    let state = super::super::state::state(&config, &crate::plan::View::default());
    assert_eq!(at(&state, &Path::of("components")), &Value::Unknown);
    assert_eq!(at(&state, &Path::of("distribution")), &Value::Null, "the configuration does not set cdn");
    assert_eq!(at(&state, &Path::of("id")), &Value::String("ipgiraffe".to_owned()));
}

#[test]
fn generated_values_are_unknown_while_it_is_unknown_which_keys_have_one() {
    let values = |key: &str| {
        let hcl = super::REST.replace(r#"value = "0123456789abcdefghij""#, key);
        assert_eq!(hcl == super::REST, key.contains("0123456789"), "{key}");
        let state = super::super::state::state(&config(&hcl), &crate::plan::View::default());
        at(&state, &Path::of("api_key_values")).clone()
    };
    let of = |names: &[&str]| Value::Map(names.iter().map(|name| ((*name).to_owned(), Value::Null)).collect());
    for (key, expected) in [
        (r#"value = "0123456789abcdefghij""#, of(&["shop"])),
        ("generation = var.generation", of(&["partner", "shop"])),
        ("value_wo = var.value, value_wo_version = 1", of(&["shop"])),
        ("value = var.value", Value::Unknown),
        ("value_wo = var.value, value_wo_version = var.version", Value::Unknown),
    ] {
        assert_eq!(values(key), expected, "{key}");
    }
}

#[test]
fn role_has_a_policy_for_each_enabled_feature() {
    let role = spec(super::WEIGHTED, "global/role");
    let policies: Vec<&String> = role["policies"].as_object().unwrap().keys().collect();
    assert_eq!(policies, ["logs", "tracing"]);
    assert!(role["policies"]["logs"].as_str().unwrap().contains(":log-group:/aws/lambda/giraffe-image:*"));
    let role = spec(super::ONE_REGION, "global/role");
    assert_eq!(role["policies"]["function"], r#"{"Statement":[],"Version":"2012-10-17"}"#);
}

#[test]
fn endpoint_is_disabled_last_and_enabled_first() {
    let dependencies = |hcl: &str, address: &str| {
        let address: Address = address.parse().unwrap();
        let desired = expand(&config(hcl)).unwrap().desired;
        desired.get(&address).unwrap().depends_on.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let disabled = dependencies(super::WEIGHTED, "us-west-2/execute_api_endpoint");
    insta::assert_snapshot!(disabled.join(" "), @"global/claim global/record/api.example.com global/record/us-west-2.api.example.com us-west-2/health_check us-west-2/http_api us-west-2/probe");
    let enabled = dependencies(super::FAILOVER, "us-west-2/execute_api_endpoint");
    insta::assert_snapshot!(enabled.join(" "), @"global/claim us-west-2/http_api");
    assert!(dependencies(super::FAILOVER, "us-west-2/probe").contains(&"us-west-2/execute_api_endpoint".to_owned()));
}

/// The record sets of a record: key, routing and health check.
fn sets(hcl: &str, name: &str) -> Vec<String> {
    let spec = spec(hcl, &format!("global/record/{name}"));
    let sets = spec["sets"].as_object().unwrap().iter();
    sets.map(|(key, set)| {
        let value = &set["value"];
        let check = value["health_check_id"]["$ref"].as_str().unwrap_or("none");
        let evaluated = value.get("evaluate_target_health").is_none();
        format!("{key}: {} {check} {evaluated}", value["routing"])
    })
    .collect()
}

#[test]
fn geolocation_has_a_record_set_for_each_location() {
    assert_eq!(
        sets(super::GEOLOCATION, "api.example.com"),
        [
            r#"eu-central-1/DE: {"geolocation":{"location":"DE"}} eu-central-1/health_check true"#,
            r#"eu-central-1/EU: {"geolocation":{"location":"EU"}} eu-central-1/health_check true"#,
            r#"us-east-1/*: {"geolocation":{"location":"*"}} us-east-1/health_check true"#,
            r#"us-west-2/NA: {"geolocation":{"location":"NA"}} us-west-2/health_check true"#,
            r#"us-west-2/US-WA: {"geolocation":{"location":"US-WA"}} us-west-2/health_check true"#,
            r#"us-west-2/country:NA: {"geolocation":{"location":"country:NA"}} us-west-2/health_check true"#,
        ]
    );
}

#[test]
fn ip_based_regions_refer_to_locations_of_one_collection() {
    assert_eq!(
        sets(super::IP_BASED, "api.example.com"),
        [
            r#"eu-central-1: {"ip_based":{"collection_id":{"$ref":"global/cidr_collection","output":"id"},"location":{"$ref":"global/cidr_location/eu-central-1","output":"name"}}} none false"#,
            r#"us-east-1: {"ip_based":{"collection_id":{"$ref":"global/cidr_collection","output":"id"},"location":{"$ref":"global/cidr_location/us-east-1","output":"name"}}} none false"#,
            r#"us-east-1/*: {"ip_based":{"collection_id":{"$ref":"global/cidr_collection","output":"id"},"location":"*"}} none false"#,
        ]
    );
    let location = spec(super::IP_BASED, "global/cidr_location/eu-central-1");
    assert_eq!(location["cidrs"], serde_json::json!(["198.51.100.0/24", "2001:db8::/32"]));
}

#[test]
fn secondary_regions_share_a_record_below_that_of_the_primary() {
    assert_eq!(
        sets(super::NESTED_FAILOVER, "api.example.com"),
        [
            r#"secondary: {"failover":{"primary":false}} global/calculated_health_check true"#,
            r#"us-west-2: {"failover":{"primary":true}} us-west-2/health_check true"#,
        ]
    );
    assert_eq!(
        sets(super::NESTED_FAILOVER, "secondary.api.example.com"),
        [
            r#"eu-central-1: {"latency":{"region":"eu-central-1"}} eu-central-1/health_check true"#,
            r#"us-east-1: {"latency":{"region":"us-east-1"}} us-east-1/health_check true"#,
        ]
    );
    let parent = spec(super::NESTED_FAILOVER, "global/calculated_health_check");
    assert_eq!(parent["children"].as_object().unwrap().keys().collect::<Vec<_>>(), ["eu-central-1", "us-east-1"]);
}

#[test]
fn draining_a_secondary_region_changes_no_names() {
    let drained = format!("drained = [\"us-east-1\"]{}", super::NESTED_FAILOVER);
    assert_eq!(sets(&drained, "secondary.api.example.com").len(), 1);
    let both = format!("drained = [\"eu-central-1\", \"us-east-1\"]{}", super::NESTED_FAILOVER);
    assert_eq!(sets(&both, "api.example.com").len(), 1);
    let address: Address = "global/record/secondary.api.example.com".parse().unwrap();
    assert!(expand(&config(&both)).unwrap().desired.get(&address).is_none());
}

#[test]
fn regions_use_their_own_alarm_or_an_existing_health_check() {
    let alarm = spec(super::ALARMS, "us-west-2/alarm_health_check");
    assert_eq!((&alarm["alarm_region"], &alarm["insufficient_data"]), (&"us-east-1".into(), &"Unhealthy".into()));
    let id = &spec(super::EXISTING_CHECKS, "global/record/api.example.com")["sets"]["us-east-1"]["value"];
    assert_eq!(id["health_check_id"], "11111111-2222-3333-4444-555555555555");
}

/// The records of a configuration, with the keys of their sets.
fn record_sets(hcl: &str) -> String {
    let desired = expand(&config(hcl)).unwrap().desired;
    let records = desired.nodes().iter().filter(|(address, _)| address.kind == "record");
    let line = |(address, node): (&Address, &crate::desired::Node)| {
        let sets = node.spec["sets"].as_object().unwrap();
        format!(
            "{}: {}",
            address.key.as_deref().unwrap_or_default(),
            sets.keys().cloned().collect::<Vec<_>>().join(" ")
        )
    };
    records.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn additional_names_are_routed_like_the_first_one() {
    insta::assert_snapshot!(record_sets(super::NAMES), @r"
    *.tenants.example.com: secondary us-west-2
    a.api.example.com: secondary us-west-2
    api.example.com: secondary us-west-2
    eu-central-1.api.example.com: eu-central-1
    secondary.*.tenants.example.com: eu-central-1 us-east-1
    secondary.a.api.example.com: eu-central-1 us-east-1
    secondary.api.example.com: eu-central-1 us-east-1
    secondary.shop.example.com: eu-central-1 us-east-1
    shop.example.com: secondary us-west-2
    us-east-1.api.example.com: us-east-1
    us-west-2.api.example.com: us-west-2
    ");
    let target = |name: &str| {
        let record = spec(super::NAMES, &format!("global/record/{name}"));
        record["sets"]["us-west-2"]["value"]["target"]["$ref"].as_str().unwrap().to_owned()
    };
    assert_eq!(target("api.example.com"), "us-west-2/domain");
    assert_eq!(target("*.tenants.example.com"), "us-west-2/domain/+.tenants.example.com");
    assert_eq!(
        spec(super::NAMES, "us-west-2/certificate")["names"],
        serde_json::json!([
            "api.example.com",
            "*.api.example.com",
            "shop.example.com",
            "*.tenants.example.com",
            "a.api.example.com"
        ])
    );
    let validation = spec(super::NAMES, "global/validation_record/tenants.example.com");
    assert_eq!(validation["name"]["entry"], "tenants.example.com");
    let issued = expand(&config(super::NAMES)).unwrap().desired;
    let issued = issued.get(&"us-west-2/issued_certificate".parse().unwrap()).unwrap();
    let waits = issued.depends_on.iter().filter(|address| address.kind == "validation_record");
    assert_eq!(waits.count(), 4);
}

#[test]
fn a_private_zone_has_the_same_records() {
    let all = record_sets(super::PRIVATE_ZONE);
    let (private, public): (Vec<&str>, Vec<&str>) = all.lines().partition(|line| line.starts_with("private/"));
    let private: Vec<&str> = private.iter().filter_map(|line| line.strip_prefix("private/")).collect();
    assert_eq!(private, public);
    assert_eq!(public.len(), 7);
    let set = spec(super::PRIVATE_ZONE, "global/record/private/shop.example.com")["sets"]["secondary"].clone();
    assert_eq!(set["value"]["target"]["$ref"], "global/record/private/secondary.shop.example.com");
    assert_eq!(set["value"]["target_zone_id"], "ZPRIVATE");
    let private = expand(&config(super::PRIVATE_ZONE)).unwrap().desired;
    let pinned = private.get(&"global/record/private/us-west-2.api.example.com".parse().unwrap()).unwrap();
    assert!(pinned.depends_on.iter().any(|address| address.kind == "probe"), "{:?}", pinned.depends_on);
}

#[test]
fn functions_behind_mutual_tls_are_invoked() {
    let domain = spec(super::MUTUAL_TLS, "us-west-2/domain/regional")["mutual_tls"].clone();
    assert_eq!(domain["truststore_uri"], "s3://west/authorities.pem");
    assert_eq!(domain["truststore_version"], "v2");
    let domain = spec(super::MUTUAL_TLS, "us-east-1/domain")["mutual_tls"].clone();
    assert_eq!(domain["truststore_uri"], "s3://truststore/authorities.pem");
    assert_eq!(spec(super::MUTUAL_TLS, "us-east-1/version_check")["request"]["format"], "1.0");
    for topology in [super::MUTUAL_TLS, super::MUTUAL_TLS_NO_FUNCTION] {
        let desired = expand(&config(topology)).unwrap().desired;
        assert!(desired.nodes().keys().all(|address| address.kind != "probe"));
    }
    let domain = spec(super::MUTUAL_TLS_NO_FUNCTION, "us-east-1/domain")["mutual_tls"].clone();
    assert_eq!(domain["truststore_uri"], "s3://east/authorities.pem");
    assert!(domain["ownership_certificate_arn"].as_str().unwrap().ends_with("/2"));
}

#[test]
fn cloudfront_serves_the_additional_names_that_are_its_aliases() {
    insta::assert_snapshot!(record_sets(super::NAMES_CDN), @r"
    api.example.com: cdn
    direct.example.com: us-east-1 us-west-2
    origin.api.example.com: us-east-1 us-west-2
    shop.example.com: cdn
    www.example.com: cdn
    ");
    insta::assert_snapshot!(record_sets(super::NAMES_CDN_GROUP), @r"
    api.example.com: cdn
    shop.example.com: cdn
    ");
    let names = spec(super::NAMES_CDN_GROUP, "us-east-1/certificate/cdn")["names"].clone();
    assert_eq!(names, serde_json::json!(["shop.example.com", "api.example.com"]));
}
