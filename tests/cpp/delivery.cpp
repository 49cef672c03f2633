// The whole way of a message through a real server. tests/cpp.rs sets RIG_* and looks for it.

#include "check.hpp"

using postrider::Mail;
using postrider::Outcome;
using postrider::Stage;
using postrider::Status;

static const char *rig(const char *name) {
    const char *value = std::getenv(name);
    CHECK(value != nullptr);
    return value;
}

static Mail signed_in() {
    Mail mail;
    mail.set_server(rig("RIG_HOST"), std::atoi(rig("RIG_PORT")));
    mail.set_security(postrider::Security::starttls);
    mail.add_ca_file(rig("RIG_CA"));
    mail.set_auth_xoauth2(rig("RIG_USER"), rig("RIG_TOKEN"));
    mail.set_from(rig("RIG_USER"), "Jürgen Größe");
    return mail;
}

static void one_of_two_recipients_gets_the_message() {
    Mail mail = signed_in();
    std::string transcript;
    std::int64_t sent = 0, total = 0;
    mail.set_log([&](std::string_view line) { transcript.append(line).push_back('\n'); });
    mail.set_progress([&](std::int64_t bytes_sent, std::int64_t bytes_total) {
        sent = bytes_sent;
        total = bytes_total;
        return false;
    });
    mail.add_recipient(rig("RIG_USER"), "Alice");
    mail.add_recipient(rig("RIG_REFUSED"));
    mail.set_subject(rig("RIG_SUBJECT"));
    mail.add_header("X-Story", "told");
    mail.set_text("Grüße\n.\nzweite Zeile\n");
    const std::string image = mail.add_inline_bytes("\x89PNG\r\n\x1a\n", "dot.png");
    mail.set_html("<p>Grüße <img src=\"cid:" + image + "\"></p>");
    mail.add_attachment_file(rig("RIG_FILE"), "Bericht für Alice.bin");
    mail.add_attachment_bytes("item;price\r\npostcard;1.20\r\n", "order.csv");

    const postrider::Result result = mail.send();
    CHECK(result.outcome == Outcome::accepted);
    CHECK(result.reply.code == 250);
    CHECK(result.accepted.size() == 1);
    CHECK(result.accepted[0].address == rig("RIG_USER"));
    CHECK(result.accepted[0].reply.code == 250);
    CHECK(result.refused.size() == 1);
    CHECK(result.refused[0].address == rig("RIG_REFUSED"));
    CHECK(result.refused[0].reply.code == 550);
    CHECK(result.refused[0].reply.enhanced_code == "5.1.1");
    CHECK(result.refused[0].reply.text.find("User unknown") != std::string::npos);
    CHECK(transcript.find("C: STARTTLS\n") != std::string::npos);
    CHECK(transcript.find(rig("RIG_TOKEN")) == std::string::npos);
    CHECK(total > 300'000 && sent == total);
}

static void a_refused_sign_in_tells_everything_and_the_next_send_works() {
    Mail mail = signed_in();
    mail.add_recipient(rig("RIG_USER"));
    mail.set_subject("after a wrong token");
    mail.set_text("Hello");
    mail.set_auth_xoauth2(rig("RIG_USER"), rig("RIG_BAD_TOKEN"));
    const auto error = error_of([&] { mail.send(); });
    CHECK(error.status() == Status::sign_in);
    CHECK(error.stage() == Stage::sign_in);
    CHECK(error.outcome() == Outcome::not_sent);
    CHECK(error.reply().code == 535);
    CHECK(error.reply().enhanced_code == "5.7.8");
    CHECK(!error.cause().empty());
    CHECK(!error.advice().empty());
    CHECK(error.recipients().size() == 1 && !error.recipients()[0].accepted);
    mail.set_auth_xoauth2(rig("RIG_USER"), rig("RIG_TOKEN"));
    CHECK(mail.send().refused.empty());
}

static void a_diagnosis_tells_every_step_and_sends_nothing() {
    Mail mail = signed_in();
    mail.add_recipient(rig("RIG_USER"));
    mail.set_text("Hello");
    const auto well = mail.diagnose();
    CHECK(well.status == Status::ok);
    CHECK(well.text.find("250 2.1.5") != std::string::npos);
    CHECK(well.json.find("\"name\": \"sign_in\"") != std::string::npos);
    CHECK(mail.last_result().accepted.empty());
    mail.set_auth_xoauth2(rig("RIG_USER"), rig("RIG_BAD_TOKEN"));
    const auto refused = mail.diagnose();
    CHECK(refused.status == Status::sign_in);
    CHECK(refused.text.find("token_refused") != std::string::npos);
    CHECK(refused.json.find(rig("RIG_BAD_TOKEN")) == std::string::npos);
    Mail moved = std::move(mail);
    CHECK(error_of([&] { mail.diagnose(); }).status() == Status::invalid_handle);
}

static void when_nobody_is_accepted_the_error_holds_the_recipients() {
    Mail mail = signed_in();
    mail.add_recipient(rig("RIG_REFUSED"));
    mail.set_text("Hello");
    const auto error = error_of([&] { mail.send(); });
    CHECK(error.status() == Status::recipients);
    CHECK(error.outcome() == Outcome::not_sent);
    CHECK(error.recipients().size() == 1);
    CHECK(error.recipients()[0].reply.code == 550);
}

static void an_exception_after_the_message_was_accepted_comes_out_too() {
    Mail mail = signed_in();
    mail.add_recipient(rig("RIG_USER"));
    mail.set_text("Hello");
    mail.set_log([](std::string_view line) {
        if (line.find("queued as") != std::string_view::npos) throw 42; // not even a std::exception
    });
    bool caught = false;
    try {
        mail.send();
    } catch (int number) {
        caught = number == 42;
    }
    CHECK(caught);
    CHECK(mail.last_result().outcome == Outcome::accepted);
    CHECK(mail.last_result().accepted.size() == 1);
}

int main() {
    run("one_of_two_recipients_gets_the_message", one_of_two_recipients_gets_the_message);
    run("a_refused_sign_in_tells_everything_and_the_next_send_works",
        a_refused_sign_in_tells_everything_and_the_next_send_works);
    run("a_diagnosis_tells_every_step_and_sends_nothing",
        a_diagnosis_tells_every_step_and_sends_nothing);
    run("when_nobody_is_accepted_the_error_holds_the_recipients",
        when_nobody_is_accepted_the_error_holds_the_recipients);
    run("an_exception_after_the_message_was_accepted_comes_out_too",
        an_exception_after_the_message_was_accepted_comes_out_too);
}
