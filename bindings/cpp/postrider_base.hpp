// What postrider.hpp and postrider_account.hpp share: codes, the exception, and how texts and
// exceptions cross into C and out of it. Programs include postrider.hpp.

#pragma once

#include <postrider.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
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
    pending = MAIL_STATUS_PENDING,
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
        std::string link;
        std::int32_t retry_after = -1;
        std::string json;
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
    /// A page of the provider's that tells more; empty when there is none.
    const std::string &link() const noexcept { return details_->link; }
    /// How long to wait before the same may succeed, 0 when nobody says; nothing when something has
    /// to be changed first.
    std::optional<std::chrono::seconds> retry_after() const {
        if (details_->retry_after < 0) return std::nullopt;
        return std::chrono::seconds{details_->retry_after};
    }
    /// Everything that is known, as JSON without secrets: to paste into a ticket.
    const std::string &json() const noexcept { return details_->json; }
    Outcome outcome() const noexcept { return details_->outcome; }
    const Reply &reply() const noexcept { return details_->reply; }
    const std::vector<Recipient> &recipients() const noexcept { return details_->recipients; }

private:
    std::shared_ptr<const Details> details_; // shared: copying an exception must not throw
};

namespace detail {

/// The exception of a callback waits here until the call, on the same thread, is back from C.
inline thread_local std::exception_ptr raised;

/// The mail whose send() runs on this thread; NULL when the innermost call is another one.
inline thread_local mail_t *sending;

/// Runs a call of C in which callbacks may run; throws what one of them has thrown.
template <typename Call>
std::int32_t run(mail_t *mail, Call call) {
    mail_t *const outer = std::exchange(sending, mail);
    const std::int32_t status = call();
    sending = outer;
    if (const auto waiting = std::exchange(raised, nullptr)) std::rethrow_exception(waiting);
    return status;
}

/// A function or an object of the program: shared, because it may be replaced while it runs.
template <typename Value>
class Shared {
public:
    std::shared_ptr<Value> get() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return value_;
    }
    void set(std::shared_ptr<Value> value) {
        const std::lock_guard<std::mutex> lock(mutex_);
        value_.swap(value); // the old one is destroyed after the lock
    }

private:
    std::mutex mutex_;
    std::shared_ptr<Value> value_;
};

/// For Shared: nothing when the function is empty.
template <typename Function>
std::shared_ptr<const Function> shared(Function function) {
    return function ? std::make_shared<const Function>(std::move(function)) : nullptr;
}

/// Text that C copies out: asked for its length, then for itself.
template <typename Get, typename... Arguments>
std::string copied(Get get, Arguments... arguments) {
    std::string text(get(arguments..., nullptr, 0), '\0');
    const std::size_t length = get(arguments..., text.data(), text.size() + 1);
    text.resize(std::min(text.size(), length));
    return text;
}

/// The text of an error; when the handle is gone, and its memory of errors with it, another one.
inline std::string error_text(std::string text, std::int32_t status) {
    return text.empty() ? mail_status_text(status) : text;
}

/// The error of an argument that cannot even be handed to C; in the words of the library.
inline Error invalid(const std::string &text) {
    return {text, {Status::invalid_argument, Stage::argument, "argument_invalid",
                   "Correct the argument that the error text names.", {}, {}, {}, {}, -1, {}}};
}

/// An argument as C wants it: with a NUL at its end and none inside; NULL for std::nullopt.
class Text {
public:
    Text(const char *argument, std::optional<std::string_view> value) : value_(value) {
        if (value_ && value_->find('\0') != std::string::npos)
            throw invalid(std::string(argument) + " must not contain NUL");
    }
    operator const char *() const noexcept { return value_ ? value_->c_str() : nullptr; }

private:
    std::optional<std::string> value_;
};

/// Bytes as C wants them.
inline const std::uint8_t *bytes(std::string_view data) noexcept {
    return reinterpret_cast<const std::uint8_t *>(data.data());
}

/// What does not fit is refused as well: the library allows neither bound anywhere.
inline std::int32_t number(std::int64_t value) noexcept {
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, INT32_MIN, INT32_MAX));
}

/// Called before the first handle is made.
inline void check_library() {
    if (mail_library_abi() != MAIL_ABI_VERSION)
        throw Error("the postrider library has another interface number",
                    {Status::internal, Stage::none, "internal_error",
                     "Install the library that belongs to this program.", {}, {}, {}, {}, -1, {}});
}

} // namespace detail

} // namespace postrider
