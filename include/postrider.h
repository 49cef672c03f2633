/**
 * @file postrider.h
 * @brief Sends e-mail with OAuth2.
 *
 * Generated from src/ffi/api by `make bindings`. Do not edit.
 *
 * What holds for every function, unless its own comment says otherwise:
 * - Text is UTF-8 and ends with NUL; every input is copied before the call returns.
 * - A function that returns #mail_status may return #MAIL_STATUS_INVALID_HANDLE,
 *   #MAIL_STATUS_NULL_POINTER (an argument that must not be NULL), #MAIL_STATUS_INVALID_UTF8 and
 *   #MAIL_STATUS_INTERNAL besides what its comment names. Then nothing was changed.
 * - A function that fills a text buffer returns the length of the whole text without its NUL: when
 *   that is not less than `cap`, the text was cut, at a character, and still ends with NUL.
 * - Any function may be called from any thread at any time. The error of a handle is that of the call
 *   that ended last: use one handle per thread if you read errors.
 * - A callback runs on a thread that is inside mail_send() or a call on its account, and must return
 *   normally.
 * - After fork() the child must not use the library. Never unload it (dlclose, FreeLibrary).
 */

#ifndef POSTRIDER_H
#define POSTRIDER_H

#include <stddef.h>
#include <stdint.h>

/** Version of this header (semver.org); mail_library_version() is that of the library. */
#define MAIL_VERSION "0.1.0"

#ifndef MAIL_API
#  if defined(_WIN32) && !defined(MAIL_STATIC)
#    define MAIL_API __declspec(dllimport)
#  else
#    define MAIL_API
#  endif
#endif

/* stdcall on 32-bit Windows, where VB6 knows no other; the only convention elsewhere */
#if defined(_WIN32) && !defined(_WIN64)
#  define MAIL_CALL __stdcall
#else
#  define MAIL_CALL
#endif


/**
 * Number of this interface; it rises only when a change breaks callers, and is the number in the
 * name of the shared library (libpostrider.so.1).
 */
#define MAIL_ABI_VERSION 1

/**
 * Size in bytes of a buffer that holds any content id, with its NUL.
 */
#define MAIL_CONTENT_ID_SIZE 96

/**
 * What a call returns: 0 is success, positive is success in part, negative is an error.
 *
 * New codes may be added: treat every unknown negative number as an error.
 */
enum mail_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The call did what it says; mail_send(): every recipient was accepted.
   */
  MAIL_STATUS_OK = 0,
  /**
   * mail_send(): accepted for some recipients, refused for others.
   */
  MAIL_STATUS_PARTIAL = 1,
  /**
   * mail_account_poll_sign_in(): the person has not signed in yet.
   */
  MAIL_STATUS_PENDING = 2,
  /**
   * The handle is NULL, was freed, or did not come from mail_new() or mail_account_new().
   */
  MAIL_STATUS_INVALID_HANDLE = -1,
  /**
   * A pointer that must not be NULL is NULL.
   */
  MAIL_STATUS_NULL_POINTER = -2,
  /**
   * A text is not valid UTF-8.
   */
  MAIL_STATUS_INVALID_UTF8 = -3,
  /**
   * An argument has a value that is not allowed; the text names it.
   */
  MAIL_STATUS_INVALID_ARGUMENT = -4,
  /**
   * Something that sending needs was not set: server, From, a recipient, or any content.
   */
  MAIL_STATUS_INCOMPLETE = -5,
  /**
   * A file cannot be opened, read or written, or changed while it was being sent.
   */
  MAIL_STATUS_FILE = -6,
  /**
   * mail_cancel(), the progress callback or mail_free() ended the send.
   */
  MAIL_STATUS_CANCELLED = -10,
  /**
   * The time given by mail_set_timeout(), or the limit of one step, ran out.
   */
  MAIL_STATUS_TIMEOUT = -11,
  /**
   * The host name could not be resolved.
   */
  MAIL_STATUS_RESOLVE = -12,
  /**
   * No address of the host accepted a connection.
   */
  MAIL_STATUS_CONNECT = -13,
  /**
   * The connection broke.
   */
  MAIL_STATUS_CONNECTION_LOST = -14,
  /**
   * The TLS handshake failed.
   */
  MAIL_STATUS_TLS = -15,
  /**
   * The certificate of the server was not accepted.
   */
  MAIL_STATUS_CERTIFICATE = -16,
  /**
   * The other side does not speak SMTP, or broke its rules.
   */
  MAIL_STATUS_PROTOCOL = -17,
  /**
   * The server lacks something the message or the settings need.
   */
  MAIL_STATUS_UNSUPPORTED = -18,
  /**
   * Credentials would have crossed an unprotected connection.
   */
  MAIL_STATUS_PLAINTEXT_AUTH = -19,
  /**
   * The server refused the sign-in.
   */
  MAIL_STATUS_SIGN_IN = -20,
  /**
   * The server refused the connection or ended it (421, 554), at any step.
   */
  MAIL_STATUS_UNAVAILABLE = -21,
  /**
   * The server refused the sender address.
   */
  MAIL_STATUS_SENDER = -22,
  /**
   * The server refused every recipient, or one of them when all or none was asked.
   */
  MAIL_STATUS_RECIPIENTS = -23,
  /**
   * The server refused the message.
   */
  MAIL_STATUS_MESSAGE = -24,
  /**
   * The message is larger than the server takes.
   */
  MAIL_STATUS_TOO_LARGE = -25,
  /**
   * No access token could be had: the provider refused it, or cannot be asked.
   */
  MAIL_STATUS_TOKEN = -26,
  /**
   * A person has to sign in: there is no sign-in yet, or it has ended.
   */
  MAIL_STATUS_NEEDS_SIGN_IN = -27,
  /**
   * The token store cannot be read or written.
   */
  MAIL_STATUS_STORE = -28,
  /**
   * The proxy cannot be used, or gave no connection to the server.
   */
  MAIL_STATUS_PROXY = -29,
  /**
   * A defect in this library; please report it with the error text.
   */
  MAIL_STATUS_INTERNAL = -99,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum mail_status mail_status;
#else
typedef int32_t mail_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How the connection is protected; the numbers are those of EASendMail's ConnectType.
 */
enum mail_security
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * No TLS. Credentials are refused unless mail_allow_plaintext_auth() was called.
   */
  MAIL_SECURITY_PLAIN = 0,
  /**
   * By the port: STARTTLS on 25 and 587, TLS from the first byte on every other. The default.
   */
  MAIL_SECURITY_AUTO = 1,
  /**
   * STARTTLS (RFC 3207); a server that does not offer it is an error.
   */
  MAIL_SECURITY_STARTTLS = 2,
  /**
   * TLS from the first byte (RFC 8314), usually on port 465.
   */
  MAIL_SECURITY_TLS = 3,
  /**
   * STARTTLS when the server offers it, else no TLS: only for servers of your own network.
   */
  MAIL_SECURITY_STARTTLS_IF_OFFERED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum mail_security mail_security;
#else
typedef int32_t mail_security;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * In which header a recipient is shown; the numbers are those of EASendMail's flags.
 */
enum mail_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * In To.
   */
  MAIL_KIND_TO = 0,
  /**
   * In Cc.
   */
  MAIL_KIND_CC = 1,
  /**
   * In no header: the other recipients do not see it.
   */
  MAIL_KIND_BCC = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum mail_kind mail_kind;
#else
typedef int32_t mail_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * SASL mechanism for user and password; the numbers are those of EASendMail's AuthType.
 */
enum mail_mechanism
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * PLAIN when the server offers it, else LOGIN.
   */
  MAIL_MECHANISM_AUTO = -1,
  /**
   * LOGIN.
   */
  MAIL_MECHANISM_LOGIN = 0,
  /**
   * PLAIN (RFC 4616).
   */
  MAIL_MECHANISM_PLAIN = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum mail_mechanism mail_mechanism;
#else
typedef int32_t mail_mechanism;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Values of the Importance header (RFC 2156).
 */
enum mail_importance
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Importance: low
   */
  MAIL_IMPORTANCE_LOW = 0,
  /**
   * Importance: normal
   */
  MAIL_IMPORTANCE_NORMAL = 1,
  /**
   * Importance: high
   */
  MAIL_IMPORTANCE_HIGH = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum mail_importance mail_importance;
#else
typedef int32_t mail_importance;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The step in which something went wrong.
 */
enum mail_stage
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * No error.
   */
  MAIL_STAGE_NONE = 0,
  /**
   * The arguments of the call.
   */
  MAIL_STAGE_ARGUMENT = 1,
  /**
   * Putting the message together.
   */
  MAIL_STAGE_COMPOSE = 2,
  /**
   * Looking up the host name.
   */
  MAIL_STAGE_RESOLVE = 3,
  /**
   * Connecting.
   */
  MAIL_STAGE_CONNECT = 4,
  /**
   * The TLS handshake.
   */
  MAIL_STAGE_TLS = 5,
  /**
   * Waiting for the greeting of the server.
   */
  MAIL_STAGE_GREETING = 6,
  /**
   * EHLO or HELO.
   */
  MAIL_STAGE_HELLO = 7,
  /**
   * The STARTTLS command.
   */
  MAIL_STAGE_STARTTLS = 8,
  /**
   * Signing in (AUTH).
   */
  MAIL_STAGE_SIGN_IN = 9,
  /**
   * MAIL FROM.
   */
  MAIL_STAGE_SENDER = 10,
  /**
   * RCPT TO.
   */
  MAIL_STAGE_RECIPIENTS = 11,
  /**
   * DATA and the content, up to the final reply.
   */
  MAIL_STAGE_DATA = 12,
  /**
   * Asking a proxy for the connection.
   */
  MAIL_STAGE_PROXY = 13,
  /**
   * Reading or writing the token store.
   */
  MAIL_STAGE_STORE = 14,
  /**
   * A person signing in at the provider.
   */
  MAIL_STAGE_AUTHORIZE = 15,
  /**
   * Asking the provider for a token.
   */
  MAIL_STAGE_TOKEN = 16,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum mail_stage mail_stage;
#else
typedef int32_t mail_stage;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What became of the message.
 */
enum mail_outcome
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The server took it for nobody: sending again is safe.
   */
  MAIL_OUTCOME_NOT_SENT = 0,
  /**
   * The server accepted it for at least one recipient.
   */
  MAIL_OUTCOME_ACCEPTED = 1,
  /**
   * The connection ended after the final byte and before the reply: it may have been accepted.
   */
  MAIL_OUTCOME_UNKNOWN = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum mail_outcome mail_outcome;
#else
typedef int32_t mail_outcome;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a #mail_store_fn is asked for.
 */
enum mail_store_operation
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Copy the document into `data`.
   */
  MAIL_STORE_OPERATION_LOAD = 0,
  /**
   * Keep the `size` bytes at `data` in place of the document, whole or not at all.
   */
  MAIL_STORE_OPERATION_SAVE = 1,
  /**
   * Remove the document; one that is not there is no error.
   */
  MAIL_STORE_OPERATION_DELETE = 2,
  /**
   * Take the lock of the document, without waiting.
   */
  MAIL_STORE_OPERATION_LOCK = 3,
  /**
   * Give the lock back.
   */
  MAIL_STORE_OPERATION_UNLOCK = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum mail_store_operation mail_store_operation;
#else
typedef int32_t mail_store_operation;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * One account at a provider: who signs in where, and its access token whenever one is needed.
 *
 * A handle as #mail_t is one. Any number of mails and threads may use an account at once. Create
 * it with mail_account_new(), release it with mail_account_free().
 */
typedef struct mail_account_t mail_account_t;

/**
 * One message, the server it goes through and the account that sends it.
 *
 * A handle is a token, not an address: a stale, foreign or NULL handle is an error code, never a
 * crash. Create it with mail_new(), release it with mail_free().
 */
typedef struct mail_t mail_t;

/**
 * Receives the protocol transcript, one line a call.
 *
 * Called on the thread that is inside mail_send(), one call at a time for each handle. It may call
 * any mail_* function. It must return normally: no exception, no longjmp.
 *
 * @param user_data  the pointer given to mail_set_log()
 * @param line       UTF-8 without line end; begins with "C: " (sent), "S: " (received) or "-- "
 *                   (what the library did); secrets are replaced by ***; valid during the call
 */
typedef void (MAIL_CALL *mail_log_fn)(void *user_data, const char *line);

/**
 * Receives the progress of mail_send() and may cancel it.
 *
 * Called on the thread that is inside mail_send(), at least every 100 ms, also while nothing
 * moves. It may call any mail_* function. It must return normally: no exception, no longjmp.
 *
 * @param user_data   the pointer given to mail_set_progress()
 * @param bytes_sent  bytes of the message that were handed to the network
 * @param bytes_total size of the message in bytes; 0 until the connection stands
 * @return 0 to go on, anything else to cancel
 */
typedef int32_t (MAIL_CALL *mail_progress_fn)(void *user_data,
                                              int64_t bytes_sent,
                                              int64_t bytes_total);

/**
 * Gives an access token that the program has from elsewhere.
 *
 * Called on a thread that is inside mail_send() or mail_account_fetch_token(), one call at a time
 * for each account, whenever the last token has ended or was refused. It may call any mail_*
 * function, but must not ask this account for a token. It must return normally: no exception, no
 * longjmp.
 *
 * @param user_data  the pointer given to mail_account_set_token_callback()
 * @param buf        receives the token, ASCII, with a NUL behind it
 * @param cap        size of `buf` in bytes: 65,536
 * @return how many seconds the token is still good, 0 for one that is used once, or a negative
 *         number: there is none
 */
typedef int64_t (MAIL_CALL *mail_token_fn)(void *user_data, char *buf, size_t cap);

/**
 * Keeps the sign-in of an account in a store of the program, such as a database.
 *
 * Called on a thread that is inside a call on the account or mail_send(), one call at a time for
 * each account. It must return normally: no exception, no longjmp.
 *
 * @param user_data  the pointer given to mail_account_set_store_callback()
 * @param operation  a #mail_store_operation
 * @param name       which document: 32 hexadecimal digits, always the same for the same provider,
 *                   client id, tenant and user; valid during the call
 * @param data       #MAIL_STORE_OPERATION_LOAD: receives the document; #MAIL_STORE_OPERATION_SAVE: the
 *                   document, UTF-8 with tokens in it, which the program must protect; else NULL
 * @param size       bytes at `data`
 * @return a negative number when it failed, else
 *         - #MAIL_STORE_OPERATION_LOAD  the size of the document in bytes, 0 when there is none; when
 *           it is larger than `size`, nothing is copied, and there is a second call with more room
 *         - #MAIL_STORE_OPERATION_LOCK  1 when the lock was free, 0 when another process holds it: then
 *           there are further calls. A program that is the only one to use its store returns 1.
 *         - any other                   0
 */
typedef int64_t (MAIL_CALL *mail_store_fn)(void *user_data,
                                           int32_t operation,
                                           const char *name,
                                           uint8_t *data,
                                           size_t size);

/**
 * Shows a person how to sign in: opens a window, prints a line.
 *
 * Called on the thread that is inside the call that waits for the person, one call at a time for
 * each account; it returns at once, and the call waits on. To give up, it calls
 * mail_account_cancel(), or mail_cancel() during mail_send(). It must return normally: no exception, no longjmp.
 *
 * @param user_data   the pointer given to mail_account_set_sign_in_callback()
 * @param url         the page to open: in a browser on this computer, or, when there is a user code,
 *                    on any device; UTF-8, valid during the call
 * @param user_code   what the person types there; "" for a sign-in in the browser
 * @param message     a sentence for the person that says all this; UTF-8, valid during the call
 * @param expires_in  seconds until it is too late
 */
typedef void (MAIL_CALL *mail_sign_in_fn)(void *user_data,
                                          const char *url,
                                          const char *user_code,
                                          const char *message,
                                          int32_t expires_in);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the version of the library, such as "0.1.0" (semver.org).
 *
 * @return static text, never NULL, never freed
 * @since 0.1.0
 */
MAIL_API const char *MAIL_CALL mail_library_version(void);

/**
 * Returns #MAIL_ABI_VERSION of the library in use: compare it with the one compiled in.
 *
 * @since 0.1.0
 */
MAIL_API int32_t MAIL_CALL mail_library_abi(void);

/**
 * Returns what a status means, in English.
 *
 * @param status  a #mail_status
 * @return static text, never NULL, never freed; "unknown status" for other numbers
 * @since 0.1.0
 * @see mail_last_error(), which tells what happened in this case
 */
MAIL_API const char *MAIL_CALL mail_status_text(int32_t status);

/**
 * Creates a handle.
 *
 * @return the handle, or NULL when the system has no resources left: then mail_last_error() with
 *         NULL tells more. Free it with mail_free().
 * @since 0.1.0
 */
MAIL_API mail_t *MAIL_CALL mail_new(void);

/**
 * Releases a handle and closes its connection. NULL and handles already freed are ignored.
 *
 * Sends that are running on the handle end as if mail_cancel() had been called. Once this call has
 * returned, no callback of the handle runs any more: it waits for one that is running on another
 * thread. Passwords and tokens are wiped from memory.
 *
 * @param mail  handle from mail_new(), or NULL
 * @par Threads  Do not hold a lock here that a callback of this handle waits for.
 * @since 0.1.0
 */
MAIL_API void MAIL_CALL mail_free(mail_t *mail);

/**
 * Forgets the message: addresses, recipients, subject, bodies, attachments, headers, and the
 * result of the last send. Server, sign-in, callbacks and the kept connection stay.
 *
 * @param mail  handle from mail_new()
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_clear_message(mail_t *mail);

/**
 * Sets the SMTP server.
 *
 * @param mail  handle from mail_new()
 * @param host  host name or IP address, such as "smtp.office365.com"; UTF-8, copied, not NULL. The
 *              certificate of the server is checked against this name.
 * @param port  1 to 65535; 587 and 465 are the usual ones for submission
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT when `host` is no host name or `port`
 *         is out of range
 * @since 0.1.0
 * @see mail_set_security()
 */
MAIL_API mail_status MAIL_CALL mail_set_server(mail_t *mail, const char *host, int32_t port);

/**
 * Sets how the connection is protected.
 *
 * @param mail      handle from mail_new()
 * @param security  a #mail_security; #MAIL_SECURITY_AUTO unless set
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT for an unknown number
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_security(mail_t *mail, int32_t security);

/**
 * Allows passwords and tokens to cross a connection without TLS. Off unless set.
 *
 * Dangerous: everybody on the way can read them. It matters only with #MAIL_SECURITY_PLAIN and
 * #MAIL_SECURITY_STARTTLS_IF_OFFERED.
 *
 * @param mail   handle from mail_new()
 * @param allow  0 or 1
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_allow_plaintext_auth(mail_t *mail, int32_t allow);

/**
 * Sets the name with which the client introduces itself (EHLO, RFC 5321 §4.1.1.1).
 *
 * @param mail  handle from mail_new()
 * @param name  host name or address literal such as "[192.0.2.1]"; ASCII, copied; NULL for the
 *              name of this computer
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT when it is neither
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_ehlo_name(mail_t *mail, const char *name);

/**
 * Sets the proxy through which the SMTP server is reached.
 *
 * Without this call mail travels directly, whatever the environment and the system say: most
 * proxies of companies let nobody through to mail ports, and mail that used to arrive would not.
 *
 * `proxy` is one of
 * - "http://host:port": HTTP CONNECT (RFC 9110), signing in with Basic; without a port 80
 * - "socks5://host:port": SOCKS 5 (RFC 1928, RFC 1929); without a port 1080. "socks5h://" and
 *   "socks://" are the same. The proxy looks the name of the server up.
 * - "env": what the environment says at each connecting: https_proxy, HTTPS_PROXY, all_proxy,
 *   ALL_PROXY (the first that is not empty), unless no_proxy or NO_PROXY names the server
 * - "system": on Windows the proxy settings of the user, with their script and exceptions, else
 *   those of the computer (netsh winhttp); on every other system the same as "env"
 * - "none", or NULL: no proxy
 *
 * A URL without a scheme means http://. A URL may hold a user and a password,
 * "http://user:password@host:port", in which "%40" stands for "@" and so on. A server on this
 * computer (localhost, 127.0.0.0/8, ::1) is reached through a proxy only when that was named by a
 * URL here. The connection between this computer and the proxy is not secured: user and password
 * for the proxy are readable there. TLS to the server goes through the proxy unbroken, and the
 * certificate is checked against the name of the server.
 *
 * @param mail      handle from mail_new()
 * @param proxy     see above; UTF-8, copied; NULL for none
 * @param user      user for the proxy as it is, not percent-encoded; UTF-8, copied; NULL for none.
 *                  With "env" and "system" it is for a proxy that is named there without a user.
 * @param password  password for the proxy, also as it is; NULL when `user` is NULL, and only then;
 *                  wiped on mail_free()
 * @return #MAIL_STATUS_OK, or
 *         - #MAIL_STATUS_NULL_POINTER      only one of `user` and `password` is NULL
 *         - #MAIL_STATUS_INVALID_ARGUMENT  `proxy` is none of these, or has a user while `user` is
 *           given too; or user or password are such that this proxy cannot be told
 * @since 0.1.0
 * @see mail_set_server()
 */
MAIL_API mail_status MAIL_CALL mail_set_proxy(mail_t *mail,
                                              const char *proxy,
                                              const char *user,
                                              const char *password);

/**
 * Sets the time that one mail_send() may take: name look-up, connecting, proxy, TLS, every reply and the
 * content together.
 *
 * @param mail        handle from mail_new()
 * @param timeout_ms  milliseconds, 1 to 86,400,000 (one day); 300,000 (five minutes) unless set
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_timeout(mail_t *mail, int32_t timeout_ms);

/**
 * Trusts the certificates in a file, besides those that the system trusts. May be called again.
 *
 * @param mail  handle from mail_new()
 * @param path  file with one or more PEM certificates; UTF-8, not NULL; read now
 * @return #MAIL_STATUS_OK, or
 *         - #MAIL_STATUS_FILE              it cannot be read
 *         - #MAIL_STATUS_INVALID_ARGUMENT  it holds no certificate, or a broken one
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_add_ca_file(mail_t *mail, const char *path);

/**
 * Trusts the certificates in a buffer, besides those that the system trusts. May be called again.
 *
 * @param mail  handle from mail_new()
 * @param pem   one or more PEM certificates; copied; not NULL
 * @param size  bytes in `pem`
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: no certificate, or a broken one
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_add_ca_pem(mail_t *mail, const uint8_t *pem, size_t size);

/**
 * Accepts any certificate, also expired, foreign or self-made ones. Off unless set.
 *
 * Dangerous: whoever is on the way can pose as the server and read passwords, tokens and messages.
 * For a server with its own certificate use mail_add_ca_file() instead.
 *
 * @param mail    handle from mail_new()
 * @param accept  0 or 1
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_accept_invalid_certificate(mail_t *mail, int32_t accept);

/**
 * Keeps the connection open between sends, so that the next one needs no new sign-in.
 *
 * A kept connection is used again only when server, proxy, security and sign-in are the same, and when
 * the server has neither closed it nor said anything since. 0 closes the one that is open.
 *
 * @param mail  handle from mail_new()
 * @param keep  0 (unless set) or 1
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 * @see mail_close_connection()
 */
MAIL_API mail_status MAIL_CALL mail_set_keep_connection(mail_t *mail, int32_t keep);

/**
 * Ends the session on the kept connection (QUIT) and closes it; does nothing when there is none.
 *
 * @param mail  handle from mail_new()
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_close_connection(mail_t *mail);

/**
 * Signs in with an OAuth 2.0 access token (SASL XOAUTH2, as Microsoft and Google ask for).
 *
 * Replaces any sign-in set before. The token is used at the next mail_send(); it is not checked
 * now. Requires a protected connection: mail_send() refuses to send a token in the clear.
 *
 * @param mail          handle from mail_new()
 * @param user          mailbox, such as "anna@example.org"; UTF-8, copied, not NULL
 * @param access_token  bearer token without "Bearer "; ASCII, copied, not NULL; wiped when it is
 *                      replaced and on mail_free()
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: empty, or contains a character that
 *         is not allowed (RFC 6750 §2.1)
 * @since 0.1.0
 * @see mail_set_auth_oauthbearer(), mail_last_error()
 */
MAIL_API mail_status MAIL_CALL mail_set_auth_xoauth2(mail_t *mail,
                                                     const char *user,
                                                     const char *access_token);

/**
 * Signs in with an OAuth 2.0 access token (SASL OAUTHBEARER, RFC 7628).
 *
 * As mail_set_auth_xoauth2(), with the standard's mechanism: Google, Dovecot and others offer it,
 * Microsoft does not.
 *
 * @param mail          handle from mail_new()
 * @param user          mailbox, such as "anna@example.org"; UTF-8, copied, not NULL
 * @param access_token  bearer token without "Bearer "; ASCII, copied, not NULL; wiped when it is
 *                      replaced and on mail_free()
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 * @see mail_set_auth_xoauth2()
 */
MAIL_API mail_status MAIL_CALL mail_set_auth_oauthbearer(mail_t *mail,
                                                         const char *user,
                                                         const char *access_token);

/**
 * Signs in with user and password.
 *
 * Replaces any sign-in set before.
 *
 * @param mail       handle from mail_new()
 * @param mechanism  a #mail_mechanism
 * @param user       UTF-8, copied, not NULL
 * @param password   UTF-8, copied, not NULL; wiped when it is replaced and on mail_free()
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: unknown mechanism, empty text or a
 *         control character
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_auth_password(mail_t *mail,
                                                      int32_t mechanism,
                                                      const char *user,
                                                      const char *password);

/**
 * Signs in with the access tokens of an account, which are renewed when it is time.
 *
 * Replaces any sign-in set before. The provider also sets the server, unless mail_set_server() was
 * called. The account may be set for any number of mails; it may be freed before them.
 *
 * @param mail     handle from mail_new()
 * @param account  handle from mail_account_new()
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_HANDLE: `account` is none
 * @since 0.1.0
 * @see mail_account_sign_in()
 */
MAIL_API mail_status MAIL_CALL mail_set_account(mail_t *mail, mail_account_t *account);

/**
 * Does not sign in; forgets and wipes what was set before. So it is with a new handle.
 *
 * @param mail  handle from mail_new()
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_auth_none(mail_t *mail);

/**
 * Sets the author of the message (From).
 *
 * Also the envelope sender unless mail_set_return_path() is called. It need not be the user who
 * signs in.
 *
 * @param mail     handle from mail_new()
 * @param name     name to show; UTF-8, copied; NULL for none
 * @param address  such as "anna@example.org"; UTF-8, copied, not NULL
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT when `address` is no address
 *         (RFC 5321 §4.1.2, RFC 6531) or `name` contains a control character
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_from(mail_t *mail, const char *name, const char *address);

/**
 * Sets who submits the message when it is not the author (Sender, RFC 5322 §3.6.2).
 *
 * @param mail     handle from mail_new()
 * @param name     name to show; UTF-8, copied; NULL for none
 * @param address  UTF-8, copied; NULL removes the header
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_sender(mail_t *mail, const char *name, const char *address);

/**
 * Sets the envelope sender (MAIL FROM), to which non-delivery reports go.
 *
 * @param mail     handle from mail_new()
 * @param address  UTF-8, copied; "" for the null sender of reports; NULL for the From address
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_return_path(mail_t *mail, const char *address);

/**
 * Sets where answers shall go (Reply-To).
 *
 * @param mail     handle from mail_new()
 * @param name     name to show; UTF-8, copied; NULL for none
 * @param address  UTF-8, copied; NULL removes the header
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_reply_to(mail_t *mail,
                                                 const char *name,
                                                 const char *address);

/**
 * Adds one recipient.
 *
 * An address that was added before is sent to once, but shown in every header it was added to.
 *
 * @param mail     handle from mail_new()
 * @param name     name to show; UTF-8, copied; NULL for none
 * @param address  such as "bob@example.org"; UTF-8, copied, not NULL
 * @param kind     a #mail_kind
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 * @see mail_add_recipients(), mail_recipient_count()
 */
MAIL_API mail_status MAIL_CALL mail_add_recipient(mail_t *mail,
                                                  const char *name,
                                                  const char *address,
                                                  int32_t kind);

/**
 * Adds the recipients of a list as people write it in a To field (RFC 5322 §3.4).
 *
 * Such as `"Anna" <anna@example.org>, bob@example.org` or `Team: carol@example.org, d@example.org;`.
 * Commas and semicolons separate. One bad entry refuses the whole list.
 *
 * @param mail  handle from mail_new()
 * @param list  UTF-8, copied, not NULL
 * @param kind  a #mail_kind
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT with the bad entry in the text
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_add_recipients(mail_t *mail, const char *list, int32_t kind);

/**
 * Sets the subject.
 *
 * @param mail     handle from mail_new()
 * @param subject  one line; UTF-8, copied, not NULL
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: contains a control character
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_subject(mail_t *mail, const char *subject);

/**
 * Sets the body as plain text.
 *
 * With mail_set_html() as well, both are sent as alternatives of each other. Line ends may be LF,
 * CR or CRLF.
 *
 * @param mail  handle from mail_new()
 * @param body  UTF-8, copied; NULL removes it
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_UTF8
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_text(mail_t *mail, const char *body);

/**
 * Sets the body as HTML.
 *
 * Images that were added with mail_add_inline_file() are shown by `<img src="cid:...">`.
 *
 * @param mail  handle from mail_new()
 * @param body  UTF-8, copied; NULL removes it
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_UTF8
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_html(mail_t *mail, const char *body);

/**
 * Adds a header field that has no function of its own. The same name may be added again.
 *
 * @param mail   handle from mail_new()
 * @param name   field name, such as "X-Order" (RFC 5322 §2.2); ASCII, copied, not NULL
 * @param value  one line; UTF-8, copied, not NULL; encoded (RFC 2047) and folded as needed
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: no field name, a field that another
 *         function sets, or a control character
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_add_header(mail_t *mail, const char *name, const char *value);

/**
 * Sets the date of the message (Date). Without this call it is the time of mail_send().
 *
 * @param mail            handle from mail_new()
 * @param unix_seconds    seconds since 1970-01-01T00:00:00Z, 0 to 253,402,300,799 (the year 9999)
 * @param offset_minutes  time zone in minutes east of UTC, -1439 to 1439
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_date(mail_t *mail,
                                             int64_t unix_seconds,
                                             int32_t offset_minutes);

/**
 * Sets the Message-ID. Without this call mail_send() makes one in the domain of the From address.
 *
 * @param mail        handle from mail_new()
 * @param message_id  such as "<order-17@example.org>", with or without the angle brackets; ASCII,
 *                    copied; NULL for an automatic one
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: not of the form left@right
 *         (RFC 5322 §3.6.4)
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_message_id(mail_t *mail, const char *message_id);

/**
 * Sets the priority that mail programs show (X-Priority).
 *
 * @param mail      handle from mail_new()
 * @param priority  1 (highest) to 5 (lowest); 3 is normal; 0 removes the header
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 * @see mail_set_importance()
 */
MAIL_API mail_status MAIL_CALL mail_set_priority(mail_t *mail, int32_t priority);

/**
 * Sets the importance (Importance, RFC 2156), which Outlook shows.
 *
 * @param mail        handle from mail_new()
 * @param importance  a #mail_importance
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 * @see mail_set_priority()
 */
MAIL_API mail_status MAIL_CALL mail_set_importance(mail_t *mail, int32_t importance);

/**
 * Asks the reader's mail program for a read receipt (Disposition-Notification-To, RFC 8098).
 *
 * @param mail     handle from mail_new()
 * @param request  0 or 1
 * @param address  where the receipt shall go; UTF-8, copied; NULL for the From address
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_request_read_receipt(mail_t *mail,
                                                         int32_t request,
                                                         const char *address);

/**
 * Attaches a file.
 *
 * It is opened now to see that it can be read, and streamed from disk at every mail_send(): memory
 * stays flat whatever its size. If it changes while it is being sent, the send ends with
 * #MAIL_STATUS_FILE and nothing is delivered.
 *
 * @param mail          handle from mail_new()
 * @param path          UTF-8, copied, not NULL
 * @param name          name to show; UTF-8, copied; NULL for the last part of `path`
 * @param content_type  such as "application/pdf" (RFC 2045 §5.1); ASCII, copied; NULL to guess it
 *                      from the name
 * @return #MAIL_STATUS_OK, or
 *         - #MAIL_STATUS_FILE              it cannot be opened, or is no regular file
 *         - #MAIL_STATUS_INVALID_ARGUMENT  `name` or `content_type` is not valid
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_add_attachment_file(mail_t *mail,
                                                        const char *path,
                                                        const char *name,
                                                        const char *content_type);

/**
 * Attaches bytes from memory.
 *
 * @param mail          handle from mail_new()
 * @param data          copied; may be NULL when `size` is 0
 * @param size          bytes in `data`
 * @param name          name to show; UTF-8, copied, not NULL
 * @param content_type  as in mail_add_attachment_file()
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: `name` or `content_type` is not valid
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_add_attachment_bytes(mail_t *mail,
                                                         const uint8_t *data,
                                                         size_t size,
                                                         const char *name,
                                                         const char *content_type);

/**
 * Adds an image for the HTML body from a file.
 *
 * The body shows it by `<img src="cid:...">` with the content id that this call returns. The file
 * is treated as by mail_add_attachment_file().
 *
 * @param mail          handle from mail_new()
 * @param path          UTF-8, copied, not NULL
 * @param name          as in mail_add_attachment_file()
 * @param content_type  as in mail_add_attachment_file()
 * @param content_id    receives the content id (RFC 2392) without angle brackets, not NULL
 * @param cap           size of `content_id` in bytes, at least #MAIL_CONTENT_ID_SIZE
 * @return #MAIL_STATUS_OK, or as mail_add_attachment_file(); #MAIL_STATUS_INVALID_ARGUMENT also
 *         when `cap` is too small: then nothing was added
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_add_inline_file(mail_t *mail,
                                                    const char *path,
                                                    const char *name,
                                                    const char *content_type,
                                                    char *content_id,
                                                    size_t cap);

/**
 * Adds an image for the HTML body from memory.
 *
 * @param mail          handle from mail_new()
 * @param data          copied; may be NULL when `size` is 0
 * @param size          bytes in `data`
 * @param name          name to show; UTF-8, copied, not NULL
 * @param content_type  as in mail_add_attachment_file()
 * @param content_id    as in mail_add_inline_file()
 * @param cap           as in mail_add_inline_file()
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT as in mail_add_inline_file()
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_add_inline_bytes(mail_t *mail,
                                                     const uint8_t *data,
                                                     size_t size,
                                                     const char *name,
                                                     const char *content_type,
                                                     char *content_id,
                                                     size_t cap);

/**
 * Asks that the message goes to all recipients or to none. Off unless set.
 *
 * Then the content is sent only after the server has accepted every recipient; one refusal ends
 * the send with #MAIL_STATUS_RECIPIENTS.
 *
 * @param mail         handle from mail_new()
 * @param all_or_none  0 or 1
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_all_or_none(mail_t *mail, int32_t all_or_none);

/**
 * Sends the message; returns when the server has answered.
 *
 * Works on a copy of the settings and the message: what other threads change meanwhile counts for
 * the next send. Never negative once the server has accepted the message for somebody; after a
 * negative status mail_last_outcome() tells whether sending again is safe.
 *
 * @param mail  handle from mail_new()
 * @return #MAIL_STATUS_OK when every recipient was accepted, #MAIL_STATUS_PARTIAL when some were
 *         (see mail_recipient_code()), or an error: it was accepted for nobody
 * @par Threads  Two sends on one handle at once send twice.
 * @since 0.1.0
 * @see mail_last_error(), mail_last_outcome(), mail_cancel()
 */
MAIL_API mail_status MAIL_CALL mail_send(mail_t *mail);

/**
 * Ends the sends that are running on the handle now, within 100 ms; later ones are not affected.
 *
 * They return #MAIL_STATUS_CANCELLED unless the server has already accepted the message. Changes
 * no error of the handle; does nothing when no send is running.
 *
 * @param mail  handle from mail_new()
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_HANDLE
 * @par Threads  Meant to be called from another thread, or from a callback.
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_cancel(mail_t *mail);

/**
 * Saves the message as a file (RFC 5322, the .eml format), without sending it.
 *
 * The file appears whole or not at all. Bcc recipients are not in it.
 *
 * @param mail  handle from mail_new()
 * @param path  file to make or replace; UTF-8, not NULL
 * @return #MAIL_STATUS_OK, or
 *         - #MAIL_STATUS_INCOMPLETE  From, or any content, is missing
 *         - #MAIL_STATUS_FILE        it cannot be written, or an attachment cannot be read
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_save_eml(mail_t *mail, const char *path);

/**
 * Writes the message (RFC 5322) into a buffer, without sending it.
 *
 * Call it with NULL and 0 to learn the size. Two calls differ in Date and Message-ID unless those
 * were set, and in the boundaries, but not in size.
 *
 * @param mail  handle from mail_new()
 * @param buf   receives the bytes, without a NUL; may be NULL when `cap` is 0
 * @param cap   size of `buf` in bytes; when it is too small, nothing is written
 * @return the size of the message in bytes, or a negative #mail_status as mail_save_eml()
 * @since 0.1.0
 */
MAIL_API int64_t MAIL_CALL mail_get_eml(mail_t *mail, uint8_t *buf, size_t cap);

/**
 * Copies the error text of the last call on the handle: one line that says what went wrong.
 *
 * @param mail  handle from mail_new(); NULL (or a handle that is none) for the last call of this
 *              thread that had no valid handle
 * @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap   size of `buf` in bytes
 * @return the length of the whole text without the NUL: if not less than `cap`, it was cut. 0 after
 *         a call that succeeded; after #MAIL_STATUS_PARTIAL the text tells who was refused.
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_last_error(const mail_t *mail, char *buf, size_t cap);

/**
 * Returns the status of the last call on the handle, as mail_last_error() tells its text.
 *
 * @param mail  as in mail_last_error()
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_last_status(const mail_t *mail);

/**
 * Returns the step in which the last call on the handle failed.
 *
 * @param mail  as in mail_last_error()
 * @return a #mail_stage; #MAIL_STAGE_NONE when it did not fail
 * @since 0.1.0
 */
MAIL_API int32_t MAIL_CALL mail_last_stage(const mail_t *mail);

/**
 * Copies the cause of the last error as a stable word for programs, such as "certificate_expired".
 *
 * @param mail  as in mail_last_error()
 * @param buf   receives NUL-terminated ASCII; may be NULL when `cap` is 0
 * @param cap   size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there was no error
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_last_cause(const mail_t *mail, char *buf, size_t cap);

/**
 * Copies what the person can do about the last error: one sentence.
 *
 * @param mail  as in mail_last_error()
 * @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap   size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there was no error
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_last_advice(const mail_t *mail, char *buf, size_t cap);

/**
 * Copies the address of a page of the provider's that tells more about the last error.
 *
 * @param mail  as in mail_last_error()
 * @param buf   receives NUL-terminated ASCII; may be NULL when `cap` is 0
 * @param cap   size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there is none
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_last_link(const mail_t *mail, char *buf, size_t cap);

/**
 * Returns whether, and when, the same may succeed without any change.
 *
 * @param mail  as in mail_last_error()
 * @return -1 when something has to be changed first, or when there was no error; else how many seconds
 *         to wait, 0 when nobody said how long
 * @since 0.1.0
 */
MAIL_API int32_t MAIL_CALL mail_last_retry_after(const mail_t *mail);

/**
 * Copies everything that is known about the last error as one JSON document, without secrets: to
 * paste into a ticket. docs/errors.md tells its fields.
 *
 * @param mail  as in mail_last_error()
 * @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap   size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there was no error
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_last_error_json(const mail_t *mail, char *buf, size_t cap);

/**
 * Returns what became of the message of the last mail_send().
 *
 * @param mail  handle from mail_new()
 * @return a #mail_outcome; #MAIL_OUTCOME_NOT_SENT before the first send and for a bad handle
 * @since 0.1.0
 */
MAIL_API int32_t MAIL_CALL mail_last_outcome(const mail_t *mail);

/**
 * Returns the code of the server's reply that decided the last mail_send(): the final reply when
 * the message was accepted, else the one that ended the send.
 *
 * @param mail  handle from mail_new()
 * @return such as 250 or 535 (RFC 5321 §4.2); 0 when no reply decided it
 * @since 0.1.0
 */
MAIL_API int32_t MAIL_CALL mail_last_reply_code(const mail_t *mail);

/**
 * Copies the enhanced code of that reply, such as "5.7.3" (RFC 3463).
 *
 * @param mail  handle from mail_new()
 * @param buf   receives NUL-terminated ASCII; may be NULL when `cap` is 0
 * @param cap   size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when the reply has none
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_last_reply_enhanced_code(const mail_t *mail, char *buf, size_t cap);

/**
 * Copies the text of that reply, its lines joined by LF, without the codes.
 *
 * @param mail  handle from mail_new()
 * @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap   size of `buf` in bytes
 * @return the length of the whole text without the NUL
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_last_reply_text(const mail_t *mail, char *buf, size_t cap);

/**
 * Returns the number of recipients of the last mail_send(), each address counted once.
 *
 * @param mail  handle from mail_new()
 * @return 0 before the first send, after mail_clear_message() and for a bad handle
 * @since 0.1.0
 */
MAIL_API int32_t MAIL_CALL mail_recipient_count(const mail_t *mail);

/**
 * Returns whether the message was accepted for a recipient of the last mail_send().
 *
 * @param mail   handle from mail_new()
 * @param index  0 to mail_recipient_count() - 1, in the order in which they were added
 * @return 1 when it was, 0 when it was not, when it is not known, or when there is no such recipient
 * @since 0.1.0
 */
MAIL_API int32_t MAIL_CALL mail_recipient_accepted(const mail_t *mail, int32_t index);

/**
 * Copies the address of a recipient as it was sent to the server.
 *
 * @param mail   handle from mail_new()
 * @param index  as in mail_recipient_accepted()
 * @param buf    receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap    size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there is no such recipient
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_recipient_address(const mail_t *mail,
                                                 int32_t index,
                                                 char *buf,
                                                 size_t cap);

/**
 * Returns the code of the server's reply to a recipient (RCPT TO).
 *
 * @param mail   handle from mail_new()
 * @param index  as in mail_recipient_accepted()
 * @return such as 250 or 550; 0 when the server did not answer, or there is no such recipient
 * @since 0.1.0
 */
MAIL_API int32_t MAIL_CALL mail_recipient_code(const mail_t *mail, int32_t index);

/**
 * Copies the enhanced code of that reply, such as "5.1.1" (RFC 3463).
 *
 * @param mail   handle from mail_new()
 * @param index  as in mail_recipient_accepted()
 * @param buf    receives NUL-terminated ASCII; may be NULL when `cap` is 0
 * @param cap    size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there is none
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_recipient_enhanced_code(const mail_t *mail,
                                                       int32_t index,
                                                       char *buf,
                                                       size_t cap);

/**
 * Copies the text of that reply, its lines joined by LF, without the codes.
 *
 * @param mail   handle from mail_new()
 * @param index  as in mail_recipient_accepted()
 * @param buf    receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap    size of `buf` in bytes
 * @return the length of the whole text without the NUL
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_recipient_text(const mail_t *mail,
                                              int32_t index,
                                              char *buf,
                                              size_t cap);

/**
 * Goes the way that the message would go, without sending it: settings, account and token, look-up,
 * connection, TLS with its certificates, greeting, EHLO, sign-in, sender and recipients.
 *
 * Nobody gets a message, nobody is asked to sign in, and the server sees one sign-in at most. It
 * goes on behind a step that fails where a later one can still tell something. Takes as long as a
 * send may (mail_set_timeout()); mail_cancel() and the progress callback end it, the log callback
 * sees the dialogue. A kept connection is left alone. The report is read with mail_diagnosis_text()
 * or mail_diagnosis_json(), whatever this returns.
 *
 * @param mail  handle from mail_new(); what its message still lacks is left out
 * @return #MAIL_STATUS_OK when no step failed, else the status of the first that did, such as
 *         - #MAIL_STATUS_PARTIAL     the server would refuse some of the recipients
 *         - #MAIL_STATUS_INCOMPLETE  no server was set
 * @since 0.1.0
 * @see mail_send()
 */
MAIL_API mail_status MAIL_CALL mail_diagnose(mail_t *mail);

/**
 * Copies the report of the last mail_diagnose() for people: a line or more for each step, with what
 * was found, how long it took, and what to do where it failed. Lines end with LF. No secrets.
 *
 * @param mail  handle from mail_new()
 * @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap   size of `buf` in bytes
 * @return the length of the whole text without the NUL: if not less than `cap`, it was cut. 0 before
 *         the first mail_diagnose() and for a bad handle
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_diagnosis_text(const mail_t *mail, char *buf, size_t cap);

/**
 * Copies the same report as JSON, for programs and for tickets: `docs/diagnosis.md` has its fields.
 * No secrets.
 *
 * @param mail  handle from mail_new()
 * @param buf   receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap   size of `buf` in bytes
 * @return the length of the whole text without the NUL: if not less than `cap`, it was cut. 0 before
 *         the first mail_diagnose() and for a bad handle
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_diagnosis_json(const mail_t *mail, char *buf, size_t cap);

/**
 * Sets the callback that receives the protocol transcript, or removes it.
 *
 * Counts for the lines to come, also of a send that is running. Once a call that removes or
 * replaces the callback has returned on a thread outside that callback, the old one runs no more.
 *
 * @param mail       handle from mail_new()
 * @param callback   a #mail_log_fn, or NULL for none
 * @param user_data  handed to the callback; may be NULL
 * @return #MAIL_STATUS_OK or an error
 * @par Threads  Do not hold a lock here that a callback of this handle waits for.
 * @since 0.1.0
 * @see mail_set_log_file()
 */
MAIL_API mail_status MAIL_CALL mail_set_log(mail_t *mail, mail_log_fn callback, void *user_data);

/**
 * Writes the protocol transcript to a file as well, or stops doing so.
 *
 * Lines are added at the end of the file, each with the seconds since the send began.
 *
 * @param mail  handle from mail_new()
 * @param path  file to append to, made when missing; UTF-8; NULL for none
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_FILE: it cannot be opened
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_log_file(mail_t *mail, const char *path);

/**
 * Sets the callback that sees the progress of mail_send() and may cancel it, or removes it.
 *
 * As for mail_set_log(), a removed callback runs no more once this call has returned.
 *
 * @param mail       handle from mail_new()
 * @param callback   a #mail_progress_fn, or NULL for none
 * @param user_data  handed to the callback; may be NULL
 * @return #MAIL_STATUS_OK or an error
 * @par Threads  Do not hold a lock here that a callback of this handle waits for.
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_set_progress(mail_t *mail,
                                                 mail_progress_fn callback,
                                                 void *user_data);

/**
 * Creates an account at a provider.
 *
 * Names: "microsoft" (work or school), "microsoft-personal", "microsoft-us-gov", "microsoft-us-dod",
 * "microsoft-china", "google", "yahoo", "aol", "fastmail", "yandex", "mailru"; "custom" together with
 * `providers_json`. That has the members of the built-in table (src/oauth/providers.json in the
 * sources) by the names of providers; what it says replaces what is built in, and a provider that is
 * not built in is added, like "custom" unless it says otherwise:
 *
 *   {"custom": {"issuer": "https://login.example.org",
 *               "scopes": {"delegated": ["openid", "email", "offline_access", "smtp"]},
 *               "smtp": {"host": "mail.example.org", "port": 587, "security": "starttls"}}}
 *
 * @param provider        UTF-8, copied, not NULL
 * @param providers_json  UTF-8, copied; NULL for none
 * @return the handle, or NULL: unknown provider, or JSON that is wrong; then mail_account_last_error()
 *         with NULL tells more. Free it with mail_account_free().
 * @since 0.1.0
 */
MAIL_API mail_account_t *MAIL_CALL mail_account_new(const char *provider,
                                                    const char *providers_json);

/**
 * Releases the handle. NULL and handles already freed are ignored.
 *
 * Mails that the account was set for keep it and can still send, without its callbacks. Calls that
 * are running on the handle end as if mail_account_cancel() had been called. Once this call has
 * returned, no callback of the account runs any more: it waits for one that is running on another
 * thread. A sign-in that is kept in a store stays there.
 *
 * @param account  handle from mail_account_new(), or NULL
 * @par Threads  Do not hold a lock here that a callback of this account waits for.
 * @since 0.1.0
 */
MAIL_API void MAIL_CALL mail_account_free(mail_account_t *account);

/**
 * Sets who the program is at the provider: the ids of its app registration.
 *
 * @param account        handle from mail_account_new()
 * @param client_id      application (client) id; UTF-8, copied, not NULL
 * @param client_secret  UTF-8, copied; NULL for a public client, which most desktop programs are; wiped
 *                       when it is replaced and when the account ends
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: empty, or contains a control character
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_client(mail_account_t *account,
                                                       const char *client_id,
                                                       const char *client_secret);

/**
 * Sets the organization, for providers that have several (Microsoft).
 *
 * @param account  handle from mail_account_new()
 * @param tenant   its id, one of its domains, or "common", "organizations", "consumers"; UTF-8, copied,
 *                 not NULL
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_tenant(mail_account_t *account, const char *tenant);

/**
 * Sets the address that signs in to the mail server.
 *
 * The sign-in page proposes it (login hint), and it tells the accounts of one store apart. Without it
 * the address that the provider gives is used.
 *
 * @param account  handle from mail_account_new()
 * @param user     mailbox, such as "anna@example.org"; UTF-8, copied, not NULL
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: empty, or contains a control character
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_user(mail_account_t *account, const char *user);

/**
 * Asks for a further scope, besides those that sending needs (RFC 6749 §3.3). May be called again.
 *
 * @param account  handle from mail_account_new()
 * @param scope    one scope, or several with spaces between them; UTF-8, copied, not NULL
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: empty, contains a control character, or
 *         belongs to another service: a token is for one service only
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_add_scope(mail_account_t *account, const char *scope);

/**
 * Adds a parameter to the requests for a sign-in and for tokens, such as "audience".
 *
 * @param account  handle from mail_account_new()
 * @param name     UTF-8, copied, not NULL
 * @param value    UTF-8, copied, not NULL; not for secrets
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_add_parameter(mail_account_t *account,
                                                          const char *name,
                                                          const char *value);

/**
 * Trusts the certificates in a file, besides those that the system trusts. May be called again.
 *
 * @param account  handle from mail_account_new()
 * @param path     file with one or more PEM certificates; UTF-8, not NULL; read now
 * @return #MAIL_STATUS_OK, or
 *         - #MAIL_STATUS_FILE              it cannot be read
 *         - #MAIL_STATUS_INVALID_ARGUMENT  it holds no certificate, or a broken one
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_add_ca_file(mail_account_t *account, const char *path);

/**
 * Trusts the certificates in a buffer, besides those that the system trusts. May be called again.
 *
 * @param account  handle from mail_account_new()
 * @param pem      one or more PEM certificates; copied; not NULL
 * @param size     bytes in `pem`
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: no certificate, or a broken one
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_add_ca_pem(mail_account_t *account,
                                                       const uint8_t *pem,
                                                       size_t size);

/**
 * Sets the proxy for the requests to the provider. That of the system ("system") unless set.
 *
 * @param account   handle from mail_account_new()
 * @param proxy     as mail_set_proxy() takes it; UTF-8, copied; NULL for none
 * @param user      user for the proxy as it is; UTF-8, copied; NULL for none
 * @param password  password for the proxy as it is; NULL when `user` is NULL, and only then
 * @return as mail_set_proxy()
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_proxy(mail_account_t *account,
                                                      const char *proxy,
                                                      const char *user,
                                                      const char *password);

/**
 * Sets the time that one request for a token may take, waiting for other processes included. One
 * minute unless set. During mail_send() its own limit counts.
 *
 * @param account     handle from mail_account_new()
 * @param timeout_ms  milliseconds, 1 to 86,400,000
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_timeout(mail_account_t *account,
                                                        int32_t timeout_ms);

/**
 * Sets the name of the program for the page at which a sign-in in the browser ends.
 *
 * @param account  handle from mail_account_new()
 * @param name     UTF-8, copied, not NULL; "" for none
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_program(mail_account_t *account, const char *name);

/**
 * Sets whether access tokens that can be read are looked at before they are used. On unless set.
 *
 * A token for another service ends mail_send() before it connects, with the cause
 * "token_wrong_audience"; anything else that looks wrong is a line in the transcript.
 *
 * @param account  handle from mail_account_new()
 * @param look     0 or 1
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_look_at_tokens(mail_account_t *account, int32_t look);

/**
 * Ends the calls that are running on the account now, within 100 ms, and the sign-in that is under
 * way; later ones are not affected.
 *
 * They return #MAIL_STATUS_CANCELLED. Sends are not ended: mail_cancel() does that. Changes no error
 * of the account.
 *
 * @param account  handle from mail_account_new()
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_HANDLE
 * @par Threads  Meant to be called from another thread, or from a callback.
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_cancel(mail_account_t *account);

/**
 * The app signs in itself, with its secret or certificate, and no person ever does (client
 * credentials, RFC 6749 §4.4).
 *
 * @param account  handle from mail_account_new()
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_UNSUPPORTED: the provider does not offer it
 * @since 0.1.0
 * @see mail_account_set_client(), mail_account_use_certificate_pem()
 */
MAIL_API mail_status MAIL_CALL mail_account_use_client_credentials(mail_account_t *account);

/**
 * The app shows who it is by a certificate instead of a secret (RFC 7523 §2.2), as PEM.
 *
 * @param account       handle from mail_account_new()
 * @param key           private key, RSA of 2048 to 4096 bits or P-256, without a password; copied; not
 *                      NULL; wiped when the account ends
 * @param key_size      bytes in `key`
 * @param certificates  the certificate that the provider knows; copied; not NULL; may be the same
 *                      text as `key`
 * @param certificates_size  bytes in `certificates`
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: one of them cannot be read, or they do not
 *         belong together
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_use_certificate_pem(mail_account_t *account,
                                                                const uint8_t *key,
                                                                size_t key_size,
                                                                const uint8_t *certificates,
                                                                size_t certificates_size);

/**
 * The app shows who it is by the certificate of a PFX file (PKCS #12, RFC 7292).
 *
 * @param account   handle from mail_account_new()
 * @param pfx       the content of the file; copied; not NULL; wiped when the account ends
 * @param size      bytes in `pfx`
 * @param password  that of the file; UTF-8, not NULL; "" for none
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: it cannot be read, or the password is wrong
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_use_certificate_pfx(mail_account_t *account,
                                                                const uint8_t *pfx,
                                                                size_t size,
                                                                const char *password);

/**
 * A service account of Google Workspace signs in itself, in the name of the user that
 * mail_account_set_user() gave (RFC 7523 §2.1).
 *
 * @param account  handle from mail_account_new()
 * @param json     the content of the file of its key; copied; not NULL; wiped when the account ends
 * @param size     bytes in `json`
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_INVALID_ARGUMENT: it is no such file
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_use_service_account(mail_account_t *account,
                                                                const uint8_t *json,
                                                                size_t size);

/**
 * Keeps a refresh token that came from elsewhere, as if the person had signed in now.
 *
 * @param account        handle from mail_account_new(), with client and store
 * @param refresh_token  ASCII, copied, not NULL
 * @return #MAIL_STATUS_OK, or
 *         - #MAIL_STATUS_INVALID_ARGUMENT  it is empty, or contains a character that no token has
 *         - #MAIL_STATUS_STORE             it cannot be kept
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_refresh_token(mail_account_t *account,
                                                              const char *refresh_token);

/**
 * Takes access tokens from the program, which has them from elsewhere; nothing is asked from the
 * provider.
 *
 * A callback that is removed leaves an account without tokens. Once a call that removes or replaces
 * the callback has returned on a thread outside that callback, the old one runs no more.
 *
 * @param account    handle from mail_account_new()
 * @param callback   a #mail_token_fn, or NULL for none
 * @param user_data  handed to the callback; may be NULL
 * @return #MAIL_STATUS_OK or an error
 * @par Threads  Do not hold a lock here that a callback of this account waits for.
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_token_callback(mail_account_t *account,
                                                               mail_token_fn callback,
                                                               void *user_data);

/**
 * Keeps sign-ins in files of a folder that only the user may read: by their permissions on Unix,
 * by the user's key of the system (DPAPI) on Windows.
 *
 * Several accounts, programs and processes may share the folder. The format is described in
 * docs/store.md. A callback that kept them until now is removed, as by
 * mail_account_set_store_callback() with NULL.
 *
 * @param account  handle from mail_account_new()
 * @param folder   made when missing; UTF-8, not NULL
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_STORE: it cannot be used, or others may write in it
 * @par Threads  Do not hold a lock here that a callback of this account waits for.
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_store_file(mail_account_t *account,
                                                           const char *folder);

/**
 * Keeps sign-ins in encrypted files of a folder, with their key in the keyring of the system
 * (Credential Manager, Keychain, Secret Service).
 *
 * The keyring is tried now, with a value that is written, read and removed; if it does not do what
 * it is needed for, this fails, and nothing weaker takes its place. A callback that kept them until
 * now is removed, as by mail_account_set_store_callback() with NULL.
 *
 * @param account  handle from mail_account_new()
 * @param folder   made when missing; UTF-8, not NULL
 * @param service  the name under which the keyring shows the key to the person; UTF-8, not NULL
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_STORE: see its cause, such as "keyring_absent" or
 *         "keyring_locked"
 * @par Threads  Do not hold a lock here that a callback of this account waits for.
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_store_keyring(mail_account_t *account,
                                                              const char *folder,
                                                              const char *service);

/**
 * Keeps sign-ins in a store of the program.
 *
 * With NULL they are kept in memory again. Once a call that removes or replaces the callback has
 * returned on a thread outside that callback, the old one runs no more.
 *
 * @param account    handle from mail_account_new()
 * @param callback   a #mail_store_fn, or NULL for none
 * @param user_data  handed to the callback; may be NULL
 * @return #MAIL_STATUS_OK or an error
 * @par Threads  Do not hold a lock here that a callback of this account waits for.
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_store_callback(mail_account_t *account,
                                                               mail_store_fn callback,
                                                               void *user_data);

/**
 * Writes the sign-in of the account into a file that only the passphrase opens (Argon2id and
 * AES-256-GCM): to sign in on one computer and send from another.
 *
 * @param account     handle from mail_account_new()
 * @param path        file to make or replace, whole or not at all; UTF-8, not NULL
 * @param passphrase  at least eight bytes; UTF-8, not NULL
 * @return #MAIL_STATUS_OK, or
 *         - #MAIL_STATUS_NEEDS_SIGN_IN     there is no sign-in
 *         - #MAIL_STATUS_INVALID_ARGUMENT  the passphrase is too short
 *         - #MAIL_STATUS_STORE             the store cannot be read, or the file cannot be written
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_export(mail_account_t *account,
                                                   const char *path,
                                                   const char *passphrase);

/**
 * Takes the sign-in of the account from such a file into its store, in place of the one there.
 *
 * Provider, client id, tenant and user have to be those of the account that was exported. Providers
 * that rotate refresh tokens let only one of the two computers go on.
 *
 * @param account     handle from mail_account_new()
 * @param path        UTF-8, not NULL
 * @param passphrase  that of the export; UTF-8, not NULL
 * @return #MAIL_STATUS_OK, or #MAIL_STATUS_STORE: the file cannot be read, the passphrase is wrong, or
 *         the account is not in it (see the cause)
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_import(mail_account_t *account,
                                                   const char *path,
                                                   const char *passphrase);

/**
 * Sets the callback that shows a person how to sign in, or removes it.
 *
 * It is called by mail_account_sign_in(), mail_account_sign_in_device(), and by mail_send() when
 * mail_account_allow_interactive() was called.
 *
 * @param account    handle from mail_account_new()
 * @param callback   a #mail_sign_in_fn, or NULL for none
 * @param user_data  handed to the callback; may be NULL
 * @return #MAIL_STATUS_OK or an error
 * @par Threads  Do not hold a lock here that a callback of this account waits for.
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_set_sign_in_callback(mail_account_t *account,
                                                                 mail_sign_in_fn callback,
                                                                 void *user_data);

/**
 * Sets whether a sign-in that waits opens the system's browser. On unless set; with 0 the program
 * shows the address itself.
 *
 * With 0 the browser may also be on another computer: the answer of the provider then stands in the
 * address of its last page, so that the person can copy it for mail_account_complete_sign_in().
 * Otherwise Microsoft sends it in a form.
 *
 * @param account  handle from mail_account_new()
 * @param allow    0 or 1
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_allow_browser(mail_account_t *account, int32_t allow);

/**
 * Allows mail_send() and mail_account_fetch_token() to open the browser and wait for the person when
 * there is no sign-in, or when it has ended. Off unless set: then they return
 * #MAIL_STATUS_NEEDS_SIGN_IN.
 *
 * @param account  handle from mail_account_new()
 * @param allow    0 or 1
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_allow_interactive(mail_account_t *account,
                                                              int32_t allow);

/**
 * Opens the browser and waits until the person has signed in (authorization code with PKCE,
 * RFC 8252).
 *
 * The browser comes back to this computer, on 127.0.0.1 or ::1. The callback of
 * mail_account_set_sign_in_callback() is given the address too: not every computer has a browser
 * that opens.
 *
 * @param account     handle from mail_account_new(), with client and store
 * @param timeout_ms  how long the person has; milliseconds, 1 to 86,400,000
 * @return #MAIL_STATUS_OK, or
 *         - #MAIL_STATUS_NEEDS_SIGN_IN  the person declined, or the provider refused it: see the cause
 *         - #MAIL_STATUS_TIMEOUT        nobody signed in
 *         - #MAIL_STATUS_CANCELLED      by mail_account_cancel()
 *         - #MAIL_STATUS_STORE          the sign-in cannot be kept
 *         - any other                   the provider cannot be asked
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_sign_in(mail_account_t *account, int32_t timeout_ms);

/**
 * Shows a code and waits until the person has entered it on any device (device authorization
 * grant, RFC 8628): for computers without a browser.
 *
 * The callback of mail_account_set_sign_in_callback() is given code and page. The provider says how
 * long the person has, mostly 15 minutes.
 *
 * @param account  handle from mail_account_new(), with client, store and callback
 * @return as mail_account_sign_in(), or #MAIL_STATUS_UNSUPPORTED: the provider does not offer it
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_sign_in_device(mail_account_t *account);

/**
 * Begins a sign-in in the browser and returns; one that is under way is given up.
 *
 * Then show mail_account_sign_in_url() or call mail_account_open_browser(), and call
 * mail_account_poll_sign_in() several times a second.
 *
 * @param account  handle from mail_account_new(), with client and store
 * @return #MAIL_STATUS_OK or an error
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_begin_sign_in(mail_account_t *account);

/**
 * Begins a sign-in with a code on another device and returns; one that is under way is given up.
 *
 * Then show mail_account_sign_in_message() or its parts, and call mail_account_poll_sign_in() every
 * second or so: it asks the provider as often as that allows.
 *
 * @param account  handle from mail_account_new(), with client and store
 * @return #MAIL_STATUS_OK, or an error as mail_account_sign_in_device()
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_begin_device_sign_in(mail_account_t *account);

/**
 * Copies the page that the person is to open, of the sign-in that is under way.
 *
 * @param account  handle from mail_account_new()
 * @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when no sign-in is under way
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_sign_in_url(const mail_account_t *account,
                                                   char *buf,
                                                   size_t cap);

/**
 * Copies the page with the code already in it, for a link or a QR code (verification_uri_complete).
 *
 * @param account  handle from mail_account_new()
 * @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there is none
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_sign_in_complete_url(const mail_account_t *account,
                                                            char *buf,
                                                            size_t cap);

/**
 * Copies the code that the person is to type on the page.
 *
 * @param account  handle from mail_account_new()
 * @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 for a sign-in in the browser
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_sign_in_user_code(const mail_account_t *account,
                                                         char *buf,
                                                         size_t cap);

/**
 * Copies a sentence that tells the person what to do.
 *
 * @param account  handle from mail_account_new()
 * @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when no sign-in is under way
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_sign_in_message(const mail_account_t *account,
                                                       char *buf,
                                                       size_t cap);

/**
 * Returns for how many seconds the code was good when the sign-in began.
 *
 * @param account  handle from mail_account_new()
 * @return 0 for a sign-in in the browser, or when none is under way
 * @since 0.1.0
 */
MAIL_API int32_t MAIL_CALL mail_account_sign_in_expires_in(const mail_account_t *account);

/**
 * Opens the page of the sign-in that is under way in the system's browser.
 *
 * @param account  handle from mail_account_new()
 * @return #MAIL_STATUS_OK: a browser was told to; or #MAIL_STATUS_NEEDS_SIGN_IN with the cause
 *         "no_browser": show the address instead
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_open_browser(mail_account_t *account);

/**
 * Looks whether the person has signed in, without waiting for it.
 *
 * When the person has, the token is asked for, which is one request to the provider. Once this has
 * returned anything but #MAIL_STATUS_PENDING, the sign-in is over.
 *
 * @param account  handle from mail_account_new()
 * @return #MAIL_STATUS_OK when the person has signed in, #MAIL_STATUS_PENDING when not yet, or an error
 *         as mail_account_sign_in()
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_poll_sign_in(mail_account_t *account);

/**
 * Goes on with the address of the page at which the sign-in in the browser ended: for browsers that
 * cannot come back to this computer. The person copies it from the browser, also when that says that
 * it cannot show the page. Call mail_account_allow_browser() with 0 before the sign-in begins.
 *
 * After an error the sign-in is still under way: the person may paste again.
 *
 * @param account  handle from mail_account_new()
 * @param address  the whole address, or the part behind its "?"; UTF-8, not NULL
 * @return #MAIL_STATUS_OK when the person has signed in, or an error as mail_account_sign_in()
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_complete_sign_in(mail_account_t *account,
                                                             const char *address);

/**
 * Tells whether a token can be had without a person, as far as this computer knows. Nobody is asked.
 *
 * @param account  handle from mail_account_new()
 * @return #MAIL_STATUS_OK, or
 *         - #MAIL_STATUS_NEEDS_SIGN_IN  nobody has signed in, or the sign-in has ended: the cause tells
 *           why, such as "needs_sign_in_expired"
 *         - #MAIL_STATUS_STORE          the store cannot be read
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_check_sign_in(mail_account_t *account);

/**
 * Ends the sign-in: forgets it on this computer, and tells the provider where that is possible
 * (RFC 7009).
 *
 * @param account  handle from mail_account_new()
 * @return #MAIL_STATUS_OK, also when there was none; #MAIL_STATUS_STORE when it cannot be forgotten; any
 *         other error: it is forgotten, but the provider could not be told
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_sign_out(mail_account_t *account);

/**
 * Gets an access token that is good for a while: the kept one, or a new one.
 *
 * mail_send() does this by itself. The functions below tell about the token of the last call, or of
 * the last sign-in.
 *
 * @param account  handle from mail_account_new()
 * @return #MAIL_STATUS_OK, or
 *         - #MAIL_STATUS_NEEDS_SIGN_IN  a person has to sign in: the cause tells why
 *         - #MAIL_STATUS_TOKEN          the provider refused it, or cannot be asked
 *         - #MAIL_STATUS_STORE          the store cannot be read or written
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_fetch_token(mail_account_t *account);

/**
 * Copies the access token, for a server that Postrider does not talk to. It is a secret.
 *
 * @param account  handle from mail_account_new()
 * @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there is none
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_access_token(const mail_account_t *account,
                                                    char *buf,
                                                    size_t cap);

/**
 * Returns when the access token ends.
 *
 * @param account  handle from mail_account_new()
 * @return seconds since 1970-01-01 00:00 UTC by the clock of this computer; 0 when there is none
 * @since 0.1.0
 */
MAIL_API int64_t MAIL_CALL mail_account_token_expires_at(const mail_account_t *account);

/**
 * Copies the scopes that were granted, with spaces between them (RFC 6749 §3.3).
 *
 * @param account  handle from mail_account_new()
 * @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there is no token, or when nobody told
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_token_scopes(const mail_account_t *account,
                                                    char *buf,
                                                    size_t cap);

/**
 * Copies the e-mail address of the person who signed in, as the provider told it (id_token).
 *
 * @param account  handle from mail_account_new()
 * @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when it is not known
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_address(const mail_account_t *account,
                                               char *buf,
                                               size_t cap);

/**
 * Copies the provider's name for the person (`preferred_username` of the id_token).
 *
 * @param account  handle from mail_account_new()
 * @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when it is not known
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_user_name(const mail_account_t *account,
                                                 char *buf,
                                                 size_t cap);

/**
 * Copies the error text of the last call on the handle: one line that says what went wrong.
 *
 * @param account  handle from mail_account_new(); NULL (or a handle that is none) for the last call of
 *                 this thread that had no valid handle
 * @param buf         receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL: if not less than `cap`, it was cut. 0 after
 *         a call that succeeded
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_last_error(const mail_account_t *account,
                                                  char *buf,
                                                  size_t cap);

/**
 * Returns the status of the last call on the handle, as mail_account_last_error() tells its text.
 *
 * @param account  as in mail_account_last_error()
 * @since 0.1.0
 */
MAIL_API mail_status MAIL_CALL mail_account_last_status(const mail_account_t *account);

/**
 * Returns the step in which the last call on the handle failed.
 *
 * @param account  as in mail_account_last_error()
 * @return a #mail_stage; #MAIL_STAGE_NONE when it did not fail
 * @since 0.1.0
 */
MAIL_API int32_t MAIL_CALL mail_account_last_stage(const mail_account_t *account);

/**
 * Copies the cause of the last error as a stable word for programs, such as "certificate_expired".
 *
 * @param account  as in mail_account_last_error()
 * @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there was no error
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_last_cause(const mail_account_t *account,
                                                  char *buf,
                                                  size_t cap);

/**
 * Copies what the person can do about the last error: one sentence.
 *
 * @param account  as in mail_account_last_error()
 * @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there was no error
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_last_advice(const mail_account_t *account,
                                                   char *buf,
                                                   size_t cap);

/**
 * Copies the address of a page of the provider's that tells more about the last error.
 *
 * @param account  as in mail_account_last_error()
 * @param buf      receives NUL-terminated ASCII; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there is none
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_last_link(const mail_account_t *account,
                                                 char *buf,
                                                 size_t cap);

/**
 * Returns whether, and when, the same may succeed without any change.
 *
 * @param account  as in mail_account_last_error()
 * @return -1 when something has to be changed first, or when there was no error; else how many seconds
 *         to wait, 0 when nobody said how long
 * @since 0.1.0
 */
MAIL_API int32_t MAIL_CALL mail_account_last_retry_after(const mail_account_t *account);

/**
 * Copies everything that is known about the last error as one JSON document, without secrets: to
 * paste into a ticket. docs/errors.md tells its fields.
 *
 * @param account  as in mail_account_last_error()
 * @param buf      receives NUL-terminated UTF-8; may be NULL when `cap` is 0
 * @param cap      size of `buf` in bytes
 * @return the length of the whole text without the NUL; 0 when there was no error
 * @since 0.1.0
 */
MAIL_API size_t MAIL_CALL mail_account_last_error_json(const mail_account_t *account,
                                                       char *buf,
                                                       size_t cap);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* POSTRIDER_H */
