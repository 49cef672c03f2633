/*
 * As somebody does it who is new to this: one setting is wrong, its sentence is read, and what that
 * says is done, with the same handle. Of what a server with no further doors cannot show, nothing is
 * tried unless RIG_CLOSED_PORT and its kin tell where the doors are.
 */

#include "rig.h"

static const char *host, *user, *recipient, *token;

/* Text that a getter copies out, such as mail_last_advice. */
typedef size_t(MAIL_CALL *getter)(const mail_t *, char *, size_t);

static void copy(const mail_t *mail, getter get, char *text, size_t size)
{
    CHECK(get(mail, text, size) < size, "too long: %s", text);
}

static int32_t port(const char *name)
{
    return atoi(from_environment(name));
}

/* Checks that a call failed for this cause, and that the advice names what is to be changed. */
static void fails(const mail_t *mail, mail_status status, const char *cause, const char *word,
                  const char *another)
{
    char found[64], advice[512], link[64], json[4096];
    copy(mail, mail_last_cause, found, sizeof found);
    copy(mail, mail_last_advice, advice, sizeof advice);
    copy(mail, mail_last_link, link, sizeof link);
    copy(mail, mail_last_error_json, json, sizeof json);
    printf("%s: %s\n", found, advice);
    fflush(stdout);
    CHECK(status < 0 && status == mail_last_status(mail), "%d", (int)status);
    CHECK(strcmp(found, cause) == 0, "%s, not %s: %s", found, cause, error_of(mail));
    CHECK(strstr(advice, word) != NULL, "no %s in: %s", word, advice);
    CHECK(strstr(advice, another) != NULL, "no %s in: %s", another, advice);
    CHECK(link[0] == '\0', "%s", link);
    CHECK(mail_last_retry_after(mail) <= 0, "%d", (int)mail_last_retry_after(mail));
    CHECK(strstr(json, cause) != NULL && strstr(json, advice) != NULL, "%s", json);
    CHECK(strstr(json, token) == NULL, "the token is in the document");
}

static void works(mail_t *mail)
{
    EXPECT_OK(mail, mail_send(mail));
    CHECK(mail_last_outcome(mail) == MAIL_OUTCOME_ACCEPTED, "outcome");
}

/* Without author, recipient or attachment where that is NULL or 0. */
static void write_message(mail_t *mail, const char *from, const char *to, size_t attached)
{
    static const uint8_t picture[30000];
    EXPECT_OK(mail, mail_clear_message(mail));
    if (from != NULL)
        EXPECT_OK(mail, mail_set_from(mail, NULL, from));
    if (to != NULL)
        EXPECT_OK(mail, mail_add_recipient(mail, NULL, to, MAIL_KIND_TO));
    EXPECT_OK(mail, mail_set_subject(mail, "newcomer in C"));
    EXPECT_OK(mail, mail_set_text(mail, "Hello"));
    if (attached > 0)
        EXPECT_OK(mail, mail_add_attachment_bytes(mail, picture, attached, "picture.bin", NULL));
}

static void try_the_server(mail_t *mail)
{
    /* Names in .invalid are nobody's (RFC 2606). */
    EXPECT_OK(mail, mail_set_server(mail, "mail.rig.invalid", port("RIG_PORT")));
    fails(mail, mail_send(mail), "host_not_found", "mail.rig.invalid", "spelling");
    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_PORT")));
    works(mail);

    EXPECT_OK(mail, mail_set_security(mail, MAIL_SECURITY_TLS));
    fails(mail, mail_send(mail), "tls_failed", "security", "STARTTLS");
    EXPECT_OK(mail, mail_set_security(mail, MAIL_SECURITY_STARTTLS));
    works(mail);

    EXPECT_OK(mail, mail_set_security(mail, MAIL_SECURITY_PLAIN));
    fails(mail, mail_send(mail), "plaintext_auth_refused", "STARTTLS", "sign-in");
    EXPECT_OK(mail, mail_set_security(mail, MAIL_SECURITY_STARTTLS));
    works(mail);
}

static void try_the_message(mail_t *mail)
{
    mail_status status;
    FILE *file;

    write_message(mail, NULL, recipient, 0);
    fails(mail, mail_send(mail), "from_missing", "Set", "From");
    EXPECT_OK(mail, mail_set_from(mail, NULL, user));
    works(mail);

    write_message(mail, user, NULL, 0);
    fails(mail, mail_send(mail), "recipient_missing", "Add", "recipient");
    EXPECT_OK(mail, mail_add_recipient(mail, NULL, recipient, MAIL_KIND_TO));
    works(mail);

    remove("report.txt"); /* of the last time */
    status = mail_add_attachment_file(mail, "report.txt", NULL, NULL);
    fails(mail, status, "file_unreadable", "file", "exists");
    file = fopen("report.txt", "wb");
    CHECK(file != NULL && fputs("All is well.\n", file) >= 0 && fclose(file) == 0, "report.txt");
    EXPECT_OK(mail, mail_add_attachment_file(mail, "report.txt", NULL, NULL));
    works(mail);
}

static void try_a_token(mail_t *mail, const char *whose, const char *wrong, const char *good)
{
    EXPECT_OK(mail, mail_set_auth_xoauth2(mail, whose, wrong));
    fails(mail, mail_send(mail), "token_refused", "token", whose);
    EXPECT_OK(mail, mail_set_auth_xoauth2(mail, whose, good));
    works(mail);
}

/* The diagnosis names the step at which the send fails, and gives the same advice. */
static void try_a_diagnosis(mail_t *mail)
{
    char advice[512], told[540], report[8192], json[8192];
    EXPECT_OK(mail, mail_set_auth_xoauth2(mail, user, "mistyped"));
    fails(mail, mail_send(mail), "token_refused", "token", user);
    CHECK(mail_last_stage(mail) == MAIL_STAGE_SIGN_IN, "%d", (int)mail_last_stage(mail));
    copy(mail, mail_last_advice, advice, sizeof advice);
    EXPECT(mail, MAIL_STATUS_SIGN_IN, mail_diagnose(mail));
    copy(mail, mail_diagnosis_text, report, sizeof report);
    copy(mail, mail_diagnosis_json, json, sizeof json);
    snprintf(told, sizeof told, "-> %s\n", advice);
    CHECK(strstr(report, "\nfailed   sign-in ") != NULL && strstr(report, told) != NULL, "%s", report);
    CHECK(strstr(json, "\"token_refused\"") != NULL && strstr(json, advice) != NULL, "%s", json);
    CHECK(strstr(report, token) == NULL && strstr(json, token) == NULL, "the token is in the report");
    EXPECT_OK(mail, mail_set_auth_xoauth2(mail, user, token));
    EXPECT_OK(mail, mail_diagnose(mail));
    works(mail);
}

static void try_the_doors(mail_t *mail)
{
    char report[8192];
    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_CLOSED_PORT")));
    fails(mail, mail_send(mail), "connection_refused", host, "port");
    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_PORT")));
    works(mail);

    EXPECT_OK(mail, mail_set_server(mail, "127.0.0.1", port("RIG_NAME_ONLY_PORT")));
    EXPECT_OK(mail, mail_set_security(mail, MAIL_SECURITY_TLS));
    fails(mail, mail_send(mail), "certificate_wrong_host", "certificate", "127.0.0.1");
    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_NAME_ONLY_PORT")));
    works(mail);
    EXPECT_OK(mail, mail_set_security(mail, MAIL_SECURITY_STARTTLS));

    /* Both sides wait for the other: the send sees silence, the diagnosis looks behind it. */
    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_TLS_PORT")));
    EXPECT_OK(mail, mail_set_timeout(mail, 3000));
    fails(mail, mail_send(mail), "timeout", host, "set the security to TLS");
    EXPECT_OK(mail, mail_set_timeout(mail, 6000));
    EXPECT(mail, MAIL_STATUS_TLS, mail_diagnose(mail));
    copy(mail, mail_diagnosis_text, report, sizeof report);
    CHECK(strstr(report, "\nfailed   greeting ") != NULL, "%s", report);
    CHECK(strstr(report, "set the security to TLS") != NULL, "%s", report);
    EXPECT_OK(mail, mail_set_timeout(mail, 60000));
    EXPECT_OK(mail, mail_set_security(mail, MAIL_SECURITY_TLS));
    EXPECT_OK(mail, mail_diagnose(mail));
    works(mail);
    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_PORT")));
    EXPECT_OK(mail, mail_set_security(mail, MAIL_SECURITY_STARTTLS));
}

static void try_the_sign_in(mail_t *mail)
{
    const char *password = from_environment("RIG_PASSWORD"), *elsewhere = from_environment("RIG_ELSEWHERE");
    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_PASSWORD_ONLY_PORT")));
    fails(mail, mail_send(mail), "auth_mechanism_not_offered", host, "Sign in with a password");
    EXPECT_OK(mail, mail_set_auth_password(mail, MAIL_MECHANISM_AUTO, user, password));
    works(mail);

    EXPECT_OK(mail, mail_set_auth_password(mail, MAIL_MECHANISM_AUTO, user, "mistyped"));
    fails(mail, mail_send(mail), "password_refused", "password", user);
    EXPECT_OK(mail, mail_set_auth_password(mail, MAIL_MECHANISM_AUTO, user, password));
    works(mail);

    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_SIGN_IN_PORT")));
    EXPECT_OK(mail, mail_set_auth_none(mail));
    fails(mail, mail_send(mail), "not_signed_in", "sign-in", host);
    EXPECT_OK(mail, mail_set_auth_xoauth2(mail, user, token));
    works(mail);

    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_RELAY_PORT")));
    EXPECT_OK(mail, mail_set_auth_none(mail));
    write_message(mail, user, elsewhere, 0);
    fails(mail, mail_send(mail), "relay_denied", host, elsewhere);
    EXPECT_OK(mail, mail_set_auth_xoauth2(mail, user, token));
    works(mail);
}

static void try_what_servers_refuse(mail_t *mail)
{
    const char *refused = from_environment("RIG_REFUSED");
    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_OWN_FROM_PORT")));
    write_message(mail, recipient, recipient, 0);
    fails(mail, mail_send(mail), "send_as_denied", user, recipient);
    EXPECT_OK(mail, mail_set_from(mail, NULL, user));
    works(mail);

    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_SMALL_PORT")));
    write_message(mail, user, recipient, 30000);
    fails(mail, mail_send(mail), "message_too_large", "smaller", "attachments");
    write_message(mail, user, recipient, 3000);
    works(mail);

    write_message(mail, user, refused, 0);
    fails(mail, mail_send(mail), "recipient_unknown", "spelling", refused);
    write_message(mail, user, recipient, 0);
    works(mail);
}

int main(void)
{
    const int has_doors = getenv("RIG_CLOSED_PORT") != NULL;
    mail_t *mail = new_mail();
    host = from_environment("RIG_HOST");
    user = from_environment("RIG_USER");
    recipient = from_environment("RIG_RECIPIENT");
    token = from_environment("RIG_TOKEN");
    EXPECT_OK(mail, mail_set_server(mail, host, port("RIG_PORT")));
    EXPECT_OK(mail, mail_set_security(mail, MAIL_SECURITY_STARTTLS));
    EXPECT_OK(mail, mail_set_auth_xoauth2(mail, user, token));
    write_message(mail, user, recipient, 0);
    /* Wine takes a chain for good that lacks its authority, as that of the sandbox does. */
    if (has_doors)
        fails(mail, mail_send(mail), "certificate_unknown_ca", "certificate", "CA file");
    EXPECT_OK(mail, mail_add_ca_file(mail, from_environment("RIG_CA_FILE")));
    works(mail);

    try_the_server(mail);
    try_the_message(mail);
    try_a_token(mail, user, "mistyped", token);
    try_a_diagnosis(mail);
    if (has_doors) {
        write_message(mail, user, recipient, 0);
        try_the_doors(mail);
        try_a_token(mail, user, from_environment("RIG_EXPIRED_TOKEN"), token);
        try_a_token(mail, recipient, token, from_environment("RIG_RECIPIENT_TOKEN"));
        try_the_sign_in(mail);
        try_what_servers_refuse(mail);
    }
    mail_free(mail);
    return 0;
}
