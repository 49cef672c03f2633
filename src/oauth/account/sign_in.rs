//! A person signs in: in a browser that comes back to this computer, or with a code on any device.
//!
//! Each way is an object with two halves: what to show, and `poll`, which does what can be done
//! without waiting. [`Account::sign_in`](super::Account::sign_in) is both halves in one call.

use super::Account;
use super::fresh::seconds;
use super::refresh::{add_identity, renew};
use super::settings::Settings;
use crate::error::{Cause, Error, Result, Stage, Status};
use crate::net::{Cancellation, Watch};
use crate::oauth::browser;
use crate::oauth::client_certificate::Thumbprint;
use crate::oauth::code::{Pending, SignIn, new_state};
use crate::oauth::device::{DeviceAuthorization, Next, Polling};
use crate::oauth::loopback::Loopback;
use crate::oauth::provider::{Provider, Quirk};
use crate::oauth::request::{ClientAuthentication, Grant};
use crate::oauth::scope;
use crate::oauth::store::Entry;
use crate::oauth::token::Token;
use crate::secret::Secret;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// A sign-in in the browser, under way.
pub struct BrowserSignIn {
    waiting: Waiting,
    pending: Pending,
    /// None when no listener can serve the address that is registered: the person pastes it.
    loopback: Option<Loopback>,
}

/// A sign-in on another device, under way.
#[derive(Debug)]
pub struct DeviceSignIn {
    waiting: Waiting,
    authorization: DeviceAuthorization,
    polling: Polling,
    /// From the beginning: who cancels before `wait` is called means this sign-in too.
    cancellation: Cancellation,
}

/// Whose sign-in it is.
#[derive(Debug)]
struct Waiting {
    account: Account,
    settings: Arc<Settings>,
    provider: Provider,
}

impl fmt::Debug for BrowserSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserSignIn").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

/// Opens the browser and waits until the person has signed in.
pub(super) fn in_browser(
    account: &Account,
    watch: &mut Watch,
    show: &mut dyn FnMut(&str),
) -> Result<()> {
    let mut sign_in = BrowserSignIn::begin(account, watch)?;
    show(sign_in.url());
    if sign_in.waiting.settings.opens_browser {
        // Without a browser the person opens the address that was shown.
        let _ = sign_in.open_browser();
    }
    sign_in.wait(watch)
}

impl BrowserSignIn {
    pub(super) fn begin(account: &Account, watch: &mut Watch) -> Result<Self> {
        let waiting = Waiting::new(account, watch)?;
        let (settings, provider) = (&waiting.settings, &waiting.provider);
        let state = new_state()?;
        let by_hand = provider.has(Quirk::RedirectByHand);
        let (loopback, redirect_uri) = match by_hand {
            true => (None, provider.redirect.clone()),
            false => {
                let path = provider.redirect.split_once("{port}").map_or("", |(_, path)| path);
                let mut loopback = Loopback::open(None, path, state.clone())?;
                loopback.set_program(&settings.program);
                let redirect_uri = provider.redirect_uri(loopback.port());
                (Some(loopback), redirect_uri)
            }
        };
        let public = ClientAuthentication::None;
        let asking = settings.asking(provider, &public)?;
        let sign_in = SignIn {
            provider,
            client_id: asking.client_id,
            scopes: &settings.scopes(),
            redirect_uri: &redirect_uri,
            by_hand: by_hand || !settings.opens_browser,
            login_hint: settings.user.as_deref(),
            prompt: None,
            claims: None,
            parameters: asking.parameters,
        };
        let pending = Pending::begin(&sign_in, state)?;
        Ok(Self { waiting, pending, loopback })
    }

    /// The address to open in a browser on this computer.
    pub fn url(&self) -> &str {
        &self.pending.url
    }

    /// A sentence for the person.
    pub fn message(&self) -> String {
        self.waiting.account.browser_message()
    }

    /// Opens the address in the system's browser; there may be none.
    pub fn open_browser(&self) -> Result<()> {
        browser::open(self.url())
    }

    /// Does what can be done without waiting; `true` when the person has signed in. Call it
    /// several times a second: the browser waits meanwhile.
    pub fn poll(&mut self) -> Result<bool> {
        let Some(loopback) = &mut self.loopback else { return Ok(false) };
        let Some(parameters) = loopback.poll()? else { return Ok(false) };
        let code = self.pending.read(&parameters.encoded())?;
        self.waiting.account.watched(|watch| self.finish(code, watch)).map(|()| true)
    }

    /// Goes on with the address of the last page, which a person has copied from the browser: for
    /// computers whose browser cannot come back to this program.
    pub fn complete(&mut self, address: &str) -> Result<()> {
        let code = self.pending.read_pasted(address)?;
        self.waiting.account.watched(|watch| self.finish(code, watch))
    }

    /// Waits until the person has signed in.
    pub(super) fn wait(&mut self, watch: &mut Watch) -> Result<()> {
        let Some(loopback) = &mut self.loopback else {
            let text = format!(
                "{} leads the browser to a page of its own: copy its address and complete the \
                 sign-in with it",
                self.waiting.provider.title
            );
            let cause = Cause::SignInIncomplete;
            return Err(Error::new(Status::NeedsSignIn, Stage::Authorize, cause, text));
        };
        let parameters = loopback.wait(watch)?;
        self.finish(self.pending.read(&parameters.encoded())?, watch)
    }

    fn finish(&self, code: Secret, watch: &mut Watch) -> Result<()> {
        let token = self.waiting.ask(&self.pending.grant(code), watch)?;
        self.waiting.keep(token, self.pending.nonce.as_ref(), watch)
    }
}

impl DeviceSignIn {
    pub(super) fn begin(account: &Account, watch: &mut Watch) -> Result<Self> {
        let cancellation = account.0.canceller.watch();
        let mut waiting = Waiting::new(account, watch)?;
        let authorization = match waiting.device_code(watch) {
            Err(error) => match waiting.correct(&error, watch) {
                Some(corrected) => corrected.and_then(|()| waiting.device_code(watch)),
                None => Err(error),
            },
            found => found,
        }?;
        let polling = Polling::new(&authorization, Instant::now());
        Ok(Self { waiting, authorization, polling, cancellation })
    }

    /// What the person types on the page.
    pub fn user_code(&self) -> &str {
        &self.authorization.user_code
    }

    /// The page, for any device.
    pub fn verification_uri(&self) -> &str {
        &self.authorization.verification_uri
    }

    /// The page with the code in it, for a QR code, when the provider has one.
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.authorization.verification_uri_complete.as_deref()
    }

    /// A sentence for the person, in the words of the provider when it has some.
    pub fn message(&self) -> String {
        self.authorization.message.clone().unwrap_or_else(|| {
            let (page, code) = (self.verification_uri(), self.user_code());
            format!("To sign in, open {page} on any device and enter the code {code}.")
        })
    }

    /// Opens the page in the system's browser, with the code in it where that is possible; there
    /// may be no browser.
    pub fn open_browser(&self) -> Result<()> {
        browser::open(self.verification_uri_complete().unwrap_or(self.verification_uri()))
    }

    /// How long the code is good.
    pub fn expires_in(&self) -> Duration {
        self.authorization.expires_in
    }

    /// Asks the provider when it is time; `true` when the person has signed in. It waits for one
    /// answer at the most.
    pub fn poll(&mut self) -> Result<bool> {
        let account = self.waiting.account.clone();
        account.watched(|watch| Ok(matches!(self.step(watch)?, Step::Done)))
    }

    /// Waits until the person has signed in.
    pub fn wait(&mut self) -> Result<()> {
        let mut tick = || true;
        let total = self.authorization.expires_in + Duration::from_secs(1);
        let watch = &mut Watch::new(total, self.cancellation.clone(), &mut tick);
        loop {
            match self.step(watch)? {
                Step::Done => return Ok(()),
                Step::Wait(until) => {
                    watch.begin(Stage::Authorize);
                    watch.pause(until.saturating_duration_since(Instant::now()))?;
                }
            }
        }
    }

    fn step(&mut self, watch: &mut Watch) -> Result<Step> {
        let mut next = self.polling.next(Instant::now())?;
        if next == Next::Ask {
            let answer = self.waiting.ask(&self.polling.grant(), watch);
            next = self.polling.answered(answer, Instant::now())?;
        }
        match next {
            Next::Done(token) => {
                self.waiting.keep(*token, None, watch)?;
                Ok(Step::Done)
            }
            Next::Wait(until) => Ok(Step::Wait(until)),
            Next::Ask => Ok(Step::Wait(Instant::now())),
        }
    }
}

enum Step {
    Wait(Instant),
    Done,
}

impl Waiting {
    fn new(account: &Account, watch: &mut Watch) -> Result<Self> {
        let settings = account.settings();
        let provider = settings.provider(watch)?;
        Ok(Self { account: account.clone(), settings, provider })
    }

    fn device_code(&self, watch: &mut Watch) -> Result<DeviceAuthorization> {
        let settings = &self.settings;
        let authentication = self.authentication()?;
        let asking = settings.asking(&self.provider, &authentication)?;
        DeviceAuthorization::begin(&asking, &settings.scopes(), settings.client(), watch)
    }

    /// Takes the tenant that an error names, if it does.
    fn correct(&mut self, error: &Error, watch: &mut Watch) -> Option<Result<()>> {
        let right = self.settings.right_provider(&self.provider, error, watch)?;
        Some(right.map(|provider| self.provider = provider))
    }

    fn authentication(&self) -> Result<ClientAuthentication> {
        let now = seconds(SystemTime::now());
        self.settings.authentication(&self.provider, Thumbprint::Sha256, now)
    }

    /// Once: a code is burnt when its request has arrived.
    fn ask(&self, grant: &Grant, watch: &mut Watch) -> Result<Token> {
        let settings = &self.settings;
        let authentication = self.authentication()?;
        let asking = settings.asking(&self.provider, &authentication)?;
        asking.token(grant, &settings.scopes(), settings.client(), watch)
    }

    /// Keeps what came of the sign-in in place of what was there.
    fn keep(&self, token: Token, nonce: Option<&Secret>, watch: &mut Watch) -> Result<()> {
        let asked = self.settings.scopes();
        if let [first, ..] = scope::missing(&asked, &token.scopes).as_slice() {
            let text = format!("the sign-in did not give the permission {first}");
            let cause = Cause::TokenMissingScope;
            return Err(Error::new(Status::NeedsSignIn, Stage::Authorize, cause, text));
        }
        let key = self.settings.key()?;
        self.settings.store.with_lock(&key, watch, |locked, _| {
            let mut entry = Entry::in_place_of(locked.entry(), key.clone());
            entry.signed_in_at = Some(seconds(SystemTime::now()));
            add_identity(&mut entry, &token, &self.provider, &self.settings.client_id, nonce)?;
            locked.save_or_keep(renew(entry, token)?)
        })?;
        *self.account.0.ended.lock() = None;
        Ok(())
    }
}
