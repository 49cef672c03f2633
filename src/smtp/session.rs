//! A session from the greeting to QUIT.
//!
//! The driver asks [`Session::next`] what to do, does it, and asks again:
//! greeting → EHLO (or HELO) → STARTTLS → EHLO → AUTH → ready → any number of transactions.
//! An `Err` means that the connection is of no use any more; what goes wrong with one message
//! only is kept in its [`Transaction`].

use crate::error::{Cause, Error, Outcome, Result, Stage, Status};
use crate::secret::Secret;
use crate::smtp::capabilities::Capabilities;
use crate::smtp::reply::{Reply, ReplyBuffer};
use crate::smtp::sasl::{Credentials, Exchange, failure_explanation};
use crate::smtp::transaction::{Command, Then, Transaction};
use crate::smtp::transcript::{Search, Transcript};
use std::collections::VecDeque;
use zeroize::{Zeroize, Zeroizing};

/// The whole AUTH line with its CRLF (RFC 4954 §4 extends the limit, but real servers cut longer
/// lines and then call the token invalid: Dovecot at 1024 octets, Postfix at 2048).
const MOST_AUTH_LINE_OCTETS: usize = 512;

/// What the driver must do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Write what [`Session::take_output`] gives.
    Write,
    /// Read, and hand over what came with [`Session::receive`].
    Read,
    /// Start TLS now, then call [`Session::tls_started`].
    StartTls,
    /// Signed in, or done with a transaction: one may begin.
    Ready,
    /// Stream the content with its final dot, then call [`Session::content_sent`].
    SendContent,
}

/// How TLS comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartTls {
    No,
    IfOffered,
    Required,
}

/// What a session needs to know about its connection.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub host: String,
    pub port: u16,
    pub ehlo_name: String,
    pub starttls: StartTls,
    /// The connection has TLS from its first byte.
    pub tls: bool,
    pub credentials: Option<Credentials>,
    pub allow_plaintext_auth: bool,
}

#[derive(Debug)]
enum State {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    TlsHandshake,
    Auth {
        exchange: Exchange,
        sent: usize,
        /// The first response went with the command, which not every server reads.
        early: bool,
        explanation: Option<String>,
    },
    Ready,
    /// Replies to these commands are awaited.
    Envelope(VecDeque<Command>),
    Content,
    FinalReply,
    /// The reply to a content that nobody gets.
    EmptyContent,
}

/// The client's side of one connection.
pub(crate) struct Session {
    options: Options,
    state: State,
    tls: bool,
    capabilities: Capabilities,
    replies: ReplyBuffer,
    /// Wiped when dropped: it may hold a password or a token.
    output: Zeroizing<Vec<u8>>,
    /// The last transaction left something behind: RSET goes first.
    must_reset: bool,
    transaction: Transaction,
    pub transcript: Transcript,
    /// Whether somebody wants to know the last reply: a send does not.
    pub listens: bool,
    heard: Option<Reply>,
}

impl Session {
    pub(crate) fn new(options: Options, mut transcript: Transcript) -> Self {
        if let Some(credentials) = &options.credentials {
            transcript.protect(credentials.secret().clone());
        }
        Self {
            tls: options.tls,
            options,
            state: State::Greeting,
            capabilities: Capabilities::default(),
            replies: ReplyBuffer::default(),
            output: Zeroizing::default(),
            must_reset: false,
            transaction: Transaction::default(),
            transcript,
            listens: false,
            heard: None,
        }
    }

    /// The last reply, without secrets, for one who listens.
    pub(crate) fn heard(&self) -> Option<&Reply> {
        self.heard.as_ref()
    }

    /// Whether TLS is on.
    pub(crate) fn is_secure(&self) -> bool {
        self.tls
    }

    /// What has come so far of the transaction.
    pub(crate) fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    pub(crate) fn take_transaction(&mut self) -> Transaction {
        std::mem::take(&mut self.transaction)
    }

    /// Takes bytes that came from the server; `false` when they are too many, which
    /// [`Session::next`] will say.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> bool {
        self.replies.push(bytes)
    }

    /// Whether anything came that was not read yet.
    pub(crate) fn has_unread(&self) -> bool {
        !self.replies.is_empty()
    }

    /// What is to be written; to be handed back to [`Session::output_written`].
    pub(crate) fn take_output(&mut self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut self.output)
    }

    /// Keeps a written buffer for the next commands, without the secrets that it held.
    pub(crate) fn output_written(&mut self, mut written: Zeroizing<Vec<u8>>) {
        if matches!(self.state, State::Auth { .. }) {
            written.zeroize();
        }
        written.clear();
        self.output = written;
    }

    /// The step that the session is in.
    pub(crate) fn stage(&self) -> Stage {
        match &self.state {
            State::Greeting => Stage::Greeting,
            State::Ehlo | State::Helo => Stage::Hello,
            State::StartTls => Stage::Starttls,
            State::TlsHandshake => Stage::Tls,
            State::Auth { .. } => Stage::SignIn,
            State::Ready => Stage::Sender,
            State::Envelope(awaited) => awaited.front().map_or(Stage::Sender, |c| c.stage()),
            State::Content | State::FinalReply | State::EmptyContent => Stage::Data,
        }
    }

    /// What the driver must do next.
    pub(crate) fn next(&mut self) -> Result<Next> {
        loop {
            match self.state {
                _ if !self.output.is_empty() => {
                    self.check_in_step()?;
                    return Ok(Next::Write);
                }
                State::Ready => return Ok(Next::Ready),
                State::TlsHandshake => return Ok(Next::StartTls),
                State::Content if self.replies.is_empty() => return Ok(Next::SendContent),
                _ => {}
            }
            let Some(reply) = self.next_reply()? else {
                return Ok(Next::Read);
            };
            if self.listens {
                self.heard = Some(reply.clone());
            }
            self.take(reply)?;
        }
    }

    /// TLS is on: what was said before it is void (RFC 3207 §4.2).
    pub(crate) fn tls_started(&mut self) {
        self.tls = true;
        self.capabilities = Capabilities::default();
        self.say_hello();
    }

    /// Begins a transaction; the session must be ready.
    pub(crate) fn begin(&mut self, transaction: Transaction) {
        self.transaction = transaction;
        if let Err(error) = self.transaction.check(&self.capabilities) {
            self.transaction.fail(error);
            return;
        }
        let mut awaited = VecDeque::with_capacity(self.transaction.replies.len() + 3);
        awaited.extend(self.must_reset.then_some(Command::Reset));
        if self.capabilities.pipelining {
            awaited.extend(self.transaction.group());
        } else if awaited.is_empty() {
            awaited.push_back(Command::Mail);
        }
        for command in &awaited {
            self.send(*command);
        }
        self.must_reset = true;
        self.state = State::Envelope(awaited);
    }

    /// The content and its final dot were written.
    pub(crate) fn content_sent(&mut self) {
        self.transcript.sent(".");
        self.state = State::FinalReply;
    }

    /// Whether the connection can carry another transaction.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready)
    }

    /// The last word on the connection.
    pub(crate) fn quit(&mut self) -> &'static [u8] {
        self.transcript.sent("QUIT");
        b"QUIT\r\n"
    }

    fn take(&mut self, reply: Reply) -> Result<()> {
        match std::mem::replace(&mut self.state, State::Ready) {
            State::Greeting => self.take_greeting(reply),
            State::Ehlo => self.take_ehlo(reply),
            State::Helo => self.take_helo(reply),
            State::StartTls => self.take_starttls(reply),
            State::Auth { exchange, sent, early, explanation } => {
                self.take_auth(exchange, sent, early, explanation, reply)
            }
            State::Envelope(awaited) => self.take_envelope(awaited, reply),
            State::Content => self.take_interruption(reply),
            State::FinalReply => self.take_final(reply),
            State::EmptyContent => self.give_up_if_closing(&reply, Stage::Data),
            // Nothing is read in these.
            State::Ready | State::TlsHandshake => Ok(()),
        }
    }

    fn take_greeting(&mut self, reply: Reply) -> Result<()> {
        if !reply.is_positive() {
            let what = "the server does not take connections";
            return Err(unavailable(Stage::Greeting, what, reply));
        }
        self.say_hello();
        Ok(())
    }

    fn say_hello(&mut self) {
        let line = format!("EHLO {}", self.options.ehlo_name);
        self.write_line(&line);
        self.state = State::Ehlo;
    }

    fn take_ehlo(&mut self, reply: Reply) -> Result<()> {
        if reply.is_positive() {
            self.capabilities = Capabilities::of(&reply);
            return self.introduced();
        }
        if reply.code() == 421 || reply.is_transient() {
            return Err(unavailable(Stage::Hello, "the server ended the session", reply));
        }
        // RFC 5321 §4.1.1.1: a server that knows no EHLO gets HELO, and offers nothing.
        let line = format!("HELO {}", self.options.ehlo_name);
        self.write_line(&line);
        self.state = State::Helo;
        Ok(())
    }

    fn take_helo(&mut self, reply: Reply) -> Result<()> {
        if !reply.is_positive() {
            return Err(unavailable(Stage::Hello, "the server refused EHLO and HELO", reply));
        }
        self.capabilities = Capabilities::default();
        self.introduced()
    }

    /// The server has told what it offers: secure the connection first, then sign in.
    fn introduced(&mut self) -> Result<()> {
        if !self.tls && self.options.starttls != StartTls::No {
            if self.capabilities.starttls {
                self.write_line("STARTTLS");
                self.state = State::StartTls;
                return Ok(());
            }
            if self.options.starttls == StartTls::Required {
                let text = "the server does not offer STARTTLS";
                let cause = Cause::StarttlsNotOffered;
                return Err(Error::new(Status::Unsupported, Stage::Starttls, cause, text));
            }
        }
        self.sign_in()
    }

    fn take_starttls(&mut self, reply: Reply) -> Result<()> {
        if !reply.is_positive() {
            let what = "the server refused to start TLS";
            let (status, cause) = (Status::Unavailable, Cause::StarttlsRefused);
            return Err(Error::refused(status, Stage::Starttls, cause, what, reply));
        }
        if self.has_unread() {
            // Somebody on the way could have put them there, to be read as if they came over TLS.
            let text = "the server sent more after its answer to STARTTLS, which must not be";
            let cause = Cause::StarttlsInjection;
            return Err(Error::new(Status::Protocol, Stage::Starttls, cause, text));
        }
        self.state = State::TlsHandshake;
        Ok(())
    }

    fn sign_in(&mut self) -> Result<()> {
        let Some(credentials) = &self.options.credentials else {
            self.state = State::Ready;
            return Ok(());
        };
        if !self.tls && !self.options.allow_plaintext_auth {
            let text = "the connection is not protected by TLS: credentials are not sent over it";
            let cause = Cause::PlaintextAuth;
            return Err(Error::new(Status::PlaintextAuth, Stage::SignIn, cause, text));
        }
        let (host, port) = (self.options.host.as_str(), self.options.port);
        let exchange = credentials.exchange(&self.capabilities, host, port)?;
        for response in &exchange.responses {
            self.transcript.protect(response.clone());
        }
        let mechanism = exchange.mechanism;
        let initial = exchange.responses.first().filter(|response| {
            // LOGIN has no initial response: its specification predates them.
            let octets = "AUTH ".len() + mechanism.len() + 1 + response.bytes().len() + 2;
            mechanism != "LOGIN" && octets <= MOST_AUTH_LINE_OCTETS
        });
        let early = initial.is_some();
        let sent = usize::from(early);
        let command = format!("AUTH {mechanism}");
        match initial {
            Some(response) => {
                self.transcript.sent(&format!("{command} ***"));
                let parts = [command.as_bytes(), b" ", response.bytes(), b"\r\n"];
                self.output = Secret::concat(&parts).into_bytes();
            }
            None => self.write_line(&command),
        }
        self.state = State::Auth { exchange, sent, early, explanation: None };
        Ok(())
    }

    fn take_auth(
        &mut self,
        exchange: Exchange,
        mut sent: usize,
        mut early: bool,
        mut explanation: Option<String>,
        reply: Reply,
    ) -> Result<()> {
        if reply.is_positive() {
            // 235, or 250 from careless servers.
            self.state = State::Ready;
            return Ok(());
        }
        if reply.code() != 334 {
            return Err(self.sign_in_refused(&exchange, explanation, reply));
        }
        if early && exchange.answer_to_failure.is_none() {
            // PLAIN explains no failure: the server asks for what it did not read.
            (sent, early) = (0, false);
        }
        if let Some(response) = exchange.responses.get(sent) {
            self.transcript.sent("***");
            self.output = Secret::concat(&[response.bytes(), b"\r\n"]).into_bytes();
            sent += 1;
        } else if let (Some(answer), None) = (exchange.answer_to_failure, &explanation) {
            explanation = Some(failure_explanation(reply.text()).unwrap_or_default());
            let said = explanation.as_deref().unwrap_or_default();
            self.transcript.note(|| format!("the server explains: {said}"));
            self.write_line(answer);
        } else {
            let text = format!("the server asks for more than {} gives", exchange.mechanism);
            return Err(Error::protocol(Stage::SignIn, text));
        }
        self.state = State::Auth { exchange, sent, early, explanation };
        Ok(())
    }

    fn sign_in_refused(
        &self,
        exchange: &Exchange,
        explanation: Option<String>,
        reply: Reply,
    ) -> Error {
        if reply.code() == 421 {
            return unavailable(Stage::SignIn, "the server ended the session", reply);
        }
        let cause = match exchange.answer_to_failure {
            _ if reply.is_transient() => Cause::SignInPostponed,
            Some(_) => Cause::TokenRefused,
            None => Cause::PasswordRefused,
        };
        let explanation = explanation.filter(|text| !text.is_empty());
        let explained = explanation.map(|text| format!(" ({text})")).unwrap_or_default();
        let what = format!("the server refused the sign-in{explained}");
        let error = Error::refused(Status::SignIn, Stage::SignIn, cause, what, reply);
        let error = error.with_values(self.capabilities.offered());
        error.map_text(|text| self.transcript.without_secrets(text, Search::Pieces).into_owned())
    }

    fn take_envelope(&mut self, mut awaited: VecDeque<Command>, reply: Reply) -> Result<()> {
        let Some(command) = awaited.pop_front() else {
            return Err(one_too_many(Stage::Sender, &reply));
        };
        self.give_up_if_closing(&reply, command.stage())?;
        if !command.is_answered_by(&reply) {
            // Whatever follows would be taken for the answer to something else.
            let text = format!("the server gave an answer that the command does not have: {reply}");
            return Err(Error::protocol(command.stage(), text));
        }
        self.transaction.answer(command, reply);
        if !awaited.is_empty() {
            self.state = State::Envelope(awaited);
            return Ok(());
        }
        match self.transaction.after(command) {
            Then::Send(next) => {
                self.send(next);
                awaited.push_back(next);
                self.state = State::Envelope(awaited);
            }
            Then::Content => {
                let size = self.transaction.envelope.size;
                self.transcript.note(|| format!("sending the content, {size} bytes"));
                self.state = State::Content;
            }
            Then::EmptyContent => {
                self.write_line(".");
                self.state = State::EmptyContent;
            }
            Then::Finished => self.state = State::Ready,
        }
        Ok(())
    }

    /// A reply before the content was complete. The content cannot be broken off in any way but by
    /// closing, so the connection is lost with it.
    fn take_interruption(&mut self, reply: Reply) -> Result<()> {
        self.give_up_if_closing(&reply, Stage::Data)?;
        if reply.is_negative() {
            self.transaction.finish(reply);
            let error = self.transaction.error.clone();
            return Err(error.unwrap_or_else(|| Error::protocol(Stage::Data, "no reason given")));
        }
        let text = format!("the server answered before the content was complete: {reply}");
        Err(Error::protocol(Stage::Data, text))
    }

    fn take_final(&mut self, reply: Reply) -> Result<()> {
        if !reply.is_positive() && !reply.is_negative() {
            let text = format!("the server answered the content with {reply}");
            return Err(Error::protocol(Stage::Data, text).with_outcome(Outcome::Unknown));
        }
        self.must_reset = false;
        self.give_up_if_closing(&reply, Stage::Data)?;
        self.transaction.finish(reply);
        Ok(())
    }

    /// 421: the server closes the connection, whatever was asked (RFC 5321 §3.8).
    fn give_up_if_closing(&self, reply: &Reply, stage: Stage) -> Result<()> {
        if reply.code() == 421 {
            return Err(unavailable(stage, "the server ended the session", reply.clone()));
        }
        Ok(())
    }

    /// Before a command leaves, everything that was said must have been read: what is left over
    /// would be taken for the answer to it.
    fn check_in_step(&mut self) -> Result<()> {
        let stage = self.stage();
        match self.next_reply()? {
            Some(reply) => {
                self.give_up_if_closing(&reply, stage)?;
                Err(one_too_many(stage, &reply))
            }
            None if self.has_unread() => {
                Err(Error::protocol(stage, "the server spoke when it was not asked"))
            }
            None => Ok(()),
        }
    }

    fn next_reply(&mut self) -> Result<Option<Reply>> {
        let stage = self.stage();
        let signing_in = matches!(self.state, State::Auth { .. });
        let Self { replies, transcript, .. } = self;
        // A challenge is base64, in which an echoed secret is not seen: only its explanation is
        // shown, once it was decoded.
        let is_challenge = |line: &[u8]| signing_in && line.len() > 4 && line.starts_with(b"334");
        let result = replies.next(stage, &mut |line| {
            let search = Search::of(line.first().copied(), signing_in);
            transcript.received(if is_challenge(line) { b"334 ***" } else { line }, search);
        });
        let hide = |text: &str, search| transcript.without_secrets(text, search).into_owned();
        match result {
            Ok(Some(reply)) if signing_in && reply.code() == 334 => Ok(Some(reply)),
            Ok(reply) => Ok(reply.map(|reply| {
                let refusal = signing_in || reply.is_negative();
                let search = if refusal { Search::Pieces } else { Search::Beginnings };
                reply.map_text(|text| hide(&text, search))
            })),
            Err(error) => Err(error.map_text(|text| hide(text, Search::Pieces))),
        }
    }

    fn send(&mut self, command: Command) {
        let mut line = String::with_capacity(64);
        self.transaction.write(command, &self.capabilities, &mut line);
        self.write_line(&line);
    }

    fn write_line(&mut self, line: &str) {
        self.transcript.sent(line);
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }
}

fn one_too_many(stage: Stage, reply: &Reply) -> Error {
    Error::protocol(stage, format!("the server sent one reply too many: {reply}"))
}

fn unavailable(stage: Stage, what: &str, reply: Reply) -> Error {
    let cause = if reply.is_transient() { Cause::ServerBusy } else { Cause::ServerRefused };
    Error::refused(Status::Unavailable, stage, cause, what, reply)
}
