//! Write-only attributes: values that hosts pass on with the configuration, and that neither a plan nor a state contains.

use super::walk::{Visited, walk};
use super::{Schema, rewrite};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// An error for every write-only attribute that `config` sets: the host does not support them and would store the value.
pub fn unsupported(schema: &Schema, config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    walk(&schema.attributes, config, &Path::root(), &mut |Visited { attribute, value, path, .. }| {
        if attribute.write_only && *value != Value::Null {
            let detail = format!(
                "{path} is a write-only attribute, but this version of OpenTofu or Terraform does not support them and would \
                 store its value. Use OpenTofu 1.11 or Terraform 1.11, or newer, or use an attribute that is not write-only."
            );
            found.push(Diagnostic::error(path.clone(), "Write-only attributes are not supported", detail));
        }
    });
    found
}

/// `value` with null in place of every write-only attribute: what a plan or a state may contain.
pub(crate) fn without_write_only(value: Value, schema: &Schema) -> Value {
    rewrite(value, &schema.attributes, &|attribute, value| if attribute.write_only { Value::Null } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Attributes, attributes};

    attributes! {
        struct Account {
            /// The password.
            password_wo: String = optional, write_only();
            /// The version of the password.
            password_wo_version: i64 = optional;
        }

        struct Whole {
            /// One account.
            one: Account = optional;
            /// Many accounts.
            many: std::collections::BTreeMap<String, crate::schema::Attr<Account>> = optional;
        }
    }

    fn schema() -> Schema {
        Schema::new("Accounts.").with::<Whole>()
    }

    fn config(password: &str) -> Value {
        let account = format!(r#"{{ "password_wo": {password}, "password_wo_version": 1 }}"#);
        let whole = format!(r#"{{ "one": {account}, "many": {{ "a": {account} }} }}"#);
        crate::wire::decode_json(whole.as_bytes(), &schema().ty()).unwrap()
    }

    #[test]
    fn values_are_removed_at_every_depth() {
        assert_eq!(without_write_only(config("\"secret\""), &schema()), config("null"));
        assert_eq!(without_write_only(Value::Null, &schema()), Value::Null);
    }

    #[test]
    fn a_host_without_support_gets_an_error_without_the_value() {
        let found = unsupported(&schema(), &config("\"secret\""));
        let paths: Vec<String> = found.iter().map(|error| error.path.to_string()).collect();
        assert_eq!(paths, ["one.password_wo", "many[\"a\"].password_wo"]);
        assert!(found.iter().all(|error| error.is_error() && !error.detail.contains("secret")), "{found:?}");
        assert_eq!(unsupported(&schema(), &config("null")), []);
    }

    #[test]
    fn a_write_only_attribute_is_sensitive_and_says_what_it_requires() {
        let whole = Whole::read(&config("\"secret\""));
        assert_eq!(whole.one().known().unwrap().password_wo().known().map(String::as_str), Some("secret"));
        assert!(whole.many().known().is_some() && !whole.one().known().unwrap().password_wo_version().is_null());
        let [password, version] = &Account::attributes()[..] else { panic!() };
        assert!(password.write_only && password.sensitive && !version.write_only);
        assert_eq!(password.documentation(), "The password. Requires OpenTofu 1.11 or Terraform 1.11.");
    }
}
