//! Whole lifecycles of resources: a real command-line tool, the binary, the strict AWS, and real HTTP to every region.
//!
//! Every row runs with each command-line tool that is available. It asserts on what AWS reports, on the log of calls,
//! and on the plan as the tool shows it.

mod api_keys;
mod authorizers;
mod cdn;
mod changes;
mod cloudfront_latency;
mod concurrent_applies;
mod configs;
mod create;

mod edge_function;
mod failover;
mod failures;
mod functions;
mod home_regions;
mod import;
mod install;
mod interrupted;
mod invalid_configurations;
mod key_value_store;
mod kill_recovery;
mod names;
mod only_cloudfront;
mod replacement;
mod rest;
mod routing;
mod secrets;
mod stage;
mod zone;

/// One test for each row, which runs it with every command-line tool.
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
