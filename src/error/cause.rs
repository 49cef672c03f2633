//! Why something failed, as a stable word for programs and one sentence of advice for the person.
//! A table: adding a cause is adding a row. `explain` tells which replies of servers and providers
//! mean which cause.
//!
//! A part such as `{host}` in the advice is filled in where the value is known (`values`). The link,
//! where there is one, is a page of the provider's own.

use super::values::{Values, fill};

macro_rules! causes {
    ($($name:ident: $code:literal, $advice:literal $(, $link:literal)?;)+) => {
        /// Why something failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        #[allow(missing_docs)] // each row says it in words
        pub enum Cause {
            $($name,)+
        }

        impl Cause {
            /// All of them.
            pub const ALL: &'static [Cause] = &[$(Cause::$name,)+];

            /// A stable word for programs, such as "certificate_expired".
            pub fn code(self) -> &'static str {
                match self {
                    $(Cause::$name => $code,)+
                }
            }

            /// The advice, with places for values.
            pub(crate) fn template(self) -> &'static str {
                match self {
                    $(Cause::$name => $advice,)+
                }
            }

            /// A page of the provider's that tells more.
            pub fn link(self) -> Option<&'static str> {
                match self {
                    $(Cause::$name => None$(.or(Some($link)))?,)+
                }
            }
        }
    };
}

impl Cause {
    /// The one with this code.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.code() == code)
    }

    /// What the person can do, when nothing more is known: one sentence.
    pub fn advice(self) -> String {
        fill(self.template(), &Values::default())
    }
}

causes! {
    ArgumentInvalid: "argument_invalid", "Correct the argument that the error text names.";
    ArgumentNull: "argument_null", "Pass a text or a buffer where the error text says NULL.";
    ArgumentNotUtf8: "argument_not_utf8", "Convert the text to UTF-8 before the call.";
    HandleInvalid: "handle_invalid", "Use a handle from mail_new() that has not been freed.";
    Internal: "internal_error", "Please report this with the error text; the handle can still be used.";

    ClientMissing: "client_missing", "Set the client id of the app registration before asking for tokens.";
    ServerMissing: "server_missing", "Set the SMTP server before sending.";
    FromMissing: "from_missing", "Set the From address before sending.";
    RecipientMissing: "recipient_missing", "Add at least one recipient before sending.";
    MessageEmpty: "message_empty", "Set a subject, a text, an HTML body or an attachment before sending.";

    FileUnreadable: "file_unreadable", "Check that the file exists and that the program may read it.";
    FileChanged: "file_changed", "Send again when nothing writes to the file any more.";
    FileUnwritable: "file_unwritable", "Check that the folder exists and that the program may write to it.";

    StoreUnreadable: "store_unreadable", "Check that the token store exists and that the program may read it.";
    StoreUnwritable: "store_unwritable", "Check that the token store can be written: permissions, and space on the disk.";
    StoreCorrupt: "store_corrupt", "Restore the file that the error text names, or remove it and sign in again.";
    StoreNewer: "store_newer", "Use the newer version of the program that wrote the token store.";
    StoreExposed: "store_exposed", "Make file and folder the user's own (chmod 600 and 700); if others may have read it, sign out and in again.";
    KeyringAbsent: "keyring_absent", "Start a keyring in the user's session (such as gnome-keyring), or choose another token store.";
    KeyringLocked: "keyring_locked", "Unlock the keyring of the desktop, then try again; or choose another token store.";
    KeyringFailed: "keyring_failed", "Check the keyring of the desktop; it did not do what it was asked.";
    KeyringKeyMissing: "keyring_key_missing", "Restore the keyring, or remove the files of the token store and sign in again.";
    PassphraseWrong: "passphrase_wrong", "Use the passphrase with which the accounts were exported.";
    BundleLacksAccount: "bundle_lacks_account", "Set provider, client id, tenant and user as they were where the account was exported.";
    BundleCorrupt: "bundle_corrupt", "Export the accounts again: the bundle is incomplete or was altered.";

    Cancelled: "cancelled", "The program ended the send; send again when wanted.";
    Timeout: "timeout", "Check that {host} and the network are up and that no firewall swallows the connection, or allow more time.";
    HostNotFound: "host_not_found", "Check the spelling of {host} and the network connection.";
    ConnectionRefused: "connection_refused", "Check name and port of {host}: nothing listens on port {port}.";
    Unreachable: "server_unreachable", "Check the network connection, and whether a firewall blocks port {port} to {host}.";
    ConnectionLost: "connection_lost", "Send again; if it happens often, a firewall or virus scanner may cut the connection.";

    ProxySettingInvalid: "proxy_setting_invalid", "Correct the proxy setting that the error text names, or tell the program which proxy to use.";
    ProxyUnreachable: "proxy_unreachable", "Check name and port of the proxy and the network connection.";
    ProxyRefused: "proxy_refused", "Ask the operator of the proxy to allow connections to this server and port; many proxies allow only port 443.";
    ProxySignInRequired: "proxy_sign_in_required", "Set user and password for the proxy.";
    ProxySignInRefused: "proxy_sign_in_refused", "Check user and password for the proxy; they are often not those of the mailbox.";
    ProxySignInUnsupported: "proxy_sign_in_unsupported", "Ask the operator of the proxy for a sign-in with user and password (Basic), or go through a local helper such as Px or Cntlm.";
    ProxyCannotConnect: "proxy_cannot_connect", "Check server name and port: the proxy itself could not connect to the server.";
    ProxyProtocol: "proxy_protocol", "Check kind and port of the proxy: http:// and socks5:// are different things.";

    TlsFailed: "tls_failed", "Check that port {port} and the security mode belong together: mostly 465 is TLS, and 587 STARTTLS.";
    TlsTooOld: "tls_too_old", "{host} speaks only versions of TLS before 1.2, which are broken: its operator must renew it.";
    TlsNoTrustRoots: "tls_no_trust_roots", "Install the system's CA certificates, or add a CA file.";
    CertificateExpired: "certificate_expired", "The operator of {host} must renew the certificate; check the clock of this computer too.";
    CertificateNotYetValid: "certificate_not_yet_valid", "Check the clock of this computer.";
    CertificateWrongHost: "certificate_wrong_host", "Use the server name that stands in the certificate instead of {host}.";
    CertificateSelfSigned: "certificate_self_signed", "Ask the server's operator for a certificate of a CA, or for the CA to add as a CA file.";
    CertificateUnknownCa: "certificate_unknown_ca", "Add the CA that issued the certificate as a CA file, if you trust it.";
    CertificateIntercepted: "certificate_intercepted", "Something between this computer and {host} shows a certificate of its own (a virus scanner or a proxy of the company): let it leave mail alone, or add its CA as a CA file if you trust it.";
    CertificateRevoked: "certificate_revoked", "The server's operator must replace the certificate.";
    CertificateInvalid: "certificate_invalid", "The server's operator must replace the certificate.";

    NotSmtp: "not_smtp", "Check server name and port: something else than a mail server answered.";
    ProtocolViolation: "protocol_violation", "Something between you and the server may alter the connection; try another network or port.";
    StarttlsInjection: "starttls_injection", "Somebody may be tampering with the connection; use TLS on port 465.";
    StarttlsNotOffered: "starttls_not_offered", "Use TLS on port 465, or ask the server's operator to enable STARTTLS.";
    StarttlsRefused: "starttls_refused", "Try again later, or use TLS on port 465.";
    HelloNameRefused: "hello_name_refused", "Set the EHLO name to the full name of this computer, such as pc.example.org: {host} does not take the one that was given.";
    AuthNotOffered: "auth_not_offered", "Use the submission port of {host} (587 or 465), where servers let users sign in.";
    MechanismNotOffered: "auth_mechanism_not_offered", "Use one of the mechanisms that {host} offers; the error text lists them.";
    PlaintextAuth: "plaintext_auth_refused", "Use STARTTLS or TLS; only in your own network allow sign-in without it.";
    Smtputf8NotOffered: "smtputf8_not_offered", "Use an address without special letters before the @.";

    TokenRefused: "token_refused", "Get a new access token for {user} with {scope}; the server does not say what is wrong with this one.";
    TokenExpired: "token_expired", "Get a new access token for {user}: this one has ended.";
    WrongUserForToken: "wrong_user_for_token", "Sign in as {user}, or set the user to whom the token belongs; for a shared mailbox that is the person who signed in, and the shared address stands in From only (some report the opposite).";
    AppOnlyMailboxNotPermitted: "app_only_mailbox_not_permitted", "Let an administrator of Exchange Online give the app access to {user} (Add-MailboxPermission -Identity {USER} -User ID_OF_THE_SERVICE_PRINCIPAL -AccessRights FullAccess, or RBAC for Applications); the command postrider admin-kit prints the lines.";
    SmtpAuthDisabledTenant: "smtp_auth_disabled_tenant", "Let an administrator switch SMTP AUTH on for {user}: Set-CASMailbox -Identity {USER} -SmtpClientAuthenticationDisabled $false (it overrides the setting of the organization); OAuth2 needs it too.", "https://aka.ms/smtp_auth_disabled";
    SmtpAuthDisabledMailbox: "smtp_auth_disabled_mailbox", "Let an administrator switch SMTP AUTH on for {user}: Set-CASMailbox -Identity {USER} -SmtpClientAuthenticationDisabled $false, or Users, Mail, Manage email apps, Authenticated SMTP.", "https://aka.ms/smtp_auth_disabled";
    SecurityDefaults: "security_defaults_on", "Sign in with OAuth2 instead of a password: the security defaults of the organization forbid passwords for SMTP.";
    BasicAuthRetired: "basic_auth_retired", "Sign in with OAuth2: {host} takes no passwords any more.";
    AppPasswordRequired: "app_password_required", "Sign in with OAuth2, or make an app password for {user}: with two-step verification the usual password is not taken.";
    WebSignInRequired: "web_sign_in_required", "Sign in to {user} once in a web browser on this computer, then try again; better, sign in with OAuth2.";
    NotSignedIn: "not_signed_in", "Set a sign-in for {host}: it takes no mail without one.";
    StarttlsRequired: "starttls_required", "Use STARTTLS or TLS: {host} goes no further without it.";
    PasswordRefused: "password_refused", "Check user and password of {user}; many providers take only OAuth2 or app passwords today.";
    SignInPostponed: "sign_in_postponed", "Try again in a few minutes.";
    ServerBusy: "server_busy", "Try again in a few minutes.";
    RateLimited: "rate_limited", "Wait a few minutes and send more slowly: {host} takes only so many messages or sign-ins in a minute.";
    TooManyConnections: "too_many_connections", "Use fewer connections at once to {host}, and try again.";
    QuotaExceeded: "quota_exceeded", "Wait until tomorrow: {user} has sent as much today as {host} allows.";
    MailboxMissing: "mailbox_missing", "Check that {user} has a mailbox and a licence for it at this provider.";
    OwnMailboxFull: "own_mailbox_full", "Empty the mailbox {user}: it is full, and sent mail is kept there.";
    ServerRefused: "server_refused", "The server takes no mail from here; ask its operator.";
    SenderRefused: "sender_refused", "Send from an address that {user} may use.";
    SendAsDenied: "send_as_denied", "Send from the address of {user}, or ask the operator of {host} to let it send as {from}.";
    SenderBlocked: "sender_blocked", "Let an administrator look at the restricted entities: {user} is blocked from sending.";
    SenderDomainUnknown: "sender_domain_unknown", "Check the domain of {from}: the server finds no such domain, so waiting does not help.";
    RecipientsRefused: "recipients_refused", "Check the addresses; the results of the recipients tell what the server said to each.";
    RecipientUnknown: "recipient_unknown", "Check the spelling of {recipient}: there is no such mailbox.";
    RecipientDomainUnknown: "recipient_domain_unknown", "Check the part behind the @ of {recipient}: there is no such mail domain.";
    RecipientAddressInvalid: "recipient_address_invalid", "Check the spelling of {recipient}: the server says that it is no address.";
    RecipientDisabled: "recipient_disabled", "Ask {recipient} for another address: the mailbox takes no mail.";
    RecipientMailboxFull: "recipient_mailbox_full", "Try again later, or tell {recipient} another way: the mailbox is full.";
    RelayDenied: "relay_denied", "Sign in to {host}, or send through the server of your own mailbox: it does not carry mail from here to {recipient}.";
    Greylisted: "greylisted", "Try again in a few minutes: the server wants to see the same message twice.";
    TooManyRecipients: "too_many_recipients", "Send to fewer recipients at once.";
    MessageRefused: "message_refused", "Read the server's reply: it refused the content of this message.";
    MessageTooLarge: "message_too_large", "Send less or smaller attachments: {host} takes no message of this size.";

    NeedsSignIn: "needs_sign_in", "Sign in once for {user}: afterwards nobody is asked.";
    NeedsSignInExpired: "needs_sign_in_expired", "Sign in again: the sign-in has expired or was ended (by the user, an administrator, or a new password).";
    NeedsSignInPasswordChanged: "needs_sign_in_password_changed", "Sign in again: the password was changed or the sign-in was revoked.";
    NeedsSignInRevoked: "needs_sign_in_revoked", "Sign in again: the user or an administrator revoked the access, or the password was changed.";
    NeedsSignInGoogleTesting: "needs_sign_in_google_testing", "Publish the app (Google Auth Platform, Audience) and sign in again: while an app is in testing, Google ends each sign-in after seven days.", "https://support.google.com/cloud/answer/15549945";
    NeedsSignInInactive: "needs_sign_in_inactive", "Sign in again: the sign-in was not used for too long.";
    NeedsSignInGoogle: "needs_sign_in_google", "Sign in again; if it happens every seven days, publish the app first (Google Auth Platform, Audience); else the user or an administrator revoked the access, the password changed, or it was not used for six months.";
    NeedsSignInFrequency: "needs_sign_in_frequency", "Sign in again: the organization asks for it at intervals; its administrator can change that.";
    NeedsSignInConsent: "needs_sign_in_consent", "Sign in again and agree to the permissions, or let an administrator consent.";
    NeedsSignInMfa: "needs_sign_in_mfa", "Sign in as {user} again with the second factor; for unattended use take an app of its own (client credentials).";
    NeedsSignInPassword: "needs_sign_in_password", "Sign in in the browser: the password is wrong or has expired.";
    NeedsSignInOtherAccount: "needs_sign_in_other_account", "Sign in with an account of {tenant}, or set the tenant to which {user} belongs.";
    NeedsSignInBrowser: "needs_sign_in_browser", "Sign in with the browser: the organization does not allow sign-in by device code.";
    SignInDeclined: "sign_in_declined", "Sign in again and agree to the permissions.";
    SignInTimedOut: "sign_in_timed_out", "Begin the sign-in again and finish it before its time is over.";
    SignInEmbeddedBrowser: "sign_in_embedded_browser", "Open the sign-in page in the system's browser and not in a window of the program.";
    SignInMixedUp: "sign_in_mixed_up", "Begin the sign-in again: the answer does not belong to it.";
    SignInNotBegun: "sign_in_not_begun", "Begin a sign-in first; one that succeeded or failed is over.";
    SignInIncomplete: "sign_in_incomplete", "Give the whole address of the page to which the sign-in led.";
    AccountLocked: "account_locked", "Wait, or ask the administrator to unlock the account.";
    AccountDisabled: "account_disabled", "Ask the administrator to enable the account.";
    SignInBlockedByPolicy: "sign_in_blocked_by_policy", "Ask the administrator: a policy of the organization forbids this sign-in.";

    AppUnknown: "app_unknown", "Check the client id, the tenant {tenant} and the national cloud; the app may be missing there, deleted or disabled.";
    AppSecretWrong: "app_secret_wrong", "Check the client secret.";
    AppSecretIdNotValue: "app_secret_id_not_value", "Use the value of the client secret and not its id.";
    AppSecretExpired: "app_secret_expired", "Make a new client secret in the app registration.";
    AppSecretMissing: "app_secret_missing", "Set the client secret that the provider shows with the client id.";
    AppSecretNotAllowed: "app_secret_not_allowed", "Remove the client secret: the app is registered as a public client.";
    AppPublicFlowsOff: "app_public_flows_off", "Allow public client flows in the app registration (Authentication), or set the client secret.";
    AppCertificateWrong: "app_certificate_wrong", "Upload the certificate to the app registration, and check that key, certificate and client id belong together.";
    AppRedirectNotRegistered: "app_redirect_not_registered", "Register the redirect address for desktop apps, with the same path.";
    AppWrongAccountType: "app_wrong_account_type", "Set the tenant that fits the account types of the app registration instead of {tenant}.";
    AppAdminConsentNeeded: "app_admin_consent_needed", "Let an administrator consent to the permissions of the app; the command postrider admin-kit consent prints the address to open.";
    AppPermissionMissing: "app_permission_missing", "Add the permission to the app registration, check the spelling of the scope, and let an administrator consent.";
    AppUserNotAssigned: "app_user_not_assigned", "Ask the administrator to assign {user} to the app.";
    AppDelegationMissing: "app_delegation_missing", "Grant domain-wide delegation to the client id of the service account for exactly {scope}; it can take 24 hours.";
    AppImpersonatedUserUnknown: "app_impersonated_user_unknown", "Check the address {user}: there is no such user to send for in the organization.";
    AppNotAuthorized: "app_not_authorized", "Check that the app may use this kind of sign-in, and that the sign-in belongs to this client id.";
    TenantUnknown: "tenant_unknown", "Check the tenant {tenant}, and whether it lives in another national cloud.";
    TenantMissing: "tenant_missing", "Set the tenant (its id or domain).";
    ClockWrong: "clock_wrong", "Set the clock of this computer.";

    TokenScopeInvalid: "token_scope_invalid", "Check the scopes; one token can only be for one service.";
    TokenScopesMixed: "token_scopes_mixed", "Ask for the scopes of one service only; openid, profile, email and offline_access may go with them.";
    TokenMissingScope: "token_missing_scope", "Sign in again and leave every permission ticked.";
    TokenRequestInvalid: "token_request_invalid", "Check the settings of the account; if they are right, please report this with the error text.";
    TokenRequestRefused: "token_request_refused", "Read what the provider answered; the error text quotes it.";
    TokenResponseInvalid: "token_response_invalid", "Check the address of the token endpoint; a proxy or a login page of the network may have answered.";
    TokenNotSupplied: "token_not_supplied", "The program's own source of tokens failed: look there.";
    TokenEndpointMoved: "token_endpoint_moved", "Check the address of the token endpoint; a proxy or a login page of the network may have answered.";
    TooManyTokenRequests: "too_many_token_requests", "Wait before the next attempt, and keep tokens until they expire.";
    ProviderBusy: "provider_busy", "Try again in a few minutes.";
    FlowNotOffered: "flow_not_offered", "Use another kind of sign-in: the provider does not offer this one.";
    ProviderUnknown: "provider_unknown", "Use the name of a known provider, or describe yours.";
    DiscoveryFailed: "discovery_failed", "Check the issuer, or set the endpoints.";

    LoopbackUnavailable: "loopback_unavailable", "Close the program that uses the port, or sign in by pasting the address of the last page.";
    NoBrowser: "no_browser", "Open the sign-in address in a browser, on this computer or another one, and paste the address of the last page.";
    PrivateKeyInvalid: "private_key_invalid", "Use an RSA key of 2048 to 4096 bits, or a P-256 key, as PEM text without a password.";
    ClientCertificateInvalid: "client_certificate_invalid", "Use the certificate that was uploaded to the app registration, with its private key.";
    ClientCertificateExpired: "client_certificate_expired", "Make a new certificate and upload it to the app registration; check the clock of this computer too.";
    PfxPasswordWrong: "pfx_password_wrong", "Use the password with which the PFX file was exported.";
    ServiceAccountInvalid: "service_account_invalid", "Use the JSON file of the service account's key, as the Google console gives it.";
    ServiceAccountPersonal: "service_account_personal", "Sign in with the browser: service accounts send only for users of Google Workspace.";
    IdTokenInvalid: "id_token_invalid", "Check client id, tenant and issuer; if they are right, begin the sign-in again.";
    TokenWrongAudience: "token_wrong_audience", "Ask for a token for the mail server, with {scope}.";
}
