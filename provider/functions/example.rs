//! `home_region`: the home region in an owner id.

use super::{Function, FunctionError, Parameter, Signature};
use crate::desired::OwnerId;
use crate::wire::{Type, Value};

/// The function.
pub(crate) struct HomeRegion;

impl Function for HomeRegion {
    fn name(&self) -> &'static str {
        "home_region"
    }

    fn signature(&self) -> Signature {
        let owner_id = Parameter::new("owner_id", Type::String, "The attribute `owner_id` of a resource.");
        Signature::new("Home region of a resource", "Returns the region of the claim.", [owner_id], Type::String)
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let [Value::String(owner_id)] = arguments else { return Err(FunctionError::arguments()) };
        let invalid = || {
            format!("{owner_id:?} is not an owner id, such as us-east-1/9f2c41d07ab35e18. Use the attribute owner_id.")
        };
        let owner_id: OwnerId = owner_id.parse().map_err(|_| FunctionError::at(0, invalid()))?;
        Ok(Value::String(owner_id.home_region().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_an_owner_id_is_returned() {
        let call = |text: &str| HomeRegion.call(&[Value::String(text.to_owned())]);
        assert_eq!(call("us-east-1/9f2c41d07ab35e18"), Ok(Value::String("us-east-1".to_owned())));
        assert_eq!(call("us-east-1").unwrap_err().argument, Some(0));
    }
}
