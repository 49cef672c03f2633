/*
 * Everything that a host can do wrong with an account, on every function that takes one. The sister of
 * misuse.c and getters.c.
 */

#include "misuse_table.h"

#include "account.h"

#ifdef _WIN32
enum { IF_KEYRING = MAIL_STATUS_OK }; /* there is always one */
#else
enum { IF_KEYRING = MAIL_STATUS_STORE }; /* main() takes it away */
#endif

static void MAIL_CALL ignore_sign_in(void *user_data, const char *url, const char *user_code,
                                     const char *message, int32_t expires_in)
{
    (void)user_data, (void)url, (void)user_code, (void)message, (void)expires_in;
}

static int64_t MAIL_CALL no_token(void *user_data, char *buf, size_t cap)
{
    (void)user_data, (void)buf, (void)cap;
    return -1;
}

static int64_t MAIL_CALL no_store(void *user_data, int32_t operation, const char *name, uint8_t *data,
                                  size_t size)
{
    (void)user_data, (void)operation, (void)name, (void)data, (void)size;
    return operation == MAIL_STORE_OPERATION_LOCK;
}

CALL(account_set_client, TEXT(0), TEXT(1))
CALL(account_set_tenant, TEXT(0))
CALL(account_set_user, TEXT(0))
CALL(account_add_scope, TEXT(0))
CALL(account_add_parameter, TEXT(0), TEXT(1))
CALL(account_add_ca_file, TEXT(0))
CALL(account_add_ca_pem, DATA)
CALL(account_set_proxy, TEXT(0), TEXT(1), TEXT(2))
CALL(account_set_timeout, NUMBER(0))
CALL(account_set_program, TEXT(0))
CALL(account_look_at_tokens, NUMBER(0))
ACT(account_cancel)
ACT(account_use_client_credentials)
CALL(account_use_certificate_pem, DATA, DATA)
CALL(account_use_certificate_pfx, DATA, TEXT(0))
CALL(account_use_service_account, DATA)
CALL(account_set_refresh_token, TEXT(0))
CALL(account_set_token_callback, with->number[0] ? no_token : NULL, NULL)
CALL(account_set_store_file, TEXT(0))
CALL(account_set_store_keyring, TEXT(0), TEXT(1))
CALL(account_set_store_callback, with->number[0] ? no_store : NULL, NULL)
CALL(account_export, TEXT(0), TEXT(1))
CALL(account_import, TEXT(0), TEXT(1))
CALL(account_set_sign_in_callback, with->number[0] ? ignore_sign_in : NULL, NULL)
CALL(account_allow_browser, NUMBER(0))
CALL(account_allow_interactive, NUMBER(0))
CALL(account_sign_in, NUMBER(0))
ACT(account_sign_in_device)
ACT(account_begin_sign_in)
ACT(account_begin_device_sign_in)
ACT(account_open_browser)
ACT(account_poll_sign_in)
CALL(account_complete_sign_in, TEXT(0))
ACT(account_check_sign_in)
ACT(account_sign_out)
ACT(account_fetch_token)

#define PASSPHRASE {"passphrase", "correct horse", REQUIRED, ANY_TEXT}

static const struct function FUNCTIONS[] = {
    {FUNCTION(account_set_client), 0,
     {{"client_id", "id", REQUIRED, ONE_LINE}, {"client_secret", "s3cret", OPTIONAL, ONE_LINE}}, NO_NUMBERS,
     NO_DATA},
    {FUNCTION(account_set_tenant), 0, {{"tenant", "contoso.example", REQUIRED, ONE_LINE}}, NO_NUMBERS,
     NO_DATA},
    {FUNCTION(account_set_user), 0, {{"user", "bob@example.org", REQUIRED, ONE_LINE}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_add_scope), 0, {{"scope", "more", REQUIRED, ONE_LINE}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_add_parameter), 0,
     {{"name", "audience", REQUIRED, ONE_LINE}, {"value", "mail", REQUIRED, ANY_TEXT}}, NO_NUMBERS, NO_DATA},
    /* Neither is PEM: what is good about them is only that they can be read. */
    {FUNCTION(account_add_ca_file), MAIL_STATUS_INVALID_ARGUMENT,
     {{"path", "misuse.txt", REQUIRED, NO_FILE}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_add_ca_pem), MAIL_STATUS_INVALID_ARGUMENT, NONE, NO_NUMBERS, "pem",
     MAIL_STATUS_NULL_POINTER, 0},
    {FUNCTION(account_set_proxy), 0,
     {{"proxy", "http://proxy.test:3128", OPTIONAL, ONE_LINE}, {"user", "anna", REQUIRED, ONE_LINE},
      {"password", "s3cret", REQUIRED, ONE_LINE}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_set_timeout), 0, NONE, {{"timeout_ms", 1000, 3, {0, -1, 86400001}}}, NO_DATA},
    {FUNCTION(account_set_program), 0, {{"name", "Invoices", REQUIRED, ANY_TEXT}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_look_at_tokens), 0, NONE, FLAG("look"), NO_DATA},
    {FUNCTION(account_cancel), 0, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_use_client_credentials), 0, NONE, NO_NUMBERS, NO_DATA},
    /* None of them is what it should be. */
    {FUNCTION(account_use_certificate_pem), MAIL_STATUS_INVALID_ARGUMENT, NONE, NO_NUMBERS, "key",
     MAIL_STATUS_NULL_POINTER, 0},
    {FUNCTION(account_use_certificate_pfx), MAIL_STATUS_INVALID_ARGUMENT,
     {{"password", "s3cret", REQUIRED, ANY_TEXT}}, NO_NUMBERS, "pfx", MAIL_STATUS_NULL_POINTER, 0},
    {FUNCTION(account_use_service_account), MAIL_STATUS_INVALID_ARGUMENT, NONE, NO_NUMBERS, "json",
     MAIL_STATUS_NULL_POINTER, 0},
    {FUNCTION(account_set_refresh_token), 0, {{"refresh_token", "1//refresh", REQUIRED, ONE_LINE}},
     NO_NUMBERS, NO_DATA},
    {FUNCTION(account_set_token_callback), 0, NONE, FLAG("callback"), NO_DATA},
    {FUNCTION(account_set_store_file), 0, {{"folder", "store", REQUIRED, NEW_FOLDER}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_set_store_keyring), IF_KEYRING,
     {{"folder", "encrypted", REQUIRED, NEW_FOLDER}, {"service", "Misuse", REQUIRED, ANY_TEXT}}, NO_NUMBERS,
     NO_DATA},
    {FUNCTION(account_set_store_callback), 0, NONE, FLAG("callback"), NO_DATA},
    /* Nobody has signed in. */
    {FUNCTION(account_export), MAIL_STATUS_NEEDS_SIGN_IN,
     {{"path", "exported", REQUIRED, ANY_TEXT}, PASSPHRASE}, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_import), MAIL_STATUS_STORE, {{"path", "misuse.txt", REQUIRED, ANY_TEXT}, PASSPHRASE},
     NO_NUMBERS, NO_DATA},
    {FUNCTION(account_set_sign_in_callback), 0, NONE, FLAG("callback"), NO_DATA},
    {FUNCTION(account_allow_browser), 0, NONE, FLAG("allow"), NO_DATA},
    {FUNCTION(account_allow_interactive), 0, NONE, FLAG("allow"), NO_DATA},
    {FUNCTION(account_sign_in), MAIL_STATUS_TIMEOUT, NONE, {{"timeout_ms", 1, 3, {0, -1, 86400001}}},
     NO_DATA},
    {FUNCTION(account_sign_in_device), MAIL_STATUS_CONNECT, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_begin_sign_in), 0, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_begin_device_sign_in), MAIL_STATUS_CONNECT, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_open_browser), MAIL_STATUS_NEEDS_SIGN_IN, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_poll_sign_in), MAIL_STATUS_NEEDS_SIGN_IN, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_complete_sign_in), MAIL_STATUS_NEEDS_SIGN_IN,
     {{"address", "http://127.0.0.1:9/back?code=a&state=b", REQUIRED, ANY_TEXT}}, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_check_sign_in), MAIL_STATUS_NEEDS_SIGN_IN, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_sign_out), 0, NONE, NO_NUMBERS, NO_DATA},
    {FUNCTION(account_fetch_token), MAIL_STATUS_NEEDS_SIGN_IN, NONE, NO_NUMBERS, NO_DATA},
};

static void *make(void)
{
    return new_account();
}

static void release(void *account)
{
    mail_account_free(account);
}

static int32_t last_status(const void *account)
{
    return mail_account_last_status(account);
}

static size_t error_text(const void *account, char *buf, size_t cap)
{
    return mail_account_last_error(account, buf, cap);
}

/* Takes out of a URL what is different every time. */
static void without_the_random(char *url)
{
    static const char *const VALUES[] = {"127.0.0.1%3A", "state=", "nonce=", "code_challenge="};
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
        char *value = strstr(url, VALUES[i]);
        if (value == NULL)
            continue;
        value += strlen(VALUES[i]);
        memmove(value, value + strcspn(value, "&%"), strlen(value + strcspn(value, "&%")) + 1);
    }
}

/* The settings show in the URL of a sign-in. */
static void write_url(mail_account_t *account, char *url, size_t size)
{
    ACCOUNT_OK(account, mail_account_begin_sign_in(account));
    CHECK(mail_account_sign_in_url(account, url, size) < size, "the URL");
    without_the_random(url);
}

static char fresh_url[2048];

static void write_fresh_url(void)
{
    mail_account_t *fresh = new_account();
    write_url(fresh, fresh_url, sizeof fresh_url);
    mail_account_free(fresh);
}

static int is_unchanged(void *account)
{
    char after[2048];
    write_url(account, after, sizeof after);
    return strcmp(fresh_url, after) == 0;
}

static const struct kind SUBJECT = {make, release, last_status, error_text, is_unchanged};

static void test_new_and_free(void)
{
    static const char *const NOT_JSON[] = {"", "[]", "{\"custom\": 1}", "{\"custom\": {\"smpt\": 1}}"};
    CHECK(mail_account_new(NULL, NULL) == NULL, "NULL");
    CHECK(mail_account_last_status(NULL) == MAIL_STATUS_NULL_POINTER, "%s", account_error_of(NULL));
    CHECK(mail_account_new("hotmale", NULL) == NULL, "an unknown provider");
    CHECK(strstr(account_error_of(NULL), "hotmale") != NULL, "%s", account_error_of(NULL));
    CHECK(mail_account_new("\xFF", NULL) == NULL, "no UTF-8");
    CHECK(mail_last_status(NULL) == MAIL_STATUS_INVALID_UTF8, "the error of the thread is one");
    for (size_t i = 0; i < sizeof NOT_JSON / sizeof *NOT_JSON; i++)
        CHECK(mail_account_new("custom", NOT_JSON[i]) == NULL, "%s", NOT_JSON[i]);
    for (size_t i = 0; i < BAD_HANDLES; i++)
        mail_account_free(bad_handles[i].handle);
    CHECK(mail_last_status(bad_handles[5].handle) == MAIL_STATUS_OK, "a mail is not freed as an account");
    mail_account_t *account = new_account();
    mail_account_free(account);
    mail_account_free(account);
}

/* All ask behind one signature. */
#define TEXT_GETTER(name)                                                                     \
    static size_t get_##name(const void *account, int32_t index, char *buf, size_t cap)       \
    {                                                                                         \
        (void)index;                                                                          \
        return mail_account_##name(account, buf, cap);                                        \
    }

TEXT_GETTER(last_error)
TEXT_GETTER(last_cause)
TEXT_GETTER(last_advice)
TEXT_GETTER(last_link)
TEXT_GETTER(last_error_json)
TEXT_GETTER(sign_in_url)
TEXT_GETTER(sign_in_message)
TEXT_GETTER(sign_in_complete_url)
TEXT_GETTER(sign_in_user_code)
TEXT_GETTER(access_token)
TEXT_GETTER(token_scopes)
TEXT_GETTER(address)
TEXT_GETTER(user_name)

static const struct {
    const char *name;
    text_getter *get;
    int has_text; /* for the account of test_getters() */
    int of_error; /* a bad handle asks for the error of the thread */
} TEXT_GETTERS[] = {
    {"mail_account_last_error", get_last_error, 1, 1},
    {"mail_account_last_cause", get_last_cause, 1, 1},
    {"mail_account_last_advice", get_last_advice, 1, 1},
    {"mail_account_last_error_json", get_last_error_json, 1, 1},
    {"mail_account_last_link", get_last_link, 0, 1},
    {"mail_account_sign_in_url", get_sign_in_url, 1, 0},
    {"mail_account_sign_in_message", get_sign_in_message, 1, 0},
    {"mail_account_sign_in_complete_url", get_sign_in_complete_url, 0, 0},
    {"mail_account_sign_in_user_code", get_sign_in_user_code, 0, 0},
    {"mail_account_access_token", get_access_token, 1, 0},
    {"mail_account_token_scopes", get_token_scopes, 0, 0},
    {"mail_account_address", get_address, 0, 0},
    {"mail_account_user_name", get_user_name, 0, 0},
};

static int64_t MAIL_CALL give_token(void *user_data, char *buf, size_t cap)
{
    (void)user_data;
    return snprintf(buf, cap, "own-token") > 0 ? 3600 : -1;
}

static void check_no_text(size_t getter, const void *account)
{
    char text[100] = "left over";
    size_t length = TEXT_GETTERS[getter].get(account, 0, text, sizeof text);
    CHECK(length == 0 && text[0] == '\0', "%s: %s", TEXT_GETTERS[getter].name, text);
}

static void test_getters(void)
{
    mail_account_t *account = new_account();
    ACCOUNT_OK(account, mail_account_begin_sign_in(account));
    ACCOUNT_OK(account, mail_account_set_token_callback(account, give_token, NULL));
    ACCOUNT_OK(account, mail_account_fetch_token(account));
    EXPECT_ACCOUNT(account, MAIL_STATUS_INVALID_ARGUMENT, mail_account_set_timeout(account, 0));
    for (size_t i = 0; i < sizeof TEXT_GETTERS / sizeof *TEXT_GETTERS; i++) {
        if (TEXT_GETTERS[i].has_text)
            check_every_cap(TEXT_GETTERS[i].name, TEXT_GETTERS[i].get, account, 0);
        else
            check_no_text(i, account);
        for (size_t j = 0; j < BAD_HANDLES && !TEXT_GETTERS[i].of_error; j++)
            check_no_text(i, bad_handles[j].handle);
    }
    CHECK(mail_account_last_stage(account) == MAIL_STAGE_ARGUMENT, "the stage");
    CHECK(mail_account_last_retry_after(account) == -1, "something has to be changed");
    CHECK(mail_account_token_expires_at(account) > 1700000000, "the end of the token");
    CHECK(mail_account_sign_in_expires_in(account) == 0, "nobody says so");
    for (size_t i = 0; i < BAD_HANDLES; i++) {
        CHECK(mail_account_token_expires_at(bad_handles[i].handle) == 0, "%s", bad_handles[i].what);
        CHECK(mail_account_sign_in_expires_in(bad_handles[i].handle) == 0, "%s", bad_handles[i].what);
    }
    CHECK(mail_account_last_status(account) == MAIL_STATUS_INVALID_ARGUMENT, "asking changes nothing");
    mail_account_free(account);
}

int main(void)
{
#ifndef _WIN32
    CHECK(setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1) == 0, "setenv");
#endif
    mail_account_t *freed = new_account();
    mail_t *mail = new_mail();
    mail_account_free(freed);
    find_bad_handles(freed, mail);
    FILE *file = fopen("misuse.txt", "wb");
    CHECK(file != NULL && fputs("no certificate", file) >= 0 && fclose(file) == 0, "misuse.txt");
    write_fresh_url();
    test_functions(FUNCTIONS, sizeof FUNCTIONS / sizeof *FUNCTIONS);
    test_new_and_free();
    test_getters();
    mail_free(mail);
    CHECK(victim == 1, "nobody wrote to a foreign pointer");
    return 0;
}
