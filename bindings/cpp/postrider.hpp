// Postrider for C++17: a thin layer over postrider.h, with RAII, exceptions and std::string_view.
//
//     postrider::Mail mail;
//     mail.set_server("smtp.example.org", 587);
//     ...
//     postrider::Result result = mail.send();  // throws postrider::Error when nobody gets it
//
// A person signs in once, and the mails of the account have its tokens from then on:
//
//     postrider::Account account("google");
//     account.set_client(client_id, client_secret);
//     account.set_store_file(folder);
//     try {
//         account.check_sign_in();
//     } catch (const postrider::Error &) {
//         account.sign_in(std::chrono::minutes(5));  // opens the browser, and waits
//     }
//     mail.set_account(account);  // instead of server and token
//
// Every method of Mail is the function mail_<name> of postrider.h, every method of Account is
// mail_account_<name>. The comments there hold here too: this layer adds the idiom of the language
// and no meaning. Where the C function takes NULL, pass std::nullopt or nothing. Link with
// -lpostrider; postrider_base.hpp and postrider_account.hpp belong to this file.
//
// A Mail and an Account may be used from several threads as their C handles may; making, moving and
// destroying them is for one thread, as with any C++ object.

#pragma once

#include "postrider_account.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider {

/// What works and what does not on the way of a message.
struct Diagnosis {
    Status status = Status::ok; ///< of the first step that failed
    std::string text;           ///< for people
    std::string json;           ///< for programs: docs/diagnosis.md
};

/// Receives one line of the transcript.
using Log = std::function<void(std::string_view line)>;
/// Receives the progress; true cancels the send.
using Progress = std::function<bool(std::int64_t bytes_sent, std::int64_t bytes_total)>;

namespace detail {

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
    Error::Details details;
    details.status = Status{status};
    details.stage = Stage{mail_last_stage(mail)};
    details.cause = copied(mail_last_cause, mail);
    details.advice = copied(mail_last_advice, mail);
    details.link = copied(mail_last_link, mail);
    details.retry_after = mail_last_retry_after(mail);
    details.json = copied(mail_last_error_json, mail);
    if (of_send) {
        details.outcome = Outcome{mail_last_outcome(mail)};
        details.reply = reply(mail);
        details.recipients = recipients(mail);
    }
    return {error_text(copied(mail_last_error, mail), status), std::move(details)};
}

/// What the callbacks need. It stays in its place when the Mail moves.
struct Callbacks {
    mail_t *mail = nullptr;
    Shared<const Log> log;
    Shared<const Progress> progress;

    static void MAIL_CALL on_log(void *user_data, const char *line) noexcept {
        auto &self = *static_cast<Callbacks *>(user_data);
        mail_t *const mail = self.mail;
        if (raised) return;
        try {
            if (const auto log = self.log.get()) (*log)(line);
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
            const auto progress = self.progress.get();
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
        detail::check_library();
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
        check(mail_set_timeout(handle(), detail::number(timeout.count())));
    }
    void add_ca_file(std::string_view path) {
        check(mail_add_ca_file(handle(), Text("path", path)));
    }
    void add_ca_pem(std::string_view pem) {
        check(mail_add_ca_pem(handle(), detail::bytes(pem), pem.size()));
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
    /// Takes the tokens of an account, and its server unless set_server() was called.
    void set_account(const Account &account) {
        check(mail_set_account(handle(), account.handle()));
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
        check(mail_add_attachment_bytes(handle(), detail::bytes(data), data.size(), Text("name", name),
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
        check(mail_add_inline_bytes(handle(), detail::bytes(data), data.size(), Text("name", name),
                                    Text("content_type", content_type), content_id,
                                    sizeof content_id));
        return content_id;
    }
    void add_header(std::string_view name, std::string_view value) {
        check(mail_add_header(handle(), Text("name", name), Text("value", value)));
    }
    void set_date(std::chrono::system_clock::time_point date, std::chrono::minutes offset = {}) {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(date.time_since_epoch());
        check(mail_set_date(handle(), seconds.count(), detail::number(offset.count())));
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
        const std::int32_t status = detail::run(handle(), [this] { return mail_send(handle()); });
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
        const auto status = detail::run(handle(), [this] { return mail_diagnose(handle()); });
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
        if (callbacks_) callbacks_->log.set(detail::shared(std::move(log)));
        check(mail_set_log(handle(), wanted ? detail::Callbacks::on_log : nullptr,
                           callbacks_.get()));
    }
    void set_log_file(std::optional<std::string_view> path) {
        check(mail_set_log_file(handle(), Text("path", path)));
    }
    /// Sets the function that sees the progress and cancels by returning true, or removes it ({}).
    void set_progress(Progress progress) {
        const bool wanted{progress};
        if (callbacks_) callbacks_->progress.set(detail::shared(std::move(progress)));
        check(mail_set_progress(handle(), wanted ? detail::Callbacks::on_progress : nullptr,
                                callbacks_.get()));
    }

private:
    using Text = detail::Text;

    void check(std::int32_t status) const {
        if (status < 0) throw detail::error(handle(), status);
    }

    struct Free {
        void operator()(mail_t *mail) const noexcept { mail_free(mail); }
    };
    std::unique_ptr<detail::Callbacks> callbacks_; // destroyed after the handle, which calls them
    std::unique_ptr<mail_t, Free> mail_;
};

} // namespace postrider
