// People sign in to an Account of postrider.hpp, and mails have its tokens. tests/cpp.rs starts two
// sandboxes: SANDBOX_*, and STRICT_*, whose mail server refuses the first access token.

#include "check.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

using postrider::Account;
using postrider::Mail;
using postrider::Status;

static std::string setting(const std::string &name) {
    const char *value = std::getenv(name.c_str());
    CHECK(value != nullptr);
    return value;
}

static Account account(const std::string &sandbox = "SANDBOX") {
    Account account("custom", setting(sandbox + "_PROVIDERS"));
    account.set_client(setting(sandbox + "_CLIENT"));
    account.allow_browser(false);
    return account;
}

static Mail mail(const Account &account, std::string_view subject,
                 const std::string &sandbox = "SANDBOX") {
    Mail mail;
    mail.add_ca_file(setting(sandbox + "_CA"));
    mail.set_account(account); // server and user come with it
    mail.set_from(setting(sandbox + "_USER"));
    mail.add_recipient("bob@example.org");
    mail.set_subject(subject);
    mail.set_text("Hello");
    return mail;
}

/// A person opens the page; returns what the person says.
static std::string person(const std::string &url, const std::string &options = "") {
    const std::string command =
        "python3 '" + setting("SANDBOX_PERSON") + "' '" + url + "' " + options;
    FILE *const pipe = popen(command.c_str(), "r");
    CHECK(pipe != nullptr);
    std::string said;
    for (std::array<char, 512> part; std::fgets(part.data(), part.size(), pipe) != nullptr;)
        said += part.data();
    CHECK(pclose(pipe) == 0);
    return said.substr(0, said.find('\n'));
}

/// Calls poll_sign_in() until the person has signed in.
static void wait_for(Account &account) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!account.poll_sign_in()) {
        CHECK(std::chrono::steady_clock::now() < limit);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

static void sign_in(Account &account) {
    account.begin_sign_in();
    std::thread browser(person, account.sign_in_url(), ""); // it gets its last page from poll
    wait_for(account);
    browser.join();
}

static void in_the_browser_in_two_halves() {
    Account account = ::account();
    account.begin_sign_in();
    CHECK(!account.poll_sign_in());
    CHECK(account.sign_in_user_code().empty());
    CHECK(account.sign_in_message().find("the sandbox") != std::string::npos);
    std::thread browser(person, account.sign_in_url(), "");
    wait_for(account);
    browser.join();
    account.check_sign_in();
    CHECK(account.address() == setting("SANDBOX_USER"));
    CHECK(!account.user_name().empty());
    CHECK(!account.access_token().empty());
    CHECK(account.token_expires_at() > std::chrono::system_clock::now());
    const auto scopes = account.token_scopes();
    CHECK(std::count(scopes.begin(), scopes.end(), "mail") == 1);
    CHECK(mail(account, "two halves").send().refused.empty());

    account.sign_out();
    CHECK(account.access_token().empty());
    CHECK(error_of([&] { account.check_sign_in(); }).status() == Status::needs_sign_in);
    CHECK(error_of([&] { mail(account, "not sent").send(); }).status() == Status::needs_sign_in);
}

static void with_an_address_that_the_person_pastes() {
    Account account = ::account();
    account.begin_sign_in();
    const std::string last_page = person(account.sign_in_url(), "--no-return");
    CHECK(error_of([&] { account.complete_sign_in("http://127.0.0.1/"); }).status() < Status::ok);
    account.complete_sign_in(last_page);
    CHECK(mail(account, "pasted").send().refused.empty());
}

static void in_one_call() {
    Account account = ::account();
    std::thread browser;
    account.set_sign_in_callback([&](std::string_view url, std::string_view, std::string_view,
                                     std::chrono::seconds) {
        browser = std::thread(person, std::string(url), "");
    });
    account.sign_in(std::chrono::seconds(30));
    browser.join();
    CHECK(mail(account, "one call").send().refused.empty());
}

static void during_a_send() {
    Account account = ::account();
    Mail mail = ::mail(account, "interactive");
    CHECK(error_of([&] { mail.send(); }).status() == Status::needs_sign_in);
    std::thread browser;
    account.set_sign_in_callback([&](std::string_view url, std::string_view, std::string_view,
                                     std::chrono::seconds) {
        browser = std::thread(person, std::string(url), "");
    });
    account.allow_interactive(true);
    CHECK(mail.send().refused.empty());
    browser.join();
}

static void with_a_code_on_another_device() {
    Account account = ::account();
    int shown = 0;
    account.set_sign_in_callback([&](std::string_view url, std::string_view user_code,
                                     std::string_view message, std::chrono::seconds expires_in) {
        ++shown;
        CHECK(message.find(url) != std::string_view::npos);
        CHECK(message.find(user_code) != std::string_view::npos);
        CHECK(expires_in == std::chrono::minutes(10));
        person(std::string(url), "--code '" + std::string(user_code) + "'");
    });
    account.sign_in_device();
    CHECK(shown == 1);
    CHECK(account.address() == setting("SANDBOX_USER"));

    account.begin_device_sign_in();
    const std::string code = account.sign_in_user_code();
    CHECK(account.sign_in_complete_url().find(code) != std::string::npos);
    CHECK(account.sign_in_expires_in() == std::chrono::minutes(10));
    CHECK(!account.poll_sign_in());
    person(account.sign_in_url(), "--code '" + code + "'");
    wait_for(account);
    CHECK(mail(account, "device").send().refused.empty());
}

static void who_gives_up_in_the_callback_does_not_wait() {
    Account account = ::account();
    const auto begun = std::chrono::steady_clock::now();
    account.set_sign_in_callback([&](std::string_view, std::string_view, std::string_view,
                                     std::chrono::seconds) { account.cancel(); });
    CHECK(error_of([&] { account.sign_in_device(); }).status() == Status::cancelled);
    account.set_sign_in_callback([](std::string_view, std::string_view, std::string_view,
                                    std::chrono::seconds) { throw 42; });
    bool caught = false;
    try {
        account.sign_in_device();
    } catch (int number) {
        caught = number == 42;
    }
    CHECK(caught);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
}

static void a_person_may_decline() {
    Account account = ::account();
    account.begin_sign_in();
    std::thread browser(person, account.sign_in_url(), "--decline");
    const auto error = error_of([&] { wait_for(account); });
    browser.join();
    CHECK(error.status() == Status::needs_sign_in);
    CHECK(error.cause() == "sign_in_declined");
    CHECK(!error.advice().empty());
    account.begin_device_sign_in();
    person(account.sign_in_url(), "--code '" + account.sign_in_user_code() + "' --decline");
    CHECK(error_of([&] { wait_for(account); }).cause() == "sign_in_declined");
}

static void one_sign_in_is_enough_for_later_runs_and_other_computers() {
    const std::string folder = setting("SANDBOX_FOLDER");
    {
        Account account = ::account();
        account.set_store_file(folder + "/store");
        sign_in(account);
        account.export_sign_in(folder + "/sign-in", "a long passphrase");
    }
    std::optional<Account> later(::account());
    later->set_store_file(folder + "/store");
    later->check_sign_in();
    Mail mail = ::mail(*later, "a later run");
    later.reset(); // the mail keeps what it needs
    CHECK(mail.send().refused.empty());
    Account elsewhere = ::account();
    const auto wrong = error_of([&] { elsewhere.import_sign_in(folder + "/sign-in", "another one"); });
    CHECK(wrong.cause() == "passphrase_wrong");
    elsewhere.import_sign_in(folder + "/sign-in", "a long passphrase");
    CHECK(::mail(elsewhere, "another computer").send().refused.empty());
}

static void a_refused_token_is_renewed_without_a_person() {
    Account account = ::account("STRICT");
    sign_in(account);
    const std::string first = account.access_token();
    Mail mail = ::mail(account, "renewed", "STRICT");
    std::string transcript;
    mail.set_log([&](std::string_view line) { transcript.append(line).push_back('\n'); });
    CHECK(mail.send().refused.empty());
    CHECK(transcript.find("asking for a new token") != std::string::npos);
    CHECK(transcript.find(first) == std::string::npos);
    account.fetch_token();
    CHECK(!account.access_token().empty() && account.access_token() != first);
    CHECK(transcript.find(account.access_token()) == std::string::npos);
}

int main() {
    run("in_the_browser_in_two_halves", in_the_browser_in_two_halves);
    run("with_an_address_that_the_person_pastes", with_an_address_that_the_person_pastes);
    run("in_one_call", in_one_call);
    run("during_a_send", during_a_send);
    run("with_a_code_on_another_device", with_a_code_on_another_device);
    run("who_gives_up_in_the_callback_does_not_wait", who_gives_up_in_the_callback_does_not_wait);
    run("a_person_may_decline", a_person_may_decline);
    run("one_sign_in_is_enough_for_later_runs_and_other_computers",
        one_sign_in_is_enough_for_later_runs_and_other_computers);
    run("a_refused_token_is_renewed_without_a_person",
        a_refused_token_is_renewed_without_a_person);
}
