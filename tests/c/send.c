/*
 * The whole way of a message through real servers: an access token over STARTTLS, a recipient that
 * is refused, bodies, attachments and an image, and a second message over the kept connection.
 */

#include "rig.h"

/* What the log callback sees of all sends. */
struct transcript {
    const char *token;
    int lines;
    int connections;
    int sign_ins;
    int contents;
};

static void MAIL_CALL on_log(void *user_data, const char *line)
{
    struct transcript *seen = user_data;
    CHECK(strncmp(line, "C: ", 3) == 0 || strncmp(line, "S: ", 3) == 0 || strncmp(line, "-- ", 3) == 0,
          "%s", line);
    CHECK(strpbrk(line, "\r\n") == NULL, "%s", line);
    CHECK(strstr(line, seen->token) == NULL, "the token is in the log");
    /* Its first bytes in base64 would be in the SASL response: "user=" at least. */
    CHECK(strstr(line, "dXNlcj") == NULL, "the response is in the log");
    seen->lines++;
    seen->connections += strncmp(line, "-- connecting", 13) == 0;
    seen->sign_ins += strncmp(line, "C: AUTH XOAUTH2", 15) == 0;
    seen->contents += strncmp(line, "C: DATA", 7) == 0 || strncmp(line, "C: BDAT", 7) == 0;
}

struct progress {
    int calls;
    int64_t sent, total;
};

static int32_t MAIL_CALL on_progress(void *user_data, int64_t sent, int64_t total)
{
    struct progress *seen = user_data;
    CHECK(sent >= seen->sent && sent <= total, "%ld of %ld", (long)sent, (long)total);
    seen->calls++;
    seen->sent = sent;
    seen->total = total;
    return 0;
}

static void set_subject(mail_t *mail, const char *which)
{
    char subject[200];
    snprintf(subject, sizeof subject, "%s: %s", from_environment("RIG_SUBJECT"), which);
    EXPECT_OK(mail, mail_set_subject(mail, subject));
}

static void write_first(mail_t *mail)
{
    static const uint8_t three_bytes[] = {0, 13, 255};
    char content_id[MAIL_CONTENT_ID_SIZE];
    char html[400];
    FILE *file = fopen("report.txt", "wb");
    CHECK(file != NULL && fputs("From a file\n", file) >= 0 && fclose(file) == 0, "report.txt");

    EXPECT_OK(mail, mail_set_from(mail, "Alice", from_environment("RIG_USER")));
    EXPECT_OK(mail, mail_add_recipient(mail, "Bob", from_environment("RIG_RECIPIENT"), MAIL_KIND_TO));
    EXPECT_OK(mail, mail_add_recipient(mail, NULL, from_environment("RIG_REFUSED"), MAIL_KIND_TO));
    set_subject(mail, "first");
    EXPECT_OK(mail, mail_set_text(mail, "Gr\xC3\xBC\xC3\x9F" "e von C\n"));
    EXPECT_OK(mail, mail_add_inline_bytes(mail, three_bytes, sizeof three_bytes, "logo.png", NULL,
                                          content_id, sizeof content_id));
    snprintf(html, sizeof html, "<p>Hello <img src=\"cid:%s\"></p>", content_id);
    EXPECT_OK(mail, mail_set_html(mail, html));
    EXPECT_OK(mail, mail_add_attachment_file(mail, "report.txt", "Gr\xC3\xBC\xC3\x9F" "e.txt", NULL));
    EXPECT_OK(mail, mail_add_attachment_bytes(mail, three_bytes, sizeof three_bytes, "drei Bytes.bin",
                                              "application/octet-stream"));
}

/* What a text getter says of a recipient. */
static const char *of(const mail_t *mail, int32_t index,
                      size_t(MAIL_CALL *getter)(const mail_t *, int32_t, char *, size_t))
{
    static char text[512];
    size_t length = getter(mail, index, text, sizeof text);
    CHECK(length == strlen(text), "%s", text);
    return text;
}

static void check_partial(const mail_t *mail)
{
    char text[512];
    CHECK(mail_last_status(mail) == MAIL_STATUS_PARTIAL, "%s", error_of(mail));
    CHECK(mail_last_outcome(mail) == MAIL_OUTCOME_ACCEPTED, "outcome");
    CHECK(mail_last_stage(mail) == MAIL_STAGE_RECIPIENTS, "%d", (int)mail_last_stage(mail));
    CHECK(strstr(error_of(mail), from_environment("RIG_REFUSED")) != NULL, "%s", error_of(mail));
    CHECK(mail_last_reply_code(mail) == 250, "%d", (int)mail_last_reply_code(mail));
    CHECK(mail_last_reply_enhanced_code(mail, text, sizeof text) == 5, "2.0.0");
    CHECK(strcmp(text, "2.0.0") == 0, "%s", text);
    CHECK(mail_last_reply_text(mail, text, sizeof text) > 0, "a text");
    CHECK(strstr(text, "queued") != NULL, "%s", text);

    CHECK(mail_recipient_count(mail) == 2, "%d", (int)mail_recipient_count(mail));
    CHECK(strcmp(of(mail, 0, mail_recipient_address), from_environment("RIG_RECIPIENT")) == 0, "first");
    CHECK(mail_recipient_accepted(mail, 0) == 1, "first");
    CHECK(mail_recipient_code(mail, 0) == 250, "%d", (int)mail_recipient_code(mail, 0));
    CHECK(strcmp(of(mail, 0, mail_recipient_enhanced_code), "2.1.5") == 0, "first");
    CHECK(of(mail, 0, mail_recipient_text)[0] != '\0', "first");

    CHECK(strcmp(of(mail, 1, mail_recipient_address), from_environment("RIG_REFUSED")) == 0, "second");
    CHECK(mail_recipient_accepted(mail, 1) == 0, "second");
    CHECK(mail_recipient_code(mail, 1) == 550, "%d", (int)mail_recipient_code(mail, 1));
    CHECK(strcmp(of(mail, 1, mail_recipient_enhanced_code), "5.1.1") == 0, "second");
    CHECK(of(mail, 1, mail_recipient_text)[0] != '\0', "second");
}

static void write_second(mail_t *mail)
{
    EXPECT_OK(mail, mail_clear_message(mail));
    CHECK(mail_recipient_count(mail) == 0, "the result is cleared too");
    EXPECT_OK(mail, mail_set_from(mail, "Alice", from_environment("RIG_USER")));
    EXPECT_OK(mail, mail_add_recipients(mail, from_environment("RIG_RECIPIENT"), MAIL_KIND_BCC));
    set_subject(mail, "second");
    EXPECT_OK(mail, mail_set_text(mail, "The second message\n"));
}

static void check_log_file(const char *path, const char *token)
{
    char line[4096];
    int lines = 0;
    FILE *file = fopen(path, "r");
    CHECK(file != NULL, "%s", path);
    for (; fgets(line, sizeof line, file) != NULL; lines++)
        CHECK(strstr(line, token) == NULL, "the token is in the log file");
    fclose(file);
    CHECK(lines > 0, "an empty log file");
}

int main(void)
{
    mail_t *mail = new_mail();
    struct transcript seen = {from_environment("RIG_TOKEN"), 0, 0, 0, 0};
    struct progress progress = {0, 0, 0};
    EXPECT_OK(mail, mail_set_log(mail, on_log, &seen));
    EXPECT_OK(mail, mail_set_log_file(mail, "log.txt"));
    EXPECT_OK(mail, mail_set_progress(mail, on_progress, &progress));
    connect_to_rig(mail);
    EXPECT_OK(mail, mail_set_keep_connection(mail, 1));

    write_first(mail);
    EXPECT(mail, MAIL_STATUS_PARTIAL, mail_send(mail));
    check_partial(mail);
    CHECK(progress.total > 0 && progress.sent == progress.total, "%ld of %ld", (long)progress.sent,
          (long)progress.total);

    progress.sent = 0;
    write_second(mail);
    EXPECT_OK(mail, mail_send(mail));
    CHECK(mail_recipient_count(mail) == 1 && mail_recipient_accepted(mail, 0) == 1, "the second");
    CHECK(seen.connections == 1, "%d connections", seen.connections);
    CHECK(seen.sign_ins == 1, "%d sign-ins", seen.sign_ins);
    CHECK(seen.contents == 2, "%d contents", seen.contents);

    EXPECT_OK(mail, mail_close_connection(mail));
    mail_free(mail);
    check_log_file("log.txt", seen.token);
    return 0;
}
