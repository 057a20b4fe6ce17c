//! GetFunctions, CallFunction: provider functions. Hosts call them also before they configure the provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::protocol::{self, DynamicValue, StringKind, call_function, get_functions};
use super::server::Server;
use super::value::decode_as;
use crate::functions::{Function, FunctionError, Parameter, Signature};
use crate::wire::{Diagnostics, Type, Value, encode_msgpack, type_json};

pub(super) async fn all(
    server: Arc<Server>,
    _: get_functions::Request,
) -> Result<get_functions::Response, Diagnostics> {
    Ok(get_functions::Response { functions: signatures(&server), ..Default::default() })
}

pub(super) async fn call(
    server: Arc<Server>,
    request: call_function::Request,
) -> Result<call_function::Response, Diagnostics> {
    let function = server.function(&request.name)?;
    Ok(match evaluate(function, &request.arguments) {
        Ok(result) => call_function::Response { result: Some(result), error: None },
        Err(FunctionError { text, argument }) => {
            let function_argument = argument.and_then(|position| i64::try_from(position).ok());
            call_function::Response { result: None, error: Some(protocol::FunctionError { text, function_argument }) }
        }
    })
}

/// The signature of every function, by its name.
pub(super) fn signatures(server: &Server) -> BTreeMap<String, protocol::Function> {
    let functions = server.registries.functions.iter();
    functions.map(|function| (function.name().to_owned(), to_protocol(&function.signature()))).collect()
}

fn evaluate(function: &dyn Function, arguments: &[DynamicValue]) -> Result<DynamicValue, FunctionError> {
    let signature = function.signature();
    if arguments.len() < signature.parameters.len() {
        return Err(FunctionError::arguments());
    }
    let mut values = Vec::with_capacity(arguments.len());
    let mut is_unknown = false;
    for (position, argument) in arguments.iter().enumerate() {
        let parameter = signature.parameter(position).ok_or_else(FunctionError::arguments)?;
        let value = decode_as(Some(argument), &parameter.ty)
            .map_err(|error| FunctionError::at(position, format!("{}: {error}.", parameter.name)))?;
        if value == Value::Null && !parameter.allows_null {
            return Err(FunctionError::at(position, format!("{} must not be null.", parameter.name)));
        }
        is_unknown |= !parameter.allows_unknown && !value.is_wholly_known();
        values.push(value);
    }
    // Hosts check this before they call; a call by another client gets the same result.
    let result = if is_unknown { Value::Unknown } else { function.call(&values)? };
    let msgpack = encode_msgpack(&result, &signature.returns).map_err(|error| FunctionError {
        text: format!(
            "The function {} returned a value that does not match its signature: {error}. This is a bug in the \
             provider: please report it with the arguments.",
            function.name()
        ),
        argument: None,
    })?;
    Ok(DynamicValue { msgpack, json: Vec::new() })
}

fn to_protocol(signature: &Signature) -> protocol::Function {
    protocol::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(returns(&signature.returns)),
        summary: signature.summary.to_owned(),
        description: signature.description.to_owned(),
        description_kind: StringKind::Markdown.into(),
        deprecation_message: String::new(),
    }
}

fn parameter(parameter: &Parameter) -> protocol::function::Parameter {
    protocol::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: type_json(&parameter.ty),
        allow_null_value: parameter.allows_null,
        allow_unknown_values: parameter.allows_unknown,
        description: parameter.description.to_owned(),
        description_kind: StringKind::Markdown.into(),
    }
}

fn returns(ty: &Type) -> protocol::function::Return {
    protocol::function::Return { r#type: type_json(ty) }
}

#[cfg(test)]
mod tests {
    use tonic::Request;

    use super::super::protocol::provider_server::Provider;
    use super::super::protocol::{get_metadata, get_provider_schema};
    use super::super::registries::Registries;
    use super::*;

    /// Joins texts with a separator.
    struct Join;

    impl Function for Join {
        fn name(&self) -> &'static str {
            "join"
        }

        fn signature(&self) -> Signature {
            let separator = Parameter::new("separator", Type::String, "Text between two texts.");
            let text = Parameter { allows_null: true, ..Parameter::new("text", Type::String, "Text to join.") };
            let signature = Signature::new("Join texts", "Joins texts.", [separator], Type::String);
            Signature { variadic: Some(text), ..signature }
        }

        fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
            let [Value::String(separator), texts @ ..] = arguments else { return Err(FunctionError::arguments()) };
            let mut joined = Vec::new();
            for (position, text) in texts.iter().enumerate() {
                match text {
                    Value::String(text) if text.is_empty() => {
                        return Err(FunctionError::at(position + 1, "A text is empty. Pass null to leave it out."));
                    }
                    Value::String(text) => joined.push(text.as_str()),
                    _ => {}
                }
            }
            Ok(Value::String(joined.join(separator)))
        }
    }

    /// Returns another type than it declares.
    struct Wrong;

    impl Function for Wrong {
        fn name(&self) -> &'static str {
            "wrong"
        }

        fn signature(&self) -> Signature {
            Signature::new("Wrong", "Wrong.", [], Type::Bool)
        }

        fn call(&self, _: &[Value]) -> Result<Value, FunctionError> {
            Ok(Value::String("true".to_owned()))
        }
    }

    fn server() -> Arc<Server> {
        Arc::new(Server::new(Registries { functions: &[&Join, &Wrong], ..Registries::default() }))
    }

    async fn called(name: &str, arguments: &[Value]) -> Result<Value, (String, Option<i64>)> {
        let encode = |value| DynamicValue { msgpack: encode_msgpack(value, &Type::String).unwrap(), json: Vec::new() };
        let arguments = arguments.iter().map(encode).collect();
        let request = call_function::Request { name: name.to_owned(), arguments };
        let response = server().call_function(Request::new(request)).await.unwrap().into_inner();
        match response.error {
            Some(error) => Err((error.text, error.function_argument)),
            None => Ok(decode_as(response.result.as_ref(), &Type::String).unwrap()),
        }
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[tokio::test]
    async fn a_registered_function_is_announced_with_its_signature() {
        let functions = server().get_functions(Request::new(get_functions::Request {})).await.unwrap().into_inner();
        let join = &functions.functions["join"];
        assert_eq!(join.parameters[0].name, "separator");
        assert_eq!(join.parameters[0].r#type, br#""string""#);
        assert!(join.variadic_parameter.as_ref().is_some_and(|text| text.allow_null_value));
        assert_eq!(join.r#return, Some(returns(&Type::String)));

        let request = Request::new(get_provider_schema::Request {});
        let schema = server().get_provider_schema(request).await.unwrap().into_inner();
        assert_eq!(schema.functions, functions.functions);
        let metadata = server().get_metadata(Request::new(get_metadata::Request {})).await.unwrap().into_inner();
        let names: Vec<_> = metadata.functions.into_iter().map(|function| function.name).collect();
        assert_eq!(names, ["join", "wrong"]);
    }

    #[tokio::test]
    async fn arguments_are_checked_against_the_signature() {
        assert_eq!(called("join", &[text("-"), text("a"), Value::Null, text("b")]).await, Ok(text("a-b")));
        assert_eq!(called("join", &[text("-")]).await, Ok(text("")));
        assert_eq!(called("join", &[text("-"), Value::Unknown]).await, Ok(Value::Unknown));
        assert_eq!(called("join", &[]).await, Err((FunctionError::arguments().text, None)));
        assert_eq!(called("wrong", &[text("a")]).await, Err((FunctionError::arguments().text, None)));
        assert_eq!(called("join", &[Value::Null]).await, Err(("separator must not be null.".to_owned(), Some(0))));
        let (error, argument) = called("join", &[text("-"), text("a"), text("")]).await.unwrap_err();
        assert_eq!((error.as_str(), argument), ("A text is empty. Pass null to leave it out.", Some(2)));
    }

    #[tokio::test]
    async fn an_argument_or_result_of_another_type_is_an_error() {
        let arguments = vec![DynamicValue { msgpack: vec![0xc3], json: Vec::new() }];
        let request = call_function::Request { name: "join".to_owned(), arguments };
        let error = server().call_function(Request::new(request)).await.unwrap().into_inner().error.unwrap();
        assert_eq!(error.text, "separator: expected text, found true or false.");
        let (error, _) = called("wrong", &[]).await.unwrap_err();
        assert!(error.starts_with("The function wrong returned a value"), "{error}");
        let (error, _) = called("other", &[]).await.unwrap_err();
        assert!(
            error.ends_with("It has: join, wrong. Correct the name, or use a version of the provider that has it.")
        );
    }
}
