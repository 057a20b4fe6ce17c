//! The panic message that hosts recognize and show.

use std::process::Command;

const CHILD: &str = "MULTIREGION_TEST_PANICS";

#[test]
fn a_panic_is_written_in_the_form_that_hosts_show() {
    if std::env::var_os(CHILD).is_some() {
        multiregion::plugin::install_panic_hook();
        panic!("on purpose");
    }
    // The hook belongs to the whole process, so the test panics in another one.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "protocol::panic::a_panic_is_written_in_the_form_that_hosts_show"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("panic: on purpose\n\n"), "{stderr}");
    assert!(stderr.contains("panic.rs:"), "{stderr}");
    assert!(stderr.contains(concat!("terraform-provider-multiregion ", env!("CARGO_PKG_VERSION"))), "{stderr}");
}
