/* Sends one message with an OAuth2 access token, and tells what became of it.
 *
 *   POSTRIDER_HOST=smtp.example.org POSTRIDER_PORT=587 \
 *   POSTRIDER_USER=anna@example.org POSTRIDER_TOKEN=... \
 *   POSTRIDER_TO=bob@example.org,carol@example.org  ./example
 *
 * POSTRIDER_CA is a file with a further certificate to trust; POSTRIDER_TO is yourself unless set.
 * Secrets come from the environment: on a command line everybody on the machine can read them.
 */
#include <postrider.h>
#include <stdio.h>
#include <stdlib.h>

static const char *setting(const char *name, const char *fallback) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : fallback;
}

static void MAIL_CALL print_line(void *user_data, const char *line) {
    (void)user_data;
    printf("  %s\n", line);
}

static void print_recipients(const mail_t *mail) {
    for (int32_t i = 0; i < mail_recipient_count(mail); i++) {
        char address[256], text[512];
        mail_recipient_address(mail, i, address, sizeof address);
        mail_recipient_text(mail, i, text, sizeof text);
        printf("%s %s: %d %s\n", mail_recipient_accepted(mail, i) ? "accepted" : "refused",
               address, (int)mail_recipient_code(mail, i), text);
    }
}

int main(void) {
    const char *host = setting("POSTRIDER_HOST", NULL);
    const char *port = setting("POSTRIDER_PORT", "587");
    const char *ca = setting("POSTRIDER_CA", NULL);
    const char *user = setting("POSTRIDER_USER", NULL);
    const char *token = setting("POSTRIDER_TOKEN", NULL);
    const char *to = setting("POSTRIDER_TO", user);
    if (host == NULL || user == NULL || token == NULL) {
        fputs("Set POSTRIDER_HOST, POSTRIDER_USER and POSTRIDER_TOKEN first.\n", stderr);
        return 1;
    }

    static const unsigned char order[] = "item;price\r\npostcard;1.20\r\n";
    mail_t *mail = mail_new();

    /* 0 is success and positive is success in part: the first negative status ends the chain. */
    int accepted = mail_set_log(mail, print_line, NULL) >= 0
        && mail_set_server(mail, host, atoi(port)) >= 0
        && (ca == NULL || mail_add_ca_file(mail, ca) >= 0)
        && mail_set_auth_xoauth2(mail, user, token) >= 0
        && mail_set_from(mail, "Postrider", user) >= 0
        && mail_add_recipients(mail, to, MAIL_KIND_TO) >= 0
        && mail_set_subject(mail, "Greetings from C") >= 0
        && mail_set_text(mail, "Hello,\nhere is your order.\n") >= 0
        && mail_set_html(mail, "<p>Hello,<br>here is your <b>order</b>.</p>") >= 0
        && mail_add_attachment_bytes(mail, order, sizeof order - 1, "order.csv", NULL) >= 0
        && mail_send(mail) >= 0;

    if (accepted) {
        print_recipients(mail);
    } else {
        char text[512], cause[64], advice[512];
        mail_last_error(mail, text, sizeof text);
        mail_last_cause(mail, cause, sizeof cause);
        mail_last_advice(mail, advice, sizeof advice);
        printf("not sent: %s\n", text);
        printf("stage %d, cause %s\n", (int)mail_last_stage(mail), cause);
        printf("advice: %s\n", advice);
    }
    mail_free(mail);
    return accepted ? 0 : 1;
}
