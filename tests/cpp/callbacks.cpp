// Callbacks of postrider.hpp: they re-enter, throw, cancel and free, also from another thread.

#include "check.hpp"

#include <atomic>
#include <future>

using postrider::Mail;
using postrider::Status;

/// What `mail.send()` throws besides postrider::Error.
struct Stop : std::runtime_error {
    using std::runtime_error::runtime_error;
};

static std::string stopped_by(Mail &mail) {
    try {
        mail.send();
    } catch (const Stop &stop) {
        return stop.what();
    }
    return "nothing";
}

static void an_exception_in_the_log_cancels_the_send() {
    HalfServer server;
    Mail mail = complete_mail(server.port());
    int lines = 0;
    mail.set_log([&](std::string_view line) {
        if (line.rfind("S: 220", 0) == 0) throw Stop("from the log");
        ++lines;
    });
    CHECK(stopped_by(mail) == "from the log");
    CHECK(mail.last_result().outcome == postrider::Outcome::not_sent);
    const int before = lines;
    mail.set_log({});
    mail.set_timeout(std::chrono::milliseconds(50));
    CHECK(error_of([&] { mail.send(); }).status() == Status::timeout); // and the exception is gone
    CHECK(lines == before);
}

static void an_exception_in_the_progress_cancels_the_send() {
    HalfServer server;
    Mail mail = complete_mail(server.port());
    int calls = 0;
    mail.set_progress([&](std::int64_t, std::int64_t) -> bool {
        ++calls;
        throw Stop("from the progress");
    });
    CHECK(stopped_by(mail) == "from the progress");
    CHECK(calls == 1); // while one waits, no callback is called
    mail.set_progress({});
    mail.set_timeout(std::chrono::milliseconds(50));
    CHECK(error_of([&] { mail.send(); }).status() == Status::timeout);
}

static void of_two_exceptions_the_first_comes_out() {
    HalfServer server;
    Mail mail = complete_mail(server.port());
    bool greeted = false;
    mail.set_log([&](std::string_view line) {
        if (line.rfind("S: 220", 0) != 0) return;
        greeted = true;
        throw Stop("first");
    });
    mail.set_progress([&](std::int64_t, std::int64_t) -> bool {
        if (greeted) throw Stop("second");
        return false;
    });
    CHECK(stopped_by(mail) == "first");
}

static void the_progress_may_cancel() {
    HalfServer server;
    Mail mail = complete_mail(server.port());
    mail.set_progress([](std::int64_t, std::int64_t) { return true; });
    const auto error = error_of([&] { mail.send(); });
    CHECK(error.status() == Status::cancelled);
    CHECK(error.outcome() == postrider::Outcome::not_sent);
    CHECK(error.recipients().size() == 1);
}

static void a_callback_may_use_its_mail() {
    HalfServer server;
    Mail mail = complete_mail(server.port());
    bool replaced = false, second = false;
    mail.set_log([&](std::string_view) {
        if (std::exchange(replaced, true)) return;
        mail.set_subject("changed inside");
        CHECK(mail.get_eml().find("changed inside") != std::string::npos);
        // Replaces the function that is running now.
        mail.set_log([&](std::string_view) { second = true; });
    });
    mail.set_progress([&](std::int64_t, std::int64_t) { return second; });
    CHECK(error_of([&] { mail.send(); }).status() == Status::cancelled);
    CHECK(replaced && second);
}

static void a_callback_may_send_another_mail() {
    HalfServer server;
    Mail mail = complete_mail(server.port());
    mail.set_progress([&](std::int64_t, std::int64_t) -> bool {
        Mail inner = complete_mail(server.port());
        inner.set_progress([](std::int64_t, std::int64_t) -> bool { throw Stop("inner"); });
        CHECK(stopped_by(inner) == "inner");
        throw Stop("outer");
    });
    CHECK(stopped_by(mail) == "outer");
}

static void another_thread_may_cancel() {
    HalfServer server;
    Mail mail = complete_mail(server.port());
    std::promise<void> running;
    std::atomic<bool> said{false};
    mail.set_progress([&](std::int64_t, std::int64_t) {
        if (!said.exchange(true)) running.set_value();
        return false;
    });
    std::thread other([&] {
        running.get_future().wait();
        mail.cancel();
    });
    CHECK(error_of([&] { mail.send(); }).status() == Status::cancelled);
    other.join();
    mail.set_timeout(std::chrono::milliseconds(50));
    CHECK(error_of([&] { mail.send(); }).status() == Status::timeout); // later sends are not affected
}

static void another_thread_may_free() {
    HalfServer server;
    Mail mail = complete_mail(server.port());
    std::promise<void> running;
    std::atomic<bool> said{false}, freed{false};
    mail.set_progress([&](std::int64_t, std::int64_t) {
        CHECK(!freed); // nothing is called once mail_free() has returned
        if (!said.exchange(true)) running.set_value();
        return false;
    });
    std::thread other([&] {
        running.get_future().wait();
        mail_free(mail.handle());
        freed = true;
    });
    const auto error = error_of([&] { mail.send(); });
    CHECK(error.status() == Status::cancelled);
    CHECK(!error.text().empty());
    other.join();
    CHECK(error_of([&] { mail.send(); }).status() == Status::invalid_handle);
}

static void a_callback_may_free() {
    HalfServer server;
    Mail mail = complete_mail(server.port());
    mail.set_progress([&](std::int64_t, std::int64_t) {
        mail_free(mail.handle());
        return false;
    });
    CHECK(error_of([&] { mail.send(); }).status() == Status::cancelled);
}

static void a_moved_mail_keeps_its_callbacks() {
    HalfServer server;
    Mail first = complete_mail(server.port());
    bool called = false;
    first.set_progress([&](std::int64_t, std::int64_t) { return called = true; });
    Mail second(std::move(first));
    CHECK(error_of([&] { second.send(); }).status() == Status::cancelled);
    CHECK(called);
}

static void the_second_error_replaces_the_first() {
    ClosedPort closed;
    Mail mail = complete_mail(closed.port());
    CHECK(error_of([&] { mail.set_subject("a\nb"); }).status() == Status::invalid_argument);
    const auto error = error_of([&] { mail.send(); });
    CHECK(error.status() == Status::connect);
    CHECK(error.stage() == postrider::Stage::connect);
    CHECK(error_of([&] { mail.send(); }).text() == error.text());
}

int main() {
    run("an_exception_in_the_log_cancels_the_send", an_exception_in_the_log_cancels_the_send);
    run("an_exception_in_the_progress_cancels_the_send", an_exception_in_the_progress_cancels_the_send);
    run("of_two_exceptions_the_first_comes_out", of_two_exceptions_the_first_comes_out);
    run("the_progress_may_cancel", the_progress_may_cancel);
    run("a_callback_may_use_its_mail", a_callback_may_use_its_mail);
    run("a_callback_may_send_another_mail", a_callback_may_send_another_mail);
    run("another_thread_may_cancel", another_thread_may_cancel);
    run("another_thread_may_free", another_thread_may_free);
    run("a_callback_may_free", a_callback_may_free);
    run("a_moved_mail_keeps_its_callbacks", a_moved_mail_keeps_its_callbacks);
    run("the_second_error_replaces_the_first", the_second_error_replaces_the_first);
}
