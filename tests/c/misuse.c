/*
 * Everything that a host can do wrong, on every function that does something with a mail; getters.c has
 * the others, account_misuse.c those of accounts. A function that is in none of them fails
 * `misuse_knows_every_function` in tests/c.rs.
 */

#include "misuse_table.h"

static void MAIL_CALL ignore_line(void *user_data, const char *line)
{
    (void)user_data, (void)line;
}

static int32_t MAIL_CALL ignore_progress(void *user_data, int64_t sent, int64_t total)
{
    (void)user_data, (void)sent, (void)total;
    return 0;
}

ACT(clear_message)
CALL(set_server, TEXT(0), NUMBER(0))
CALL(set_security, NUMBER(0))
CALL(allow_plaintext_auth, NUMBER(0))
CALL(set_ehlo_name, TEXT(0))
CALL(set_proxy, TEXT(0), TEXT(1), TEXT(2))
CALL(set_timeout, NUMBER(0))
CALL(add_ca_file, TEXT(0))
CALL(add_ca_pem, DATA)
CALL(accept_invalid_certificate, NUMBER(0))
CALL(set_keep_connection, NUMBER(0))
ACT(close_connection)
CALL(set_auth_xoauth2, TEXT(0), TEXT(1))
CALL(set_auth_oauthbearer, TEXT(0), TEXT(1))
CALL(set_auth_password, NUMBER(0), TEXT(0), TEXT(1))
ACT(set_auth_none)
CALL(set_from, TEXT(0), TEXT(1))
CALL(set_sender, TEXT(0), TEXT(1))
CALL(set_return_path, TEXT(0))
CALL(set_reply_to, TEXT(0), TEXT(1))
CALL(add_recipient, TEXT(0), TEXT(1), NUMBER(0))
CALL(add_recipients, TEXT(0), NUMBER(0))
CALL(set_subject, TEXT(0))
CALL(set_text, TEXT(0))
CALL(set_html, TEXT(0))
CALL(add_header, TEXT(0), TEXT(1))
CALL(set_date, with->number[0], NUMBER(1))
CALL(set_message_id, TEXT(0))
CALL(set_priority, NUMBER(0))
CALL(set_importance, NUMBER(0))
CALL(request_read_receipt, NUMBER(0), TEXT(0))
CALL(add_attachment_file, TEXT(0), TEXT(1), TEXT(2))
CALL(add_attachment_bytes, DATA, TEXT(0), TEXT(1))
CALL(add_inline_file, TEXT(0), TEXT(1), TEXT(2), OUT)
CALL(add_inline_bytes, DATA, TEXT(0), TEXT(1), OUT)
CALL(set_all_or_none, NUMBER(0))
ACT(send)
ACT(cancel)
ACT(diagnose)
CALL(save_eml, TEXT(0))
CALL(set_log, with->number[0] ? ignore_line : NULL, NULL)
CALL(set_log_file, TEXT(0))
CALL(set_progress, with->number[0] ? ignore_progress : NULL, NULL)

static const struct function FUNCTIONS[] = {
#define KIND {{"kind", MAIL_KIND_CC, 3, {-1, 3, INT32_MAX}}}
#define USER {"user", "anna@example.org", REQUIRED, ONE_LINE}
#define TOKEN {"access_token", "ya29.token", REQUIRED, ONE_LINE}
#define NAME(if_null) {"name", "A name", if_null, ONE_LINE}
#define ADDRESS(if_null) {"address", "carol@example.org", if_null, ONE_LINE}
#define FILE_PATH {"path", "misuse.txt", REQUIRED, NO_FILE}
#define CONTENT_TYPE {"content_type", "text/plain", OPTIONAL, ONE_LINE}
    {FUNCTION(clear_message), 0, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_server), 0, {{"host", "mail.test", REQUIRED, ONE_LINE}},
     {{"port", 587, 4, {0, -1, 70000, INT32_MIN}}}, NO_DATA},
    {FUNCTION(set_security), 0, NONE, {{"security", 2, 3, {-1, 5, INT32_MAX}}}, NO_DATA},
    {FUNCTION(allow_plaintext_auth), 0, NONE, FLAG("allow"), NO_DATA},
    {FUNCTION(set_ehlo_name), 0, {{"name", "pc.test", OPTIONAL, ONE_LINE}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_proxy), 0,
     {{"proxy", "http://proxy.test:3128", OPTIONAL, ONE_LINE}, USER, {"password", "s3cret", REQUIRED, ONE_LINE}},
     NO_NUMBERS, NO_DATA},
    {FUNCTION(set_timeout), 0, NONE, {{"timeout_ms", 1000, 3, {0, -1, 86400001}}}, NO_DATA},
    /* Neither is PEM: what is good about them is only that they can be read. */
    {FUNCTION(add_ca_file), MAIL_STATUS_INVALID_ARGUMENT, {FILE_PATH}, NO_NUMBERS, NO_DATA},
    {FUNCTION(add_ca_pem), MAIL_STATUS_INVALID_ARGUMENT, NONE, NO_NUMBERS, "pem",
     MAIL_STATUS_NULL_POINTER, 0},
    {FUNCTION(accept_invalid_certificate), 0, NONE, FLAG("accept"), NO_DATA},
    {FUNCTION(set_keep_connection), 0, NONE, FLAG("keep"), NO_DATA},
    {FUNCTION(close_connection), 0, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_auth_xoauth2), 0, {USER, TOKEN}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_auth_oauthbearer), 0, {USER, TOKEN}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_auth_password), 0, {USER, {"password", "s3cret", REQUIRED, ONE_LINE}},
     {{"mechanism", MAIL_MECHANISM_LOGIN, 4, {1, 2, -2, 4}}}, NO_DATA},
    {FUNCTION(set_auth_none), 0, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_from), 0, {NAME(OPTIONAL), ADDRESS(REQUIRED)}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_sender), 0, {NAME(OPTIONAL), ADDRESS(OPTIONAL)}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_return_path), 0, {ADDRESS(OPTIONAL)}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_reply_to), 0, {NAME(OPTIONAL), ADDRESS(OPTIONAL)}, NO_NUMBERS, NO_DATA},
    {FUNCTION(add_recipient), 0, {NAME(OPTIONAL), ADDRESS(REQUIRED)}, KIND, NO_DATA},
    {FUNCTION(add_recipients), 0, {{"list", "carol@example.org, d@example.org", REQUIRED, ONE_LINE}}, KIND,
     NO_DATA},
    {FUNCTION(set_subject), 0, {{"subject", "A subject", REQUIRED, ONE_LINE}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_text), 0, {{"body", "A text", OPTIONAL, ANY_TEXT}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_html), 0, {{"body", "<p>A text", OPTIONAL, ANY_TEXT}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(add_header), 0,
     {{"name", "X-Order", REQUIRED, ONE_LINE}, {"value", "A value", REQUIRED, ONE_LINE}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_date), 0, NONE,
     {{"unix_seconds", 0, 2, {-1, 253402300800}}, {"offset_minutes", 60, 2, {-1440, 1440}}}, NO_DATA},
    {FUNCTION(set_message_id), 0, {{"message_id", "<a@example.org>", OPTIONAL, ONE_LINE}}, NO_NUMBERS,
     NO_DATA},
    {FUNCTION(set_priority), 0, NONE, {{"priority", 1, 3, {-1, 6, INT32_MAX}}}, NO_DATA},
    {FUNCTION(set_importance), 0, NONE, {{"importance", 1, 3, {-1, 3, INT32_MAX}}}, NO_DATA},
    {FUNCTION(request_read_receipt), 0, {ADDRESS(OPTIONAL)}, FLAG("request"), NO_DATA},
    {FUNCTION(add_attachment_file), 0, {FILE_PATH, NAME(OPTIONAL), CONTENT_TYPE}, NO_NUMBERS, NO_DATA},
    {FUNCTION(add_attachment_bytes), 0, {NAME(REQUIRED), CONTENT_TYPE}, NO_NUMBERS, "data", 0, 0},
    {FUNCTION(add_inline_file), 0, {FILE_PATH, NAME(OPTIONAL), CONTENT_TYPE}, NO_NUMBERS, NULL, 0, 1},
    {FUNCTION(add_inline_bytes), 0, {NAME(REQUIRED), CONTENT_TYPE}, NO_NUMBERS, "data", 0, 1},
    {FUNCTION(set_all_or_none), 0, NONE, FLAG("all_or_none"), NO_DATA},
    {FUNCTION(send), 0, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(cancel), 0, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(diagnose), 0, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(save_eml), 0, {{"path", "saved.eml", REQUIRED, NEW_FILE}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_log), 0, NONE, FLAG("callback"), NO_DATA},
    {FUNCTION(set_log_file), 0, {{"path", "log.txt", OPTIONAL, NEW_FILE}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_progress), 0, NONE, FLAG("callback"), NO_DATA},
};

static struct server server;

/* How the fixed message looks. */
static uint8_t fixed_eml[EML_SIZE];
static int64_t fixed_size;

static void write_fixed_message(void)
{
    mail_t *mail = fixed_message(server.port);
    fixed_size = mail_get_eml(mail, fixed_eml, EML_SIZE);
    CHECK(fixed_size > 0 && fixed_size < EML_SIZE, "%s", error_of(mail));
    mail_free(mail);
}

static void *make(void)
{
    return fixed_message(server.port);
}

static void release(void *mail)
{
    mail_free(mail);
}

static int32_t last_status(const void *mail)
{
    return mail_last_status(mail);
}

static size_t error_text(const void *mail, char *buf, size_t cap)
{
    return mail_last_error(mail, buf, cap);
}

static int is_unchanged(void *mail)
{
    static uint8_t after[EML_SIZE];
    return mail_get_eml(mail, after, EML_SIZE) == fixed_size
           && memcmp(fixed_eml, after, (size_t)fixed_size) == 0;
}

static const struct kind SUBJECT = {make, release, last_status, error_text, is_unchanged};

static void test_free(void)
{
    for (size_t i = 0; i < BAD_HANDLES; i++)
        mail_free(bad_handles[i].handle);
    mail_t *mail = mail_new();
    CHECK(mail != NULL, "mail_new");
    mail_free(mail);
    mail_free(mail);
}

/* An account that is none is an error of the mail, which keeps its sign-in. */
static void test_set_account(void)
{
    mail_t *mail = new_mail();
    mail_account_t *account = mail_account_new("google", NULL);
    EXPECT(mail, MAIL_STATUS_INVALID_HANDLE, mail_set_account(mail, NULL));
    EXPECT(mail, MAIL_STATUS_INVALID_HANDLE, mail_set_account(mail, (mail_account_t *)mail));
    CHECK(strstr(error_of(mail), "account") != NULL, "%s", error_of(mail));
    for (size_t i = 0; i < BAD_HANDLES; i++)
        CHECK(mail_set_account(bad_handles[i].handle, account) == MAIL_STATUS_INVALID_HANDLE, "%s",
              bad_handles[i].what);
    EXPECT_OK(mail, mail_set_account(mail, account));
    mail_account_free(account);
    EXPECT(mail, MAIL_STATUS_INVALID_HANDLE, mail_set_account(mail, account));
    mail_free(mail);
}

int main(void)
{
    mail_t *freed = new_mail();
    mail_account_t *account = mail_account_new("google", NULL);
    mail_free(freed);
    find_bad_handles(freed, account);
    FILE *file = fopen("misuse.txt", "wb");
    CHECK(file != NULL && fputs("no certificate", file) >= 0 && fclose(file) == 0, "misuse.txt");
    server_start(&server);
    write_fixed_message();
    test_functions(FUNCTIONS, sizeof FUNCTIONS / sizeof *FUNCTIONS);
    test_free();
    test_set_account();
    server_stop(&server);
    mail_account_free(account);
    CHECK(victim == 1, "nobody wrote to a foreign pointer");
    return 0;
}
