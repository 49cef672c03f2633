//! A person at a computer: a configuration folder of their own, a sandbox to sign in to, and a
//! browser, which is raw HTTP here.
//!
//! Whatever the command prints is looked through for tokens at the end.

use crate::harness::{Page, Sandbox, USER, postrider};
use serde_json::Value;
use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

pub struct Desk {
    pub sandbox: Sandbox,
    pub folder: tempfile::TempDir,
    printed: RefCell<String>,
}

/// How a run ended.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {}", self.stdout))
    }

    /// It must have ended so.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        self
    }

    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "{text:?} is not in: {}", self.stderr);
        self
    }
}

impl Desk {
    pub fn new(options: &[&str]) -> Self {
        let sandbox = Sandbox::start(options);
        Self {
            sandbox,
            folder: tempfile::tempdir().expect("a folder"),
            printed: "".to_owned().into(),
        }
    }

    /// With an account that has signed in.
    pub fn signed_in(options: &[&str]) -> Self {
        let desk = Self::new(options);
        desk.log_in(USER, &[]).exits(0);
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).expect("written");
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    pub fn store(&self) -> String {
        format!("file:{}", self.path("store").display())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = postrider();
        command.args(arguments).current_dir(self.folder.path());
        for name in ["HOME", "XDG_CONFIG_HOME", "APPDATA"] {
            command.env(name, self.path("settings"));
        }
        // No window opens, and no keyring of the tester is touched.
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_INTEROP", "WSL_DISTRO_NAME"] {
            command.env_remove(name);
        }
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
        command.env_remove("XDG_RUNTIME_DIR");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    pub fn run_with(&self, arguments: &[&str], stdin: &str) -> Run {
        self.start(arguments).with(stdin).end()
    }

    pub fn start(&self, arguments: &[&str]) -> Started<'_> {
        let mut child = self.command(arguments).spawn().expect("the command starts");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        Started {
            desk: self,
            child,
            stderr,
            said: String::new(),
            is_token: arguments[0] == "token",
        }
    }

    /// What tells the command about the sandbox.
    pub fn account<'a>(&'a self, user: &'a str, store: &'a str) -> Vec<String> {
        let server = format!("localhost:{}", self.sandbox.ready["smtps_port"]);
        let ca_file = self.sandbox.ready["ca_file"].as_str().expect("a file");
        ["--issuer", self.sandbox.issuer(), "--client-id", "sandbox", "--user", user]
            .into_iter()
            .chain(["--server", &server, "--ca-file", ca_file, "--store", store])
            .map(str::to_owned)
            .collect()
    }

    pub fn begin_login<'a>(&'a self, user: &str, more: &[&str]) -> Started<'a> {
        self.begin_login_within("60", user, more)
    }

    pub fn begin_login_within<'a>(
        &'a self,
        seconds: &str,
        user: &str,
        more: &[&str],
    ) -> Started<'a> {
        let store = self.store();
        let account = self.account(user, &store);
        let options = account.iter().map(String::as_str);
        let scopes = ["--scope", "mail openid email", "--timeout", seconds];
        let all = ["login"].into_iter().chain(options).chain(scopes).chain(more.iter().copied());
        self.start(&all.collect::<Vec<_>>())
    }

    /// Signs in with the browser, which comes back by itself.
    pub fn log_in(&self, user: &str, more: &[&str]) -> Run {
        let mut login = self.begin_login(user, more);
        let url = login.shown_address();
        let back = self.press(&url, user, "sign-in").header("Location").expect("back").to_owned();
        assert_eq!(browse(&back), 200);
        login.end()
    }

    /// Opens the sign-in page and presses a button there.
    pub fn press(&self, url: &str, user: &str, decision: &str) -> Page {
        let target = url.strip_prefix(self.sandbox.issuer()).expect("an address of the sandbox");
        let page = self.sandbox.get(target);
        assert_eq!(page.status, 200, "{}", page.body);
        let request = page.input("request").expect("the number of the request");
        let form = format!("request={request}&address={user}&decision={decision}");
        self.sandbox.post("/login", &form)
    }

    /// Where the command remembers its accounts.
    pub fn settings_file(&self) -> PathBuf {
        let base = if cfg!(target_vendor = "apple") {
            "settings/Library/Application Support"
        } else {
            "settings"
        };
        self.path(base).join("postrider/accounts.json")
    }

    /// What the store has of each account.
    pub fn documents(&self) -> Vec<Value> {
        let files = fs::read_dir(self.path("store")).into_iter().flatten().flatten();
        let documents = files.filter(|file| file.path().extension().is_some_and(|e| e == "json"));
        let read = |path| serde_json::from_slice(&fs::read(path).expect("readable")).expect("JSON");
        documents.map(|file| read(file.path())).collect()
    }

    /// The tokens among it.
    pub fn tokens(&self) -> Vec<String> {
        let documents = self.documents();
        let names = ["access_token", "refresh_token"];
        let tokens = documents.iter().flat_map(|document| names.map(|name| &document[name]));
        tokens.filter_map(|token| token.as_str().map(str::to_owned)).collect()
    }

    pub fn printed(&self) -> String {
        self.printed.borrow().clone()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let printed = self.printed.borrow();
            crate::records::produced(&printed);
            for token in self.tokens() {
                assert!(!printed.contains(&token), "a token was printed");
            }
        }
    }
}

/// A command that runs.
pub struct Started<'a> {
    desk: &'a Desk,
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
    is_token: bool,
}

impl Started<'_> {
    /// Gives it this, and the end of its standard input.
    pub fn with(mut self, stdin: &str) -> Self {
        // One that does not read may have ended.
        let _ = self.child.stdin.take().expect("piped").write_all(stdin.as_bytes());
        self
    }

    /// The next address that it shows to the person.
    pub fn shown_address(&mut self) -> String {
        self.shown("  http")
    }

    /// The next line that begins so, without blanks around it.
    pub fn shown(&mut self, beginning: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.stderr.read_line(&mut line).expect("text");
            assert_ne!(read, 0, "it ended: {}", self.said);
            self.said += &line;
            if line.starts_with(beginning) {
                return line.trim().to_owned();
            }
        }
    }

    pub fn end(mut self) -> Run {
        drop(self.child.stdin.take());
        // Neither is long enough to fill a pipe while the other is read.
        self.stderr.read_to_string(&mut self.said).expect("text");
        let output = self.child.wait_with_output().expect("it ends");
        let stdout = String::from_utf8(output.stdout).expect("text");
        let mut printed = self.desk.printed.borrow_mut();
        printed.push_str(&self.said);
        if !self.is_token {
            printed.push_str(&stdout);
        }
        Run { code: output.status.code().expect("a code"), stdout, stderr: self.said }
    }
}

/// Goes where the browser is sent; gives the status of the page.
pub fn browse(url: &str) -> u16 {
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    let (host, target) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("the command listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("timeout");
    write!(stream, "GET /{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status")
}
