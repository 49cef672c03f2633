//! Which server, how it is reached and how far it is trusted.

use super::types::{mail_status, mail_t};
use crate::ffi::boundary::{optional_sign_in, optional_text, required_bytes, text, with};
use crate::net::Trust;
use std::ffi::c_char;

/// Sets the SMTP server.
///
/// @param mail  handle from mail_new()
/// @param host  host name or IP address, such as "smtp.office365.com"; UTF-8, copied, not NULL. The
///              certificate of the server is checked against this name.
/// @param port  1 to 65535; 587 and 465 are the usual ones for submission
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT when `host` is no host name or `port`
///         is out of range
/// @since 0.1.0
/// @see mail_set_security()
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_server(
    mail: *mut mail_t,
    host: *const c_char,
    port: i32,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let host = unsafe { text(host, "host") }?;
        slot.mail.lock().set_server(host, port)
    })
}

/// Sets how the connection is protected.
///
/// @param mail      handle from mail_new()
/// @param security  a #mail_security; #MAIL_SECURITY_AUTO unless set
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT for an unknown number
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_set_security(mail: *mut mail_t, security: i32) -> mail_status {
    with(mail, |slot| slot.mail.lock().set_security(security))
}

/// Allows passwords and tokens to cross a connection without TLS. Off unless set.
///
/// Dangerous: everybody on the way can read them. It matters only with #MAIL_SECURITY_PLAIN and
/// #MAIL_SECURITY_STARTTLS_IF_OFFERED.
///
/// @param mail   handle from mail_new()
/// @param allow  0 or 1
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_allow_plaintext_auth(mail: *mut mail_t, allow: i32) -> mail_status {
    with(mail, |slot| {
        slot.mail.lock().allow_plaintext_auth(allow != 0);
        Ok(())
    })
}

/// Sets the name with which the client introduces itself (EHLO, RFC 5321 §4.1.1.1).
///
/// @param mail  handle from mail_new()
/// @param name  host name or address literal such as "[192.0.2.1]"; ASCII, copied; NULL for the
///              name of this computer
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT when it is neither
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_ehlo_name(
    mail: *mut mail_t,
    name: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let name = unsafe { optional_text(name, "name") }?;
        slot.mail.lock().set_ehlo_name(name)
    })
}

/// Sets the proxy through which the SMTP server is reached.
///
/// Without this call mail travels directly, whatever the environment and the system say: most
/// proxies of companies let nobody through to mail ports, and mail that used to arrive would not.
///
/// `proxy` is one of
/// - "http://host:port": HTTP CONNECT (RFC 9110), signing in with Basic; without a port 80
/// - "socks5://host:port": SOCKS 5 (RFC 1928, RFC 1929); without a port 1080. "socks5h://" and
///   "socks://" are the same. The proxy looks the name of the server up.
/// - "env": what the environment says at each connecting: https_proxy, HTTPS_PROXY, all_proxy,
///   ALL_PROXY (the first that is not empty), unless no_proxy or NO_PROXY names the server
/// - "system": on Windows the proxy settings of the user, with their script and exceptions, else
///   those of the computer (netsh winhttp); on every other system the same as "env"
/// - "none", or NULL: no proxy
///
/// A URL without a scheme means http://. A URL may hold a user and a password,
/// "http://user:password@host:port", in which "%40" stands for "@" and so on. A server on this
/// computer (localhost, 127.0.0.0/8, ::1) is reached through a proxy only when that was named by a
/// URL here. The connection between this computer and the proxy is not secured: user and password
/// for the proxy are readable there. TLS to the server goes through the proxy unbroken, and the
/// certificate is checked against the name of the server.
///
/// @param mail      handle from mail_new()
/// @param proxy     see above; UTF-8, copied; NULL for none
/// @param user      user for the proxy as it is, not percent-encoded; UTF-8, copied; NULL for none.
///                  With "env" and "system" it is for a proxy that is named there without a user.
/// @param password  password for the proxy, also as it is; NULL when `user` is NULL, and only then;
///                  wiped on mail_free()
/// @return #MAIL_STATUS_OK, or
///         - #MAIL_STATUS_NULL_POINTER      only one of `user` and `password` is NULL
///         - #MAIL_STATUS_INVALID_ARGUMENT  `proxy` is none of these, or has a user while `user` is
///           given too; or user or password are such that this proxy cannot be told
/// @since 0.1.0
/// @see mail_set_server()
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_set_proxy(
    mail: *mut mail_t,
    proxy: *const c_char,
    user: *const c_char,
    password: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let (proxy, sign_in) =
            unsafe { (optional_text(proxy, "proxy")?, optional_sign_in(user, password)?) };
        slot.mail.lock().set_proxy(proxy, sign_in)
    })
}

/// Sets the time that one mail_send() may take: name look-up, connecting, proxy, TLS, every reply and the
/// content together.
///
/// @param mail        handle from mail_new()
/// @param timeout_ms  milliseconds, 1 to 86,400,000 (one day); 300,000 (five minutes) unless set
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_set_timeout(mail: *mut mail_t, timeout_ms: i32) -> mail_status {
    with(mail, |slot| slot.mail.lock().set_timeout_ms(timeout_ms))
}

/// Trusts the certificates in a file, besides those that the system trusts. May be called again.
///
/// @param mail  handle from mail_new()
/// @param path  file with one or more PEM certificates; UTF-8, not NULL; read now
/// @return #MAIL_STATUS_OK, or
///         - #MAIL_STATUS_FILE              it cannot be read
///         - #MAIL_STATUS_INVALID_ARGUMENT  it holds no certificate, or a broken one
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_add_ca_file(
    mail: *mut mail_t,
    path: *const c_char,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes NULL or NUL-terminated text (interface contract).
        let path = unsafe { text(path, "path") }?;
        let roots = Trust::read_pem_file(path)?;
        slot.mail.lock().add_roots(roots);
        Ok(())
    })
}

/// Trusts the certificates in a buffer, besides those that the system trusts. May be called again.
///
/// @param mail  handle from mail_new()
/// @param pem   one or more PEM certificates; copied; not NULL
/// @param size  bytes in `pem`
/// @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: no certificate, or a broken one
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "system" fn mail_add_ca_pem(
    mail: *mut mail_t,
    pem: *const u8,
    size: usize,
) -> mail_status {
    with(mail, |slot| {
        // SAFETY: the caller passes `size` readable bytes (interface contract).
        let pem = unsafe { required_bytes(pem, size, "pem") }?;
        let roots = Trust::parse_pem(pem, "pem")?;
        slot.mail.lock().add_roots(roots);
        Ok(())
    })
}

/// Accepts any certificate, also expired, foreign or self-made ones. Off unless set.
///
/// Dangerous: whoever is on the way can pose as the server and read passwords, tokens and messages.
/// For a server with its own certificate use mail_add_ca_file() instead.
///
/// @param mail    handle from mail_new()
/// @param accept  0 or 1
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_accept_invalid_certificate(
    mail: *mut mail_t,
    accept: i32,
) -> mail_status {
    with(mail, |slot| {
        slot.mail.lock().accept_invalid_certificate(accept != 0);
        Ok(())
    })
}

/// Keeps the connection open between sends, so that the next one needs no new sign-in.
///
/// A kept connection is used again only when server, proxy, security and sign-in are the same, and when
/// the server has neither closed it nor said anything since. 0 closes the one that is open.
///
/// @param mail  handle from mail_new()
/// @param keep  0 (unless set) or 1
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
/// @see mail_close_connection()
#[unsafe(no_mangle)]
pub extern "system" fn mail_set_keep_connection(mail: *mut mail_t, keep: i32) -> mail_status {
    with(mail, |slot| {
        slot.mail.lock().set_keep_connection(keep != 0);
        Ok(())
    })
}

/// Ends the session on the kept connection (QUIT) and closes it; does nothing when there is none.
///
/// @param mail  handle from mail_new()
/// @return #MAIL_STATUS_OK or an error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "system" fn mail_close_connection(mail: *mut mail_t) -> mail_status {
    with(mail, |slot| {
        slot.mail.lock().close_connection();
        Ok(())
    })
}
