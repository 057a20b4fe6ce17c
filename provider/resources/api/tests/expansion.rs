//! What configurations expand into.

use super::super::testing::{config, expand, outline};

#[test]
fn one_region_without_a_domain() {
    let config = config(
        r#"
        name     = "giraffe"
        regions  = { "us-east-1" = {} }
        function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
        "#,
    );
    insta::assert_snapshot!(outline(&expand(&config).unwrap()), @"");
}
