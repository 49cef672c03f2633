//! One account: who signs in where, and its access token whenever one is needed.
//!
//! An account is shared by any number of mails and threads; clones are the same account. Its
//! settings are copied when a request begins, so changes count for the next one.
//!
//! - `settings`     what the program says about it
//! - `fresh`        whether a token is still good enough to be used
//! - `sign_in`      a person signs in, with a browser or on another device
//! - `refresh`      an access token without a person: kept, renewed, or asked for by the app itself
//! - `supplied`     an access token that the program has from elsewhere
//! - `bundle_file`  the sign-in in a file, for another computer

mod bundle_file;
mod fresh;
#[cfg(test)]
mod quirk_tests;
mod refresh;
mod settings;
mod sign_in;
mod supplied;
#[cfg(test)]
mod tests;

use crate::error::values::Values;
use crate::error::{Error, Result, Status};
use crate::explain::{Sign, Signs};
use crate::net::{Canceller, CertificateDer, Trust, Watch};
use crate::oauth::client_certificate::ClientCertificate;
use crate::oauth::inspect::{self, Hint};
use crate::oauth::provider::{Family, Provider, Providers, Quirk, Smtp};
use crate::oauth::service_account::ServiceAccount;
use crate::oauth::store::{Entry, Locks, Store};
use crate::oauth::token::Token;
use crate::secret::Secret;
use parking_lot::Mutex;
use settings::{Flow, Settings};
pub use sign_in::{BrowserSignIn, DeviceSignIn};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
pub use supplied::SuppliedToken;
use supplied::Supply;

/// An account at a provider.
#[derive(Clone)]
pub struct Account(Arc<Inner>);

struct Inner {
    settings: Mutex<Arc<Settings>>,
    canceller: Canceller,
    /// A token that needs no store, for it can be had again without a person.
    app_token: Mutex<Option<Token>>,
    /// One thread at a time asks for it, and one send at a time waits for a person: the others want
    /// the same.
    asking: Locks,
    /// Why a person has to sign in, since the provider last said so.
    ended: Mutex<Option<Error>>,
}

/// A token with which the account signs in to a mail server. `Debug` does not show it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccessToken {
    token: Secret,
    /// The name to sign in with, when the account knows one.
    pub user: Option<String>,
    /// The address of the person who signed in, when the provider told.
    pub address: Option<String>,
    /// The provider's name for the person (`preferred_username`), when it told.
    pub user_name: Option<String>,
    /// When it ends, by the clock of this computer.
    pub expires_at: SystemTime,
    /// What it is good for.
    pub scopes: Vec<String>,
}

impl AccessToken {
    /// The token itself: hand it to nobody but the server.
    pub fn text(&self) -> &str {
        self.token.text().unwrap_or_default()
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.token
    }
}

impl Account {
    /// An account at a provider of the built-in table, such as "microsoft" or "google", or at one
    /// that `providers_json` adds to it.
    pub fn new(provider: &str, providers_json: Option<&str>) -> Result<Self> {
        let mut providers = Providers::built_in()?;
        providers_json.map_or(Ok(()), |json| providers.merge(json))?;
        let settings = Settings::new(providers.named(provider)?);
        Ok(Self(Arc::new(Inner {
            settings: Mutex::new(Arc::new(settings)),
            canceller: Canceller::default(),
            app_token: Mutex::new(None),
            asking: Locks::default(),
            ended: Mutex::new(None),
        })))
    }

    /// Who the program is at the provider; the secret is left out for public clients.
    pub fn set_client(&self, id: &str, secret: Option<&str>) -> Result<()> {
        self.change(|settings| settings.set_client(id, secret))
    }

    /// The organization: a tenant id, a domain, or one of the provider's words for several.
    pub fn set_tenant(&self, tenant: &str) -> Result<()> {
        self.change(|settings| settings.set_tenant(tenant))
    }

    /// The address that signs in. It is shown to the person, tells accounts of one store apart, and
    /// is the name to sign in with.
    pub fn set_user(&self, user: &str) -> Result<()> {
        self.change(|settings| settings.set_user(user))
    }

    /// A further scope to ask for.
    pub fn add_scope(&self, scope: &str) -> Result<()> {
        self.change(|settings| settings.add_scope(scope))
    }

    /// A further parameter of every request.
    pub fn add_parameter(&self, name: &str, value: &str) -> Result<()> {
        self.change(|settings| settings.add_parameter(name, value))
    }

    /// Where the sign-in is kept. In memory unless set.
    pub fn set_store(&self, store: Store) {
        let set = self.change(|settings| {
            settings.store = store;
            Ok(())
        });
        debug_assert!(set.is_ok());
    }

    /// Trusts the PEM certificates of a file besides those of the system.
    pub fn add_ca_file(&self, path: &str) -> Result<()> {
        let roots = Trust::read_pem_file(path)?;
        self.add_roots(roots)
    }

    /// Trusts PEM certificates besides those of the system.
    pub fn add_ca_pem(&self, pem: &[u8]) -> Result<()> {
        let roots = Trust::parse_pem(pem, "pem")?;
        self.add_roots(roots)
    }

    fn add_roots(&self, roots: Vec<CertificateDer<'static>>) -> Result<()> {
        self.change(|settings| {
            settings.trust.extra_roots.extend(roots);
            Ok(())
        })
    }

    /// The proxy for requests to the provider, as [`crate::Mail::set_proxy`] takes it. That of the
    /// system unless set: company networks let nobody out otherwise.
    pub fn set_proxy(&self, proxy: Option<&str>, sign_in: Option<(&str, &str)>) -> Result<()> {
        self.change(|settings| settings.set_proxy(proxy, sign_in))
    }

    /// Whether access tokens that can be read are looked at before they are used. Yes unless set.
    pub fn look_at_tokens(&self, look: bool) -> Result<()> {
        self.change(|settings| {
            settings.looks_at_tokens = look;
            Ok(())
        })
    }

    /// The name of the program, for the page that tells the person to go back to it.
    pub fn set_program(&self, name: &str) -> Result<()> {
        self.change(|settings| {
            settings.program = name.to_owned();
            Ok(())
        })
    }

    /// How long one request for a token may take.
    pub fn set_timeout(&self, timeout: Duration) -> Result<()> {
        self.change(|settings| settings.set_timeout(timeout))
    }

    /// Whether [`Account::sign_in`] opens the system's browser. Yes unless set; else the program
    /// shows the address itself, and since the browser may then be on another computer, the answer
    /// stands in the address of its last page, for [`BrowserSignIn::complete`].
    pub fn allow_browser(&self, allow: bool) {
        let set = self.change(|settings| {
            settings.opens_browser = allow;
            Ok(())
        });
        debug_assert!(set.is_ok());
    }

    /// A send may open the browser and wait for the person when there is no sign-in, or it has
    /// ended; `show` is given the address. Unless allowed it fails with [`Status::NeedsSignIn`].
    pub fn allow_interactive(&self, show: impl Fn(&str) + Send + Sync + 'static) {
        self.set_interactive(Some(Arc::new(show)));
    }

    /// Takes [`Account::allow_interactive`] back.
    pub fn forbid_interactive(&self) {
        self.set_interactive(None);
    }

    fn set_interactive(&self, show: Option<Arc<settings::Show>>) {
        let set = self.change(|settings| {
            settings.interactive = show;
            Ok(())
        });
        debug_assert!(set.is_ok());
    }

    /// The app signs in itself, with its secret (client credentials), and no person ever does.
    pub fn use_client_credentials(&self) -> Result<()> {
        self.change(|settings| settings.set_flow(Flow::App))
    }

    /// The app shows who it is by a certificate: its private key and itself, as PEM texts.
    pub fn use_certificate_pem(&self, key: &[u8], certificates: &[u8]) -> Result<()> {
        let certificate = ClientCertificate::from_pem(key, certificates)?;
        self.change(|settings| {
            settings.set_certificate(certificate);
            Ok(())
        })
    }

    /// The same from a PFX (PKCS#12) file.
    pub fn use_certificate_pfx(&self, file: &[u8], password: &str) -> Result<()> {
        let certificate = ClientCertificate::from_pfx(file, &Secret::new(password))?;
        self.change(|settings| {
            settings.set_certificate(certificate);
            Ok(())
        })
    }

    /// A service account of Google Workspace signs in itself, in the name of the user that
    /// [`Account::set_user`] gave; `json` is the file of its key.
    pub fn use_service_account(&self, json: &[u8]) -> Result<()> {
        let account = Arc::new(ServiceAccount::from_json(json)?);
        self.change(|settings| settings.set_flow(Flow::ServiceAccount(account)))
    }

    /// The program has access tokens from elsewhere: `source` is called for one whenever the last
    /// has ended or was refused, by one thread at a time.
    pub fn use_tokens_of(
        &self,
        source: impl Fn() -> io::Result<SuppliedToken> + Send + Sync + 'static,
    ) {
        *self.0.app_token.lock() = None;
        let set = self.change(|settings| settings.set_flow(Flow::Supplied(Supply::new(source))));
        debug_assert!(set.is_ok());
    }

    /// Opens the browser and waits until the person has signed in. `show` is given the address
    /// too: not every computer has a browser that opens.
    pub fn sign_in(&self, timeout: Duration, show: &mut dyn FnMut(&str)) -> Result<()> {
        settings::check_timeout(timeout)?;
        let mut tick = || true;
        let watch = &mut Watch::new(timeout, self.0.canceller.watch(), &mut tick);
        sign_in::in_browser(self, watch, show).map_err(|error| self.told(error))
    }

    /// Whether the browser cannot come back to this program, so that a person has to paste the
    /// address of the last page: [`BrowserSignIn::complete`].
    pub fn is_completed_by_hand(&self) -> bool {
        self.settings().table().has(Quirk::RedirectByHand)
    }

    /// Begins a sign-in in a browser, for programs that cannot wait.
    pub fn begin_sign_in(&self) -> Result<BrowserSignIn> {
        self.watched(|watch| BrowserSignIn::begin(self, watch))
    }

    /// Begins a sign-in with a code on another device (RFC 8628).
    pub fn begin_device_sign_in(&self) -> Result<DeviceSignIn> {
        self.watched(|watch| DeviceSignIn::begin(self, watch))
    }

    /// Keeps a refresh token that came from elsewhere, as if the person had signed in now.
    pub fn set_refresh_token(&self, token: &str) -> Result<()> {
        let token = settings::checked_token(token, "refresh_token")?;
        let settings = self.settings();
        let key = settings.key()?;
        self.watched(|watch| {
            settings.store.with_lock(&key, watch, |locked, _| {
                let mut entry = Entry::in_place_of(locked.entry(), key.clone());
                entry.refresh_token = Some(token.clone());
                entry.signed_in_at = Some(fresh::seconds(SystemTime::now()));
                locked.save(entry)
            })
        })?;
        *self.0.ended.lock() = None;
        Ok(())
    }

    /// An access token that is good for a while: the kept one, or a new one.
    pub fn access_token(&self) -> Result<AccessToken> {
        self.watched(|watch| self.token(watch, None))
    }

    /// An error with the status [`Status::NeedsSignIn`] and its cause unless an access token can be
    /// had without a person, as far as this computer knows. Nobody is asked.
    pub fn check_sign_in(&self) -> Result<()> {
        let settings = self.settings();
        if !matches!(settings.flow, Flow::Person) {
            return Ok(());
        }
        if let Some(why) = self.0.ended.lock().clone() {
            return Err(why);
        }
        let key = settings.key()?;
        let entry = settings.store.load(&key)?;
        match entry.is_some_and(|entry| entry.refresh_token.is_some()) {
            true => Ok(()),
            false => Err(self.told(refresh::nobody_signed_in(&key))),
        }
    }

    /// Whether [`Account::check_sign_in`] has nothing to say.
    pub fn is_signed_in(&self) -> Result<bool> {
        match self.check_sign_in() {
            Err(error) if error.status() == Status::NeedsSignIn => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Ends the sign-in: forgets it on this computer, and tells the provider where that is possible
    /// (RFC 7009). When only the provider could not be told, the error says so.
    pub fn sign_out(&self) -> Result<()> {
        let settings = self.settings();
        *self.0.app_token.lock() = None;
        *self.0.ended.lock() = None;
        let key = settings.key()?;
        let last = self.watched(|watch| settings.store.delete(&key, watch))?;
        match last.and_then(|entry| entry.refresh_token) {
            Some(token) => self.watched(|watch| refresh::revoke(&settings, &token, watch)),
            None => Ok(()),
        }
    }

    /// Ends the requests that are running, from any thread.
    pub fn canceller(&self) -> Canceller {
        self.0.canceller.clone()
    }

    /// What the person is to do for a sign-in in the browser.
    pub(crate) fn browser_message(&self) -> String {
        let settings = self.settings();
        let at = format!("Sign in at {} in a browser on this computer", settings.table().title);
        settings.user.as_ref().map_or(format!("{at}."), |user| format!("{at}, as {user}."))
    }

    /// Where its mail goes.
    pub(crate) fn smtp(&self) -> Option<Smtp> {
        self.settings().smtp()
    }

    /// What an old name of one of its servers is called today.
    pub(crate) fn host_today(&self, host: &str) -> Option<String> {
        self.settings().host_today(host)
    }

    /// Looks at a token that can be read before it is used: hints for the log, or an error when it
    /// is for another service.
    pub(crate) fn look_at(&self, token: &AccessToken, user: &str) -> Result<Vec<Hint>> {
        let settings = self.settings();
        if !settings.looks_at_tokens {
            return Ok(Vec::new());
        }
        let provider = Some(settings.table());
        inspect::inspect_for(provider, token.secret(), Some(user), settings.tenant_id(), now())
    }

    /// Whose dialect its servers and its provider speak.
    pub(crate) fn family(&self) -> Family {
        self.settings().table().family
    }

    /// What is known of its tokens and of the sign-in.
    pub(crate) fn signs(&self) -> Signs {
        if matches!(self.settings().flow, Flow::Supplied(_)) {
            return Signs::default();
        }
        let age = self.entry().map(|entry| refresh::age_of(&entry)).unwrap_or_default();
        age.with(Sign::TokenOfAccount)
    }

    /// Who signs in, as far as this computer knows.
    pub(crate) fn user(&self) -> Option<String> {
        let settings = self.settings();
        settings.user.clone().or_else(|| self.entry()?.address)
    }

    /// The access token that is kept, fresh or not.
    pub(crate) fn kept_token(&self) -> Option<Secret> {
        let of_app = self.0.app_token.lock().as_ref().map(|token| token.access.clone());
        of_app.or_else(|| self.entry()?.access_token)
    }

    fn entry(&self) -> Option<Entry> {
        let settings = self.settings();
        settings.store.load(&settings.key().ok()?).ok().flatten()
    }

    /// The scope that a token for its mail server needs.
    pub(crate) fn mail_scope(&self) -> Option<String> {
        self.settings().table().mail_scope().map(str::to_owned)
    }

    /// Whether its servers know only this of the two mechanisms for tokens.
    pub(crate) fn uses_oauthbearer(&self) -> bool {
        let settings = self.settings();
        let mechanisms = &settings.table().mechanisms;
        let knows = |name: &str| mechanisms.iter().any(|known| known.eq_ignore_ascii_case(name));
        knows("OAUTHBEARER") && !knows("XOAUTH2")
    }

    pub(crate) fn signs_in_by_user_name(&self) -> bool {
        self.settings().table().has(Quirk::UserIsPreferredUsername)
    }

    /// A token for a send. `refused` is the one that the mail server has just refused: it is not
    /// given again.
    pub(crate) fn token(&self, watch: &mut Watch, refused: Option<&Secret>) -> Result<AccessToken> {
        let settings = self.settings();
        if !matches!(settings.flow, Flow::Person) {
            let kept = &self.0.app_token;
            return refresh::for_app(&settings, kept, &self.0.asking, watch, refused)
                .map_err(|error| self.told(error));
        }
        let result = match (refresh::for_person(&settings, watch, refused), &settings.interactive) {
            (Err(why), Some(show)) if why.status() == Status::NeedsSignIn => {
                self.ask_person(&settings, watch, refused, show.as_ref())
            }
            (result, _) => result,
        };
        let result = result.map_err(|error| self.told(error));
        let ended = result.as_ref().err().filter(|e| e.status() == Status::NeedsSignIn);
        if result.is_ok() || ended.is_some() {
            *self.0.ended.lock() = ended.cloned();
        }
        result
    }

    /// The same, and no person is ever asked.
    pub(crate) fn token_without_person(&self, watch: &mut Watch) -> Result<AccessToken> {
        let settings = self.settings();
        if !matches!(settings.flow, Flow::Person) {
            return self.token(watch, None);
        }
        refresh::for_person(&settings, watch, None).map_err(|error| self.told(error))
    }

    /// What a diagnosis tells of it.
    pub(crate) fn facts(&self) -> AccountFacts {
        let settings = self.settings();
        AccountFacts {
            provider: settings.table().clone(),
            client_id: settings.client_id.clone(),
            tenant: settings.tenant().map(str::to_owned),
            user: settings.user.clone(),
            scopes: settings.scopes(),
            signs_in: match settings.flow {
                Flow::Person => "a person signs in",
                Flow::App => "the app signs in itself (client credentials)",
                Flow::ServiceAccount(_) => "a service account signs in for the user",
                Flow::Supplied(_) => "the program supplies the tokens",
            },
        }
    }

    /// Lets the person sign in, once for all sends that wait for it.
    fn ask_person(
        &self,
        settings: &Settings,
        watch: &mut Watch,
        refused: Option<&Secret>,
        show: &settings::Show,
    ) -> Result<AccessToken> {
        let _turn = self.0.asking.lock("the person", watch)?;
        match refresh::for_person(settings, watch, refused) {
            Err(why) if why.status() == Status::NeedsSignIn => {}
            other => return other,
        }
        sign_in::in_browser(self, watch, &mut |url| show(url))?;
        refresh::for_person(settings, watch, refused)
    }

    /// Makes the sign-in older than it is.
    #[cfg(test)]
    pub(crate) fn set_sign_in_age_for_tests(&self, age: Duration) {
        let (settings, mut entry) = (self.settings(), self.entry().unwrap());
        entry.signed_in_at = Some(fresh::seconds(SystemTime::now() - age));
        let (store, key) = (&settings.store, settings.key().unwrap());
        let save = |watch: &mut Watch| store.with_lock(&key, watch, |locked, _| locked.save(entry));
        self.watched(save).unwrap();
    }

    /// The refresh token that is kept.
    #[cfg(test)]
    pub(crate) fn refresh_token_for_tests(&self) -> String {
        let settings = self.settings();
        let entry = settings.store.load(&settings.key().unwrap()).unwrap().unwrap();
        entry.refresh_token.unwrap().text().unwrap().to_owned()
    }

    fn settings(&self) -> Arc<Settings> {
        self.0.settings.lock().clone()
    }

    fn change(&self, change: impl FnOnce(&mut Settings) -> Result<()>) -> Result<()> {
        change(Arc::make_mut(&mut self.0.settings.lock()))
    }

    /// Does something that the deadline and the canceller of the account get through to.
    fn watched<T>(&self, work: impl FnOnce(&mut Watch) -> Result<T>) -> Result<T> {
        let mut tick = || true;
        let cancellation = self.0.canceller.watch();
        let result = work(&mut Watch::new(self.settings().timeout, cancellation, &mut tick));
        result.map_err(|error| self.told(error))
    }

    /// The error with what its advice may name.
    fn told(&self, error: Error) -> Error {
        let settings = self.settings();
        error.with_values(Values {
            user: self.user(),
            tenant: settings.tenant().map(str::to_owned),
            scope: self.mail_scope(),
            ..Values::default()
        })
    }
}

/// What a diagnosis tells of an account.
#[derive(Clone, Debug)]
pub(crate) struct AccountFacts {
    pub provider: Provider,
    /// Empty until it is set.
    pub client_id: String,
    pub tenant: Option<String>,
    pub user: Option<String>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// How tokens are come by, as a sentence.
    pub signs_in: &'static str,
}

fn now() -> i64 {
    fresh::seconds(SystemTime::now())
}

impl PartialEq for Account {
    /// The same account, not an equal one.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.settings();
        f.debug_struct("Account")
            .field("client_id", &settings.client_id)
            .field("user", &settings.user)
            .finish_non_exhaustive()
    }
}
