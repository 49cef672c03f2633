/*
 * Accounts in a host: tokens and stores of the program, sign-ins that are begun, given up and
 * cancelled, and callbacks that call back, stand still, or are removed meanwhile. Nobody is asked for
 * anything: the provider is nowhere.
 */

#include "account.h"
#include "server.h"

#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

static int has_cause(const mail_account_t *account, const char *wanted)
{
    char cause[100];
    mail_account_last_cause(account, cause, sizeof cause);
    return strcmp(cause, wanted) == 0;
}

/* Tokens of the program. */

struct source {
    atomic_int calls;
    int64_t answer;
    int fills; /* the whole buffer, without a NUL */
    void (*act)(struct source *);
    mail_account_t *account;
};

static int64_t MAIL_CALL give_token(void *user_data, char *buf, size_t cap)
{
    struct source *source = user_data;
    int call = atomic_fetch_add(&source->calls, 1) + 1;
    if (source->act != NULL)
        source->act(source);
    if (source->fills)
        memset(buf, 'x', cap);
    else
        snprintf(buf, cap, "own-%d", call);
    return source->answer;
}

static mail_account_t *account_with_tokens_of(struct source *source)
{
    mail_account_t *account = new_account();
    source->account = account;
    ACCOUNT_OK(account, mail_account_set_token_callback(account, give_token, source));
    return account;
}

static mail_t *message_from(mail_account_t *account, int port)
{
    mail_t *mail = new_message(port);
    EXPECT_OK(mail, mail_allow_plaintext_auth(mail, 1));
    EXPECT_OK(mail, mail_set_account(mail, account));
    return mail;
}

static void test_tokens_of_the_program(int port)
{
    struct source source = {.answer = 3600};
    char token[20];
    mail_account_t *account = account_with_tokens_of(&source);
    mail_t *mail = message_from(account, port), *other = message_from(account, port);
    EXPECT_OK(mail, mail_send(mail));
    EXPECT_OK(other, mail_send(other));
    ACCOUNT_OK(account, mail_account_fetch_token(account));
    CHECK(mail_account_access_token(account, token, sizeof token) == 5, "%s", token);
    CHECK(strcmp(token, "own-1") == 0 && source.calls == 1, "%s, %d calls", token, source.calls);

    /* The mails keep the account, but not its callbacks. */
    mail_account_free(account);
    EXPECT_OK(mail, mail_send(mail));
    CHECK(source.calls == 1, "%d calls", source.calls);
    mail_free(mail);
    mail_free(other);
}

/* A token that the server refuses is not tried again, and the next one once. */
static void test_refused_tokens(void)
{
    static struct server server;
    server_start(&server);
    server.refuses_sign_in = 1;
    struct source source = {.answer = 3600};
    mail_account_t *account = account_with_tokens_of(&source);
    mail_t *mail = message_from(account, server.port);
    EXPECT(mail, MAIL_STATUS_SIGN_IN, mail_send(mail));
    CHECK(source.calls == 2, "%d calls", source.calls);
    mail_free(mail);
    mail_account_free(account);
    server_stop(&server);
}

static void test_no_token(int port)
{
    struct source sources[] = {{.answer = -1}, {.answer = INT64_MIN}, {.answer = 60, .fills = 1}};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        mail_account_t *account = account_with_tokens_of(&sources[i]);
        mail_t *mail = message_from(account, port);
        EXPECT_ACCOUNT(account, MAIL_STATUS_TOKEN, mail_account_fetch_token(account));
        CHECK(has_cause(account, "token_not_supplied"), "%s", account_error_of(account));
        EXPECT(mail, MAIL_STATUS_TOKEN, mail_send(mail));
        CHECK(mail_last_outcome(mail) == MAIL_OUTCOME_NOT_SENT, "outcome");
        mail_free(mail);
        ACCOUNT_OK(account, mail_account_set_token_callback(account, NULL, NULL));
        EXPECT_ACCOUNT(account, MAIL_STATUS_TOKEN, mail_account_fetch_token(account));
        mail_account_free(account);
    }
}

static void *fetch_in_thread(void *account)
{
    return (void *)(intptr_t)mail_account_fetch_token(account);
}

static void test_many_threads_share_a_token(void)
{
    enum { THREADS = 8 };
    struct source source = {.answer = 3600};
    mail_account_t *account = account_with_tokens_of(&source);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, fetch_in_thread, account) == 0, "pthread_create");
    for (int i = 0; i < THREADS; i++) {
        void *status;
        CHECK(pthread_join(threads[i], &status) == 0 && status == NULL, "pthread_join");
    }
    CHECK(source.calls == 1, "%d calls", source.calls);
    mail_account_free(account);
}

/* What a callback may do to its own account. */

static void remove_itself(struct source *source)
{
    ACCOUNT_OK(source->account, mail_account_set_token_callback(source->account, NULL, NULL));
}

static void free_account(struct source *source)
{
    mail_account_free(source->account);
}

static void change_settings(struct source *source)
{
    ACCOUNT_OK(source->account, mail_account_set_user(source->account, "bob@example.org"));
    EXPECT_ACCOUNT(source->account, MAIL_STATUS_NEEDS_SIGN_IN,
                   mail_account_poll_sign_in(source->account));
}

static void test_reentry(void)
{
    static void (*const ACTS[])(struct source *) = {remove_itself, free_account, change_settings};
    for (size_t i = 0; i < sizeof ACTS / sizeof *ACTS; i++) {
        struct source source = {.answer = 3600, .act = ACTS[i]};
        mail_account_t *account = account_with_tokens_of(&source);
        int32_t status = mail_account_fetch_token(account);
        CHECK(status == MAIL_STATUS_OK && source.calls == 1, "%u: %d", (unsigned)i, (int)status);
        mail_account_free(account);
    }
}

/* A callback that stands still until it is released. */
struct gate {
    sem_t entered;
    atomic_int released, late;
};

static int64_t MAIL_CALL stand_still(void *user_data, char *buf, size_t cap)
{
    struct gate *gate = user_data;
    sem_post(&gate->entered);
    while (!atomic_load(&gate->released))
        sched_yield();
    snprintf(buf, cap, "own");
    return 3600;
}

struct removal {
    mail_account_t *account;
    struct gate *gate;
    int frees;
    atomic_int begun;
};

static void *remove_in_thread(void *argument)
{
    struct removal *removal = argument;
    atomic_store(&removal->begun, 1);
    if (removal->frees)
        mail_account_free(removal->account);
    else
        mail_account_set_token_callback(removal->account, NULL, NULL);
    if (!atomic_load(&removal->gate->released))
        atomic_store(&removal->gate->late, 1);
    return NULL;
}

static void test_removal_waits_for_the_callback(void)
{
    for (int frees = 0; frees <= 1; frees++) {
        struct gate gate;
        memset(&gate, 0, sizeof gate);
        CHECK(sem_init(&gate.entered, 0, 0) == 0, "sem_init");
        mail_account_t *account = new_account();
        ACCOUNT_OK(account, mail_account_set_token_callback(account, stand_still, &gate));
        pthread_t fetching, removing;
        struct removal removal = {account, &gate, frees, 0};
        CHECK(pthread_create(&fetching, NULL, fetch_in_thread, account) == 0, "pthread_create");
        sem_wait(&gate.entered);
        CHECK(pthread_create(&removing, NULL, remove_in_thread, &removal) == 0, "pthread_create");
        while (!atomic_load(&removal.begun))
            sched_yield();
        for (int spin = 0; spin < 1000; spin++) /* time to return too early */
            sched_yield();
        atomic_store(&gate.released, 1);
        CHECK(pthread_join(removing, NULL) == 0 && pthread_join(fetching, NULL) == 0, "pthread_join");
        CHECK(!atomic_load(&gate.late), "returned while the callback was running");
        mail_account_free(account);
        sem_destroy(&gate.entered);
    }
}

/* A store of the program: one document, in memory. */

enum { ROOM = 20000 };

struct store {
    uint8_t document[ROOM];
    size_t size;
    int calls[5];
    int fails; /* the operation that does not work, or -1 */
    int pads;  /* makes the document larger than the library expects at first */
    int busy;  /* how many times the lock is taken by somebody else */
    char name[40];
};

static int64_t MAIL_CALL keep(void *user_data, int32_t operation, const char *name, uint8_t *data,
                              size_t size)
{
    struct store *store = user_data;
    CHECK(operation >= 0 && operation <= MAIL_STORE_OPERATION_UNLOCK, "%d", (int)operation);
    CHECK(strlen(name) == 32, "%s", name);
    CHECK(store->name[0] == '\0' || strcmp(store->name, name) == 0, "always the same name");
    snprintf(store->name, sizeof store->name, "%s", name);
    store->calls[operation]++;
    if (operation == store->fails)
        return -1;
    switch (operation) {
    case MAIL_STORE_OPERATION_LOAD:
        if (store->size <= size)
            memcpy(data, store->document, store->size);
        return (int64_t)store->size;
    case MAIL_STORE_OPERATION_SAVE:
        CHECK(size <= ROOM, "%u", (unsigned)size);
        memset(store->document, ' ', ROOM);
        memcpy(store->document, data, size);
        store->size = store->pads ? ROOM : size;
        return 0;
    case MAIL_STORE_OPERATION_DELETE: store->size = 0; return 0;
    case MAIL_STORE_OPERATION_LOCK: return store->busy-- <= 0;
    default: return 0;
    }
}

static mail_account_t *account_with_store(struct store *store)
{
    mail_account_t *account = new_account();
    ACCOUNT_OK(account, mail_account_set_store_callback(account, keep, store));
    return account;
}

static void test_store_of_the_program(void)
{
    for (int pads = 0; pads <= 1; pads++) {
        static struct store store;
        memset(&store, 0, sizeof store);
        store.fails = -1, store.pads = pads, store.busy = 2;
        mail_account_t *account = account_with_store(&store);
        EXPECT_ACCOUNT(account, MAIL_STATUS_NEEDS_SIGN_IN, mail_account_check_sign_in(account));
        ACCOUNT_OK(account, mail_account_set_refresh_token(account, "1//refresh"));
        CHECK(store.calls[MAIL_STORE_OPERATION_SAVE] == 1, "saved");
        CHECK(store.calls[MAIL_STORE_OPERATION_LOCK] == 3, "asked until the lock was free");
        CHECK(store.calls[MAIL_STORE_OPERATION_UNLOCK] == 1, "given back");
        mail_account_free(account);

        /* The next run of the program. */
        account = account_with_store(&store);
        ACCOUNT_OK(account, mail_account_check_sign_in(account));
        ACCOUNT_OK(account, mail_account_sign_out(account));
        CHECK(store.size == 0 && store.calls[MAIL_STORE_OPERATION_DELETE] == 1, "forgotten");
        EXPECT_ACCOUNT(account, MAIL_STATUS_NEEDS_SIGN_IN, mail_account_check_sign_in(account));

        /* Without it the memory is the store. */
        ACCOUNT_OK(account, mail_account_set_store_callback(account, NULL, NULL));
        ACCOUNT_OK(account, mail_account_set_refresh_token(account, "1//refresh"));
        ACCOUNT_OK(account, mail_account_check_sign_in(account));
        CHECK(store.size == 0, "not in the old one");
        mail_account_free(account);
    }
}

static void test_store_that_fails(void)
{
    for (int operation = 0; operation <= MAIL_STORE_OPERATION_LOCK; operation++) {
        static struct store store;
        memset(&store, 0, sizeof store);
        store.fails = operation;
        mail_account_t *account = account_with_store(&store);
        int32_t status = operation == MAIL_STORE_OPERATION_DELETE
                             ? mail_account_sign_out(account)
                             : mail_account_set_refresh_token(account, "1//refresh");
        CHECK(status == MAIL_STATUS_STORE, "%d: %d: %s", operation, (int)status, account_error_of(account));
        CHECK(mail_account_last_stage(account) == MAIL_STAGE_STORE, "the stage");
        mail_account_free(account);
    }
}

static void test_export_and_import(void)
{
    mail_account_t *desktop = new_account(), *server = new_account();
    ACCOUNT_OK(desktop, mail_account_set_store_file(desktop, "desktop"));
    ACCOUNT_OK(desktop, mail_account_set_refresh_token(desktop, "1//refresh"));
    ACCOUNT_OK(desktop, mail_account_export(desktop, "sign-in.bundle", "correct horse"));
    EXPECT_ACCOUNT(server, MAIL_STATUS_STORE, mail_account_import(server, "sign-in.bundle", "wrong horse"));
    CHECK(has_cause(server, "passphrase_wrong"), "%s", account_error_of(server));
    ACCOUNT_OK(server, mail_account_import(server, "sign-in.bundle", "correct horse"));
    ACCOUNT_OK(server, mail_account_check_sign_in(server));
    mail_account_free(desktop);
    mail_account_free(server);
}

/* Sign-ins. */

static void test_two_halves(void)
{
    char url[2048], message[200], state[100];
    mail_account_t *account = new_account();
    EXPECT_ACCOUNT(account, MAIL_STATUS_NEEDS_SIGN_IN, mail_account_poll_sign_in(account));
    CHECK(has_cause(account, "sign_in_not_begun"), "%s", account_error_of(account));
    ACCOUNT_OK(account, mail_account_begin_sign_in(account));
    /* The old one is given up, and with it its port. */
    ACCOUNT_OK(account, mail_account_begin_sign_in(account));
    mail_account_sign_in_url(account, url, sizeof url);
    mail_account_sign_in_message(account, message, sizeof message);
    CHECK(strncmp(url, NOWHERE "/authorize?", strlen(NOWHERE "/authorize?")) == 0, "%s", url);
    CHECK(strstr(message, "anna@example.org") != NULL, "%s", message);
    EXPECT_ACCOUNT(account, MAIL_STATUS_PENDING, mail_account_poll_sign_in(account));
    CHECK(account_error_of(account)[0] == '\0', "%s", account_error_of(account));

    /* Pasted wrongly, and again: the person has as many tries as they like. */
    for (int i = 0; i < 2; i++)
        EXPECT_ACCOUNT(account, MAIL_STATUS_NEEDS_SIGN_IN,
                       mail_account_complete_sign_in(account, "http://127.0.0.1:9/back?code=a&state=no"));
    const char *begin = strstr(url, "state=");
    CHECK(begin != NULL, "%s", url);
    snprintf(state, sizeof state, "%.*s", (int)strcspn(begin, "&"), begin);
    snprintf(url, sizeof url, "http://127.0.0.1:9/back?error=access_denied&%s", state);
    EXPECT_ACCOUNT(account, MAIL_STATUS_NEEDS_SIGN_IN, mail_account_complete_sign_in(account, url));
    CHECK(has_cause(account, "sign_in_declined"), "%s", account_error_of(account));

    EXPECT_ACCOUNT(account, MAIL_STATUS_PENDING, mail_account_poll_sign_in(account));
    ACCOUNT_OK(account, mail_account_cancel(account));
    EXPECT_ACCOUNT(account, MAIL_STATUS_NEEDS_SIGN_IN, mail_account_poll_sign_in(account));
    mail_account_free(account);
}

struct shown {
    mail_account_t *account;
    int calls, cancels;
    sem_t seen;
};

static void MAIL_CALL show(void *user_data, const char *url, const char *user_code, const char *message,
                           int32_t expires_in)
{
    struct shown *shown = user_data;
    CHECK(strncmp(url, NOWHERE, strlen(NOWHERE)) == 0, "%s", url);
    CHECK(user_code[0] == '\0' && strstr(message, "Nowhere") != NULL, "%s, %s", user_code, message);
    CHECK(expires_in == 60, "%d", (int)expires_in);
    shown->calls++;
    if (shown->cancels)
        ACCOUNT_OK(shown->account, mail_account_cancel(shown->account));
    sem_post(&shown->seen);
}

static void *sign_in_in_thread(void *account)
{
    return (void *)(intptr_t)mail_account_sign_in(account, 60000);
}

static void test_cancelling_a_sign_in(void)
{
    for (int cancels = 0; cancels <= 1; cancels++) {
        mail_account_t *account = new_account();
        struct shown shown;
        memset(&shown, 0, sizeof shown);
        shown.account = account, shown.cancels = cancels;
        pthread_t signing_in;
        void *status;
        CHECK(sem_init(&shown.seen, 0, 0) == 0, "sem_init");
        ACCOUNT_OK(account, mail_account_set_sign_in_callback(account, show, &shown));
        CHECK(pthread_create(&signing_in, NULL, sign_in_in_thread, account) == 0, "pthread_create");
        sem_wait(&shown.seen);
        if (!cancels)
            ACCOUNT_OK(account, mail_account_cancel(account));
        CHECK(pthread_join(signing_in, &status) == 0, "pthread_join");
        CHECK((int32_t)(intptr_t)status == MAIL_STATUS_CANCELLED && shown.calls == 1, "%s",
              account_error_of(account));
        mail_account_free(account);
        sem_destroy(&shown.seen);
    }
}

int main(void)
{
    static struct server server;
    server_start(&server);
    test_tokens_of_the_program(server.port);
    test_refused_tokens();
    test_no_token(server.port);
    test_many_threads_share_a_token();
    test_reentry();
    test_removal_waits_for_the_callback();
    test_store_of_the_program();
    test_store_that_fails();
    test_export_and_import();
    test_two_halves();
    test_cancelling_a_sign_in();
    server_stop(&server);
    return 0;
}
