//! `postrider sandbox` with its OAuth2 provider, for the sign-ins of every host language, and a
//! person for its pages. Only with the feature `cli`, which builds the command.
//!
//! A program is told where it is by [`Sandbox::tell`]. It never counts as a real mail server.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::tools;

/// The provider as the programs name it.
pub const PROVIDER: &str = "custom";

/// A sandbox in a folder of its own; it ends when this is dropped, and when the test dies.
pub struct Sandbox {
    process: Child,
    folder: PathBuf,
    settings: serde_json::Value,
}

impl Sandbox {
    /// Starts one in `<folder>/sandbox`; it answers when this returns.
    pub fn start(folder: &Path, options: &[&str]) -> Self {
        let folder = folder.join("sandbox");
        fs::create_dir_all(&folder).expect("the folder can be made");
        let mut process = postrider()
            .args(["sandbox", "--until-eof", "--for", "120", "--folder"])
            .arg(&folder)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo built the command");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let mut lines = output.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("Stops when")), "the sandbox did not start");
        // Read on, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        let settings = fs::read(folder.join("sandbox.json")).expect("it is there by now");
        let settings = serde_json::from_slice(&settings).expect("JSON");
        Self { process, folder, settings }
    }

    /// What `sandbox.json` says.
    pub fn setting(&self, name: &str) -> String {
        let value = &self.settings[name];
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    /// A new access token.
    pub fn token(&self) -> String {
        let url = self.setting("token_url");
        let output = postrider().args(["token", "--url", &url]).output().expect("it runs");
        assert!(output.status.success(), "{}", output.status);
        String::from_utf8(output.stdout).expect("ASCII").trim().to_owned()
    }

    /// A message that arrived, the first being 1; `None` when there were fewer.
    pub fn message(&self, number: usize) -> Option<String> {
        let file = self.folder.join(format!("{number:04}.eml"));
        file.exists().then(|| fs::read_to_string(file).expect("UTF-8"))
    }

    /// The provider [`PROVIDER`] for `mail_account_new()`: this sandbox, and the server at which
    /// its tokens are good.
    pub fn providers(&self) -> String {
        let provider = serde_json::json!({
            "title": "the sandbox",
            "issuer": self.settings["issuer"],
            "scopes": {"delegated": ["openid", "email", "profile", "mail", "offline_access"]},
            "mechanisms": ["XOAUTH2"],
            "smtp": {
                "host": "localhost",
                "port": self.settings["smtp_port"],
                "security": "starttls",
            },
        });
        serde_json::json!({ PROVIDER: provider }).to_string()
    }

    /// Hands a program what it needs in variables that begin with `prefix`: `_PROVIDERS` and
    /// `_CLIENT` for its account, `_CA` for its mail, `_USER` who will sign in, `_PERSON` the
    /// program that plays the person; call it with Python as its comment says.
    pub fn tell(&self, prefix: &str, command: &mut Command) {
        command
            .env(format!("{prefix}_PROVIDERS"), self.providers())
            .env(format!("{prefix}_CLIENT"), self.setting("client_id"))
            .env(format!("{prefix}_CA"), self.setting("ca_file"))
            .env(format!("{prefix}_USER"), self.setting("user"))
            .env(format!("{prefix}_PERSON"), tools::tests_folder("support/person.py"));
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn postrider() -> Command {
    // Tests inside the library compile this module too, and have no programs.
    match option_env!("CARGO_BIN_EXE_postrider") {
        Some(path) => Command::new(path),
        None => panic!("only integration tests have the command"),
    }
}
