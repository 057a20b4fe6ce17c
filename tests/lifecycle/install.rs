//! The way of a new user: `cargo xtask install`, then `init` and `plan` without any CLI configuration.

use std::path::Path;

use strict_aws::tools::{self, PROVIDER_VERSION, Workspace};

use super::stage::{APP, Stage};

super::rows!(an_installed_provider_is_found_by_init);

async fn an_installed_provider_is_found_by_init(stage: Stage) {
    let home = tempfile::tempdir().unwrap();
    let provider = Path::new(env!("CARGO_BIN_EXE_terraform-provider-multiregion"));
    tools::install(provider, &home.path().join(".terraform.d/plugins")).unwrap();
    let mut workspace = Workspace::with_home(stage.workspace.cli(), home.path()).unwrap();
    workspace.set_env(stage.aws.env());
    workspace.write("src/app.py", APP).unwrap();
    workspace.write("main.tf", &CONFIGURATION.replace("VERSION", PROVIDER_VERSION)).unwrap();
    let init = workspace.init().await.unwrap().ok().unwrap();
    assert!(init.stdout.contains("multiregion/multiregion"), "{}", init.stdout);
    let plan = workspace.plan().await.unwrap().ok().unwrap();
    assert_eq!(plan.changes(), Some((1, 0, 0)), "{}", plan.stdout);
}

const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    multiregion = {
      source  = "multiregion/multiregion"
      version = "VERSION"
    }
  }
}

resource "multiregion_api" "this" {
  name     = "hello"
  regions  = { "us-east-1" = { primary = true }, "eu-west-1" = {} }
  function = { source_dir = "${path.module}/src", handler = "app.handler", runtime = "python3.12" }
}
"#;
