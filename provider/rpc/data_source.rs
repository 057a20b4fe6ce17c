//! ValidateDataResourceConfig, ReadDataSource. There is no data source yet.

use super::answer::{Answered, none_of};
use super::protocol::{read_data_source, validate_data_resource_config};

const UNKNOWN: &str = "Unknown data source";

pub(super) async fn validate(
    request: validate_data_resource_config::Request,
) -> Answered<validate_data_resource_config::Response> {
    none_of("ValidateDataResourceConfig", UNKNOWN, request.type_name).await
}

pub(super) async fn read(request: read_data_source::Request) -> Answered<read_data_source::Response> {
    none_of("ReadDataSource", UNKNOWN, request.type_name).await
}
