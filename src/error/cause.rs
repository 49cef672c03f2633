//! Why something failed, as a stable word for programs and one sentence of advice for the person.
//! A table: adding a cause is adding a row.

macro_rules! causes {
    ($($name:ident: $code:literal, $advice:literal;)+) => {
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

            /// What the person can do: one sentence.
            pub fn advice(self) -> &'static str {
                match self {
                    $(Cause::$name => $advice,)+
                }
            }
        }
    };
}

causes! {
    ArgumentInvalid: "argument_invalid", "Correct the argument that the error text names.";
    ArgumentNull: "argument_null", "Pass a text or a buffer where the error text says NULL.";
    ArgumentNotUtf8: "argument_not_utf8", "Convert the text to UTF-8 before the call.";
    HandleInvalid: "handle_invalid", "Use a handle from mail_new() that has not been freed.";
    Internal: "internal_error", "Please report this with the error text; the handle can still be used.";

    ServerMissing: "server_missing", "Set the SMTP server before sending.";
    FromMissing: "from_missing", "Set the From address before sending.";
    RecipientMissing: "recipient_missing", "Add at least one recipient before sending.";
    MessageEmpty: "message_empty", "Set a subject, a text, an HTML body or an attachment before sending.";

    FileUnreadable: "file_unreadable", "Check that the file exists and that the program may read it.";
    FileChanged: "file_changed", "Send again when nothing writes to the file any more.";
    FileUnwritable: "file_unwritable", "Check that the folder exists and that the program may write to it.";

    Cancelled: "cancelled", "The program ended the send; send again when wanted.";
    Timeout: "timeout", "Check that the server and the network are up, or allow more time.";
    HostNotFound: "host_not_found", "Check the spelling of the server name and the network connection.";
    ConnectionRefused: "connection_refused", "Check server name and port; usual ports are 587 and 465.";
    Unreachable: "server_unreachable", "Check the network connection and whether a firewall blocks the port.";
    ConnectionLost: "connection_lost", "Send again; if it happens often, a firewall or virus scanner may cut the connection.";

    TlsFailed: "tls_failed", "Check that the port and the security mode belong together: 465 is TLS, 587 is STARTTLS.";
    TlsNoTrustRoots: "tls_no_trust_roots", "Install the system's CA certificates, or add a CA file.";
    CertificateExpired: "certificate_expired", "The server's operator must renew the certificate; check the clock of this computer too.";
    CertificateNotYetValid: "certificate_not_yet_valid", "Check the clock of this computer.";
    CertificateWrongHost: "certificate_wrong_host", "Use the server name that stands in the certificate.";
    CertificateSelfSigned: "certificate_self_signed", "Ask the server's operator for a certificate of a CA, or for the CA to add as a CA file.";
    CertificateUnknownCa: "certificate_unknown_ca", "Add the CA that issued the certificate as a CA file, if you trust it.";
    CertificateRevoked: "certificate_revoked", "The server's operator must replace the certificate.";
    CertificateInvalid: "certificate_invalid", "The server's operator must replace the certificate.";

    NotSmtp: "not_smtp", "Check server name and port: something else than a mail server answered.";
    ProtocolViolation: "protocol_violation", "Something between you and the server may alter the connection; try another network or port.";
    StarttlsInjection: "starttls_injection", "Somebody may be tampering with the connection; use TLS on port 465.";
    StarttlsNotOffered: "starttls_not_offered", "Use TLS on port 465, or ask the server's operator to enable STARTTLS.";
    StarttlsRefused: "starttls_refused", "Try again later, or use TLS on port 465.";
    AuthNotOffered: "auth_not_offered", "Use the submission port (587 or 465), where servers let users sign in.";
    MechanismNotOffered: "auth_mechanism_not_offered", "Use one of the mechanisms that the server offers; the error text lists them.";
    PlaintextAuth: "plaintext_auth_refused", "Use STARTTLS or TLS; only in your own network allow sign-in without it.";
    Smtputf8NotOffered: "smtputf8_not_offered", "Use an address without special letters before the @.";

    TokenRefused: "token_refused", "Get a new access token for this mailbox with the permission to send mail over SMTP.";
    PasswordRefused: "password_refused", "Check user and password; many providers take only OAuth2 or app passwords today.";
    SignInPostponed: "sign_in_postponed", "Try again in a few minutes.";
    ServerBusy: "server_busy", "Try again in a few minutes.";
    ServerRefused: "server_refused", "The server takes no mail from here; ask its operator.";
    SenderRefused: "sender_refused", "Send from an address that the signed-in user may use.";
    RecipientsRefused: "recipients_refused", "Check the addresses; the results of the recipients tell what the server said to each.";
    MessageRefused: "message_refused", "Read the server's reply: it refused the content of this message.";
    MessageTooLarge: "message_too_large", "Send less or smaller attachments.";

    LoopbackUnavailable: "loopback_unavailable", "Close the program that uses the port, or sign in by pasting the address of the last page.";
    NoBrowser: "no_browser", "Open the sign-in address in a browser, on this computer or another one, and paste the address of the last page.";
    PrivateKeyInvalid: "private_key_invalid", "Use an RSA key of 2048 to 4096 bits, or a P-256 key, as PEM text without a password.";
    ClientCertificateInvalid: "client_certificate_invalid", "Use the certificate that was uploaded to the app registration, with its private key.";
    ClientCertificateExpired: "client_certificate_expired", "Make a new certificate and upload it to the app registration; check the clock of this computer too.";
    PfxPasswordWrong: "pfx_password_wrong", "Use the password with which the PFX file was exported.";
    ServiceAccountInvalid: "service_account_invalid", "Use the JSON file of the service account's key, as the Google console gives it.";
    ServiceAccountPersonal: "service_account_personal", "Sign in with the browser: service accounts send only for users of Google Workspace.";
    IdTokenInvalid: "id_token_invalid", "Check client id, tenant and issuer; if they are right, begin the sign-in again.";
    ClockWrong: "clock_wrong", "Set the clock of this computer.";
    TokenWrongAudience: "token_wrong_audience", "Ask for a token for the mail server; the error text names the scope.";
}
