// Wrong use of postrider.hpp: always an error that names the argument, never a crash.

#include "check.hpp"

using postrider::Mail;
using postrider::Stage;
using postrider::Status;

static void a_wrong_argument_is_named() {
    Mail mail;
    const auto error = error_of([&] { mail.set_server("smtp.example.org", 70000); });
    CHECK(error.status() == Status::invalid_argument);
    CHECK(error.stage() == Stage::argument);
    CHECK(error.text().find("port") != std::string::npos);
    CHECK(!error.cause().empty());
    CHECK(!error.advice().empty());
    CHECK(error.json().find("\"cause\":\"argument_invalid\"") != std::string::npos);
    CHECK(error.link().empty() && !error.retry_after());
    CHECK(error.outcome() == postrider::Outcome::not_sent);
    CHECK(error.recipients().empty());
    CHECK(error_of([&] { mail.set_server("smtp.example.org", 0); }).status() == Status::invalid_argument);
    CHECK(error_of([&] { mail.set_timeout(std::chrono::hours(24 * 365)); }).status() == Status::invalid_argument);
    CHECK(error_of([&] { mail.set_timeout(std::chrono::milliseconds(0)); }).status() == Status::invalid_argument);
    CHECK(error_of([&] { mail.set_date({}, std::chrono::hours(100'000'000)); }).status() == Status::invalid_argument);
    CHECK(error_of([&] { mail.set_security(postrider::Security{99}); }).status() == Status::invalid_argument);
    CHECK(error_of([&] { mail.set_proxy("ftp://proxy.test"); }).text().find("proxy") == 0);
    CHECK(error_of([&] { mail.set_proxy("env", "anna"); }).status() == Status::null_pointer);
    mail.set_proxy("socks5://proxy.test", "anna", "s3cret");
    mail.set_proxy(std::nullopt);
    CHECK(error_of([&] { mail.add_recipient("no address"); }).status() == Status::invalid_argument);
}

static void a_nul_inside_a_text_is_refused() {
    Mail mail;
    const auto error = error_of([&] { mail.set_subject(std::string_view("a\0b", 3)); });
    CHECK(error.status() == Status::invalid_argument);
    CHECK(error.text() == "subject must not contain NUL");
    CHECK(error.stage() == Stage::argument);
}

static void text_that_is_not_utf8_is_refused() {
    Mail mail;
    CHECK(error_of([&] { mail.set_subject("\xff"); }).status() == Status::invalid_utf8);
    CHECK(error_of([&] { mail.set_text("\xc3"); }).status() == Status::invalid_utf8);
}

static void nothing_has_no_bytes_and_is_allowed_where_it_makes_sense() {
    Mail mail;
    mail.set_from("anna@example.org");
    mail.set_subject("");
    mail.set_text("");
    mail.set_text(std::nullopt);
    mail.add_attachment_bytes({}, "empty.bin");
    CHECK(mail.add_inline_bytes("", "empty.png").find('@') != std::string::npos);
    CHECK(mail.get_eml().find("empty.bin") != std::string::npos);
    CHECK(error_of([&] { mail.add_ca_pem({}); }).status() == Status::null_pointer);
    CHECK(error_of([&] { mail.set_from(""); }).status() == Status::invalid_argument);
}

static void a_send_without_anything_says_what_is_missing() {
    Mail mail;
    const auto error = error_of([&] { mail.send(); });
    CHECK(error.status() == Status::incomplete);
    CHECK(error.outcome() == postrider::Outcome::not_sent);
    CHECK(error_of([&] { mail.get_eml(); }).status() == Status::incomplete);
}

static void a_freed_handle_is_an_error() {
    Mail mail;
    mail_free(mail.handle());
    CHECK(error_of([&] { mail.set_subject("late"); }).status() == Status::invalid_handle);
    CHECK(error_of([&] { mail.cancel(); }).status() == Status::invalid_handle);
    const auto error = error_of([&] { mail.send(); });
    CHECK(error.status() == Status::invalid_handle);
    CHECK(!error.text().empty());
    CHECK(mail.last_result().accepted.empty());
} // the destructor frees it again, which does nothing

static void a_mail_that_was_moved_away_is_an_error() {
    Mail mail;
    mail.set_log([](std::string_view) {});
    Mail other(std::move(mail));
    other.set_subject("here");
    CHECK(error_of([&] { mail.set_subject("gone"); }).status() == Status::invalid_handle);
    CHECK(error_of([&] { mail.set_log([](std::string_view) {}); }).status() == Status::invalid_handle);
    mail = std::move(other);
    mail.set_subject("back");
    CHECK(error_of([&] { other.send(); }).status() == Status::invalid_handle);
}

static void a_missing_file_is_an_error() {
    Mail mail;
    CHECK(error_of([&] { mail.add_attachment_file("/no/such/file"); }).status() == Status::file);
    CHECK(error_of([&] { mail.add_ca_file("/no/such/file"); }).status() == Status::file);
}

static void texts_come_back_as_they_went_in() {
    Mail mail;
    mail.set_from("anna@example.org", "Anna");
    mail.set_date(std::chrono::system_clock::time_point(std::chrono::seconds(86400)), std::chrono::minutes(90));
    mail.set_message_id("<order-17@example.org>");
    mail.set_text("Hello");
    const std::string eml = mail.get_eml();
    CHECK(eml.find("Date: Fri, 02 Jan 1970 01:30:00 +0130\r\n") != std::string::npos ||
          eml.find("Date: Fri, 2 Jan 1970 01:30:00 +0130\r\n") != std::string::npos);
    CHECK(eml.find("Message-ID: <order-17@example.org>\r\n") != std::string::npos);
    CHECK(eml.find("From: \"Anna\" <anna@example.org>") != std::string::npos ||
          eml.find("From: Anna <anna@example.org>") != std::string::npos);
}

int main() {
    run("a_wrong_argument_is_named", a_wrong_argument_is_named);
    run("a_nul_inside_a_text_is_refused", a_nul_inside_a_text_is_refused);
    run("text_that_is_not_utf8_is_refused", text_that_is_not_utf8_is_refused);
    run("nothing_has_no_bytes_and_is_allowed_where_it_makes_sense",
        nothing_has_no_bytes_and_is_allowed_where_it_makes_sense);
    run("a_send_without_anything_says_what_is_missing", a_send_without_anything_says_what_is_missing);
    run("a_freed_handle_is_an_error", a_freed_handle_is_an_error);
    run("a_mail_that_was_moved_away_is_an_error", a_mail_that_was_moved_away_is_an_error);
    run("a_missing_file_is_an_error", a_missing_file_is_an_error);
    run("texts_come_back_as_they_went_in", texts_come_back_as_they_went_in);
}
