// Account of postrider.hpp without a provider: wrong use, and callbacks that re-enter, throw, cancel
// and free. tests/cpp/sign_in.cpp has the sign-ins.

#include "check.hpp"

#include <atomic>
#include <future>
#include <map>

using postrider::Account;
using postrider::Mail;
using postrider::Status;
using postrider::SuppliedToken;

/// What a callback throws besides postrider::Error.
struct Stop : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <typename Call>
static std::string stopped_by(Call call) {
    try {
        call();
    } catch (const Stop &stop) {
        return stop.what();
    }
    return "nothing";
}

/// At a provider whose endpoints are known without asking; nobody listens there.
static Account account() {
    Account account("nobody", R"({"nobody": {
        "title": "Nobody",
        "endpoints": {"authorize": "http://127.0.0.1:9/authorize", "token": "http://127.0.0.1:9/token"},
        "redirect": "http://127.0.0.1:{port}/",
        "scopes": {"delegated": ["mail"]},
        "mechanisms": ["XOAUTH2"]}})");
    account.set_client("a client");
    account.set_user("anna@example.org");
    account.allow_browser(false);
    return account;
}

/// A store in memory that tells what it was asked.
struct Recorded : postrider::Store {
    std::map<std::string, std::string, std::less<>> documents;
    std::string asked, throwing;
    int busy = 0;

    void say(const std::string &operation) {
        asked += operation + ' ';
        if (operation == throwing) throw Stop("in " + operation);
    }
    std::optional<std::string> load(std::string_view name) override {
        say("load");
        const auto found = documents.find(name);
        return found == documents.end() ? std::nullopt : std::optional(found->second);
    }
    void save(std::string_view name, std::string_view document) override {
        say("save");
        documents[std::string(name)] = document;
    }
    void remove(std::string_view name) override {
        say("remove");
        documents.erase(std::string(name));
    }
    bool lock(std::string_view) override {
        say("lock");
        return busy-- <= 0;
    }
    void unlock(std::string_view) override { say("unlock"); }
};

static void a_wrong_argument_is_named() {
    const auto unknown = error_of([] { Account("nowhere"); });
    CHECK(unknown.status() == Status::invalid_argument);
    CHECK(unknown.text().find("nowhere") != std::string::npos);
    CHECK(!unknown.cause().empty() && !unknown.advice().empty());
    CHECK(error_of([] { Account("custom", "{"); }).status() == Status::invalid_argument);
    Account account("google");
    const auto error = error_of([&] { account.set_client(""); });
    CHECK(error.status() == Status::invalid_argument);
    CHECK(error.stage() == postrider::Stage::argument);
    CHECK(error.text().find("client_id") != std::string::npos);
    CHECK(error_of([&] { account.set_user("a\nb"); }).status() == Status::invalid_argument);
    CHECK(error_of([&] { account.set_user("\xff"); }).status() == Status::invalid_utf8);
    CHECK(error_of([&] { account.set_tenant(std::string_view("a\0b", 3)); }).text() ==
          "tenant must not contain NUL");
    CHECK(error_of([&] { account.set_timeout(std::chrono::hours(24 * 365)); }).status() ==
          Status::invalid_argument);
    CHECK(error_of([&] { account.sign_in(std::chrono::milliseconds(0)); }).status() ==
          Status::invalid_argument);
    CHECK(error_of([&] { account.set_proxy("env", "anna"); }).status() == Status::null_pointer);
    CHECK(error_of([&] { account.set_proxy("ftp://proxy.test"); }).status() ==
          Status::invalid_argument);
    CHECK(error_of([&] { account.add_ca_file("/no/such/file"); }).status() == Status::file);
    CHECK(error_of([&] { account.add_ca_pem({}); }).status() == Status::null_pointer);
    CHECK(error_of([&] { account.use_certificate_pem("no key", "none"); }).status() ==
          Status::invalid_argument);
    CHECK(error_of([&] { account.use_certificate_pfx("no file", ""); }).status() ==
          Status::invalid_argument);
    CHECK(error_of([&] { account.use_service_account("{}"); }).status() == Status::invalid_argument);
    CHECK(error_of([&] { account.use_client_credentials(); }).status() == Status::unsupported);
    account.set_proxy(std::nullopt);
    account.set_program("Post");
    account.add_parameter("hd", "example.org");
    account.look_at_tokens(false);
}

static void what_was_not_begun_is_an_error() {
    Account account = ::account();
    CHECK(account.sign_in_url().empty() && account.sign_in_message().empty());
    CHECK(account.sign_in_user_code().empty() && account.sign_in_complete_url().empty());
    CHECK(account.sign_in_expires_in() == std::chrono::seconds(0));
    CHECK(account.access_token().empty() && account.token_scopes().empty());
    CHECK(!account.token_expires_at());
    CHECK(account.address().empty() && account.user_name().empty());
    const auto error = error_of([&] { account.poll_sign_in(); });
    CHECK(error.status() == Status::needs_sign_in);
    CHECK(error.cause() == "sign_in_not_begun");
    CHECK(error_of([&] { account.complete_sign_in("?code=x"); }).status() == Status::needs_sign_in);
    CHECK(error_of([&] { account.open_browser(); }).status() == Status::needs_sign_in);
    CHECK(error_of([&] { account.check_sign_in(); }).status() == Status::needs_sign_in);
    CHECK(error_of([&] { account.fetch_token(); }).status() == Status::needs_sign_in);
    account.sign_out();
}

static void a_freed_or_moved_account_is_an_error() {
    Account account = ::account();
    account.set_token_callback([] { return SuppliedToken{"a token"}; });
    Account other(std::move(account));
    CHECK(error_of([&] { account.set_user("late"); }).status() == Status::invalid_handle);
    CHECK(error_of([&] { account.set_token_callback({}); }).status() == Status::invalid_handle);
    CHECK(error_of([&] { account.fetch_token(); }).status() == Status::invalid_handle);
    other.fetch_token(); // its callback has moved along
    account = std::move(other);
    account.fetch_token();
    CHECK(account.access_token() == "a token");
    Mail mail;
    mail_account_free(account.handle());
    const auto error = error_of([&] { mail.set_account(account); });
    CHECK(error.status() == Status::invalid_handle);
    CHECK(error_of([&] { account.cancel(); }).status() == Status::invalid_handle);
    CHECK(account.access_token().empty());
}

static void a_handle_of_one_kind_is_none_of_the_other() {
    Account account = ::account();
    Mail mail;
    auto *const as_account = reinterpret_cast<mail_account_t *>(mail.handle());
    CHECK(mail_account_set_user(as_account, "anna@example.org") == MAIL_STATUS_INVALID_HANDLE);
    CHECK(mail_set_account(mail.handle(), as_account) == MAIL_STATUS_INVALID_HANDLE);
    CHECK(mail_send(reinterpret_cast<mail_t *>(account.handle())) == MAIL_STATUS_INVALID_HANDLE);
    mail_account_free(as_account);
    mail.set_subject("still there");
}

static void the_program_supplies_tokens() {
    Account account = ::account();
    int calls = 0;
    account.set_token_callback([&] {
        return SuppliedToken{"line\n" + std::to_string(++calls), std::chrono::hours(1)};
    });
    CHECK(error_of([&] { account.fetch_token(); }).status() == Status::token); // no token has a line end
    account.set_token_callback([&] {
        return SuppliedToken{"token-" + std::to_string(++calls), std::chrono::hours(1)};
    });
    account.fetch_token();
    CHECK(account.access_token() == "token-2");
    const auto left = *account.token_expires_at() - std::chrono::system_clock::now();
    CHECK(left > std::chrono::minutes(59) && left < std::chrono::minutes(61));
    account.fetch_token();
    CHECK(calls == 2); // it is still good
    account.check_sign_in();
    account.set_token_callback([&]() -> std::optional<SuppliedToken> { return std::nullopt; });
    CHECK(error_of([&] { account.fetch_token(); }).cause() == "token_not_supplied");
    account.set_token_callback([] { return SuppliedToken{std::string(70'000, 'x')}; });
    CHECK(error_of([&] { account.fetch_token(); }).text() == "access_token is too long");
    account.set_token_callback([] { return SuppliedToken{std::string("a\0b", 3)}; });
    CHECK(error_of([&] { account.fetch_token(); }).text() == "access_token must not contain NUL");
    account.set_token_callback({});
    CHECK(error_of([&] { account.fetch_token(); }).status() == Status::token);
}

static void an_exception_of_the_token_callback_comes_out_of_the_call() {
    HalfServer server;
    Account account = ::account();
    account.set_token_callback([]() -> SuppliedToken { throw Stop("no token"); });
    CHECK(stopped_by([&] { account.fetch_token(); }) == "no token");
    Mail mail = complete_mail(server.port());
    mail.set_account(account);
    CHECK(stopped_by([&] { mail.send(); }) == "no token");
    CHECK(mail.last_result().outcome == postrider::Outcome::not_sent);
    account.set_token_callback([] { return SuppliedToken{"token"}; });
    account.fetch_token(); // and the exception is gone
    mail.set_timeout(std::chrono::milliseconds(50));
    CHECK(error_of([&] { mail.send(); }).status() == Status::timeout);
}

static void an_exception_inside_a_callback_of_a_mail_ends_only_the_inner_call() {
    HalfServer server;
    Account account = ::account();
    account.set_token_callback([]() -> SuppliedToken { throw Stop("inner"); });
    Mail mail = complete_mail(server.port());
    int calls = 0;
    mail.set_progress([&](std::int64_t, std::int64_t) -> bool {
        CHECK(stopped_by([&] { account.fetch_token(); }) == "inner");
        if (++calls == 3) throw Stop("outer");
        return false;
    });
    CHECK(stopped_by([&] { mail.send(); }) == "outer");
    CHECK(calls == 3); // the inner exceptions did not end the send
}

static void a_token_callback_may_replace_itself_and_send() {
    HalfServer server;
    Account account = ::account();
    account.set_token_callback([&] {
        account.set_token_callback([] { return SuppliedToken{"second"}; });
        Mail inner = complete_mail(server.port());
        inner.set_progress([](std::int64_t, std::int64_t) -> bool { throw Stop("inner"); });
        CHECK(stopped_by([&] { inner.send(); }) == "inner");
        return SuppliedToken{"first"};
    });
    account.fetch_token();
    CHECK(account.access_token() == "first");
    account.fetch_token();
    CHECK(account.access_token() == "second");
}

static void a_mail_outlives_its_account_but_not_its_callbacks() {
    HalfServer server;
    Mail mail = complete_mail(server.port());
    int calls = 0;
    {
        Account account = ::account();
        account.set_token_callback([&] {
            ++calls;
            return SuppliedToken{"token"};
        });
        mail.set_account(account);
        mail.set_timeout(std::chrono::milliseconds(50));
        CHECK(error_of([&] { mail.send(); }).status() == Status::timeout);
        CHECK(calls == 1);
    }
    const auto error = error_of([&] { mail.send(); });
    CHECK(error.status() == Status::token);
    CHECK(error.text().find("removed") != std::string::npos);
    CHECK(calls == 1);
}

static void a_callback_may_free_its_account() {
    Account account = ::account();
    account.set_token_callback([&] {
        mail_account_free(account.handle());
        return SuppliedToken{"token"};
    });
    account.fetch_token(); // what was running ends as it would have
    CHECK(error_of([&] { account.fetch_token(); }).status() == Status::invalid_handle);
}

static void a_store_of_the_program_keeps_sign_ins() {
    const auto store = std::make_shared<Recorded>();
    Account account = ::account();
    account.set_store_callback(store);
    CHECK(error_of([&] { account.check_sign_in(); }).status() == Status::needs_sign_in);
    store->asked.clear();
    store->busy = 2; // another process has the lock at first
    account.set_refresh_token("refresh");
    CHECK(store->asked == "lock lock lock load save unlock ");
    CHECK(store->documents.size() == 1);
    CHECK(store->documents.begin()->first.size() == 32);
    account.check_sign_in();

    // More than the room that the library has at first.
    std::string &document = store->documents.begin()->second;
    CHECK(document.find("refresh") != std::string::npos);
    document.insert(1, "\"x_note\":\"" + std::string(40'000, 'x') + "\",");
    Account again = ::account();
    again.set_store_callback(store);
    store->asked.clear();
    again.check_sign_in();
    CHECK(store->asked == "load load ");

    document.resize(20'000);
    CHECK(error_of([&] { again.check_sign_in(); }).cause() == "store_corrupt");
    again.set_store_callback(nullptr);
    CHECK(error_of([&] { again.check_sign_in(); }).status() == Status::needs_sign_in);
    CHECK(store.use_count() == 2); // the second account has let it go
    account.sign_out();
    CHECK(store->documents.empty());
}

static void an_exception_of_the_store_comes_out_and_the_lock_is_given_back() {
    const auto store = std::make_shared<Recorded>();
    Account account = ::account();
    account.set_store_callback(store);
    for (const std::string operation : {"load", "save", "lock", "unlock"}) {
        store->throwing = operation;
        store->asked.clear();
        CHECK(stopped_by([&] { account.set_refresh_token("refresh"); }) == "in " + operation);
        const bool locked = operation != "lock";
        const bool unlocked = store->asked.find("unlock") != std::string::npos;
        CHECK(locked == unlocked);
    }
    store->throwing = "remove";
    CHECK(stopped_by([&] { account.sign_out(); }) == "in remove");
    store->throwing = "load";
    HalfServer server;
    Mail mail = complete_mail(server.port());
    mail.set_account(account);
    CHECK(stopped_by([&] { mail.send(); }) == "in load");
    store->throwing.clear();
    account.check_sign_in(); // and the exception is gone
}

static void the_sign_in_callback_is_shown_everything() {
    Account account = ::account();
    std::string page, words;
    account.set_sign_in_callback([&](std::string_view url, std::string_view user_code,
                                     std::string_view message, std::chrono::seconds expires_in) {
        page = url;
        words = message;
        CHECK(user_code.empty());
        CHECK(expires_in == std::chrono::seconds(60));
        account.cancel();
    });
    CHECK(error_of([&] { account.sign_in(std::chrono::minutes(1)); }).status() == Status::cancelled);
    CHECK(page.rfind("http://127.0.0.1:9/authorize?", 0) == 0);
    CHECK(page.find("anna%40example.org") != std::string::npos);
    CHECK(words.find("anna@example.org") != std::string::npos);
    account.set_sign_in_callback({});
    page.clear();
    CHECK(error_of([&] { account.sign_in(std::chrono::milliseconds(50)); }).status() ==
          Status::timeout);
    CHECK(page.empty());
}

static void an_exception_of_the_sign_in_callback_ends_what_waits() {
    const auto begun = std::chrono::steady_clock::now();
    Account account = ::account();
    account.set_sign_in_callback([](std::string_view, std::string_view, std::string_view,
                                    std::chrono::seconds) { throw Stop("nobody there"); });
    CHECK(stopped_by([&] { account.sign_in(std::chrono::minutes(1)); }) == "nobody there");
    HalfServer server;
    Mail mail = complete_mail(server.port());
    mail.set_account(account);
    CHECK(error_of([&] { mail.send(); }).status() == Status::needs_sign_in);
    account.allow_interactive(true);
    CHECK(stopped_by([&] { mail.send(); }) == "nobody there");
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30)); // not a minute each
    account.allow_interactive(false);
    CHECK(error_of([&] { mail.send(); }).status() == Status::needs_sign_in);
}

static void another_thread_may_cancel_and_free() {
    for (const bool frees : {false, true}) {
        Account account = ::account();
        std::promise<void> running;
        std::atomic<bool> done{false};
        account.set_sign_in_callback([&](std::string_view, std::string_view, std::string_view,
                                         std::chrono::seconds) {
            CHECK(!done);
            running.set_value();
        });
        std::thread other([&] {
            running.get_future().wait();
            if (frees)
                mail_account_free(account.handle());
            else
                account.cancel();
            done = true;
        });
        const auto error = error_of([&] { account.sign_in(std::chrono::minutes(1)); });
        CHECK(error.status() == Status::cancelled);
        CHECK(!error.text().empty());
        other.join();
    }
}

static void a_sign_in_in_two_halves_may_be_given_up() {
    Account account = ::account();
    account.begin_sign_in();
    const std::string first = account.sign_in_url();
    CHECK(first.rfind("http://127.0.0.1:9/authorize?", 0) == 0);
    CHECK(!account.poll_sign_in());
    account.begin_sign_in();
    CHECK(account.sign_in_url() != first);
    CHECK(error_of([&] { account.complete_sign_in("https://example.org/"); }).status() < Status::ok);
    CHECK(!account.poll_sign_in()); // the person may paste again
    account.cancel();
    CHECK(error_of([&] { account.poll_sign_in(); }).cause() == "sign_in_not_begun");
}

int main() {
    run("a_wrong_argument_is_named", a_wrong_argument_is_named);
    run("what_was_not_begun_is_an_error", what_was_not_begun_is_an_error);
    run("a_freed_or_moved_account_is_an_error", a_freed_or_moved_account_is_an_error);
    run("a_handle_of_one_kind_is_none_of_the_other", a_handle_of_one_kind_is_none_of_the_other);
    run("the_program_supplies_tokens", the_program_supplies_tokens);
    run("an_exception_of_the_token_callback_comes_out_of_the_call",
        an_exception_of_the_token_callback_comes_out_of_the_call);
    run("an_exception_inside_a_callback_of_a_mail_ends_only_the_inner_call",
        an_exception_inside_a_callback_of_a_mail_ends_only_the_inner_call);
    run("a_token_callback_may_replace_itself_and_send",
        a_token_callback_may_replace_itself_and_send);
    run("a_mail_outlives_its_account_but_not_its_callbacks",
        a_mail_outlives_its_account_but_not_its_callbacks);
    run("a_callback_may_free_its_account", a_callback_may_free_its_account);
    run("a_store_of_the_program_keeps_sign_ins", a_store_of_the_program_keeps_sign_ins);
    run("an_exception_of_the_store_comes_out_and_the_lock_is_given_back",
        an_exception_of_the_store_comes_out_and_the_lock_is_given_back);
    run("the_sign_in_callback_is_shown_everything", the_sign_in_callback_is_shown_everything);
    run("an_exception_of_the_sign_in_callback_ends_what_waits",
        an_exception_of_the_sign_in_callback_ends_what_waits);
    run("another_thread_may_cancel_and_free", another_thread_may_cancel_and_free);
    run("a_sign_in_in_two_halves_may_be_given_up", a_sign_in_in_two_halves_may_be_given_up);
}
