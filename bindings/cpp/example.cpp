// Sends one message with an OAuth2 access token, and tells what became of it.
//
//   POSTRIDER_HOST=smtp.example.org POSTRIDER_PORT=587
//   POSTRIDER_USER=anna@example.org POSTRIDER_TOKEN=...
//   POSTRIDER_TO=bob@example.org,carol@example.org  ./example
//
// POSTRIDER_CA is a file with a further certificate to trust; POSTRIDER_TO is yourself unless set.
// Secrets come from the environment: on a command line everybody on the machine can read them.

#include "postrider.hpp"

#include <cstdlib>
#include <iostream>

static std::string setting(const char *name, const std::string &fallback) {
    const char *value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : fallback;
}

static void print_recipients(const char *what, const std::vector<postrider::Recipient> &list) {
    for (const postrider::Recipient &recipient : list)
        std::cout << what << ' ' << recipient.address << ": " << recipient.reply.code << ' '
                  << recipient.reply.text << '\n';
}

int main() {
    const std::string host = setting("POSTRIDER_HOST", "");
    const std::string port = setting("POSTRIDER_PORT", "587");
    const std::string ca = setting("POSTRIDER_CA", "");
    const std::string user = setting("POSTRIDER_USER", "");
    const std::string token = setting("POSTRIDER_TOKEN", "");
    const std::string to = setting("POSTRIDER_TO", user);
    if (host.empty() || user.empty() || token.empty()) {
        std::cerr << "Set POSTRIDER_HOST, POSTRIDER_USER and POSTRIDER_TOKEN first.\n";
        return 1;
    }

    try {
        postrider::Mail mail;
        mail.set_log([](std::string_view line) { std::cout << "  " << line << '\n'; });
        mail.set_server(host, std::atoi(port.c_str()));
        if (!ca.empty()) mail.add_ca_file(ca);
        mail.set_auth_xoauth2(user, token);
        mail.set_from(user, "Postrider");
        mail.add_recipients(to);
        mail.set_subject("Greetings from C++");
        mail.set_text("Hello,\nhere is your order.\n");
        mail.set_html("<p>Hello,<br>here is your <b>order</b>.</p>");
        mail.add_attachment_bytes("item;price\r\npostcard;1.20\r\n", "order.csv");
        const postrider::Result result = mail.send();
        print_recipients("accepted", result.accepted);
        print_recipients("refused", result.refused);
        return 0;
    } catch (const postrider::Error &error) {
        std::cout << "not sent: " << error.text() << '\n'
                  << "stage " << static_cast<int>(error.stage()) << ", cause " << error.cause()
                  << '\n'
                  << "advice: " << error.advice() << '\n';
        return 1;
    }
}
