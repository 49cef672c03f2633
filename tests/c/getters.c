/*
 * Everything that a host can do wrong when it asks: every size of buffer, no buffer, recipients that
 * there are not, and handles that are none. The sister of misuse.c.
 */

#include "misuse.h"

/* All ask behind one signature, for one recipient or none, whatever convention the library has. */
#define TEXT_GETTER(name)                                                                     \
    static size_t get_##name(const void *mail, int32_t index, char *buf, size_t cap)          \
    {                                                                                         \
        (void)index;                                                                          \
        return mail_##name(mail, buf, cap);                                                   \
    }
#define NUMBER_GETTER(name)                                                                   \
    static int32_t get_##name(const void *mail, int32_t index)                                \
    {                                                                                         \
        (void)index;                                                                          \
        return mail_##name(mail);                                                             \
    }

#define TEXT_OF(name)                                                                         \
    static size_t get_##name(const void *mail, int32_t index, char *buf, size_t cap)          \
    {                                                                                         \
        return mail_##name(mail, index, buf, cap);                                            \
    }
#define NUMBER_OF(name)                                                                       \
    static int32_t get_##name(const void *mail, int32_t index)                                \
    {                                                                                         \
        return mail_##name(mail, index);                                                      \
    }

TEXT_GETTER(last_error)
TEXT_GETTER(last_cause)
TEXT_GETTER(last_advice)
TEXT_GETTER(last_link)
TEXT_GETTER(last_error_json)
TEXT_GETTER(last_reply_enhanced_code)
TEXT_GETTER(last_reply_text)
TEXT_GETTER(diagnosis_text)
TEXT_GETTER(diagnosis_json)
NUMBER_GETTER(last_status)
NUMBER_GETTER(last_stage)
NUMBER_GETTER(last_retry_after)
NUMBER_GETTER(last_outcome)
NUMBER_GETTER(last_reply_code)
NUMBER_GETTER(recipient_count)
TEXT_OF(recipient_address)
TEXT_OF(recipient_enhanced_code)
TEXT_OF(recipient_text)
NUMBER_OF(recipient_accepted)
NUMBER_OF(recipient_code)

/* About the last error: a bad handle asks for the error of the thread. */
enum { OF_ERROR, OF_SEND, OF_RECIPIENT };

static const struct {
    const char *name;
    text_getter *get;
    int of;
} TEXT_GETTERS[] = {
    {"mail_last_error", get_last_error, OF_ERROR},
    {"mail_last_cause", get_last_cause, OF_ERROR},
    {"mail_last_advice", get_last_advice, OF_ERROR},
    {"mail_last_error_json", get_last_error_json, OF_ERROR},
    {"mail_last_reply_enhanced_code", get_last_reply_enhanced_code, OF_SEND},
    {"mail_last_reply_text", get_last_reply_text, OF_SEND},
    {"mail_diagnosis_text", get_diagnosis_text, OF_SEND},
    {"mail_diagnosis_json", get_diagnosis_json, OF_SEND},
    {"mail_recipient_address", get_recipient_address, OF_RECIPIENT},
    {"mail_recipient_enhanced_code", get_recipient_enhanced_code, OF_RECIPIENT},
    {"mail_recipient_text", get_recipient_text, OF_RECIPIENT},
};

static const struct {
    const char *name;
    int32_t (*get)(const void *, int32_t);
    int of;
} NUMBER_GETTERS[] = {
    {"mail_last_status", get_last_status, OF_ERROR},
    {"mail_last_stage", get_last_stage, OF_ERROR},
    {"mail_last_retry_after", get_last_retry_after, OF_ERROR},
    {"mail_last_outcome", get_last_outcome, OF_SEND},
    {"mail_last_reply_code", get_last_reply_code, OF_SEND},
    {"mail_recipient_count", get_recipient_count, OF_SEND},
    {"mail_recipient_accepted", get_recipient_accepted, OF_RECIPIENT},
    {"mail_recipient_code", get_recipient_code, OF_RECIPIENT},
};

static const int32_t BAD_INDEXES[] = {-1, 2, INT32_MAX, INT32_MIN};
enum { BAD_INDEX_COUNT = sizeof BAD_INDEXES / sizeof *BAD_INDEXES, REFUSED_INDEX = 1 };

static void check_no_text(size_t getter, const mail_t *mail, int32_t index)
{
    char text[100] = "left over";
    size_t length = TEXT_GETTERS[getter].get(mail, index, text, sizeof text);
    CHECK(length == 0 && text[0] == '\0', "%s: %s", TEXT_GETTERS[getter].name, text);
}

static void test_getters(int port)
{
    mail_t *mail = fixed_message(port);
    EXPECT_OK(mail, mail_add_recipient(mail, NULL, "nobody@example.org", MAIL_KIND_TO));
    CHECK(mail_diagnosis_text(mail, NULL, 0) == 0, "nothing was diagnosed yet");
    EXPECT(mail, MAIL_STATUS_PARTIAL, mail_diagnose(mail));
    CHECK(mail_last_reply_code(mail) == 0, "nothing was sent");
    EXPECT(mail, MAIL_STATUS_PARTIAL, mail_send(mail));
    for (size_t i = 0; i < sizeof TEXT_GETTERS / sizeof *TEXT_GETTERS; i++) {
        check_every_cap(TEXT_GETTERS[i].name, TEXT_GETTERS[i].get, mail, REFUSED_INDEX);
        for (size_t j = 0; j < BAD_HANDLES && TEXT_GETTERS[i].of != OF_ERROR; j++)
            check_no_text(i, bad_handles[j].handle, 0);
        for (size_t j = 0; j < BAD_INDEX_COUNT && TEXT_GETTERS[i].of == OF_RECIPIENT; j++)
            check_no_text(i, mail, BAD_INDEXES[j]);
    }
    for (size_t i = 0; i < sizeof NUMBER_GETTERS / sizeof *NUMBER_GETTERS; i++) {
        CHECK(NUMBER_GETTERS[i].get(mail, 0) != 0, "%s", NUMBER_GETTERS[i].name);
        for (size_t j = 0; j < BAD_HANDLES && NUMBER_GETTERS[i].of != OF_ERROR; j++)
            CHECK(NUMBER_GETTERS[i].get(bad_handles[j].handle, 0) == 0, "%s", NUMBER_GETTERS[i].name);
        for (size_t j = 0; j < BAD_INDEX_COUNT && NUMBER_GETTERS[i].of == OF_RECIPIENT; j++)
            CHECK(NUMBER_GETTERS[i].get(mail, BAD_INDEXES[j]) == 0, "%s", NUMBER_GETTERS[i].name);
    }
    CHECK(get_last_link(mail, 0, NULL, 0) == 0, "no provider has a page about nobody");
    CHECK(mail_last_status(mail) == MAIL_STATUS_PARTIAL, "asking changes nothing");
    mail_free(mail);
}

static void test_get_eml(int port)
{
    enum { CANARY = 0x23 };
    static uint8_t buffer[EML_SIZE];
    mail_t *mail = fixed_message(port);
    int64_t size = mail_get_eml(mail, NULL, 0);
    CHECK(size > 0 && size + 1 < EML_SIZE, "%s", error_of(mail));
    CHECK(mail_get_eml(mail, NULL, 10) == MAIL_STATUS_NULL_POINTER, "NULL");
    CHECK(strstr(error_of(mail), "buf") != NULL, "%s", error_of(mail));
    CHECK(mail_get_eml(mail, buffer, SIZE_MAX) == MAIL_STATUS_INVALID_ARGUMENT, "SIZE_MAX");
    CHECK(strstr(error_of(mail), "buf") != NULL, "%s", error_of(mail));
    for (size_t cap = 0; cap <= (size_t)size + 1; cap++) {
        memset(buffer, CANARY, sizeof buffer);
        CHECK(mail_get_eml(mail, buffer, cap) == size, "%u", (unsigned)cap);
        size_t written = cap < (size_t)size ? 0 : (size_t)size;
        CHECK(buffer[written] == CANARY, "%u", (unsigned)cap);
        CHECK(written == 0 || buffer[written - 1] == '\n', "%u", (unsigned)cap);
    }
    for (size_t i = 0; i < BAD_HANDLES; i++)
        CHECK(mail_get_eml(bad_handles[i].handle, buffer, sizeof buffer) == MAIL_STATUS_INVALID_HANDLE,
              "%s", bad_handles[i].what);
    mail_free(mail);
}

/* What takes no handle takes every number. */
static void test_library(void)
{
    CHECK(mail_library_version() != NULL, "a version");
    CHECK(mail_library_abi() == MAIL_ABI_VERSION, "%d", (int)mail_library_abi());
    CHECK(mail_status_text(INT32_MAX) != NULL && mail_status_text(INT32_MIN) != NULL, "a text");
}

int main(void)
{
    static struct server server;
    mail_t *freed = new_mail();
    mail_account_t *account = mail_account_new("google", NULL);
    mail_free(freed);
    find_bad_handles(freed, account);
    server_start(&server);
    test_getters(server.port);
    test_get_eml(server.port);
    test_library();
    server_stop(&server);
    mail_account_free(account);
    CHECK(victim == 1, "nobody wrote to a foreign pointer");
    return 0;
}
