/*
 * Everything that a host can do wrong, on every function that does something; getters.c has the
 * others. Tables say what each function takes and how it answers to what it does not take; the tests
 * go through them. A function that is in neither fails `misuse_knows_every_function` in tests/c.rs.
 */

#include "misuse.h"

/* What a function is called with; each takes from it what it has a use for. */
struct arguments {
    const char *text[3];
    int64_t number[2];
    const uint8_t *data;
    size_t size;
    char *out;
    size_t cap;
};

/* Every function that returns a status, behind one signature. */
#define CALL(name, ...)                                                  \
    static int32_t do_##name(mail_t *mail, const struct arguments *with) \
    {                                                                    \
        return mail_##name(mail, __VA_ARGS__);                           \
    }
#define ACT(name)                                                        \
    static int32_t do_##name(mail_t *mail, const struct arguments *with) \
    {                                                                    \
        (void)with;                                                      \
        return mail_##name(mail);                                        \
    }
#define TEXT(i) with->text[i]
#define NUMBER(i) (int32_t)with->number[i]
#define DATA with->data, with->size
#define OUT with->out, with->cap

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
CALL(save_eml, TEXT(0))
CALL(set_log, with->number[0] ? ignore_line : NULL, NULL)
CALL(set_log_file, TEXT(0))
CALL(set_progress, with->number[0] ? ignore_progress : NULL, NULL)

/* How a text argument answers to NULL, and to control characters. */
enum {
    REQUIRED = MAIL_STATUS_NULL_POINTER,
    OPTIONAL = MAIL_STATUS_OK,
    ONE_LINE = MAIL_STATUS_INVALID_ARGUMENT,
    ANY_TEXT = MAIL_STATUS_OK,
    NO_FILE = MAIL_STATUS_FILE,
    NEW_FILE = 100 /* no status: what the system says of such a name */
};

struct text_argument {
    const char *name, *good;
    int32_t if_null, if_control;
};

struct number_argument {
    const char *name;
    int64_t good;
    size_t bad_count;
    int64_t bad[4];
};

#define FUNCTION(name) "mail_" #name, do_##name

static const struct function {
    const char *name;
    int32_t (*call)(mail_t *, const struct arguments *);
    int32_t if_good;
    struct text_argument texts[3];
    struct number_argument numbers[2];
    const char *data;    /* the name of the argument for bytes */
    int32_t if_no_bytes; /* the answer to NULL and 0 for them */
    int has_out;         /* gives a content id */
} FUNCTIONS[] = {
#define NONE {{NULL, NULL, 0, 0}}
#define NO_NUMBERS {{NULL, 0, 0, {0}}}
#define FLAG(name) {{name, 1, 0, {0}}}
#define NO_DATA NULL, 0, 0
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
    {FUNCTION(save_eml), 0, {{"path", "saved.eml", REQUIRED, NEW_FILE}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_log), 0, NONE, FLAG("callback"), NO_DATA},
    {FUNCTION(set_log_file), 0, {{"path", "log.txt", OPTIONAL, NEW_FILE}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(set_progress), 0, NONE, FLAG("callback"), NO_DATA},
};

static struct server server;
static char content_id[MAIL_CONTENT_ID_SIZE];

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

static void good_arguments(const struct function *function, struct arguments *with)
{
    for (size_t i = 0; i < 3; i++)
        with->text[i] = function->texts[i].good;
    for (size_t i = 0; i < 2; i++)
        with->number[i] = function->numbers[i].good;
    with->data = (const uint8_t *)"some bytes";
    with->size = 10;
    with->out = content_id;
    with->cap = sizeof content_id;
}

/* Calls with these arguments; a refusal must name the argument and leave the message as it was. */
static void call(const struct function *function, const struct arguments *with, int32_t wanted,
                 const char *argument, const char *what)
{
    static uint8_t after[EML_SIZE];
    mail_t *mail = fixed_message(server.port);
    int32_t status = function->call(mail, with);
    CHECK(status == wanted, "%s, %s %s: %d, not %d: %s", function->name, argument, what, (int)status,
          (int)wanted, error_of(mail));
    CHECK(mail_last_status(mail) == status, "%s, %s %s", function->name, argument, what);
    if (status == MAIL_STATUS_OK) {
        CHECK(error_of(mail)[0] == '\0', "%s: %s", function->name, error_of(mail));
    } else {
        if (status != MAIL_STATUS_FILE && wanted != function->if_good)
            CHECK(strstr(error_of(mail), argument) != NULL, "%s, %s %s: %s", function->name, argument,
                  what, error_of(mail));
        CHECK(strpbrk(error_of(mail), "\r\n") == NULL, "%s, %s %s: %s", function->name, argument, what,
              error_of(mail));
        CHECK(mail_get_eml(mail, after, EML_SIZE) == fixed_size, "%s, %s %s changed something",
              function->name, argument, what);
        CHECK(memcmp(fixed_eml, after, (size_t)fixed_size) == 0, "%s, %s %s changed something",
              function->name, argument, what);
    }
    mail_free(mail);
}

static void test_handles(const struct function *function)
{
    struct arguments with;
    good_arguments(function, &with);
    call(function, &with, function->if_good, "good arguments", "");
    for (size_t i = 0; i < BAD_HANDLES; i++) {
        mail_t *bad = bad_handles[i].mail;
        CHECK(function->call(bad, &with) == MAIL_STATUS_INVALID_HANDLE, "%s, %s", function->name,
              bad_handles[i].what);
        CHECK(mail_last_status(NULL) == MAIL_STATUS_INVALID_HANDLE, "%s", function->name);
        CHECK(mail_last_status(bad) == MAIL_STATUS_INVALID_HANDLE, "%s", function->name);
        CHECK(strstr(error_of(bad), "handle") != NULL, "%s: %s", function->name, error_of(bad));
    }
}

/* The good text with `inset` behind its first byte. */
static const char *spoilt(const char *good, const char *inset)
{
    static char text[200];
    snprintf(text, sizeof text, "%c%s%s", good[0], inset, good + 1);
    return text;
}

static int32_t if_control(const struct text_argument *text, char control)
{
    if (text->if_control != NEW_FILE)
        return text->if_control;
    return NAMES_HAVE_CONTROLS || control > ' ' ? MAIL_STATUS_OK : MAIL_STATUS_FILE;
}

static void test_texts(const struct function *function)
{
    /* No start, half a character, overlong, a surrogate, beyond Unicode. */
    static const char *const NOT_UTF8[] = {"\xFF", "\xC3(", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80"};
    struct arguments with;
    for (size_t i = 0; i < 3 && function->texts[i].name != NULL; i++) {
        const struct text_argument *text = &function->texts[i];
        good_arguments(function, &with);
        with.text[i] = NULL;
        call(function, &with, text->if_null == OPTIONAL ? function->if_good : text->if_null, text->name,
             "is NULL");
        for (size_t j = 0; j < sizeof NOT_UTF8 / sizeof *NOT_UTF8; j++) {
            with.text[i] = spoilt(text->good, NOT_UTF8[j]);
            call(function, &with, MAIL_STATUS_INVALID_UTF8, text->name, "is no UTF-8");
        }
        /* The tab is left out: some texts may have it. */
        for (char control = 1; control > 0; control += control == 31 ? 127 - 31 : control == 8 ? 2 : 1) {
            char inset[2] = {control, '\0'};
            with.text[i] = spoilt(text->good, inset);
            call(function, &with, if_control(text, control), text->name, "has a control character");
            if (control == 127)
                break;
        }
        with.text[i] = spoilt(text->good, "\r\nBcc: eve@example.org");
        call(function, &with, if_control(text, '\n'), text->name, "has a line end");
    }
}

static void test_numbers(const struct function *function)
{
    struct arguments with;
    for (size_t i = 0; i < 2 && function->numbers[i].name != NULL; i++) {
        const struct number_argument *number = &function->numbers[i];
        for (size_t j = 0; j < number->bad_count; j++) {
            good_arguments(function, &with);
            with.number[i] = number->bad[j];
            call(function, &with, MAIL_STATUS_INVALID_ARGUMENT, number->name, "is out of range");
        }
        if (number->bad_count == 0) { /* a flag */
            good_arguments(function, &with);
            with.number[i] = 0;
            call(function, &with, function->if_good, number->name, "is 0");
        }
    }
}

static void test_buffers(const struct function *function)
{
    struct arguments with;
    good_arguments(function, &with);
    if (function->data != NULL) {
        with.data = NULL;
        call(function, &with, MAIL_STATUS_NULL_POINTER, function->data, "is NULL");
        with.size = 0;
        call(function, &with, function->if_no_bytes, function->data, "is NULL, of size 0");
        with.data = (const uint8_t *)"some bytes";
        call(function, &with, function->if_good, function->data, "has size 0");
        with.size = SIZE_MAX;
        call(function, &with, MAIL_STATUS_INVALID_ARGUMENT, function->data, "is larger than the memory");
    }
    good_arguments(function, &with);
    if (function->has_out) {
        with.out = NULL;
        call(function, &with, MAIL_STATUS_NULL_POINTER, "content_id", "is NULL");
        with.cap = 0;
        call(function, &with, MAIL_STATUS_NULL_POINTER, "content_id", "is NULL, of size 0");
        with.out = content_id;
        call(function, &with, MAIL_STATUS_INVALID_ARGUMENT, "cap", "is 0");
        with.cap = sizeof content_id - 1;
        call(function, &with, MAIL_STATUS_INVALID_ARGUMENT, "cap", "is too small");
    }
}

static void test_free(void)
{
    for (size_t i = 0; i < BAD_HANDLES; i++)
        mail_free(bad_handles[i].mail);
    mail_t *mail = mail_new();
    CHECK(mail != NULL, "mail_new");
    mail_free(mail);
    mail_free(mail);
}

int main(void)
{
    find_bad_handles();
    FILE *file = fopen("misuse.txt", "wb");
    CHECK(file != NULL && fputs("no certificate", file) >= 0 && fclose(file) == 0, "misuse.txt");
    server_start(&server);
    write_fixed_message();
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
        test_handles(&FUNCTIONS[i]);
        test_texts(&FUNCTIONS[i]);
        test_numbers(&FUNCTIONS[i]);
        test_buffers(&FUNCTIONS[i]);
    }
    test_free();
    server_stop(&server);
    CHECK(victim == 1, "nobody wrote to a foreign pointer");
    return 0;
}
