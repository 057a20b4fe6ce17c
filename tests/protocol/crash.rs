//! What the host hears of a panic.

use std::process::Command;

const CHILD: &str = "MULTIREGION_TEST_PANICS";

#[test]
fn a_panic_speaks_the_form_that_hosts_show() {
    if std::env::var_os(CHILD).is_some() {
        multiregion::plugin::install_panic_hook();
        panic!("as it was asked");
    }
    // The hook is the whole process's, so that it takes another one to try it.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "protocol::crash::a_panic_speaks_the_form_that_hosts_show"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("panic: as it was asked\n\n"), "{stderr}");
    assert!(stderr.contains("crash.rs:"), "{stderr}");
    assert!(stderr.contains(concat!("terraform-provider-multiregion ", env!("CARGO_PKG_VERSION"))), "{stderr}");
}
