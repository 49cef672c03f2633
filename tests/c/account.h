/* An account at a provider that nobody asks: its endpoints are at a port where nothing listens. */

#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "check.h"

#define NOWHERE "http://127.0.0.1:9"
#define PROVIDERS                                                                                     \
    "{\"custom\": {\"title\": \"Nowhere\", \"redirect\": \"http://127.0.0.1:{port}/back\","           \
    " \"endpoints\": {\"authorize\": \"" NOWHERE "/authorize\", \"token\": \"" NOWHERE "/token\","     \
    " \"device\": \"" NOWHERE "/device\"}, \"scopes\": {\"delegated\": [\"mail\"], \"app\": [\"mail\"]}}}"

/* The error text of the handle; valid until the next call of this function on the thread. */
static inline const char *account_error_of(const mail_account_t *account)
{
    static __thread char text[1024];
    mail_account_last_error(account, text, sizeof text);
    return text;
}

/* Checks what a call on `account` returned; a surprise is shown with the error text. */
#define EXPECT_ACCOUNT(account, wanted, call) \
    expect_account(__FILE__, __LINE__, #call, (account), (wanted), (call))

#define ACCOUNT_OK(account, call) EXPECT_ACCOUNT(account, MAIL_STATUS_OK, call)

static inline void expect_account(const char *file, int line, const char *call,
                                  const mail_account_t *account, int32_t wanted, int32_t got)
{
    if (got == wanted)
        return;
    fprintf(stderr, "%s:%d: %s is %d, not %d: %s\n", file, line, call, (int)got, (int)wanted,
            account_error_of(account));
    exit(1);
}

static inline mail_account_t *new_account(void)
{
    mail_account_t *account = mail_account_new("custom", PROVIDERS);
    CHECK(account != NULL, "%s", account_error_of(NULL));
    ACCOUNT_OK(account, mail_account_set_client(account, "desktop", NULL));
    ACCOUNT_OK(account, mail_account_set_user(account, "anna@example.org"));
    ACCOUNT_OK(account, mail_account_set_proxy(account, "none", NULL, NULL));
    ACCOUNT_OK(account, mail_account_allow_browser(account, 0));
    return account;
}

#endif
