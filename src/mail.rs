//! The object behind a handle: settings, message, and send().

use crate::diagnosis::{self, Diagnosis, Step};
use crate::error::{Cause, Error, Result, Stage, Status};
use crate::message::{
    Carrier, Content, Disposition, Importance, Kind, Message, MessagePart, Prepared, random_hex,
};
use crate::net::{Canceller, CertificateDer, Proxy, Trust};
use crate::oauth::{Account, provider};
use crate::secret::Secret;
use crate::smtp::{Credentials, PasswordMechanism};
use crate::transport::{Delivery, Job, KeptConnection, LogFile, Observer, Security, Server, send};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);
const MOST_TIMEOUT_MS: i32 = 86_400_000;

/// One message, the server it goes through and the account that sends it.
///
/// A clone is a snapshot, cheap to make: it has the settings and the message of its moment, and
/// shares the kept connection and the [`Canceller`].
#[derive(Clone, Debug)]
pub struct Mail {
    server: Arc<Server>,
    message: Arc<Message>,
    all_or_none: bool,
    timeout: Duration,
    keep_connection: bool,
    kept: KeptConnection,
    canceller: Canceller,
    log_file: Option<Arc<LogFile>>,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            server: Arc::default(),
            message: Arc::default(),
            all_or_none: false,
            timeout: DEFAULT_TIMEOUT,
            keep_connection: false,
            kept: KeptConnection::default(),
            canceller: Canceller::default(),
            log_file: None,
        }
    }
}

impl Mail {
    /// An empty message, and no server yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the message; settings and the kept connection stay.
    pub fn clear_message(&mut self) {
        self.message = Arc::default();
    }

    /// Ends the sends that are running, from any thread.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Sends the message; returns when the server has answered.
    pub fn send(&self, observer: &dyn Observer) -> Delivery {
        let renamed = self.renamed_server();
        send(Job {
            server: renamed.as_ref().unwrap_or(&self.server),
            old_name: renamed.as_ref().map(|_| self.server.host.as_str()),
            message: &self.message,
            all_or_none: self.all_or_none,
            timeout: self.timeout,
            kept: &self.kept,
            keep: self.keep_connection,
            cancellation: self.canceller.watch(),
            observer,
            log_file: self.log_file.as_deref(),
        })
    }

    /// Goes the way that the message would go, and sends nothing: says of each step what was found,
    /// and what to do where it fails. Signs in once at most, and leaves a kept connection alone.
    pub fn diagnose(&self, observer: &dyn Observer) -> Diagnosis {
        self.diagnose_step_by_step(observer, &mut |_| {})
    }

    /// The same; each step is shown as soon as it has ended.
    pub fn diagnose_step_by_step(
        &self,
        observer: &dyn Observer,
        show: &mut dyn FnMut(&Step),
    ) -> Diagnosis {
        let renamed = self.renamed_server();
        diagnosis::diagnose(diagnosis::Job {
            server: renamed.as_ref().unwrap_or(&self.server),
            old_name: renamed.as_ref().map(|_| self.server.host.as_str()),
            message: &self.message,
            all_or_none: self.all_or_none,
            timeout: self.timeout,
            cancellation: self.canceller.watch(),
            observer,
            log_file: self.log_file.as_deref(),
            show,
        })
    }

    /// The server under its name of today, when the account's provider has renamed it.
    fn renamed_server(&self) -> Option<Arc<Server>> {
        let today = self.server.account.as_ref().and_then(|a| a.host_today(&self.server.host));
        today.map(|host| Arc::new(Server { host, ..(*self.server).clone() }))
    }

    fn server(&mut self) -> &mut Server {
        Arc::make_mut(&mut self.server)
    }

    fn message(&mut self) -> &mut Message {
        Arc::make_mut(&mut self.message)
    }
}

/// The server and the sign-in.
impl Mail {
    /// The SMTP server: host name or address, port 1 to 65535.
    pub fn set_server(&mut self, host: &str, port: i32) -> Result<()> {
        self.server().set(host, port)
    }

    /// How the connection is protected, by the numbers of `mail_security`.
    pub fn set_security(&mut self, security: i32) -> Result<()> {
        self.server().security = Security::from_number(security)?;
        Ok(())
    }

    /// Allows passwords and tokens to cross a connection without TLS.
    pub fn allow_plaintext_auth(&mut self, allow: bool) {
        self.server().allow_plaintext_auth = allow;
    }

    /// The name for EHLO; `None` for that of this computer.
    pub fn set_ehlo_name(&mut self, name: Option<&str>) -> Result<()> {
        self.server().set_ehlo_name(name)
    }

    /// The time that one send may take.
    pub fn set_timeout_ms(&mut self, timeout_ms: i32) -> Result<()> {
        if !(1..=MOST_TIMEOUT_MS).contains(&timeout_ms) {
            return Err(Error::argument(format!("timeout_ms must be 1 to {MOST_TIMEOUT_MS}")));
        }
        self.timeout = Duration::from_millis(timeout_ms.unsigned_abs().into());
        Ok(())
    }

    /// The proxy through which the server is reached: `http://host:port` or `socks5://host:port`
    /// with `user:password@` in front of the host if need be, "env", "system", or "none", which is
    /// what `None` and a new object have. `sign_in` is user and password as they are, for a proxy
    /// that is named without.
    pub fn set_proxy(&mut self, proxy: Option<&str>, sign_in: Option<(&str, &str)>) -> Result<()> {
        self.server().proxy = Proxy::parse(proxy, sign_in)?;
        Ok(())
    }

    /// Trusts the PEM certificates of a file besides those of the system.
    pub fn add_ca_file(&mut self, path: &str) -> Result<()> {
        self.add_roots(Trust::read_pem_file(path)?);
        Ok(())
    }

    /// Trusts PEM certificates besides those of the system.
    pub fn add_ca_pem(&mut self, pem: &[u8]) -> Result<()> {
        self.add_roots(Trust::parse_pem(pem, "pem")?);
        Ok(())
    }

    pub(crate) fn add_roots(&mut self, roots: Vec<CertificateDer<'static>>) {
        self.server().trust.extra_roots.extend(roots);
    }

    /// Accepts any certificate. Dangerous.
    pub fn accept_invalid_certificate(&mut self, accept: bool) {
        self.server().trust.accept_invalid = accept;
    }

    /// Keeps the connection open between sends; `false` closes the one that is open.
    pub fn set_keep_connection(&mut self, keep: bool) {
        self.keep_connection = keep;
        if !keep {
            self.close_connection();
        }
    }

    /// Ends the session on the kept connection.
    pub fn close_connection(&self) {
        self.kept.close();
    }

    /// Signs in with an access token (XOAUTH2).
    pub fn set_auth_xoauth2(&mut self, user: &str, access_token: &str) -> Result<()> {
        let (user, token) = (check_user(user)?, check_token(access_token)?);
        self.sign_in_with(Credentials::XOAuth2 { user, token });
        Ok(())
    }

    /// Signs in with an access token (OAUTHBEARER, RFC 7628).
    pub fn set_auth_oauthbearer(&mut self, user: &str, access_token: &str) -> Result<()> {
        let (user, token) = (check_user(user)?, check_token(access_token)?);
        self.sign_in_with(Credentials::OAuthBearer { user, token });
        Ok(())
    }

    /// Signs in with user and password, by the numbers of `mail_mechanism`.
    pub fn set_auth_password(&mut self, mechanism: i32, user: &str, password: &str) -> Result<()> {
        let mechanism = match mechanism {
            -1 => PasswordMechanism::Auto,
            0 => PasswordMechanism::Login,
            3 => PasswordMechanism::Plain,
            _ => return Err(Error::argument("mechanism must be -1, 0 or 3")),
        };
        let user = check_user(user)?;
        if password.is_empty() || password.chars().any(char::is_control) {
            return Err(Error::argument("password is empty or contains a control character"));
        }
        let password = Secret::new(password);
        self.sign_in_with(Credentials::Password { mechanism, user, password });
        Ok(())
    }

    /// Signs in with tokens of an account, which renews them when it is time. Its provider also
    /// names the server, unless one was set.
    pub fn set_account(&mut self, account: &Account) -> Result<()> {
        if self.server.host.is_empty()
            && let Some(smtp) = account.smtp()
        {
            self.set_server(&smtp.host, smtp.port.into())?;
            self.server().security = match smtp.security {
                provider::Security::Tls => Security::Tls,
                provider::Security::Starttls => Security::Starttls,
            };
        }
        self.server().credentials = None;
        self.server().account = Some(account.clone());
        Ok(())
    }

    /// Does not sign in.
    pub fn set_auth_none(&mut self) {
        self.server().credentials = None;
        self.server().account = None;
    }

    fn sign_in_with(&mut self, credentials: Credentials) {
        self.server().credentials = Some(credentials);
        self.server().account = None;
    }

    /// Adds the transcripts to a file.
    pub fn set_log_file(&mut self, path: Option<&str>) -> Result<()> {
        self.use_log_file(path.map(LogFile::open).transpose()?);
        Ok(())
    }

    pub(crate) fn use_log_file(&mut self, file: Option<LogFile>) {
        self.log_file = file.map(Arc::new);
    }

    /// One refused recipient refuses the message.
    pub fn set_all_or_none(&mut self, all_or_none: bool) {
        self.all_or_none = all_or_none;
    }
}

/// The message.
impl Mail {
    /// The author.
    pub fn set_from(&mut self, name: Option<&str>, address: &str) -> Result<()> {
        self.message().set_from(name, address)
    }

    /// Who submits the message when it is not the author.
    pub fn set_sender(&mut self, name: Option<&str>, address: Option<&str>) -> Result<()> {
        self.message().set_sender(name, address)
    }

    /// The envelope sender: "" for the null sender, `None` for the author.
    pub fn set_return_path(&mut self, address: Option<&str>) -> Result<()> {
        self.message().set_return_path(address)
    }

    /// Where answers shall go.
    pub fn set_reply_to(&mut self, name: Option<&str>, address: Option<&str>) -> Result<()> {
        self.message().set_reply_to(name, address)
    }

    /// Adds one recipient, by the numbers of `mail_kind`.
    pub fn add_recipient(&mut self, name: Option<&str>, address: &str, kind: i32) -> Result<()> {
        self.add_recipient_as(name, address, kind_of(kind)?)
    }

    /// Adds one recipient.
    pub fn add_recipient_as(
        &mut self,
        name: Option<&str>,
        address: &str,
        kind: Kind,
    ) -> Result<()> {
        self.message().add_recipient(name, address, kind)
    }

    /// Adds the recipients of a list as people write it, by the numbers of `mail_kind`.
    pub fn add_recipients(&mut self, list: &str, kind: i32) -> Result<()> {
        let kind = kind_of(kind)?;
        self.message().add_recipients(list, kind)
    }

    /// The subject.
    pub fn set_subject(&mut self, subject: &str) -> Result<()> {
        self.message().set_subject(subject)
    }

    /// The body as plain text.
    pub fn set_text(&mut self, body: Option<&str>) {
        self.message().set_text(body);
    }

    /// The body as HTML.
    pub fn set_html(&mut self, body: Option<&str>) {
        self.message().set_html(body);
    }

    /// Attaches a file; it is streamed from disk at every send.
    pub fn add_attachment_file(
        &mut self,
        path: &str,
        name: Option<&str>,
        content_type: Option<&str>,
    ) -> Result<()> {
        let part = MessagePart::file(path, name, content_type, Disposition::Attachment)?;
        self.add_part(part);
        Ok(())
    }

    /// Attaches bytes.
    pub fn add_attachment_bytes(
        &mut self,
        data: &[u8],
        name: &str,
        content_type: Option<&str>,
    ) -> Result<()> {
        let part = MessagePart::bytes(data, name, content_type, Disposition::Attachment)?;
        self.add_part(part);
        Ok(())
    }

    /// Adds an image for the HTML body from a file; gives its content id.
    pub fn add_inline_file(
        &mut self,
        path: &str,
        name: Option<&str>,
        content_type: Option<&str>,
    ) -> Result<String> {
        let (disposition, content_id) = Disposition::new_inline()?;
        self.add_part(MessagePart::file(path, name, content_type, disposition)?);
        Ok(content_id)
    }

    /// Adds an image for the HTML body from bytes; gives its content id.
    pub fn add_inline_bytes(
        &mut self,
        data: &[u8],
        name: &str,
        content_type: Option<&str>,
    ) -> Result<String> {
        let (disposition, content_id) = Disposition::new_inline()?;
        self.add_part(MessagePart::bytes(data, name, content_type, disposition)?);
        Ok(content_id)
    }

    pub(crate) fn add_part(&mut self, part: MessagePart) {
        self.message().add_part(part);
    }

    /// Adds a header field that has no function of its own.
    pub fn add_header(&mut self, name: &str, value: &str) -> Result<()> {
        self.message().add_header(name, value)
    }

    /// The date, with its time zone in minutes east of UTC.
    pub fn set_date(&mut self, unix_seconds: i64, offset_minutes: i32) -> Result<()> {
        self.message().set_date(unix_seconds, offset_minutes)
    }

    /// The Message-ID; `None` for an automatic one.
    pub fn set_message_id(&mut self, message_id: Option<&str>) -> Result<()> {
        self.message().set_message_id(message_id)
    }

    /// X-Priority: 1 (highest) to 5 (lowest), 0 for none.
    pub fn set_priority(&mut self, priority: i32) -> Result<()> {
        self.message().set_priority(priority)
    }

    /// Importance, by the numbers of `mail_importance`.
    pub fn set_importance(&mut self, importance: i32) -> Result<()> {
        let importance = match importance {
            0 => Importance::Low,
            1 => Importance::Normal,
            2 => Importance::High,
            _ => return Err(Error::argument("importance must be 0 to 2")),
        };
        self.message().set_importance(importance);
        Ok(())
    }

    /// Asks for a read receipt, to the author unless an address is given.
    pub fn request_read_receipt(&mut self, request: bool, address: Option<&str>) -> Result<()> {
        self.message().request_read_receipt(request, address)
    }
}

/// Saving.
impl Mail {
    /// Saves the message as a file, which appears whole or not at all.
    pub fn save_eml(&self, path: &str) -> Result<()> {
        let content = self.content()?;
        let target = Path::new(path);
        let name = target.file_name().ok_or_else(|| Error::argument("path names no file"))?;
        // In the same folder, so that renaming it is one step.
        let draft =
            target.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), random_hex()?));
        let unwritable = |error: std::io::Error| {
            let text = format!("the file {path} cannot be written: {error}");
            Error::new(Status::File, Stage::Compose, Cause::FileUnwritable, text)
        };
        let mut file =
            OpenOptions::new().write(true).create_new(true).open(&draft).map_err(unwritable)?;
        let written = write_to(&content, &mut file, unwritable)
            .and_then(|()| std::fs::rename(&draft, target).map_err(unwritable));
        if written.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
        written
    }

    /// Writes the message into a buffer when it is large enough; gives the size of the message.
    pub fn write_eml(&self, buffer: &mut [u8]) -> Result<u64> {
        let content = self.content()?;
        let size = usize::try_from(content.size()).unwrap_or(usize::MAX);
        if let Some(mut room) = buffer.get_mut(..size) {
            let too_small = |error| Error::internal(format!("the size was wrong: {error}"));
            write_to(&content, &mut room, too_small)?;
        }
        Ok(content.size())
    }

    /// For readers of any kind: without octets above 127.
    fn content(&self) -> Result<Content> {
        let eight_bit = false;
        Prepared::to_save(&self.message)?.compose(Carrier { eight_bit })
    }
}

fn write_to(
    content: &Content,
    out: &mut dyn Write,
    failed: impl Fn(std::io::Error) -> Error,
) -> Result<()> {
    let mut reader = content.plain();
    let mut chunk = Vec::new();
    loop {
        chunk.clear();
        let more = reader.next_chunk(&mut chunk)?;
        out.write_all(&chunk).map_err(&failed)?;
        if !more {
            return out.flush().map_err(&failed);
        }
    }
}

fn kind_of(kind: i32) -> Result<Kind> {
    match kind {
        0 => Ok(Kind::To),
        1 => Ok(Kind::Cc),
        2 => Ok(Kind::Bcc),
        _ => Err(Error::argument("kind must be 0 (To), 1 (Cc) or 2 (Bcc)")),
    }
}

fn check_user(user: &str) -> Result<String> {
    if user.is_empty() || user.chars().any(char::is_control) {
        return Err(Error::argument("user is empty or contains a control character"));
    }
    Ok(user.to_owned())
}

/// RFC 6750 §2.1: visible ASCII, and no spaces.
fn check_token(token: &str) -> Result<Secret> {
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let text = "access_token is empty, or contains a space, line end or non-ASCII character";
        return Err(Error::argument(text));
    }
    Ok(Secret::new(token))
}
