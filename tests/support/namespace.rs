//! A network of a test's own: the test runs itself again in namespaces; outside nothing changes.

use super::tools;
use std::process::Command;

const INSIDE: &str = "POSTRIDER_TEST_INSIDE_NAMESPACE";

/// `true` inside; outside it runs `namespace::<test>` of this program inside, and the rest is to be left
/// out. `set_up` is a script that prepares the network and ends with `exec "$@"`; its first argument is
/// a file that it may mount over /etc/hosts.
pub fn is_inside(test: &str, set_up: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    if !tools::require_all(&["unshare", "ip", "mount"]) {
        return false;
    }
    let hosts = tempfile::NamedTempFile::new().expect("a file");
    // Real servers are several users, and need a root who is one; not every root may do this.
    let unshare = |options: &[&str]| {
        let mut unshare = Command::new(tools::find("unshare").expect("it is there"));
        unshare.args(["--net", "--mount"]).args(options);
        unshare
    };
    let works = |options: &&&[&str]| {
        unshare(options).arg("true").output().is_ok_and(|output| output.status.success())
    };
    let ways: [&[&str]; 2] = [&[], &["--map-root-user"]];
    let Some(options) = ways.iter().find(works) else {
        tools::skip("allow namespaces (or run the tests as root)");
        return false;
    };
    let output = unshare(options)
        .args(["sh", "-c", set_up, "sh"])
        .arg(hosts.path())
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", &format!("namespace::{test}"), "--nocapture"])
        .env(INSIDE, "1")
        .env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default()))
        .output()
        .expect("unshare runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("1 passed"), "{output:#?}");
    false
}
