// The Account of postrider.hpp: who signs in where, and its access token whenever one is needed.
// Programs include postrider.hpp.

#pragma once

#include "postrider_base.hpp"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider {

/// Shows a person how to sign in, and returns at once; to give up, it calls cancel() or throws.
using SignIn = std::function<void(std::string_view url, std::string_view user_code,
                                  std::string_view message, std::chrono::seconds expires_in)>;

/// An access token that the program has from elsewhere; a lifetime of 0 is for one that is used once.
struct SuppliedToken {
    std::string access_token;
    std::chrono::seconds lifetime{0};
};

/// Gives one, or nothing when there is none.
using TokenSource = std::function<std::optional<SuppliedToken>()>;

/// Keeps sign-ins in a store of the program, such as a database.
///
/// A name has 32 hexadecimal digits; a document is UTF-8 with tokens in it, which the program must
/// protect. Lock and unlock are for programs that are not the only ones to use their store.
class Store {
public:
    virtual ~Store() = default;
    /// The document, or nothing when there is none.
    virtual std::optional<std::string> load(std::string_view name) = 0;
    /// Keeps the document in place of the old one, whole or not at all.
    virtual void save(std::string_view name, std::string_view document) = 0;
    /// Removes the document; one that is not there is no error.
    virtual void remove(std::string_view name) = 0;
    /// Takes the lock of the document, without waiting; false when another process holds it.
    virtual bool lock(std::string_view) { return true; }
    /// Gives the lock back. This, save and remove are called also while an exception of another
    /// function waits.
    virtual void unlock(std::string_view) {}
};

namespace detail {

/// The error of the last call on `account`.
inline Error account_error(const mail_account_t *account, std::int32_t status) {
    return {error_text(copied(mail_account_last_error, account), status),
            {Status{status}, Stage{mail_account_last_stage(account)},
             copied(mail_account_last_cause, account), copied(mail_account_last_advice, account),
             {}, {}, {}, copied(mail_account_last_link, account),
             mail_account_last_retry_after(account), copied(mail_account_last_error_json, account)}};
}

/// What the callbacks need. It stays in its place when the Account moves.
struct AccountCallbacks {
    mail_account_t *account = nullptr;
    Shared<const SignIn> sign_in;
    Shared<const TokenSource> token;
    Shared<Store> store;

    static void MAIL_CALL on_sign_in(void *user_data, const char *url, const char *user_code,
                                     const char *message, std::int32_t expires_in) noexcept {
        auto &self = *static_cast<AccountCallbacks *>(user_data);
        mail_account_t *const account = self.account;
        if (raised) return;
        try {
            if (const auto show = self.sign_in.get())
                (*show)(url, user_code, message, std::chrono::seconds(expires_in));
        } catch (...) {
            keep_exception();
            if (!sending) mail_account_cancel(account);
        }
    }

    static std::int64_t MAIL_CALL on_token(void *user_data, char *buf, std::size_t cap) noexcept {
        auto &self = *static_cast<AccountCallbacks *>(user_data);
        if (raised) return -1;
        try {
            const auto source = self.token.get();
            const auto token = source ? (*source)() : std::nullopt;
            if (!token) return -1;
            const Text text("access_token", token->access_token);
            if (token->access_token.size() >= cap) throw invalid("access_token is too long");
            std::memcpy(buf, text, token->access_token.size() + 1);
            return token->lifetime.count();
        } catch (...) {
            keep_exception();
            return -1;
        }
    }

    static std::int64_t MAIL_CALL on_store(void *user_data, std::int32_t operation,
                                           const char *name, std::uint8_t *data,
                                           std::size_t size) noexcept {
        auto &self = *static_cast<AccountCallbacks *>(user_data);
        const bool begins =
            operation == MAIL_STORE_OPERATION_LOAD || operation == MAIL_STORE_OPERATION_LOCK;
        if (raised && begins) return -1; // what has begun is brought to its end
        const std::exception_ptr first = std::exchange(raised, nullptr);
        std::int64_t answer = -1;
        try {
            if (const auto store = self.store.get())
                answer = asked(*store, operation, name, data, size);
        } catch (...) {
            keep_exception();
        }
        if (first) raised = first;
        return answer;
    }

    static std::int64_t asked(Store &store, std::int32_t operation, const char *name,
                              std::uint8_t *data, std::size_t size) {
        switch (operation) {
        case MAIL_STORE_OPERATION_LOAD: {
            const std::string document = store.load(name).value_or(std::string());
            if (document.size() <= size) std::memcpy(data, document.data(), document.size());
            return static_cast<std::int64_t>(document.size());
        }
        case MAIL_STORE_OPERATION_SAVE:
            store.save(name, {reinterpret_cast<const char *>(data), size});
            return 0;
        case MAIL_STORE_OPERATION_DELETE:
            store.remove(name);
            return 0;
        case MAIL_STORE_OPERATION_LOCK:
            return store.lock(name);
        case MAIL_STORE_OPERATION_UNLOCK:
            store.unlock(name);
            return 0;
        default: // of a newer library
            return -1;
        }
    }

    /// Inside a catch. A call on the account ends because the callback failed; a send might go on.
    static void keep_exception() noexcept {
        raised = std::current_exception();
        if (sending) mail_cancel(sending);
    }
};

} // namespace detail

/// One account at a provider. Any number of mails and threads may use it at once.
///
/// Mails that it was set for keep it when this object is destroyed, and can still send, but without
/// its callbacks. An exception of a callback ends the call that is running, on the account or of
/// Mail::send(), and comes out of it.
class Account {
public:
    explicit Account(std::string_view provider, std::optional<std::string_view> providers_json = {})
        : callbacks_(std::make_unique<detail::AccountCallbacks>()) {
        detail::check_library();
        account_.reset(
            mail_account_new(Text("provider", provider), Text("providers_json", providers_json)));
        if (!account_) throw detail::account_error(nullptr, mail_account_last_status(nullptr));
        callbacks_->account = account_.get();
    }
    Account(Account &&other) noexcept = default;
    Account &operator=(Account &&other) noexcept {
        Account old(std::move(*this)); // frees its handle before its callbacks, as every Account does
        callbacks_ = std::move(other.callbacks_);
        account_ = std::move(other.account_);
        return *this;
    }

    /// The C handle, for functions of postrider.h; it stays with this object.
    mail_account_t *handle() const noexcept { return account_.get(); }

    // What the program says about it.

    void set_client(std::string_view client_id,
                    std::optional<std::string_view> client_secret = {}) {
        call(mail_account_set_client, Text("client_id", client_id),
             Text("client_secret", client_secret));
    }
    void set_tenant(std::string_view tenant) {
        call(mail_account_set_tenant, Text("tenant", tenant));
    }
    void set_user(std::string_view user) { call(mail_account_set_user, Text("user", user)); }
    void add_scope(std::string_view scope) { call(mail_account_add_scope, Text("scope", scope)); }
    void add_parameter(std::string_view name, std::string_view value) {
        call(mail_account_add_parameter, Text("name", name), Text("value", value));
    }
    void add_ca_file(std::string_view path) { call(mail_account_add_ca_file, Text("path", path)); }
    void add_ca_pem(std::string_view pem) {
        call(mail_account_add_ca_pem, detail::bytes(pem), pem.size());
    }
    /// "http://host:port", "socks5://host:port", "env", "system", or nothing for a direct connection.
    void set_proxy(std::optional<std::string_view> proxy, std::optional<std::string_view> user = {},
                   std::optional<std::string_view> password = {}) {
        call(mail_account_set_proxy, Text("proxy", proxy), Text("user", user),
             Text("password", password));
    }
    void set_timeout(std::chrono::milliseconds timeout) {
        call(mail_account_set_timeout, detail::number(timeout.count()));
    }
    void set_program(std::string_view name) { call(mail_account_set_program, Text("name", name)); }
    void look_at_tokens(bool look) { call(mail_account_look_at_tokens, look); }

    /// Ends the calls that run now, and the sign-in that is under way, from another thread or from a
    /// callback. Sends go on: Mail::cancel() ends them.
    void cancel() {
        if (const auto status = mail_account_cancel(handle()))
            throw detail::account_error(nullptr, status);
    }

    // The app signs in itself, or the program has tokens from elsewhere.

    void use_client_credentials() { call(mail_account_use_client_credentials); }
    void use_certificate_pem(std::string_view key, std::string_view certificates) {
        call(mail_account_use_certificate_pem, detail::bytes(key), key.size(),
             detail::bytes(certificates), certificates.size());
    }
    void use_certificate_pfx(std::string_view pfx, std::string_view password) {
        call(mail_account_use_certificate_pfx, detail::bytes(pfx), pfx.size(),
             Text("password", password));
    }
    void use_service_account(std::string_view json) {
        call(mail_account_use_service_account, detail::bytes(json), json.size());
    }
    void set_refresh_token(std::string_view refresh_token) {
        call(mail_account_set_refresh_token, Text("refresh_token", refresh_token));
    }
    /// Takes access tokens from a function of the program; {} removes it.
    void set_token_callback(TokenSource source) {
        const bool wanted{source};
        if (callbacks_) callbacks_->token.set(detail::shared(std::move(source)));
        call(mail_account_set_token_callback, wanted ? Callbacks::on_token : nullptr,
             callbacks_.get());
    }

    // Where sign-ins are kept from one run of the program to the next. In memory unless set.

    void set_store_file(std::string_view folder) {
        call(mail_account_set_store_file, Text("folder", folder));
    }
    void set_store_keyring(std::string_view folder, std::string_view service) {
        call(mail_account_set_store_keyring, Text("folder", folder), Text("service", service));
    }
    /// Keeps them in a store of the program; with nullptr in memory again.
    void set_store_callback(std::shared_ptr<Store> store) {
        const bool wanted{store};
        if (callbacks_) callbacks_->store.set(std::move(store));
        call(mail_account_set_store_callback, wanted ? Callbacks::on_store : nullptr,
             callbacks_.get());
    }
    /// mail_account_export(); `export` alone is a word of the language.
    void export_sign_in(std::string_view path, std::string_view passphrase) {
        call(mail_account_export, Text("path", path), Text("passphrase", passphrase));
    }
    /// mail_account_import()
    void import_sign_in(std::string_view path, std::string_view passphrase) {
        call(mail_account_import, Text("path", path), Text("passphrase", passphrase));
    }

    // A person signs in: in one call, or in two halves for programs that cannot wait.

    /// Sets the function that shows a person how to sign in, or removes it ({}).
    void set_sign_in_callback(SignIn show) {
        const bool wanted{show};
        if (callbacks_) callbacks_->sign_in.set(detail::shared(std::move(show)));
        call(mail_account_set_sign_in_callback, wanted ? Callbacks::on_sign_in : nullptr,
             callbacks_.get());
    }
    void allow_browser(bool allow) { call(mail_account_allow_browser, allow); }
    /// Allows Mail::send() to open the browser and to wait for the person.
    void allow_interactive(bool allow) { call(mail_account_allow_interactive, allow); }

    /// Opens the browser and waits until the person has signed in.
    void sign_in(std::chrono::milliseconds timeout) {
        call(mail_account_sign_in, detail::number(timeout.count()));
    }
    /// Shows a code and waits until the person has entered it on any device.
    void sign_in_device() { call(mail_account_sign_in_device); }

    void begin_sign_in() { call(mail_account_begin_sign_in); }
    void begin_device_sign_in() { call(mail_account_begin_device_sign_in); }
    std::string sign_in_url() const { return detail::copied(mail_account_sign_in_url, handle()); }
    std::string sign_in_complete_url() const {
        return detail::copied(mail_account_sign_in_complete_url, handle());
    }
    std::string sign_in_user_code() const {
        return detail::copied(mail_account_sign_in_user_code, handle());
    }
    std::string sign_in_message() const {
        return detail::copied(mail_account_sign_in_message, handle());
    }
    std::chrono::seconds sign_in_expires_in() const {
        return std::chrono::seconds(mail_account_sign_in_expires_in(handle()));
    }
    void open_browser() { call(mail_account_open_browser); }
    /// Looks whether the person has signed in; false when not yet.
    bool poll_sign_in() { return call(mail_account_poll_sign_in) == MAIL_STATUS_OK; }
    /// Goes on with the address of the last page, which the person has copied from the browser.
    void complete_sign_in(std::string_view address) {
        call(mail_account_complete_sign_in, Text("address", address));
    }

    /// Throws Error with Status::needs_sign_in when a person has to sign in. Nobody is asked.
    void check_sign_in() { call(mail_account_check_sign_in); }
    void sign_out() { call(mail_account_sign_out); }

    // Its access token, and who signed in.

    void fetch_token() { call(mail_account_fetch_token); }
    /// A secret.
    std::string access_token() const { return detail::copied(mail_account_access_token, handle()); }
    /// By the clock of this computer; nothing when there is no token.
    std::optional<std::chrono::system_clock::time_point> token_expires_at() const {
        const std::chrono::seconds at(mail_account_token_expires_at(handle()));
        if (at == at.zero()) return std::nullopt;
        return std::chrono::system_clock::time_point(at);
    }
    std::vector<std::string> token_scopes() const {
        std::istringstream text(detail::copied(mail_account_token_scopes, handle()));
        std::vector<std::string> scopes;
        for (std::string scope; text >> scope;) scopes.push_back(scope);
        return scopes;
    }
    std::string address() const { return detail::copied(mail_account_address, handle()); }
    std::string user_name() const { return detail::copied(mail_account_user_name, handle()); }

private:
    using Text = detail::Text;
    using Callbacks = detail::AccountCallbacks;

    template <typename Function, typename... Arguments>
    std::int32_t call(Function function, const Arguments &...arguments) {
        const std::int32_t status =
            detail::run(nullptr, [&] { return function(handle(), arguments...); });
        if (status < 0) throw detail::account_error(handle(), status);
        return status;
    }

    struct Free {
        void operator()(mail_account_t *account) const noexcept { mail_account_free(account); }
    };
    std::unique_ptr<detail::AccountCallbacks> callbacks_; // destroyed after the handle
    std::unique_ptr<mail_account_t, Free> account_;
};

} // namespace postrider
