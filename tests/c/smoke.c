/* The least a host does: ask the library who it is, make messages, save them, read errors. */

#include "check.h"

/* Of the library in use and of the header, which belong together here. */
static void test_identity(void)
{
    CHECK(strcmp(mail_library_version(), MAIL_VERSION) == 0, "%s", mail_library_version());
    CHECK(mail_library_abi() == MAIL_ABI_VERSION, "%d", (int)mail_library_abi());
}

static void test_status_texts(void)
{
    const char *unknown = "unknown status";
    for (int32_t status = -100; status <= 10; status++) {
        const char *text = mail_status_text(status);
        CHECK(text != NULL && *text != '\0', "%d", (int)status);
        CHECK(text == mail_status_text(status), "%d: not the same text again", (int)status);
    }
    CHECK(strcmp(mail_status_text(MAIL_STATUS_OK), unknown) != 0, "OK");
    CHECK(strcmp(mail_status_text(MAIL_STATUS_SIGN_IN), unknown) != 0, "SIGN_IN");
    CHECK(strcmp(mail_status_text(MAIL_STATUS_INTERNAL), unknown) != 0, "INTERNAL");
    CHECK(strcmp(mail_status_text(3), unknown) == 0, "%s", mail_status_text(3));
    CHECK(strcmp(mail_status_text(-98), unknown) == 0, "%s", mail_status_text(-98));
    CHECK(strcmp(mail_status_text(INT32_MIN), unknown) == 0, "%s", mail_status_text(INT32_MIN));
}

static void test_error_is_set_and_cleared(void)
{
    char text[64];
    mail_t *mail = new_mail();
    CHECK(mail_last_status(mail) == MAIL_STATUS_OK, "new");
    EXPECT(mail, MAIL_STATUS_INVALID_ARGUMENT, mail_set_server(mail, "mail.example.org", 0));
    CHECK(strstr(error_of(mail), "port") != NULL, "%s", error_of(mail));
    CHECK(mail_last_status(mail) == MAIL_STATUS_INVALID_ARGUMENT, "asking changes nothing");
    CHECK(mail_last_stage(mail) == MAIL_STAGE_ARGUMENT, "%d", (int)mail_last_stage(mail));
    CHECK(mail_last_cause(mail, text, sizeof text) > 0, "a cause");
    CHECK(mail_last_advice(mail, NULL, 0) > 0, "an advice");

    EXPECT_OK(mail, mail_set_server(mail, "mail.example.org", 587));
    CHECK(mail_last_status(mail) == MAIL_STATUS_OK, "cleared");
    CHECK(mail_last_stage(mail) == MAIL_STAGE_NONE, "cleared");
    CHECK(mail_last_error(mail, text, sizeof text) == 0 && text[0] == '\0', "%s", text);
    CHECK(mail_last_cause(mail, text, sizeof text) == 0 && text[0] == '\0', "%s", text);
    CHECK(mail_last_advice(mail, text, sizeof text) == 0 && text[0] == '\0', "%s", text);
    mail_free(mail);
}

/* The message as a text on the heap. */
static char *eml_of(mail_t *mail)
{
    int64_t size = mail_get_eml(mail, NULL, 0);
    CHECK(size > 0, "%s", error_of(mail));
    char *eml = malloc((size_t)size + 1);
    CHECK(eml != NULL, "memory");
    CHECK(mail_get_eml(mail, (uint8_t *)eml, (size_t)size) == size, "%s", error_of(mail));
    eml[size] = '\0';
    return eml;
}

static void test_eml(void)
{
    char file_text[4096] = "";
    mail_t *mail = new_message(1);
    EXPECT_OK(mail, mail_set_date(mail, 1700000000, 60));
    EXPECT_OK(mail, mail_set_message_id(mail, "<order-17@example.org>"));
    char *eml = eml_of(mail);
    CHECK(strstr(eml, "\r\nTo: Bob <bob@example.org>\r\n") != NULL, "%s", eml);
    CHECK(strstr(eml, "\r\nMessage-ID: <order-17@example.org>\r\n") != NULL, "%s", eml);

    EXPECT_OK(mail, mail_save_eml(mail, "saved.eml"));
    FILE *file = fopen("saved.eml", "rb");
    CHECK(file != NULL, "saved.eml");
    CHECK(fread(file_text, 1, sizeof file_text - 1, file) == strlen(eml), "the same size");
    fclose(file);
    CHECK(strcmp(file_text, eml) == 0, "%s", file_text);
    free(eml);

    EXPECT(mail, MAIL_STATUS_FILE, mail_save_eml(mail, "no such folder/saved.eml"));
    mail_free(mail);
}

static void test_handles_are_independent(void)
{
    mail_t *one = new_message(1);
    mail_t *other = new_message(1);
    CHECK(one != other, "two handles");
    EXPECT_OK(one, mail_set_subject(one, "First"));
    EXPECT_OK(other, mail_set_subject(other, "Second"));
    EXPECT(other, MAIL_STATUS_INVALID_ARGUMENT, mail_set_priority(other, 9));
    CHECK(mail_last_status(one) == MAIL_STATUS_OK, "the error of the other");
    mail_free(other);

    char *eml = eml_of(one);
    CHECK(strstr(eml, "First") != NULL && strstr(eml, "Second") == NULL, "%s", eml);
    free(eml);
    mail_free(one);
}

static void test_clear_message(void)
{
    mail_t *mail = new_message(1);
    EXPECT_OK(mail, mail_clear_message(mail));
    CHECK(mail_get_eml(mail, NULL, 0) == MAIL_STATUS_INCOMPLETE, "nothing is left");
    EXPECT(mail, MAIL_STATUS_INCOMPLETE, mail_send(mail));
    CHECK(mail_last_stage(mail) == MAIL_STAGE_COMPOSE, "%d", (int)mail_last_stage(mail));
    CHECK(mail_last_outcome(mail) == MAIL_OUTCOME_NOT_SENT, "outcome");
    CHECK(mail_recipient_count(mail) == 0, "recipients");
    mail_free(mail);
}

int main(void)
{
    test_identity();
    test_status_texts();
    test_error_is_set_and_cleared();
    test_eml();
    test_handles_are_independent();
    test_clear_message();
    return 0;
}
