//! The steps in their order: each is taken with the pieces that a send uses, on a connection of its
//! own, and nothing is ever given to the server but commands.
//!
//! A step that fails ends the walk ([`Stop`]) unless a later one can still tell something. What was
//! not reached is skipped, so every step is in the report once.

use super::certificate::{describe_chain, ends_soon, moment};
use super::settings::look_at_server;
use super::{Diagnosis, Step, StepName};
use crate::error::{Cause, Error, Outcome, Result, Stage, Status};
use crate::message::{Carrier, Message, Prepared};
use crate::net::{Cancellation, Presented, Stream, Watch, connect_to, open, resolve};
use crate::oauth::inspect::{inspect_for, readable_claims};
use crate::oauth::provider::Providers;
use crate::oauth::{AccessToken, Account};
use crate::secret::Secret;
use crate::smtp::{Credentials, Envelope, Reply, Transaction};
use crate::transport::{
    Connection, Log, LogFile, Observer, Security, Server, credentials, envelope, start_tls, user_of,
};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Waits for a connection or a handshake that are longer than this end in nothing; what is left of
/// the time is for finding out why.
const PATIENCE: Duration = Duration::from_secs(20);
/// A server that has not greeted by then may be waiting for TLS: that is tried beside it.
const QUIET: Duration = Duration::from_secs(8);
/// For each other port, and each look at what a port speaks.
const GLANCE: Duration = Duration::from_secs(5);

/// Where servers let people submit mail, and where servers take it from each other.
const USUAL_PORTS: [u16; 3] = [587, 465, 25];

const MOST_ADDRESSES: usize = 20;
const MOST_RECIPIENTS: usize = 100;

/// Everything that one diagnosis needs.
pub(crate) struct Job<'a> {
    pub server: &'a Arc<Server>,
    pub old_name: Option<&'a str>,
    pub message: &'a Arc<Message>,
    pub all_or_none: bool,
    pub timeout: Duration,
    pub cancellation: Cancellation,
    pub observer: &'a dyn Observer,
    pub log_file: Option<&'a LogFile>,
    pub show: &'a mut dyn FnMut(&Step),
}

/// Goes the way.
pub(crate) fn diagnose(job: Job) -> Diagnosis {
    let began = Instant::now();
    let log = Log { observer: job.observer, file: job.log_file, began };
    let presented = Presented::default();
    let mut server = Server::clone(job.server);
    server.trust.presented = Some(presented.clone());
    let mut tick = || job.observer.progress(0, 0);
    let watch = Watch::new(job.timeout, job.cancellation, &mut tick);
    let mut walk = Walk {
        server: Arc::new(server),
        old_name: job.old_name,
        message: job.message,
        all_or_none: job.all_or_none,
        presented,
        watch,
        log,
        steps: Vec::new(),
        show: job.show,
    };
    if let Err(Stop(why)) = walk.go() {
        walk.skip_the_rest(&why);
    }
    Diagnosis { steps: walk.steps, took: began.elapsed() }
}

/// The walk cannot go on, for this reason.
struct Stop(String);

type Walked<T = ()> = std::result::Result<T, Stop>;

struct Walk<'a> {
    server: Arc<Server>,
    old_name: Option<&'a str>,
    message: &'a Arc<Message>,
    all_or_none: bool,
    presented: Presented,
    watch: Watch<'a>,
    log: Log<'a>,
    steps: Vec<Step>,
    show: &'a mut dyn FnMut(&Step),
}

impl Walk<'_> {
    fn go(&mut self) -> Walked {
        let is_set = self.settings()?;
        let sign_in = self.account_and_token()?;
        if !is_set {
            return Err(Stop("no server was set".into()));
        }
        let mut stream = self.connect()?;
        if self.server.is_implicit_tls() {
            self.implicit_tls(&mut stream)?;
            self.skip(StepName::HelloInClear, "TLS begins with the first byte");
        }
        let (credentials, missing) = match sign_in {
            SignIn::With(credentials) => (Some(credentials), None),
            SignIn::None => (None, None),
            SignIn::Missing(why) => (None, Some(why)),
        };
        let mut connection = Connection::over(stream, &self.server, credentials, &self.log);
        connection.session.listens = true;
        let result = self.talk(&mut connection, missing);
        // As after a send: a server that has answered hears a last word.
        let lost = |error: &Error| {
            use Status::{Cancelled, ConnectionLost, Protocol, Timeout};
            matches!(error.status(), Cancelled | ConnectionLost | Protocol | Timeout)
        };
        if !self.steps.iter().filter_map(|step| step.error.as_ref()).any(lost) {
            connection.quit();
        }
        result
    }

    fn talk(&mut self, connection: &mut Connection, missing: Option<String>) -> Walked {
        self.greeting(connection)?;
        let mut pending = Ok(());
        if !self.server.is_implicit_tls() {
            pending = self.hello(connection, StepName::HelloInClear)?;
            pending = self.starttls(connection, pending)?;
        }
        if connection.session.is_secure() {
            pending = self.hello(connection, StepName::Hello)?;
        }
        let pending = self.mechanisms(connection, pending)?;
        self.sign_in(connection, pending, missing)?;
        self.envelope(connection)
    }

    /// `false` when there is no server to go to.
    fn settings(&mut self) -> Walked<bool> {
        let mut step = Step::begin(StepName::Settings);
        let server = self.server.clone();
        let is_set = !server.host.is_empty();
        let looked = match is_set {
            true => look_at_server(&server, self.old_name, &mut step),
            false => Err(Error::incomplete(Cause::ServerMissing, "no server was set")),
        };
        // What would end a send before it connects: the envelope is tried as far as it is known.
        if let Err(why) = Prepared::to_send(self.message) {
            step.warn(format!("The message cannot be sent yet: {why}."));
        }
        self.end(step, looked.err());
        self.watch.check().map_err(|error| Stop(error.to_string()))?;
        Ok(is_set)
    }

    fn account_and_token(&mut self) -> Walked<SignIn> {
        let server = self.server.clone();
        match (&server.account, &server.credentials) {
            (Some(account), _) => self.account(account),
            (None, Some(credentials)) => {
                self.skip(StepName::Account, "no account is used");
                match credentials {
                    Credentials::XOAuth2 { user, token }
                    | Credentials::OAuthBearer { user, token } => self.given_token(user, token)?,
                    Credentials::Password { .. } => {
                        self.skip(StepName::Token, "signs in with a password");
                    }
                }
                Ok(SignIn::With(credentials.clone()))
            }
            (None, None) => {
                self.skip(StepName::Account, "no account is used");
                self.skip(StepName::Token, "no sign-in was set");
                Ok(SignIn::None)
            }
        }
    }

    fn account(&mut self, account: &Account) -> Walked<SignIn> {
        let mut step = Step::begin(StepName::Account);
        let facts = account.facts();
        step.find(format!("{} ({})", facts.provider.title, facts.provider.name));
        let user = facts.user.as_deref().unwrap_or("nobody yet: the provider tells");
        step.find(format!("user {user}; {}", facts.signs_in));
        if !facts.client_id.is_empty() {
            step.find(format!("client id {}", facts.client_id));
        }
        step.find(facts.tenant.map_or("no tenant".into(), |tenant| format!("tenant {tenant}")));
        step.find(format!("asks for {}", facts.scopes.join(" ")));
        let provider = Providers::built_in().ok().and_then(|p| p.of_host(&self.server.host));
        if let Some(other) = provider.filter(|other| other.family != facts.provider.family) {
            step.warn(format!(
                "{} is a server of {}, and the account is one of {}: its tokens are refused there.",
                self.server.host, other.title, facts.provider.title
            ));
        }
        let signed_in = account.check_sign_in();
        if signed_in.is_ok() {
            step.find("a token can be had without a person, as far as this computer knows");
        }
        let why = signed_in.err();
        let missing = why.as_ref().map(ToString::to_string);
        self.end(step, why);
        if let Some(why) = missing {
            self.skip(StepName::Token, "see account");
            return Ok(SignIn::Missing(why));
        }
        self.account_token(account)
    }

    fn account_token(&mut self, account: &Account) -> Walked<SignIn> {
        let mut step = Step::begin(StepName::Token);
        let found = account.token_without_person(&mut self.watch).and_then(|token| {
            let user = user_of(&token)?;
            tell_token(&token, &mut step);
            for hint in account.look_at(&token, &user)? {
                step.warn(sentence(&hint));
            }
            Ok(credentials(account, &token, &user))
        });
        let error = found.as_ref().err().cloned();
        let over = self.is_over(error.as_ref());
        self.end(step, error);
        match found {
            Ok(credentials) => Ok(SignIn::With(credentials)),
            Err(error) if over => Err(Stop(error.to_string())),
            Err(error) => Ok(SignIn::Missing(error.to_string())),
        }
    }

    /// A token that the program gave: nobody but the server can say whether it is good.
    fn given_token(&mut self, user: &str, token: &Secret) -> Walked {
        let mut step = Step::begin(StepName::Token);
        step.find("given by the program");
        tell_claims(token, &mut step);
        let provider = Providers::built_in().ok().and_then(|p| p.of_host(&self.server.host));
        let looked =
            provider.map(|provider| inspect_for(&provider, token, Some(user), None, now()));
        match looked.unwrap_or_else(|| Ok(Vec::new())) {
            Ok(hints) => hints.iter().for_each(|hint| step.warn(sentence(hint))),
            // A send leaves the judgement to the server, too.
            Err(error) => step.warn(sentence(error.text())),
        }
        self.end(step, None);
        Ok(())
    }

    fn connect(&mut self) -> Walked<Stream> {
        let server = self.server.clone();
        let (host, port) = (server.host.as_str(), server.port);
        let proxy = match server.proxy.choose(host, port, &mut self.watch) {
            Ok(proxy) => proxy,
            Err(error) => {
                let step = Step::begin(StepName::Connect);
                self.skip(StepName::Resolve, "no proxy could be chosen");
                return Err(self.fail(step, error));
            }
        };
        if let Some(proxy) = proxy {
            self.skip(StepName::Resolve, format!("left to the proxy {proxy}"));
            let mut step = Step::begin(StepName::Connect);
            let limit = self.patience();
            match self.watch.within(limit, |watch| open(host, port, Some(&proxy), watch)) {
                Ok(stream) => {
                    step.find(format!("by way of the proxy {proxy} ({})", stream.peer()));
                    self.end(step, None);
                    return Ok(stream);
                }
                Err(error) => {
                    step.find(format!("by way of the proxy {proxy}"));
                    return Err(self.fail(step, error));
                }
            }
        }
        let addresses = self.resolve(host, port)?;
        let mut step = Step::begin(StepName::Connect);
        let limit = self.patience();
        let tried = addresses.clone();
        match self.watch.within(limit, |watch| connect_to(tried, host, port, watch)) {
            Ok((socket, peer)) => {
                step.find(format!("connected to {peer}"));
                self.end(step, None);
                Ok(Stream::new(socket, peer))
            }
            Err(error) => {
                step.end(Some(error.clone()));
                if !self.is_over(Some(&error)) {
                    self.try_other_ports(&addresses, &mut step);
                }
                Err(self.fail(step, error))
            }
        }
    }

    fn resolve(&mut self, host: &str, port: u16) -> Walked<Vec<SocketAddr>> {
        let mut step = Step::begin(StepName::Resolve);
        let addresses = match resolve(host, port, &mut self.watch) {
            Ok(addresses) => addresses,
            Err(error) => return Err(self.fail(step, error)),
        };
        if host.parse::<IpAddr>().is_ok() {
            step.find("the server is given by its address");
        } else {
            let shown = addresses.iter().take(MOST_ADDRESSES);
            let shown: Vec<_> = shown.map(|address| address.ip().to_string()).collect();
            step.find(format!("{host} is {}", shown.join(", ")));
        }
        self.end(step, None);
        Ok(addresses)
    }

    /// Whether the host answers elsewhere: only connects, and closes again.
    fn try_other_ports(&mut self, addresses: &[SocketAddr], step: &mut Step) {
        let (mut open, mut closed) = (Vec::new(), Vec::new());
        for port in USUAL_PORTS.into_iter().filter(|port| *port != self.server.port) {
            let there = |address: &SocketAddr| SocketAddr::new(address.ip(), port);
            let addresses = addresses.iter().map(there).collect();
            let host = self.server.host.clone();
            let limit = GLANCE.min(self.watch.left() / 4);
            let tried = self.watch.within(limit, |w| connect_to(addresses, &host, port, w));
            let list = if tried.is_ok() { &mut open } else { &mut closed };
            list.push(port.to_string());
        }
        match open.as_slice() {
            [] => step.find(format!(
                "the host answers on none of the usual ports {} either",
                closed.join(", ")
            )),
            open => step.find(format!("the same host answers on port {}", open.join(" and "))),
        }
    }

    fn implicit_tls(&mut self, stream: &mut Stream) -> Walked {
        let mut step = Step::begin(StepName::Tls);
        let (server, limit) = (self.server.clone(), self.patience());
        let shaken = self.within(limit, |watch, log| start_tls(stream, &server, watch, log));
        let Err(error) = shaken else {
            self.tell_tls(stream, &mut step);
            self.end(step, None);
            return Ok(());
        };
        self.tell_chain(&mut step);
        step.end(Some(error.clone()));
        if self.is_over(Some(&error)) || error.status() == Status::Certificate {
            return Err(self.fail(step, error));
        }
        // What does the port speak, if not TLS?
        let Some(mut connection) = self.open_in_clear() else { return Err(self.fail(step, error)) };
        let greeted =
            self.within(GLANCE, |watch, log| pass(&mut connection, Stage::Greeting, watch, log));
        if greeted.is_err() {
            return Err(self.fail(step, error));
        }
        let text = format!("the server speaks plain text on port {} and not TLS", server.port);
        step.find(error.to_string());
        step.find(
            "set the security to STARTTLS or automatic, or use the port for TLS (mostly 465)",
        );
        let error = Error::new(Status::Tls, Stage::Tls, Cause::TlsFailed, text);
        let stop = self.fail(step, error);
        let mut step = Step::begin(StepName::Greeting);
        step.find(format!("without TLS: {}", heard(&connection)));
        self.end(step, None);
        let look = |watch: &mut Watch, log: &Log| pass(&mut connection, Stage::Hello, watch, log);
        if self.within(GLANCE, look).is_ok() {
            let mut step = Step::begin(StepName::HelloInClear);
            tell_offer(&connection, &mut step);
            self.end(step, None);
        }
        connection.quit();
        Err(stop)
    }

    fn greeting(&mut self, connection: &mut Connection) -> Walked {
        let mut step = Step::begin(StepName::Greeting);
        let early = QUIET.min(self.watch.left() / 2);
        let mut greeted =
            self.within(early, |watch, log| pass(connection, Stage::Greeting, watch, log));
        let is_silent = |error: &Error| {
            matches!(error.status(), Status::Timeout | Status::ConnectionLost)
                || error.cause() == Cause::NotSmtp
        };
        if let Err(error) = &greeted
            && is_silent(error)
            && !self.is_over(Some(error))
            && !connection.session.is_secure()
        {
            if self.answers_tls() {
                let port = self.server.port;
                let text = format!(
                    "the server speaks TLS from the first byte on port {port}, and nothing before"
                );
                step.find("set the security to TLS, or use the port for STARTTLS (mostly 587)");
                let error = Error::new(Status::Tls, Stage::Greeting, Cause::TlsFailed, text);
                return Err(self.fail(step, error));
            }
            if error.status() == Status::Timeout {
                greeted = pass(connection, Stage::Greeting, &mut self.watch, &self.log);
            }
        }
        match greeted {
            Ok(()) => {
                step.find(heard(connection));
                self.end(step, None);
                Ok(())
            }
            Err(error) => Err(self.fail(step, error)),
        }
    }

    /// Gives what the session says about a later step: that is the one that failed.
    fn hello(&mut self, connection: &mut Connection, name: StepName) -> Walked<Result<()>> {
        let mut step = Step::begin(name);
        match pass(connection, Stage::Hello, &mut self.watch, &self.log) {
            Err(error) if error.stage() == Stage::Hello => Err(self.fail(step, error)),
            result => {
                tell_offer(connection, &mut step);
                self.end(step, None);
                Ok(result)
            }
        }
    }

    fn starttls(&mut self, connection: &mut Connection, pending: Result<()>) -> Walked<Result<()>> {
        let mut step = Step::begin(StepName::Tls);
        let is_mine = |error: &Error| error.stage() == Stage::Starttls;
        if let Err(error) = &pending
            && is_mine(error)
        {
            return Err(self.fail(step, error.clone()));
        }
        if pending.is_err() || connection.stage() != Stage::Starttls {
            let why = match self.server.security {
                Security::StarttlsIfOffered => "the server does not offer STARTTLS",
                _ => "no TLS is wanted",
            };
            self.skip(StepName::Tls, why);
            self.skip(StepName::Hello, "there is no TLS");
            return Ok(pending);
        }
        let limit = self.patience();
        let started =
            self.within(limit, |watch, log| pass(connection, Stage::Starttls, watch, log));
        match started {
            Ok(()) => {
                self.tell_tls(&connection.stream, &mut step);
                self.end(step, None);
                Ok(Ok(()))
            }
            Err(error) => {
                self.tell_chain(&mut step);
                Err(self.fail(step, error))
            }
        }
    }

    fn mechanisms(&mut self, connection: &Connection, pending: Result<()>) -> Walked<Result<()>> {
        let mut step = Step::begin(StepName::Mechanisms);
        let offered = &connection.session.capabilities().mechanisms;
        step.find(match offered.as_slice() {
            [] => "none is offered".into(),
            some => some.join(", "),
        });
        match pending {
            Err(error)
                if matches!(error.cause(), Cause::AuthNotOffered | Cause::MechanismNotOffered) =>
            {
                Err(self.fail(step, error))
            }
            pending => {
                self.end(step, None);
                Ok(pending)
            }
        }
    }

    fn sign_in(
        &mut self,
        connection: &mut Connection,
        pending: Result<()>,
        missing: Option<String>,
    ) -> Walked {
        if let Some(why) = missing {
            self.skip(StepName::SignIn, format!("there is no token: {why}"));
            return Err(Stop("not signed in".into()));
        }
        if self.server.credentials.is_none() && self.server.account.is_none() {
            self.skip(StepName::SignIn, "no sign-in was set");
            return Ok(());
        }
        let mut step = Step::begin(StepName::SignIn);
        let signed_in =
            pending.and_then(|()| pass(connection, Stage::SignIn, &mut self.watch, &self.log));
        match signed_in {
            Ok(()) => {
                step.find(heard(connection));
                self.end(step, None);
                Ok(())
            }
            Err(error) => {
                if self.server.account.is_some() && error.cause() == Cause::TokenRefused {
                    step.find("a send would ask for a new token now, once, and try again");
                }
                Err(self.fail(step, error))
            }
        }
    }

    /// Asks for sender and recipients together, as a send does, and takes it back.
    fn envelope(&mut self, connection: &mut Connection) -> Walked {
        let mut step = Step::begin(StepName::Sender);
        let Some(sender) = self.message.return_path().map(str::to_owned) else {
            self.skip(StepName::Sender, "no From address was set");
            return Err(Stop("no From address was set".into()));
        };
        let envelope = match self.whole_envelope(connection) {
            Ok(envelope) => envelope,
            Err(error) => return Err(self.fail(step, error)),
        };
        connection.session.begin(Transaction::new(envelope));
        let asked = pass(connection, Stage::Sender, &mut self.watch, &self.log);
        let refused = connection.session.transaction().error.clone();
        match asked.err().or(refused.filter(|error| error.stage() == Stage::Sender)) {
            Some(error) => return Err(self.fail(step, error)),
            None => step.find(format!("<{sender}> is accepted")),
        }
        self.end(step, None);
        self.recipients(connection)
    }

    fn whole_envelope(&self, connection: &Connection) -> Result<Envelope> {
        let only_asks = true;
        let Ok(prepared) = Prepared::to_send(self.message) else {
            return Ok(Envelope {
                return_path: self.message.return_path().unwrap_or_default().to_owned(),
                recipients: self.message.recipients(),
                utf8: self.message.needs_utf8(),
                only_asks,
                ..Envelope::default()
            });
        };
        let eight_bit = connection.session.capabilities().eight_bit_mime;
        let content = prepared.compose(Carrier { eight_bit })?;
        Ok(Envelope { only_asks, ..envelope(&prepared, &content) })
    }

    fn recipients(&mut self, connection: &mut Connection) -> Walked {
        if self.message.recipients().is_empty() {
            self.skip(StepName::Recipients, "no recipient was added");
            return Ok(());
        }
        let mut step = Step::begin(StepName::Recipients);
        let asked = pass(connection, Stage::Recipients, &mut self.watch, &self.log);
        if let Err(error) = asked {
            return Err(self.fail(step, error));
        }
        // The answer to RSET tells nothing.
        let _ = pass(connection, Stage::Sender, &mut self.watch, &self.log);
        let transaction = connection.session.take_transaction();
        let answers = || transaction.envelope.recipients.iter().zip(&transaction.replies);
        for (address, reply) in answers().take(MOST_RECIPIENTS) {
            let reply = reply.as_ref().map_or("no answer".into(), ToString::to_string);
            step.find(format!("<{address}>: {reply}"));
        }
        let is_refused = |reply: &Option<Reply>| !reply.as_ref().is_some_and(Reply::is_positive);
        let refused = answers().filter(|(_, reply)| is_refused(reply)).count();
        let error = match transaction.error {
            None if refused > 0 => Some(self.refused_for_some(refused, transaction.replies.len())),
            error => error,
        };
        self.end(step, error);
        Ok(())
    }

    fn refused_for_some(&self, refused: usize, all: usize) -> Error {
        let (status, ends) = match self.all_or_none {
            true => (Status::Recipients, ", and all or none was asked"),
            false => (Status::Partial, ""),
        };
        let text = format!("the server refuses {refused} of {all} recipients{ends}");
        Error::new(status, Stage::Recipients, Cause::RecipientsRefused, text)
            .with_outcome(Outcome::NotSent)
    }

    /// A connection of its own without TLS and sign-in, to see what a port speaks.
    fn open_in_clear(&mut self) -> Option<Connection> {
        let server = Server {
            security: Security::Plain,
            credentials: None,
            account: None,
            ..Server::clone(&self.server)
        };
        let stream = self.open_again()?;
        let mut connection = Connection::over(stream, &Arc::new(server), None, &self.log);
        connection.session.listens = true;
        Some(connection)
    }

    /// Whether the port answers a TLS handshake, whatever its certificate is.
    fn answers_tls(&mut self) -> bool {
        let mut server = Server::clone(&self.server);
        server.trust.accept_invalid = true;
        let Some(mut stream) = self.open_again() else { return false };
        let shaken = self.within(GLANCE, |watch, log| start_tls(&mut stream, &server, watch, log));
        stream.close(b"");
        shaken.is_ok()
    }

    fn open_again(&mut self) -> Option<Stream> {
        let server = self.server.clone();
        let (host, port) = (server.host.as_str(), server.port);
        let opened = self.watch.within(GLANCE, |watch| {
            let proxy = server.proxy.choose(host, port, watch)?;
            open(host, port, proxy.as_ref(), watch)
        });
        opened.ok()
    }

    fn tell_tls(&self, stream: &Stream, step: &mut Step) {
        step.found.extend(stream.tls_description());
        self.tell_chain(step);
        step.warnings.extend(ends_soon(&self.presented.certificates(), now()));
    }

    fn tell_chain(&self, step: &mut Step) {
        step.found.extend(describe_chain(&self.presented.certificates()));
    }

    /// Does something that may take no longer than this.
    fn within<T>(
        &mut self,
        limit: Duration,
        work: impl FnOnce(&mut Watch, &Log) -> Result<T>,
    ) -> Result<T> {
        let log = &self.log;
        self.watch.within(limit, |watch| work(watch, log))
    }

    /// For one wait; the rest is for finding out why it was in vain.
    fn patience(&self) -> Duration {
        PATIENCE.min(self.watch.left() / 2)
    }

    /// Whether the walk was cancelled or its time is over.
    fn is_over(&self, error: Option<&Error>) -> bool {
        error.is_some_and(|error| error.status() == Status::Cancelled)
            || self.watch.left().is_zero()
    }

    fn skip(&mut self, name: StepName, why: impl Into<String>) {
        self.add(Step::skipped(name, why));
    }

    fn end(&mut self, mut step: Step, error: Option<Error>) {
        if step.error.is_none() {
            step.end(error);
        }
        self.add(step);
    }

    /// Ends the step with an error, and with it the walk.
    fn fail(&mut self, mut step: Step, error: Error) -> Stop {
        match step.error.is_some() {
            // Its time was taken already.
            true => step.error = Some(error.clone()),
            false => step.end(Some(error.clone())),
        }
        let why = match error.status() {
            Status::Cancelled => "cancelled".into(),
            _ if self.watch.left().is_zero() => "the time was over".into(),
            _ => format!("not reached: {} failed", step.name.title()),
        };
        self.log.note(|| error.to_string());
        self.add(step);
        Stop(why)
    }

    fn add(&mut self, mut step: Step) {
        step.judge();
        (self.show)(&step);
        self.steps.push(step);
    }

    fn skip_the_rest(&mut self, why: &str) {
        for name in StepName::ALL {
            if !self.steps.iter().any(|step| step.name == *name) {
                self.skip(*name, why);
            }
        }
    }
}

/// With what somebody signs in.
enum SignIn {
    None,
    With(Credentials),
    /// With a token that could not be had: the server is looked at all the same.
    Missing(String),
}

/// Drives the session until it is in another stage, or ready.
fn pass(connection: &mut Connection, stage: Stage, watch: &mut Watch, log: &Log) -> Result<()> {
    watch.begin(stage);
    while connection.stage() == stage && !connection.is_reusable() {
        connection.step(None, watch, log)?;
    }
    Ok(())
}

fn heard(connection: &Connection) -> String {
    connection.session.heard().map(ToString::to_string).unwrap_or_default()
}

/// What the server has offered, line by line as it said it.
fn tell_offer(connection: &Connection, step: &mut Step) {
    let Some(reply) = connection.session.heard() else { return };
    let mut lines = reply.text().split('\n').filter(|line| !line.is_empty());
    step.find(format!("the server calls itself {}", lines.next().unwrap_or_default()));
    let offered: Vec<_> = lines.collect();
    step.find(match offered.as_slice() {
        [] => "it offers nothing".into(),
        lines => format!("it offers {}", lines.join(", ")),
    });
}

fn tell_token(token: &AccessToken, step: &mut Step) {
    let ends = token.expires_at.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let ends = i64::try_from(ends).unwrap_or(i64::MAX);
    step.find(format!("good until {}", moment(ends)));
    if !token.scopes.is_empty() {
        step.find(format!("for {}", token.scopes.join(" ")));
    }
    tell_claims(token.secret(), step);
}

fn tell_claims(token: &Secret, step: &mut Step) {
    let claims = readable_claims(token);
    if claims.is_empty() {
        step.find("it says nothing of itself that can be read here");
    }
    for (name, value) in claims {
        step.find(format!("{name}: {value}"));
    }
}

fn sentence(hint: &str) -> String {
    let mut letters = hint.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    i64::try_from(now).unwrap_or(i64::MAX)
}
