//! Whole lives of resources: a real CLI, our binary, strict AWS, and real HTTP to every region.
//!
//! Every row runs with each CLI that is there. It asserts on what AWS reports, on its log of calls, and on what the CLI
//! itself shows of a plan.

mod changes;
mod configs;
mod create;
mod failures;
mod homes;
mod import;
mod install;
mod killed;
mod kills;
mod mistakes;
mod replacement;
mod rivals;
mod routing;
mod secrets;
mod stage;
mod zone;

/// One test for a row, which runs it with every CLI.
macro_rules! rows {
    ($($name:ident),+ $(,)?) => {
        mod rows {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    for cli in strict_aws::tools::clis().await.expect("a CLI is found or built") {
                        super::$name(super::super::stage::Stage::new(&cli).await).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use rows;
