//! The same API with hashicorp/aws: one provider alias and one module call per region.

use std::fmt::Write;
use std::path::Path;

use strict_aws::tools::{Cli, Workspace, copy_dir, source_root};
use strict_aws::{LocalAws, Options};

use super::run::{Costs, REGIONS, costs};
use crate::Outcome;

/// The largest number of regions whose provider processes fit into the memory of an ordinary machine.
pub(super) const MOST: usize = 10;

/// Measures it in the first `regions` regions. `mirror` is a filesystem mirror that contains hashicorp/aws.
pub(super) async fn measure(cli: &Cli, mirror: &Path, regions: usize) -> Outcome<Costs> {
    let aws = LocalAws::start(Options::immediate()).await?;
    let mut workspace = Workspace::with_mirror(cli, mirror)?;
    copy_dir(&source_root().join("xtask/peer"), &workspace.dir())?;
    workspace.write("regions.tf", &per_region(REGIONS.get(..regions).unwrap_or(&REGIONS)))?;
    package(&workspace).await?;
    workspace.set_env(aws.env());
    workspace.init().await?.ok()?;
    costs(&workspace, &aws).await
}

/// The configuration that is repeated for each region.
fn per_region(regions: &[&str]) -> String {
    let mut text = String::from("provider \"aws\" {\n  region = \"us-east-1\"\n}\n");
    for region in regions {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            r#"
provider "aws" {{
  alias  = "{region}"
  region = "{region}"
}}

module "{region}" {{
  source    = "./region"
  providers = {{ aws = aws.{region} }}
  name      = aws_iam_role.this.name
  domain    = "api.${{aws_route53_zone.this.name}}"
  zone_id   = aws_route53_zone.this.zone_id
  role_arn  = aws_iam_role.this.arn
  package   = "package.zip"
}}
"#
        );
    }
    text
}

/// Creates the zip file of the example's code that hashicorp/aws requires.
async fn package(workspace: &Workspace) -> Outcome {
    let source = source_root().join("examples/active-active/src/app.py");
    let zip = workspace.dir().join("package.zip");
    let mut python = tokio::process::Command::new("python3");
    python.args(["-m", "zipfile", "-c"]).arg(zip).arg(source).kill_on_drop(true);
    if python.status().await?.success() { Ok(()) } else { Err("Python could not zip the example's code.".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_takes_thirteen_lines() {
        let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
        assert_eq!(lines(&per_region(&["a", "b"])) - lines(&per_region(&["a"])), 13);
    }
}
