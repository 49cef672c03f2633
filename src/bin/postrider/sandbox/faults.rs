//! What shall go wrong, and where: the `--fault` option and the recipients whose names say so.
//!
//! The session asks at each step; nothing here knows the protocol. Faults hold for every
//! connection of a run.

use std::str::FromStr;
use std::time::Duration;

/// Shown below `postrider sandbox --help`.
pub const HELP: &str = "\
Faults on demand:
  expired-token[=N]       access tokens (the first N, or all) are refused as expired, although
                          their client believes them fresh
  consent-denied          who signs in on the login page or the device page is refused (access_denied)
  refresh-dead            refresh tokens are refused (invalid_grant), so that a new sign-in is needed
  no-refresh-token        the token endpoint hands out access tokens only
  token-busy[=SECONDS]    the first token request gets 503 with Retry-After (default: 1)
  refuse-recipient=ADDR   550 5.1.1 for this recipient
  shutdown[=STAGE]        421 4.3.2 instead of the reply at this stage (default: greeting), then closed
  slow=MS                 each reply comes MS milliseconds late (at most 60000)
  drop=STAGE              the connection dies at this stage, without a reply
Stages, in their order:
  greeting ehlo starttls auth mail rcpt data
  content   after the first line of the message
  dot       after the whole message; `drop` keeps the message (the client cannot know),
            `shutdown` does not
Always on:
  refused@ANY.DOMAIN      is refused with 550 5.1.1
  busy@ANY.DOMAIN         is refused for now with 450 4.2.1

The sandbox listens on 127.0.0.1 only. It is for trying things, never for production.";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Content,
    Dot,
}

const STAGES: [(&str, Stage); 9] = [
    ("greeting", Stage::Greeting),
    ("ehlo", Stage::Ehlo),
    ("starttls", Stage::StartTls),
    ("auth", Stage::Auth),
    ("mail", Stage::Mail),
    ("rcpt", Stage::Rcpt),
    ("data", Stage::Data),
    ("content", Stage::Content),
    ("dot", Stage::Dot),
];

/// One `--fault` option.
#[derive(Clone)]
pub struct Fault {
    kind: Kind,
    /// As it was ordered.
    text: String,
}

#[derive(Clone)]
enum Kind {
    ExpiredToken(u32),
    ConsentDenied,
    RefreshDead,
    NoRefreshToken,
    TokenBusy(u32),
    RefuseRecipient(String),
    Interrupt(Stage, Interruption),
    Slow(Duration),
}

/// How a connection ends before its time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    Shutdown,
    Drop,
}

/// The `--fault` options of a run.
pub struct Faults(Vec<Fault>);

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Fault { kind: kind(text)?, text: text.to_owned() })
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    match (name, value) {
        ("expired-token", None) => Ok(Kind::ExpiredToken(u32::MAX)),
        ("expired-token", Some(count)) => match count.parse() {
            Ok(count) => Ok(Kind::ExpiredToken(count)),
            Err(_) => Err(format!("{count} is not a number of tokens")),
        },
        ("consent-denied", None) => Ok(Kind::ConsentDenied),
        ("refresh-dead", None) => Ok(Kind::RefreshDead),
        ("no-refresh-token", None) => Ok(Kind::NoRefreshToken),
        ("consent-denied" | "refresh-dead" | "no-refresh-token", Some(_)) => {
            Err(format!("{name} takes no value"))
        }
        ("token-busy", None) => Ok(Kind::TokenBusy(1)),
        ("token-busy", Some(seconds)) => match seconds.parse() {
            Ok(seconds) => Ok(Kind::TokenBusy(seconds)),
            Err(_) => Err(format!("{seconds} is not a number of seconds")),
        },
        ("refuse-recipient", Some(address)) if address.contains('@') => {
            Ok(Kind::RefuseRecipient(address.to_owned()))
        }
        ("refuse-recipient", _) => Err("refuse-recipient needs =ADDRESS".to_owned()),
        ("shutdown", None) => Ok(Kind::Interrupt(Stage::Greeting, Interruption::Shutdown)),
        ("shutdown", Some(name)) => Ok(Kind::Interrupt(stage(name)?, Interruption::Shutdown)),
        ("drop", Some(name)) => Ok(Kind::Interrupt(stage(name)?, Interruption::Drop)),
        ("drop", None) => Err("drop needs =STAGE".to_owned()),
        ("slow", Some(value)) => match value.parse() {
            Ok(milliseconds @ 0..=60_000) => Ok(Kind::Slow(Duration::from_millis(milliseconds))),
            _ => Err("slow needs =MILLISECONDS, at most 60000".to_owned()),
        },
        ("slow", None) => Err("slow needs =MILLISECONDS".to_owned()),
        _ => Err(format!("there is no fault called {name}; see postrider sandbox --help")),
    }
}

fn stage(name: &str) -> Result<Stage, String> {
    let known = STAGES.iter().find(|(known, _)| *known == name);
    known.map(|(_, stage)| *stage).ok_or_else(|| {
        let names = STAGES.map(|(name, _)| name).join(", ");
        format!("there is no stage called {name}; the stages are {names}")
    })
}

impl Faults {
    pub fn new(faults: Vec<Fault>) -> Self {
        Faults(faults)
    }

    /// The interruption ordered for this stage.
    pub fn at(&self, stage: Stage) -> Option<Interruption> {
        self.0.iter().find_map(|fault| match &fault.kind {
            Kind::Interrupt(at, interruption) if *at == stage => Some(*interruption),
            _ => None,
        })
    }

    /// The reply that refuses this recipient, if it is to be refused.
    pub fn refusal_of(&self, address: &str) -> Option<&'static str> {
        let named = self.0.iter().any(|fault| match &fault.kind {
            Kind::RefuseRecipient(refused) => refused.eq_ignore_ascii_case(address),
            _ => false,
        });
        match address.rsplit_once('@').map_or("", |(local, _)| local) {
            "busy" => Some("450 4.2.1 This mailbox is busy; try again later"),
            local if named || local == "refused" => Some("550 5.1.1 There is no such mailbox"),
            _ => None,
        }
    }

    /// How long each reply waits.
    pub fn pause(&self) -> Duration {
        let pauses = self.0.iter().map(|fault| match &fault.kind {
            Kind::Slow(pause) => *pause,
            _ => Duration::ZERO,
        });
        pauses.max().unwrap_or_default()
    }

    /// How many access tokens are dead when they are handed out.
    pub fn expired_tokens(&self) -> u32 {
        let counts = self.0.iter().map(|fault| match &fault.kind {
            Kind::ExpiredToken(count) => *count,
            _ => 0,
        });
        counts.max().unwrap_or_default()
    }

    /// Who agrees to sign in is refused all the same.
    pub fn consent_denied(&self) -> bool {
        self.0.iter().any(|fault| matches!(fault.kind, Kind::ConsentDenied))
    }

    /// No refresh token is taken.
    pub fn refresh_dead(&self) -> bool {
        self.0.iter().any(|fault| matches!(fault.kind, Kind::RefreshDead))
    }

    /// No refresh token is handed out.
    pub fn no_refresh_token(&self) -> bool {
        self.0.iter().any(|fault| matches!(fault.kind, Kind::NoRefreshToken))
    }

    /// For how many seconds the first token request is sent away.
    pub fn token_busy(&self) -> Option<u32> {
        self.0.iter().find_map(|fault| match fault.kind {
            Kind::TokenBusy(seconds) => Some(seconds),
            _ => None,
        })
    }

    /// A line for the start-up text, empty without faults.
    pub fn describe(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let texts: Vec<&str> = self.0.iter().map(|fault| fault.text.as_str()).collect();
        format!("  Faults ordered       {}\n", texts.join(", "))
    }
}
