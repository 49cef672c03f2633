//! `postrider sandbox`: a mail server and an OAuth2 provider on 127.0.0.1, for trying the library
//! with no account and no internet. Never for production: it lets everybody in who asks.
//!
//! This module starts the three listeners, tells people (standard output) and scripts
//! (`sandbox.json`) where they are, and waits for the end. Mail flows from `smtp` (the session)
//! over `connection` (lines and TLS) into `mailbox`; tokens from `oauth` (over `http`) through
//! `tokens` to `sign_in`; `faults` is what was ordered to go wrong.

mod certificate;
mod connection;
mod faults;
mod form;
mod http;
mod journal;
mod listener;
mod mailbox;
mod oauth;
mod random;
mod recent;
mod scope;
mod sign_in;
mod smtp;
mod smtp_syntax;
mod summary;
mod tokens;
mod users;

use faults::{Fault, Faults};
use journal::Journal;
use mailbox::Mailbox;
use oauth::{Provider, Times};
use parking_lot::Mutex;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;
use tokens::Tokens;
use users::DEFAULT_USER;

const SMTP_CONNECTIONS: usize = 32;
const HTTP_CONNECTIONS: usize = 16;

#[derive(clap::Args)]
#[command(after_help = faults::HELP)]
pub struct Options {
    /// Port for SMTP with STARTTLS; 0 lets the system choose
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port for SMTP with TLS from the first byte; 0 lets the system choose
    #[arg(long, default_value_t = 0)]
    tls_port: u16,
    /// Port of the token endpoint and of the pages (HTTP); 0 lets the system choose
    #[arg(long, default_value_t = 0)]
    token_port: u16,
    /// Where messages, ca.pem and sandbox.json go; without it a new temporary folder, which is named
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Seconds for which an access token is good; 0: expired as soon as it is handed out
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    token_lifetime: u32,
    /// Seconds for which the code is good that the login page gives
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    code_lifetime: u32,
    /// Seconds for which a device waits to be let in
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    device_lifetime: u32,
    /// Seconds that a device has to wait between its questions
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    device_interval: u32,
    /// What shall go wrong; may be given several times (see below)
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,
    /// Stop when standard input ends (for scripts)
    #[arg(long)]
    until_eof: bool,
    /// Stop after so many seconds at the latest
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u32>,
    /// Print nothing; then only FOLDER/sandbox.json tells the ports
    #[arg(long, requires = "folder")]
    quiet: bool,
}

/// What all connections share.
struct Sandbox {
    tls: Arc<rustls::ServerConfig>,
    tokens: Mutex<Tokens>,
    mailbox: Mutex<Mailbox>,
    provider: Provider,
    faults: Faults,
    journal: Journal,
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

pub fn run(options: Options) -> Result<(), String> {
    let folder = mailbox::prepare_folder(options.folder.as_deref())?;
    let ready = ReadyFile::not_yet(&folder);
    let certificate = certificate::make().map_err(|error| format!("certificate: {error}"))?;
    let ca_file = folder.join("ca.pem");
    write_whole(&ca_file, &certificate.ca_pem)?;

    let smtp = bind(options.port)?;
    let smtps = bind(options.tls_port)?;
    let http = bind(options.token_port)?;
    let issuer = format!("http://{}", address_of(&http)?);
    let (smtp_port, smtps_port) = (address_of(&smtp)?.port(), address_of(&smtps)?.port());

    let faults = Faults::new(options.fault);
    let times = Times {
        code_lifetime: seconds(options.code_lifetime),
        device_lifetime: seconds(options.device_lifetime),
        device_interval: seconds(options.device_interval),
    };
    let token_lifetime = seconds(options.token_lifetime);
    let sandbox = Arc::new(Sandbox {
        tls: certificate.server,
        tokens: Mutex::new(Tokens::new(token_lifetime, faults.expired_tokens())),
        mailbox: Mutex::new(Mailbox::open(&folder)?),
        provider: Provider::new(issuer, &times)?,
        faults,
        journal: Journal::new(options.quiet),
    });
    serve(&sandbox, smtp, smtps, http);

    let url = |path| sandbox.provider.url(path);
    ready.write(&json!({
        "host": Ipv4Addr::LOCALHOST.to_string(),
        "smtp_port": smtp_port,
        "smtps_port": smtps_port,
        "issuer": url(""),
        "authorization_url": url("/authorize"),
        "token_url": url("/token"),
        "device_authorization_url": url("/device_authorization"),
        "device_url": url("/device"),
        "client_id": oauth::CLIENT_ID,
        "ca_file": ca_file,
        "user": DEFAULT_USER,
        "folder": folder,
    }))?;
    sandbox.journal.say(&format!(
        "The Postrider sandbox is running. For trying things only: it lets in everybody who asks.\n\
         \n  SMTP with STARTTLS   127.0.0.1:{smtp_port}\
         \n  SMTP with TLS        127.0.0.1:{smtps_port}\
         \n  Certificate of CA    {}\
         \n  Sign in as           {DEFAULT_USER} (or any other at example.org)\
         \n  Issuer for OAuth2    {} (client id: {})\
         \n  Login page           {}\
         \n  Device page          {}\
         \n  Access token         postrider token --url {}\
         \n  Messages go to       {}\n{}\
         \n{}",
        ca_file.display(),
        url(""),
        oauth::CLIENT_ID,
        url("/authorize"),
        url("/device"),
        url("/token"),
        folder.display(),
        sandbox.faults.describe(),
        how_it_ends(options.until_eof, options.seconds),
    ));

    wait_for_the_end(options.until_eof, options.seconds);
    ready.remove();
    Ok(())
}

fn bind(port: u16) -> Result<TcpListener, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| format!("127.0.0.1 port {port}: {error}"))
}

fn address_of(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|error| error.to_string())
}

/// Starts a thread per listener; they run until the process ends.
fn serve(sandbox: &Arc<Sandbox>, smtp: TcpListener, smtps: TcpListener, http: TcpListener) {
    for (listener, entry) in [(smtp, smtp::Entry::Plain), (smtps, smtp::Entry::Tls)] {
        let sandbox = Arc::clone(sandbox);
        listener::serve(listener, SMTP_CONNECTIONS, smtp::BUSY, move |stream| {
            smtp::serve(stream, entry, &sandbox);
        });
    }
    let sandbox = Arc::clone(sandbox);
    listener::serve(http, HTTP_CONNECTIONS, http::BUSY, move |stream| {
        http::serve(stream, |request| oauth::answer(request, &sandbox));
    });
}

fn how_it_ends(until_eof: bool, seconds: Option<u32>) -> String {
    let hand = if until_eof { "Stops when standard input ends" } else { "Stops on Ctrl+C" };
    match seconds {
        Some(seconds) => format!("{hand}, after {seconds} seconds at the latest."),
        None => format!("{hand}."),
    }
}

/// Returns at the end of standard input or of the time, if these were asked for; Ctrl+C ends the
/// process by itself.
fn wait_for_the_end(until_eof: bool, at_most: Option<u32>) {
    let (ended, end) = mpsc::channel();
    // Held when nobody watches standard input: a channel without sender counts as ended.
    let _keep_waiting = if until_eof {
        std::thread::spawn(move || announce_eof(&ended));
        None
    } else {
        Some(ended)
    };
    match at_most {
        Some(count) => drop(end.recv_timeout(seconds(count))),
        None => drop(end.recv()),
    }
}

fn announce_eof(ended: &Sender<()>) {
    // An unreadable standard input has ended as well.
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    let _ = ended.send(());
}

/// `sandbox.json`: there as long as the sandbox answers, so that scripts can wait for it.
struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Takes away what a run that was killed has left, so that nobody goes to its ports.
    fn not_yet(folder: &Path) -> Self {
        let file = ReadyFile(folder.join("sandbox.json"));
        file.remove();
        file
    }

    fn write(&self, content: &serde_json::Value) -> Result<(), String> {
        write_whole(&self.0, &format!("{content:#}\n"))
    }

    fn remove(&self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Writes a file under another name and renames it: whoever sees it sees all of it.
fn write_whole(path: &Path, content: &str) -> Result<(), String> {
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, content)
        .and_then(|()| std::fs::rename(&unfinished, path))
        .map_err(|error| format!("{}: {error}", path.display()))
}
