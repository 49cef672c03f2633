/*
 * Callbacks that call back into the library, and the ways to end a send: from a callback, and from
 * another thread while the server is silent.
 */

#include "server.h"

#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

static int silent_port;

static void *send_in_thread(void *mail)
{
    return (void *)(intptr_t)mail_send(mail);
}

static pthread_t start_sending(mail_t *mail)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, send_in_thread, mail) == 0, "pthread_create");
    return thread;
}

static int32_t join_sending(pthread_t thread)
{
    void *status;
    CHECK(pthread_join(thread, &status) == 0, "pthread_join");
    return (int32_t)(intptr_t)status;
}

/* Callbacks that re-enter: each is called once, in the middle of a send that then succeeds. */

struct reentry {
    mail_t *mail;
    void (*act)(struct reentry *);
    int calls;
};

static void MAIL_CALL act_on_log(void *user_data, const char *line)
{
    struct reentry *reentry = user_data;
    CHECK(line[0] != '\0', "a line");
    reentry->calls++;
    reentry->act(reentry);
}

static int32_t MAIL_CALL act_on_progress(void *user_data, int64_t sent, int64_t total)
{
    struct reentry *reentry = user_data;
    CHECK(0 <= sent && sent <= total, "%ld of %ld", (long)sent, (long)total);
    reentry->calls++;
    reentry->act(reentry);
    return 0;
}

static void remove_log(struct reentry *reentry)
{
    EXPECT_OK(reentry->mail, mail_set_log(reentry->mail, NULL, NULL));
}

static void remove_progress(struct reentry *reentry)
{
    EXPECT_OK(reentry->mail, mail_set_progress(reentry->mail, NULL, NULL));
}

static void set_both(struct reentry *reentry)
{
    EXPECT_OK(reentry->mail, mail_set_log(reentry->mail, act_on_log, reentry));
    EXPECT_OK(reentry->mail, mail_set_progress(reentry->mail, act_on_progress, reentry));
}

static void clear_message(struct reentry *reentry)
{
    EXPECT_OK(reentry->mail, mail_clear_message(reentry->mail));
}

static void change_and_ask(struct reentry *reentry)
{
    EXPECT(reentry->mail, MAIL_STATUS_INVALID_ARGUMENT, mail_set_priority(reentry->mail, 9));
    CHECK(strstr(error_of(reentry->mail), "priority") != NULL, "%s", error_of(reentry->mail));
    EXPECT_OK(reentry->mail, mail_close_connection(reentry->mail));
    CHECK(mail_recipient_count(reentry->mail) == 0, "not before the send has ended");
}

static void cancel(struct reentry *reentry)
{
    EXPECT_OK(reentry->mail, mail_cancel(reentry->mail));
}

static void free_handle(struct reentry *reentry)
{
    mail_free(reentry->mail);
}

static void send_another(struct reentry *reentry)
{
    mail_t *other = new_message(silent_port);
    CHECK(other != reentry->mail, "another handle");
    EXPECT_OK(other, mail_set_timeout(other, 1));
    EXPECT(other, MAIL_STATUS_TIMEOUT, mail_send(other));
    mail_free(other);
}

static const struct {
    const char *what;
    void (*act)(struct reentry *);
    int32_t wanted;
    int calls_once;
} REENTRIES[] = {
    {"remove the log callback", remove_log, MAIL_STATUS_OK, 0},
    {"remove the progress callback", remove_progress, MAIL_STATUS_OK, 0},
    {"set both callbacks", set_both, MAIL_STATUS_OK, 0},
    {"clear the message", clear_message, MAIL_STATUS_OK, 0},
    {"change settings and read the error", change_and_ask, MAIL_STATUS_OK, 0},
    {"send with another handle", send_another, MAIL_STATUS_OK, 0},
    {"cancel", cancel, MAIL_STATUS_CANCELLED, 0},
    {"free the handle", free_handle, MAIL_STATUS_CANCELLED, 1},
};

static void test_reentry(int port)
{
    for (size_t i = 0; i < sizeof REENTRIES / sizeof *REENTRIES; i++) {
        for (int from_log = 0; from_log <= 1; from_log++) {
            mail_t *mail = new_message(port);
            struct reentry reentry = {mail, REENTRIES[i].act, 0};
            if (from_log)
                EXPECT_OK(mail, mail_set_log(mail, act_on_log, &reentry));
            else
                EXPECT_OK(mail, mail_set_progress(mail, act_on_progress, &reentry));
            int32_t status = mail_send(mail);
            CHECK(status == REENTRIES[i].wanted, "%s: %d: %s", REENTRIES[i].what, (int)status,
                  error_of(mail));
            CHECK(reentry.calls >= 1, "%s", REENTRIES[i].what);
            if (REENTRIES[i].calls_once || REENTRIES[i].act == (from_log ? remove_log : remove_progress))
                CHECK(reentry.calls == 1, "%s: %d calls", REENTRIES[i].what, reentry.calls);
            mail_free(mail);
        }
    }
}

/* Ending a send while the server says nothing. */

static void check_cancelled(mail_t *mail)
{
    CHECK(mail_last_status(mail) == MAIL_STATUS_CANCELLED, "%s", error_of(mail));
    CHECK(mail_last_outcome(mail) == MAIL_OUTCOME_NOT_SENT, "%d", (int)mail_last_outcome(mail));
    CHECK(mail_last_stage(mail) == MAIL_STAGE_GREETING, "%d", (int)mail_last_stage(mail));
    CHECK(mail_last_reply_code(mail) == 0, "%d", (int)mail_last_reply_code(mail));
}

/* Counts the calls; the fifth one, which comes in the silence, asks to end the send. */
static int32_t MAIL_CALL end_at_fifth_call(void *user_data, int64_t sent, int64_t total)
{
    (void)sent, (void)total;
    return ++*(int *)user_data >= 5;
}

static void test_progress_cancels(void)
{
    int calls = 0;
    mail_t *mail = new_message(silent_port);
    EXPECT_OK(mail, mail_set_progress(mail, end_at_fifth_call, &calls));
    EXPECT(mail, MAIL_STATUS_CANCELLED, mail_send(mail));
    check_cancelled(mail);
    CHECK(calls == 5, "%d calls", calls);
    mail_free(mail);
}

/* A callback that stands still until it is released, to be met by other threads. */
struct gate {
    atomic_int inside;   /* the callback is running */
    atomic_int released; /* it may return */
    atomic_int removed;  /* nothing may run from now on */
    atomic_int late;     /* it ran all the same */
    sem_t entered;
};

static void pass(struct gate *gate)
{
    if (atomic_load(&gate->removed))
        atomic_store(&gate->late, 1);
    if (atomic_exchange(&gate->inside, 1) == 0)
        sem_post(&gate->entered);
    while (!atomic_load(&gate->released))
        sched_yield();
}

static void MAIL_CALL pass_on_log(void *user_data, const char *line)
{
    (void)line;
    pass(user_data);
}

static int32_t MAIL_CALL pass_on_progress(void *user_data, int64_t sent, int64_t total)
{
    (void)sent, (void)total;
    pass(user_data);
    return 0;
}

struct removal {
    mail_t *mail;
    struct gate *gate;
    void (*remove)(mail_t *);
    atomic_int begun;
};

static void *remove_in_thread(void *argument)
{
    struct removal *removal = argument;
    atomic_store(&removal->begun, 1);
    removal->remove(removal->mail);
    /* The promise: from here on nothing runs, so what it uses could be released. */
    CHECK(atomic_load(&removal->gate->released), "returned while the callback was running");
    atomic_store(&removal->gate->removed, 1);
    return NULL;
}

static void remove_log_of(mail_t *mail)
{
    EXPECT_OK(mail, mail_set_log(mail, NULL, NULL));
}

static void remove_progress_of(mail_t *mail)
{
    EXPECT_OK(mail, mail_set_progress(mail, NULL, NULL));
}

static void free_only(mail_t *mail)
{
    mail_free(mail);
}

static const struct {
    const char *what;
    int is_log;
    void (*remove)(mail_t *);
} REMOVALS[] = {
    {"remove the log callback", 1, remove_log_of},
    {"remove the progress callback", 0, remove_progress_of},
    {"free while in the log callback", 1, free_only},
    {"free while in the progress callback", 0, free_only},
};

static void test_removal_from_another_thread(void)
{
    for (size_t i = 0; i < sizeof REMOVALS / sizeof *REMOVALS; i++) {
        struct gate gate;
        memset(&gate, 0, sizeof gate);
        CHECK(sem_init(&gate.entered, 0, 0) == 0, "sem_init");
        mail_t *mail = new_message(silent_port);
        if (REMOVALS[i].is_log)
            EXPECT_OK(mail, mail_set_log(mail, pass_on_log, &gate));
        else
            EXPECT_OK(mail, mail_set_progress(mail, pass_on_progress, &gate));
        pthread_t sending = start_sending(mail);
        sem_wait(&gate.entered);

        pthread_t removing;
        struct removal removal = {mail, &gate, REMOVALS[i].remove, 0};
        CHECK(pthread_create(&removing, NULL, remove_in_thread, &removal) == 0, "pthread_create");
        while (!atomic_load(&removal.begun))
            sched_yield();
        for (int spin = 0; spin < 1000; spin++) /* time to return too early */
            sched_yield();
        atomic_store(&gate.released, 1);
        CHECK(pthread_join(removing, NULL) == 0, "pthread_join");

        mail_cancel(mail); /* ends the send, unless the handle is gone */
        int32_t status = join_sending(sending);
        CHECK(status == MAIL_STATUS_CANCELLED, "%s: %d", REMOVALS[i].what, (int)status);
        CHECK(!atomic_load(&gate.late), "%s: a callback ran after it", REMOVALS[i].what);
        mail_free(mail);
        sem_destroy(&gate.entered);
    }
}

/* Tells the other thread that the send waits for the server: the third call comes from there. */
struct arrival {
    int calls;
    sem_t waiting;
};

static int32_t MAIL_CALL post_at_third_call(void *user_data, int64_t sent, int64_t total)
{
    struct arrival *arrival = user_data;
    (void)sent, (void)total;
    if (++arrival->calls == 3)
        sem_post(&arrival->waiting);
    return 0;
}

static void test_ending_from_another_thread(void)
{
    for (int frees = 0; frees <= 1; frees++) {
        struct arrival arrival;
        memset(&arrival, 0, sizeof arrival);
        CHECK(sem_init(&arrival.waiting, 0, 0) == 0, "sem_init");
        mail_t *mail = new_message(silent_port);
        EXPECT_OK(mail, mail_set_progress(mail, post_at_third_call, &arrival));
        pthread_t sending = start_sending(mail);
        sem_wait(&arrival.waiting);
        if (frees)
            mail_free(mail);
        else
            EXPECT_OK(mail, mail_cancel(mail));
        int32_t status = join_sending(sending);
        CHECK(status == MAIL_STATUS_CANCELLED, "%d", (int)status);
        if (!frees)
            check_cancelled(mail);
        mail_free(mail);
        sem_destroy(&arrival.waiting);
    }
}

static void test_later_sends_are_unaffected(int port)
{
    mail_t *mail = new_message(port);
    EXPECT_OK(mail, mail_cancel(mail));
    EXPECT(mail, MAIL_STATUS_INVALID_ARGUMENT, mail_set_priority(mail, 9));
    EXPECT_OK(mail, mail_cancel(mail));
    CHECK(mail_last_status(mail) == MAIL_STATUS_INVALID_ARGUMENT, "cancelling changes no error");
    EXPECT_OK(mail, mail_send(mail));
    CHECK(mail_last_outcome(mail) == MAIL_OUTCOME_ACCEPTED, "outcome");

    int calls = 4;
    EXPECT_OK(mail, mail_set_progress(mail, end_at_fifth_call, &calls));
    EXPECT(mail, MAIL_STATUS_CANCELLED, mail_send(mail));
    CHECK(mail_last_outcome(mail) == MAIL_OUTCOME_NOT_SENT, "outcome");
    EXPECT_OK(mail, mail_set_progress(mail, NULL, NULL));
    EXPECT_OK(mail, mail_send(mail));
    mail_free(mail);
}

int main(void)
{
    static struct server server;
    server_start(&server);
    socket_t silent = listen_silently(&silent_port);
    test_reentry(server.port);
    test_progress_cancels();
    test_ending_from_another_thread();
    test_removal_from_another_thread();
    test_later_sends_are_unaffected(server.port);
    close_socket(silent);
    server_stop(&server);
    return 0;
}
