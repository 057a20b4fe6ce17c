//! GetFunctions, CallFunction. There is no function yet.

use super::protocol::{FunctionError, call_function, get_functions};
use crate::wire::Diagnostics;

pub(super) async fn functions() -> Result<get_functions::Response, Diagnostics> {
    Ok(get_functions::Response::default())
}

pub(super) fn call(request: &call_function::Request) -> call_function::Response {
    let text = format!("This version of the provider has no function named {:?}.", request.name);
    call_function::Response { error: Some(FunctionError { text, function_argument: None }), ..Default::default() }
}
