//! Provider functions: pure computations that a configuration calls as `provider::multiregion::name(…)`. One file per
//! function.
//!
//! # Adding a function
//! `example.rs` is a complete function with its tests. Copy it to a file with the name of the function, add `mod NAME;`
//! here, and add one line to [`REGISTRY`]. Everything else follows: the provider announces and serves the function, and
//! `cargo xtask docs` writes its page.

#[cfg(test)]
pub(crate) mod example;

use std::fmt::Display;

use crate::wire::{Type, Value};

/// One provider function.
///
/// Hosts call functions at any time, also on a provider that is not configured, and expect the same result for the same
/// arguments. So a function performs no I/O.
pub trait Function: Send + Sync {
    /// Name after `provider::multiregion::`.
    fn name(&self) -> &'static str;

    /// Parameters, return type and documentation.
    fn signature(&self) -> Signature;

    /// Computes the result, which has the type that the signature declares.
    ///
    /// There is one argument for each parameter, then any number for the variadic one, each of the declared type. Only
    /// parameters that allow it can be null or unknown. An argument of type [`Type::Dynamic`] is a [`Value::Dynamic`].
    ///
    /// # Errors
    /// An argument that the function does not accept.
    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError>;
}

/// What a configuration must pass to a function, and what it receives.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// One line without a period, for the registry's list of functions.
    pub summary: &'static str,
    /// Markdown for the registry's documentation.
    pub description: &'static str,
    /// The positional parameters.
    pub parameters: Vec<Parameter>,
    /// The parameter that takes all further arguments, if there is one.
    pub variadic: Option<Parameter>,
    /// The type of the result.
    pub returns: Type,
}

/// One parameter of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Name in documentation and error messages.
    pub name: &'static str,
    /// The host converts arguments to this type.
    pub ty: Type,
    /// Markdown for the registry's documentation.
    pub description: &'static str,
    /// Whether null is an argument. If not, the host refuses it.
    pub allows_null: bool,
    /// Whether the function is called with an unknown argument. If not, the host takes the result to be unknown.
    pub allows_unknown: bool,
}

/// Why a function returned no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// Found value, reason and fix, in full sentences.
    pub text: String,
    /// The position of the argument to blame, counted from 0.
    pub argument: Option<usize>,
}

impl Signature {
    /// A signature without a variadic parameter.
    pub fn new(
        summary: &'static str,
        description: &'static str,
        parameters: impl IntoIterator<Item = Parameter>,
        returns: Type,
    ) -> Self {
        Self { summary, description, parameters: parameters.into_iter().collect(), variadic: None, returns }
    }

    /// The parameter for the argument at `position`; `None` when there are more arguments than parameters.
    pub fn parameter(&self, position: usize) -> Option<&Parameter> {
        self.parameters.get(position).or(self.variadic.as_ref())
    }
}

impl Parameter {
    /// A parameter that accepts neither null nor unknown values.
    pub fn new(name: &'static str, ty: Type, description: &'static str) -> Self {
        Self { name, ty, description, allows_null: false, allows_unknown: false }
    }
}

impl FunctionError {
    /// The argument at `position`, counted from 0, is not acceptable.
    pub fn at(position: usize, text: impl Display) -> Self {
        Self { text: text.to_string(), argument: Some(position) }
    }

    /// The arguments do not fit the signature. Hosts check that, so this is a mistake of the caller.
    pub fn arguments() -> Self {
        Self { text: "The arguments do not match the parameters of the function.".to_owned(), argument: None }
    }
}

/// All provider functions. A new one is one file and one line here.
pub static REGISTRY: &[&dyn Function] = &[];
