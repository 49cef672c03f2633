//! What the program says about an account, checked when it says so.

use super::supplied::Supply;
use crate::error::{Cause, Error, Result, Stage, Status};
use crate::net::{Proxy, Trust, Watch};
use crate::oauth::client_certificate::{ClientCertificate, Thumbprint};
use crate::oauth::discovery::Metadata;
use crate::oauth::http::Client;
use crate::oauth::provider::{Provider, Quirk, Smtp};
use crate::oauth::request::{Asking, ClientAuthentication};
use crate::oauth::scope;
use crate::oauth::service_account::ServiceAccount;
use crate::oauth::store::{AccountKey, Store};
use crate::oauth::tenant;
use crate::secret::Secret;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// A person waits for it: longer than any provider takes, shorter than a person does.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Shows a person the address of a sign-in.
pub(super) type Show = dyn Fn(&str) + Send + Sync;

/// How tokens are come by.
#[derive(Clone, Debug)]
pub(super) enum Flow {
    /// A person has signed in; the refresh token does the rest.
    Person,
    /// The app signs in itself.
    App,
    /// The app signs in itself in the name of a user (Google Workspace).
    ServiceAccount(Arc<ServiceAccount>),
    /// The program has tokens from elsewhere.
    Supplied(Supply),
}

/// How the app shows who it is.
#[derive(Clone, Debug)]
enum Proof {
    /// With a secret, or not at all.
    Plain(ClientAuthentication),
    /// With an assertion that is made for each request.
    Certificate(Arc<ClientCertificate>),
}

#[derive(Clone)]
pub(super) struct Settings {
    /// As the table has it, with a place for the tenant.
    provider: Provider,
    tenant: Option<String>,
    pub client_id: String,
    proof: Proof,
    pub user: Option<String>,
    further_scopes: Vec<String>,
    parameters: Vec<(String, String)>,
    pub store: Store,
    pub trust: Trust,
    proxy: Proxy,
    pub timeout: Duration,
    pub looks_at_tokens: bool,
    pub opens_browser: bool,
    /// Shows the address when a send may wait for a person.
    pub interactive: Option<Arc<Show>>,
    /// For the page that the browser ends at.
    pub program: String,
    pub flow: Flow,
    /// What an issuer published, asked for once. Changed settings share it.
    metadata: Arc<Mutex<Option<(String, Metadata)>>>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("provider", &self.provider.name).finish_non_exhaustive()
    }
}

impl Settings {
    pub(super) fn new(provider: Provider) -> Self {
        Self {
            provider,
            tenant: None,
            client_id: String::new(),
            proof: Proof::Plain(ClientAuthentication::None),
            user: None,
            further_scopes: Vec::new(),
            parameters: Vec::new(),
            store: Store::memory(),
            trust: Trust::default(),
            proxy: Proxy::System(None),
            timeout: DEFAULT_TIMEOUT,
            looks_at_tokens: true,
            opens_browser: true,
            interactive: None,
            program: String::new(),
            flow: Flow::Person,
            metadata: Arc::default(),
        }
    }

    pub(super) fn set_client(&mut self, id: &str, secret: Option<&str>) -> Result<()> {
        check(id, "client_id")?;
        let secret = secret.map(|secret| check(secret, "client_secret").map(|()| secret));
        self.proof = Proof::Plain(match secret.transpose()? {
            None => ClientAuthentication::None,
            Some(secret) => ClientAuthentication::SecretPost(Secret::new(secret)),
        });
        self.client_id = id.to_owned();
        Ok(())
    }

    pub(super) fn set_certificate(&mut self, certificate: ClientCertificate) {
        self.proof = Proof::Certificate(Arc::new(certificate));
    }

    pub(super) fn set_tenant(&mut self, tenant: &str) -> Result<()> {
        tenant::check(tenant)?;
        self.tenant = Some(tenant.to_owned());
        Ok(())
    }

    pub(super) fn set_user(&mut self, user: &str) -> Result<()> {
        check(user, "user")?;
        self.user = Some(user.to_owned());
        Ok(())
    }

    pub(super) fn add_scope(&mut self, scope: &str) -> Result<()> {
        let scopes = scope::split(scope);
        if scopes.is_empty() || scope.chars().any(char::is_control) {
            return Err(Error::argument("scope is empty or contains a control character"));
        }
        let mut all = self.further_scopes.clone();
        all.extend(scopes);
        let wanted = [self.provider.scopes.delegated.as_slice(), &all].concat();
        scope::check(&self.provider, &wanted)?;
        self.further_scopes = all;
        Ok(())
    }

    pub(super) fn add_parameter(&mut self, name: &str, value: &str) -> Result<()> {
        check(name, "name")?;
        self.parameters.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    pub(super) fn set_proxy(
        &mut self,
        proxy: Option<&str>,
        sign_in: Option<(&str, &str)>,
    ) -> Result<()> {
        self.proxy = Proxy::parse(proxy, sign_in)?;
        Ok(())
    }

    pub(super) fn set_timeout(&mut self, timeout: Duration) -> Result<()> {
        check_timeout(timeout)?;
        self.timeout = timeout;
        Ok(())
    }

    pub(super) fn set_flow(&mut self, flow: Flow) -> Result<()> {
        let refused = self.provider.has(Quirk::NoClientCredentials);
        let is_app = matches!(flow, Flow::App);
        if is_app && (refused || self.provider.scopes.app.is_none()) {
            let text =
                format!("{} lets no app send mail in its own name this way", self.provider.title);
            let cause = Cause::FlowNotOffered;
            return Err(Error::new(Status::Unsupported, Stage::Argument, cause, text));
        }
        self.flow = flow;
        Ok(())
    }

    /// Under which the store keeps the account.
    pub(super) fn key(&self) -> Result<AccountKey> {
        let tenant = self.tenant.as_deref().unwrap_or_default();
        let user = self.user.as_deref().unwrap_or_default();
        AccountKey::new(self.provider.identity(), &self.client_id, tenant, user)
    }

    /// The provider with its tenant and its endpoints, ready to be asked.
    pub(super) fn provider(&self, watch: &mut Watch) -> Result<Provider> {
        self.provider_of(self.tenant.as_deref(), watch)
    }

    /// The provider for the tenant that an error named instead of ours.
    pub(super) fn right_provider(
        &self,
        asked: &Provider,
        error: &Error,
        watch: &mut Watch,
    ) -> Option<Result<Provider>> {
        let right = tenant::other_segment(asked.tenant.as_deref()?, error)?;
        Some(self.provider_of(Some(right), watch))
    }

    fn provider_of(&self, tenant: Option<&str>, watch: &mut Watch) -> Result<Provider> {
        let mut provider = self.with_tenant(tenant)?;
        if provider.endpoints.token.is_none()
            && let Some(issuer) = provider.issuer.clone()
        {
            self.metadata(&issuer, watch)?.complete(&mut provider);
        }
        if let Flow::ServiceAccount(account) = &self.flow {
            provider.endpoints.token = Some(account.token_endpoint().to_owned());
        }
        Ok(provider)
    }

    fn metadata(&self, issuer: &str, watch: &mut Watch) -> Result<Metadata> {
        let known = self.metadata.lock().clone();
        if let Some((_, metadata)) = known.filter(|(of, _)| of == issuer) {
            return Ok(metadata);
        }
        let metadata = Metadata::fetch(issuer, self.client(), watch)?;
        *self.metadata.lock() = Some((issuer.to_owned(), metadata.clone()));
        Ok(metadata)
    }

    /// An endpoint that does not answer as one should may have moved.
    pub(super) fn forget_metadata(&self) {
        *self.metadata.lock() = None;
    }

    fn with_tenant(&self, tenant: Option<&str>) -> Result<Provider> {
        let provider = self.provider.clone().with_tenant(tenant)?;
        let tenant = provider.tenant.as_deref().unwrap_or_default();
        if matches!(self.flow, Flow::App)
            && provider.has(Quirk::AppNeedsTenant)
            && !tenant::is_concrete(tenant)
        {
            let text = "an app that signs in itself needs the tenant of the organization: its id, \
                        or one of its domains";
            return Err(Error::argument(text));
        }
        Ok(provider)
    }

    /// The tenant that was set, or the provider's usual one.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref().or(self.provider.tenant.as_deref())
    }

    /// The tenant, when it is one organization's id.
    pub(super) fn tenant_id(&self) -> Option<&str> {
        let is_id = |tenant: &&str| tenant.len() == 36 && tenant.matches('-').count() == 4;
        self.tenant.as_deref().filter(is_id)
    }

    /// Mechanisms and quirks; addresses may still have a place for the tenant.
    pub(super) fn table(&self) -> &Provider {
        &self.provider
    }

    pub(super) fn smtp(&self) -> Option<Smtp> {
        self.provider.smtp.clone()
    }

    pub(super) fn host_today(&self, host: &str) -> Option<String> {
        self.provider.host_today(host).filter(|today| *today != host).map(str::to_owned)
    }

    pub(super) fn scopes(&self) -> Vec<String> {
        let of_provider = match self.flow {
            Flow::Person | Flow::ServiceAccount(_) | Flow::Supplied(_) => {
                &self.provider.scopes.delegated
            }
            Flow::App => self.provider.scopes.app.as_ref().unwrap_or(&self.further_scopes),
        };
        let mut scopes = of_provider.clone();
        for scope in &self.further_scopes {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        scopes
    }

    /// Who asks the provider, with what [`Settings::authentication`] gave.
    pub(super) fn asking<'a>(
        &'a self,
        provider: &'a Provider,
        authentication: &'a ClientAuthentication,
    ) -> Result<Asking<'a>> {
        if self.client_id.is_empty() && !matches!(self.flow, Flow::ServiceAccount(_)) {
            return Err(Error::incomplete(Cause::ClientMissing, "no client id was set"));
        }
        let (client_id, parameters) = (self.client_id.as_str(), self.parameters.as_slice());
        Ok(Asking { provider, client_id, authentication, parameters })
    }

    /// How the app shows who it is in a request that is made now.
    pub(super) fn authentication(
        &self,
        provider: &Provider,
        thumbprint: Thumbprint,
        now: i64,
    ) -> Result<ClientAuthentication> {
        let certificate = match &self.proof {
            Proof::Plain(ClientAuthentication::SecretPost(secret))
                if provider.has(Quirk::SecretInHeader) =>
            {
                return Ok(ClientAuthentication::SecretBasic(secret.clone()));
            }
            Proof::Plain(authentication) => return Ok(authentication.clone()),
            Proof::Certificate(certificate) => certificate,
        };
        let audience = provider.needs(&provider.endpoints.token, "tokens")?;
        let assertion = certificate.assertion(thumbprint, &audience, &self.client_id, now)?;
        Ok(ClientAuthentication::Assertion(assertion))
    }

    pub(super) fn has_certificate(&self) -> bool {
        matches!(self.proof, Proof::Certificate(_))
    }

    pub(super) fn client(&self) -> Client<'_> {
        Client { trust: &self.trust, proxy: &self.proxy }
    }
}

pub(super) fn check_timeout(timeout: Duration) -> Result<()> {
    match timeout.is_zero() || timeout > Duration::from_secs(86_400) {
        true => Err(Error::argument("timeout_ms must be 1 to 86400000: at most a day")),
        false => Ok(()),
    }
}

/// A token that the program hands in (RFC 6749 appendix A.17: visible ASCII and spaces).
pub(super) fn checked_token(token: &str, argument: &str) -> Result<Secret> {
    if token.is_empty() || !token.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        let text = format!("{argument} is empty or contains a character that no token has");
        return Err(Error::argument(text));
    }
    Ok(Secret::new(token))
}

fn check(text: &str, argument: &str) -> Result<()> {
    if text.is_empty() || text.chars().any(char::is_control) {
        let text = format!("{argument} is empty or contains a control character");
        return Err(Error::argument(text));
    }
    Ok(())
}
