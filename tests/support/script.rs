//! A script of `tests/rig/` that serves: it says KEY=VALUE lines, then `ready`, and lives as long
//! as its standard input is open. That pipe is held here, so the system closes it when this process
//! ends, in whichever way, and the servers go.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::tools;

const START_LIMIT: Duration = Duration::from_secs(60);

/// Running servers; dropping it stops them.
pub struct Script {
    name: &'static str,
    said: HashMap<String, String>,
    child: Child,
    lifeline: Option<ChildStdin>,
}

impl Script {
    /// Runs `tests/rig/<name>` until it is ready.
    pub fn start(name: &'static str) -> Self {
        let mut child = Command::new(tools::tests_folder("rig").join(name))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl+C ends the tests; the script then ends by itself, and in order.
            .process_group(0)
            .spawn()
            .expect("bash runs the script");
        let lifeline = child.stdin.take();
        let output = child.stdout.take().expect("stdout is piped");

        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let said = read_until_ready(name, &receiver);
        Self { name, said, child, lifeline }
    }

    pub fn text(&self, key: &str) -> String {
        self.said.get(key).unwrap_or_else(|| panic!("{} did not say {key}", self.name)).clone()
    }

    pub fn port(&self, name: &str) -> u16 {
        self.text(&format!("PORT_{name}")).parse().expect("a port number")
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.lifeline = None;
        // The script bounds its own end.
        let _ = self.child.wait();
    }
}

fn read_until_ready(name: &str, lines: &mpsc::Receiver<String>) -> HashMap<String, String> {
    let deadline = Instant::now() + START_LIMIT;
    let mut said = HashMap::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(line) = lines.recv_timeout(left) else {
            panic!("{name} does not start the servers (it says above why not)");
        };
        match line.split_once('=') {
            Some((key, value)) => said.insert(key.to_owned(), value.to_owned()),
            None if line == "ready" => return said,
            None => panic!("{name} said: {line}"),
        };
    }
}
