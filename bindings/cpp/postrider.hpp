// Postrider for C++17: one header over postrider.h, with RAII, exceptions and std::string_view.
//
//     postrider::Mail mail;
//     mail.set_server("smtp.example.org", 587);
//     ...
//     postrider::Result result = mail.send();  // throws postrider::Error when nobody gets it
//
// Every method is the function mail_<name> of postrider.h, whose comments hold here too: this
// header adds the idiom of the language and no meaning. Where the C function takes NULL, pass
// std::nullopt or nothing. Link with -lpostrider.
//
// A Mail may be used from several threads as its C handle may; making, moving and destroying it is
// for one thread, as with any C++ object.

#pragma once

#include <postrider.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider {

/// What a call returned. New codes may come: treat every unknown negative one as an error.
enum class Status : std::int32_t {
    ok = MAIL_STATUS_OK,
    partial = MAIL_STATUS_PARTIAL,
    invalid_handle = MAIL_STATUS_INVALID_HANDLE,
    null_pointer = MAIL_STATUS_NULL_POINTER,
    invalid_utf8 = MAIL_STATUS_INVALID_UTF8,
    invalid_argument = MAIL_STATUS_INVALID_ARGUMENT,
    incomplete = MAIL_STATUS_INCOMPLETE,
    file = MAIL_STATUS_FILE,
    cancelled = MAIL_STATUS_CANCELLED,
    timeout = MAIL_STATUS_TIMEOUT,
    resolve = MAIL_STATUS_RESOLVE,
    connect = MAIL_STATUS_CONNECT,
    connection_lost = MAIL_STATUS_CONNECTION_LOST,
    tls = MAIL_STATUS_TLS,
    certificate = MAIL_STATUS_CERTIFICATE,
    protocol = MAIL_STATUS_PROTOCOL,
    unsupported = MAIL_STATUS_UNSUPPORTED,
    plaintext_auth = MAIL_STATUS_PLAINTEXT_AUTH,
    sign_in = MAIL_STATUS_SIGN_IN,
    unavailable = MAIL_STATUS_UNAVAILABLE,
    sender = MAIL_STATUS_SENDER,
    recipients = MAIL_STATUS_RECIPIENTS,
    message = MAIL_STATUS_MESSAGE,
    too_large = MAIL_STATUS_TOO_LARGE,
    token = MAIL_STATUS_TOKEN,
    needs_sign_in = MAIL_STATUS_NEEDS_SIGN_IN,
    store = MAIL_STATUS_STORE,
    proxy = MAIL_STATUS_PROXY,
    internal = MAIL_STATUS_INTERNAL,
};

/// How the connection is protected.
enum class Security : std::int32_t {
    plain = MAIL_SECURITY_PLAIN,
    automatic = MAIL_SECURITY_AUTO,
    starttls = MAIL_SECURITY_STARTTLS,
    tls = MAIL_SECURITY_TLS,
    starttls_if_offered = MAIL_SECURITY_STARTTLS_IF_OFFERED,
};

/// In which header a recipient is shown.
enum class Kind : std::int32_t {
    to = MAIL_KIND_TO,
    cc = MAIL_KIND_CC,
    bcc = MAIL_KIND_BCC,
};

/// SASL mechanism for user and password.
enum class Mechanism : std::int32_t {
    automatic = MAIL_MECHANISM_AUTO,
    login = MAIL_MECHANISM_LOGIN,
    plain = MAIL_MECHANISM_PLAIN,
};

/// Values of the Importance header.
enum class Importance : std::int32_t {
    low = MAIL_IMPORTANCE_LOW,
    normal = MAIL_IMPORTANCE_NORMAL,
    high = MAIL_IMPORTANCE_HIGH,
};

/// The step in which something went wrong.
enum class Stage : std::int32_t {
    none = MAIL_STAGE_NONE,
    argument = MAIL_STAGE_ARGUMENT,
    compose = MAIL_STAGE_COMPOSE,
    resolve = MAIL_STAGE_RESOLVE,
    connect = MAIL_STAGE_CONNECT,
    tls = MAIL_STAGE_TLS,
    greeting = MAIL_STAGE_GREETING,
    hello = MAIL_STAGE_HELLO,
    starttls = MAIL_STAGE_STARTTLS,
    sign_in = MAIL_STAGE_SIGN_IN,
    sender = MAIL_STAGE_SENDER,
    recipients = MAIL_STAGE_RECIPIENTS,
    data = MAIL_STAGE_DATA,
    proxy = MAIL_STAGE_PROXY,
    store = MAIL_STAGE_STORE,
    authorize = MAIL_STAGE_AUTHORIZE,
    token = MAIL_STAGE_TOKEN,
};

/// What became of the message.
enum class Outcome : std::int32_t {
    not_sent = MAIL_OUTCOME_NOT_SENT,
    accepted = MAIL_OUTCOME_ACCEPTED,
    unknown = MAIL_OUTCOME_UNKNOWN,
};

/// A reply of the server; code 0 when there was none.
struct Reply {
    int code = 0;
    std::string enhanced_code;
    std::string text;
};

/// One recipient of a send, and what the server said to it.
struct Recipient {
    std::string address;
    bool accepted = false;
    Reply reply;
};

/// What a send brought about.
struct Result {
    Outcome outcome = Outcome::not_sent;
    std::vector<Recipient> accepted;
    std::vector<Recipient> refused;
    Reply reply;
};

/// What works and what does not on the way of a message.
struct Diagnosis {
    Status status = Status::ok; ///< of the first step that failed
    std::string text;           ///< for people
    std::string json;           ///< for programs: docs/diagnosis.md
};

/// Thrown by every call that fails; what() is one line that says what went wrong. Outcome, reply
/// and recipients are those of the send that failed; other calls leave them empty.
class Error : public std::runtime_error {
public:
    struct Details {
        Status status = Status::internal;
        Stage stage = Stage::none;
        std::string cause;
        std::string advice;
        Outcome outcome = Outcome::not_sent;
        Reply reply;
        std::vector<Recipient> recipients;
    };

    Error(const std::string &text, Details details)
        : std::runtime_error(text), details_(std::make_shared<const Details>(std::move(details))) {}

    std::string text() const { return what(); }
    Status status() const noexcept { return details_->status; }
    Stage stage() const noexcept { return details_->stage; }
    /// A stable word for programs, such as "certificate_expired".
    const std::string &cause() const noexcept { return details_->cause; }
    /// What the person can do about it: one sentence.
    const std::string &advice() const noexcept { return details_->advice; }
    Outcome outcome() const noexcept { return details_->outcome; }
    const Reply &reply() const noexcept { return details_->reply; }
    const std::vector<Recipient> &recipients() const noexcept { return details_->recipients; }

private:
    std::shared_ptr<const Details> details_; // shared: copying an exception must not throw
};

/// Receives one line of the transcript.
using Log = std::function<void(std::string_view line)>;
/// Receives the progress; true cancels the send.
using Progress = std::function<bool(std::int64_t bytes_sent, std::int64_t bytes_total)>;

namespace detail {

/// The exception of a callback waits here until send(), on the same thread, is back from C.
inline thread_local std::exception_ptr raised;

/// Text that C copies out: asked for its length, then for itself.
template <typename Get, typename... Arguments>
std::string copied(Get get, Arguments... arguments) {
    std::string text(get(arguments..., nullptr, 0), '\0');
    const std::size_t length = get(arguments..., text.data(), text.size() + 1);
    text.resize(std::min(text.size(), length));
    return text;
}

inline Reply reply(const mail_t *mail) {
    return {mail_last_reply_code(mail), copied(mail_last_reply_enhanced_code, mail),
            copied(mail_last_reply_text, mail)};
}

inline std::vector<Recipient> recipients(const mail_t *mail) {
    std::vector<Recipient> list;
    for (std::int32_t i = 0, count = mail_recipient_count(mail); i < count; ++i)
        list.push_back({copied(mail_recipient_address, mail, i),
                        mail_recipient_accepted(mail, i) != 0,
                        {mail_recipient_code(mail, i),
                         copied(mail_recipient_enhanced_code, mail, i),
                         copied(mail_recipient_text, mail, i)}});
    return list;
}

/// The error of the last call on `mail`; of a send, with what became of the message.
inline Error error(const mail_t *mail, std::int32_t status, bool of_send = false) {
    std::string text = copied(mail_last_error, mail);
    if (text.empty()) // the handle is gone, and its memory of errors with it
        text = mail_status_text(status);
    Error::Details details;
    details.status = Status{status};
    details.stage = Stage{mail_last_stage(mail)};
    details.cause = copied(mail_last_cause, mail);
    details.advice = copied(mail_last_advice, mail);
    if (of_send) {
        details.outcome = Outcome{mail_last_outcome(mail)};
        details.reply = reply(mail);
        details.recipients = recipients(mail);
    }
    return {text, std::move(details)};
}

/// An argument as C wants it: with a NUL at its end and none inside; NULL for std::nullopt.
class Text {
public:
    Text(const char *argument, std::optional<std::string_view> value) : value_(value) {
        if (value_ && value_->find('\0') != std::string::npos) {
            throw Error(std::string(argument) + " must not contain NUL",
                        {Status::invalid_argument, Stage::argument, "argument_invalid",
                         "Correct the argument that the error text names.", {}, {}, {}});
        }
    }
    operator const char *() const noexcept { return value_ ? value_->c_str() : nullptr; }

private:
    std::optional<std::string> value_;
};

/// What the callbacks need. It stays in its place when the Mail moves.
struct Callbacks {
    mail_t *mail = nullptr;
    std::mutex mutex;
    std::shared_ptr<const Log> log;
    std::shared_ptr<const Progress> progress;

    /// The function to call: shared, because it may replace itself while it runs.
    template <typename Function>
    std::shared_ptr<const Function> get(const std::shared_ptr<const Function> &function) {
        const std::lock_guard<std::mutex> lock(mutex);
        return function;
    }

    template <typename Function>
    void set(std::shared_ptr<const Function> &function, Function value) {
        auto made = value ? std::make_shared<const Function>(std::move(value)) : nullptr;
        const std::lock_guard<std::mutex> lock(mutex);
        function.swap(made); // the old one is destroyed after the lock
    }

    static void MAIL_CALL on_log(void *user_data, const char *line) noexcept {
        auto &self = *static_cast<Callbacks *>(user_data);
        mail_t *const mail = self.mail;
        if (raised) return;
        try {
            if (const auto log = self.get(self.log)) (*log)(line);
        } catch (...) {
            raised = std::current_exception();
            mail_cancel(mail);
        }
    }

    static std::int32_t MAIL_CALL on_progress(void *user_data, std::int64_t bytes_sent,
                                              std::int64_t bytes_total) noexcept {
        auto &self = *static_cast<Callbacks *>(user_data);
        if (raised) return 1;
        try {
            const auto progress = self.get(self.progress);
            return progress && (*progress)(bytes_sent, bytes_total);
        } catch (...) {
            raised = std::current_exception();
            return 1;
        }
    }
};

} // namespace detail

/// One message, the server it goes through and the account that sends it.
class Mail {
public:
    Mail() : callbacks_(std::make_unique<detail::Callbacks>()) {
        if (mail_library_abi() != MAIL_ABI_VERSION)
            throw Error("the postrider library has another interface number",
                        {Status::internal, Stage::none, "internal_error",
                         "Install the library that belongs to this program.", {}, {}, {}});
        mail_.reset(mail_new());
        if (!mail_) throw detail::error(nullptr, MAIL_STATUS_INTERNAL);
        callbacks_->mail = mail_.get();
    }
    Mail(Mail &&other) noexcept = default;
    Mail &operator=(Mail &&other) noexcept {
        Mail old(std::move(*this)); // frees its handle before its callbacks, as every Mail does
        callbacks_ = std::move(other.callbacks_);
        mail_ = std::move(other.mail_);
        return *this;
    }

    /// The C handle, for functions of postrider.h; it stays with this object.
    mail_t *handle() const noexcept { return mail_.get(); }

    /// Forgets the message; server, sign-in, callbacks and the kept connection stay.
    void clear_message() { check(mail_clear_message(handle())); }

    // Which server, how it is reached and how far it is trusted.

    void set_server(std::string_view host, int port) {
        check(mail_set_server(handle(), Text("host", host), port));
    }
    void set_security(Security security) {
        check(mail_set_security(handle(), static_cast<std::int32_t>(security)));
    }
    /// Dangerous: everybody on the way can read passwords and tokens.
    void allow_plaintext_auth(bool allow) { check(mail_allow_plaintext_auth(handle(), allow)); }
    void set_ehlo_name(std::optional<std::string_view> name) {
        check(mail_set_ehlo_name(handle(), Text("name", name)));
    }
    /// "http://host:port", "socks5://host:port", "env", "system", or nothing for a direct connection.
    void set_proxy(std::optional<std::string_view> proxy, std::optional<std::string_view> user = std::nullopt,
                   std::optional<std::string_view> password = std::nullopt) {
        check(mail_set_proxy(handle(), Text("proxy", proxy), Text("user", user), Text("password", password)));
    }
    void set_timeout(std::chrono::milliseconds timeout) {
        check(mail_set_timeout(handle(), number(timeout.count())));
    }
    void add_ca_file(std::string_view path) {
        check(mail_add_ca_file(handle(), Text("path", path)));
    }
    void add_ca_pem(std::string_view pem) {
        check(mail_add_ca_pem(handle(), bytes(pem), pem.size()));
    }
    /// Dangerous: whoever is on the way can pose as the server.
    void accept_invalid_certificate(bool accept) {
        check(mail_accept_invalid_certificate(handle(), accept));
    }
    void set_keep_connection(bool keep) { check(mail_set_keep_connection(handle(), keep)); }
    void close_connection() { check(mail_close_connection(handle())); }

    // Who signs in.

    void set_auth_xoauth2(std::string_view user, std::string_view access_token) {
        check(mail_set_auth_xoauth2(handle(), Text("user", user),
                                    Text("access_token", access_token)));
    }
    void set_auth_oauthbearer(std::string_view user, std::string_view access_token) {
        check(mail_set_auth_oauthbearer(handle(), Text("user", user),
                                        Text("access_token", access_token)));
    }
    void set_auth_password(std::string_view user, std::string_view password,
                           Mechanism mechanism = Mechanism::automatic) {
        check(mail_set_auth_password(handle(), static_cast<std::int32_t>(mechanism),
                                     Text("user", user), Text("password", password)));
    }
    void set_auth_none() { check(mail_set_auth_none(handle())); }

    // The message.

    void set_from(std::string_view address, std::optional<std::string_view> name = {}) {
        check(mail_set_from(handle(), Text("name", name), Text("address", address)));
    }
    void set_sender(std::optional<std::string_view> address,
                    std::optional<std::string_view> name = {}) {
        check(mail_set_sender(handle(), Text("name", name), Text("address", address)));
    }
    void set_return_path(std::optional<std::string_view> address) {
        check(mail_set_return_path(handle(), Text("address", address)));
    }
    void set_reply_to(std::optional<std::string_view> address,
                      std::optional<std::string_view> name = {}) {
        check(mail_set_reply_to(handle(), Text("name", name), Text("address", address)));
    }
    void add_recipient(std::string_view address, std::optional<std::string_view> name = {},
                       Kind kind = Kind::to) {
        check(mail_add_recipient(handle(), Text("name", name), Text("address", address),
                                 static_cast<std::int32_t>(kind)));
    }
    void add_recipients(std::string_view list, Kind kind = Kind::to) {
        check(mail_add_recipients(handle(), Text("list", list), static_cast<std::int32_t>(kind)));
    }
    void set_subject(std::string_view subject) {
        check(mail_set_subject(handle(), Text("subject", subject)));
    }
    void set_text(std::optional<std::string_view> body) {
        check(mail_set_text(handle(), Text("body", body)));
    }
    void set_html(std::optional<std::string_view> body) {
        check(mail_set_html(handle(), Text("body", body)));
    }
    void add_attachment_file(std::string_view path, std::optional<std::string_view> name = {},
                             std::optional<std::string_view> content_type = {}) {
        check(mail_add_attachment_file(handle(), Text("path", path), Text("name", name),
                                       Text("content_type", content_type)));
    }
    void add_attachment_bytes(std::string_view data, std::string_view name,
                              std::optional<std::string_view> content_type = {}) {
        check(mail_add_attachment_bytes(handle(), bytes(data), data.size(), Text("name", name),
                                        Text("content_type", content_type)));
    }
    /// Returns the content id, to be shown by <img src="cid:...">.
    std::string add_inline_file(std::string_view path, std::optional<std::string_view> name = {},
                                std::optional<std::string_view> content_type = {}) {
        char content_id[MAIL_CONTENT_ID_SIZE] = {};
        check(mail_add_inline_file(handle(), Text("path", path), Text("name", name),
                                   Text("content_type", content_type), content_id,
                                   sizeof content_id));
        return content_id;
    }
    /// Returns the content id, to be shown by <img src="cid:...">.
    std::string add_inline_bytes(std::string_view data, std::string_view name,
                                 std::optional<std::string_view> content_type = {}) {
        char content_id[MAIL_CONTENT_ID_SIZE] = {};
        check(mail_add_inline_bytes(handle(), bytes(data), data.size(), Text("name", name),
                                    Text("content_type", content_type), content_id,
                                    sizeof content_id));
        return content_id;
    }
    void add_header(std::string_view name, std::string_view value) {
        check(mail_add_header(handle(), Text("name", name), Text("value", value)));
    }
    void set_date(std::chrono::system_clock::time_point date, std::chrono::minutes offset = {}) {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(date.time_since_epoch());
        check(mail_set_date(handle(), seconds.count(), number(offset.count())));
    }
    void set_message_id(std::optional<std::string_view> message_id) {
        check(mail_set_message_id(handle(), Text("message_id", message_id)));
    }
    void set_priority(int priority) { check(mail_set_priority(handle(), priority)); }
    void set_importance(Importance importance) {
        check(mail_set_importance(handle(), static_cast<std::int32_t>(importance)));
    }
    void request_read_receipt(bool request, std::optional<std::string_view> address = {}) {
        check(mail_request_read_receipt(handle(), request, Text("address", address)));
    }

    // Sending, cancelling and saving.

    void set_all_or_none(bool all_or_none) { check(mail_set_all_or_none(handle(), all_or_none)); }

    /// Sends the message; throws Error when it was accepted for nobody. Look into `refused`.
    ///
    /// An exception of a callback cancels the send and comes out of here; last_result() then tells
    /// whether the server had already accepted the message.
    Result send() {
        const std::int32_t status = mail_send(handle());
        if (const auto raised = std::exchange(detail::raised, nullptr))
            std::rethrow_exception(raised);
        if (status < 0) throw detail::error(handle(), status, true);
        return last_result();
    }

    /// What the last send brought about, also after an exception.
    Result last_result() const {
        Result result;
        result.outcome = Outcome{mail_last_outcome(handle())};
        for (Recipient &recipient : detail::recipients(handle()))
            (recipient.accepted ? result.accepted : result.refused).push_back(std::move(recipient));
        result.reply = detail::reply(handle());
        return result;
    }

    /// Goes the way of the message without sending it. A step that fails is no exception.
    Diagnosis diagnose() {
        const std::int32_t status = mail_diagnose(handle());
        if (const auto raised = std::exchange(detail::raised, nullptr))
            std::rethrow_exception(raised);
        if (status == MAIL_STATUS_INVALID_HANDLE) check(status);
        return {Status{status}, detail::copied(mail_diagnosis_text, handle()),
                detail::copied(mail_diagnosis_json, handle())};
    }

    /// Ends the sends that run now, from another thread or from a callback.
    void cancel() {
        if (const auto status = mail_cancel(handle())) throw detail::error(nullptr, status);
    }

    void save_eml(std::string_view path) { check(mail_save_eml(handle(), Text("path", path))); }

    /// The message as it would be sent now (RFC 5322).
    std::string get_eml() {
        std::string eml;
        for (;;) {
            const std::int64_t size = mail_get_eml(handle(),
                reinterpret_cast<std::uint8_t *>(eml.data()), eml.size());
            check(static_cast<std::int32_t>(std::min<std::int64_t>(size, 0)));
            const bool fits = static_cast<std::uint64_t>(size) <= eml.size();
            eml.resize(static_cast<std::size_t>(size));
            if (fits) return eml;
        }
    }

    // Watching.

    /// Sets the function that receives the transcript, or removes it ({}).
    void set_log(Log log) {
        const bool wanted{log};
        if (callbacks_) callbacks_->set(callbacks_->log, std::move(log));
        check(mail_set_log(handle(), wanted ? detail::Callbacks::on_log : nullptr,
                           callbacks_.get()));
    }
    void set_log_file(std::optional<std::string_view> path) {
        check(mail_set_log_file(handle(), Text("path", path)));
    }
    /// Sets the function that sees the progress and cancels by returning true, or removes it ({}).
    void set_progress(Progress progress) {
        const bool wanted{progress};
        if (callbacks_) callbacks_->set(callbacks_->progress, std::move(progress));
        check(mail_set_progress(handle(), wanted ? detail::Callbacks::on_progress : nullptr,
                                callbacks_.get()));
    }

private:
    using Text = detail::Text;

    void check(std::int32_t status) const {
        if (status < 0) throw detail::error(handle(), status);
    }
    /// What does not fit is refused as well: the library allows neither bound anywhere.
    static std::int32_t number(std::int64_t value) noexcept {
        return static_cast<std::int32_t>(
            std::clamp<std::int64_t>(value, INT32_MIN, INT32_MAX));
    }
    static const std::uint8_t *bytes(std::string_view data) noexcept {
        return reinterpret_cast<const std::uint8_t *>(data.data());
    }

    struct Free {
        void operator()(mail_t *mail) const noexcept { mail_free(mail); }
    };
    std::unique_ptr<detail::Callbacks> callbacks_; // destroyed after the handle, which calls them
    std::unique_ptr<mail_t, Free> mail_;
};

} // namespace postrider
