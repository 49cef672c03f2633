/*
 * Many threads, random calls: on handles of their own, on shared ones, and on stale ones. Nothing
 * may crash or hang; what each call returns depends on the others and is of no interest.
 */

#include "server.h"

#include <stdatomic.h>

enum { THREADS = 8, SHARED = 4, CALLS_EACH = 1500 };

static struct server server;
static int silent_port;
/* Handles that any thread may use, free and replace at any time. */
static atomic_uintptr_t shared[SHARED];

struct host {
    uint32_t random; /* xorshift32: the same sequence in every run */
    mail_t *own;
    atomic_int *callbacks;
};

static uint32_t below(struct host *host, uint32_t limit)
{
    host->random ^= host->random << 13;
    host->random ^= host->random >> 17;
    host->random ^= host->random << 5;
    return host->random % limit;
}

static void MAIL_CALL on_log(void *user_data, const char *line)
{
    atomic_fetch_add((atomic_int *)user_data, (int)(line[0] != '\0'));
}

static int32_t MAIL_CALL on_progress(void *user_data, int64_t sent, int64_t total)
{
    atomic_fetch_add((atomic_int *)user_data, (int)(sent <= total));
    return 0;
}

static mail_t *prepared(void)
{
    mail_t *mail = new_message(server.port);
    mail_set_timeout(mail, 2000);
    return mail;
}

static void call_anything(struct host *host, mail_t *mail)
{
    char text[100];
    uint8_t eml[2000];
    switch (below(host, 26)) {
    case 0: mail_set_subject(mail, "Another subject"); break;
    case 1: mail_set_text(mail, "Another text"); break;
    case 2: mail_add_recipient(mail, NULL, "carol@example.org", MAIL_KIND_CC); break;
    case 3: mail_add_attachment_bytes(mail, eml, 0, "empty.bin", NULL); break;
    case 4: mail_clear_message(mail); break;
    case 5: mail_set_from(mail, NULL, "anna@example.org"); break;
    case 6: mail_set_priority(mail, (int32_t)below(host, 8)); break;
    case 7: mail_set_log(mail, below(host, 2) ? on_log : NULL, host->callbacks); break;
    case 8: mail_set_progress(mail, below(host, 2) ? on_progress : NULL, host->callbacks); break;
    case 9: mail_last_error(mail, text, sizeof text); break;
    case 10: mail_last_advice(mail, text, sizeof text); break;
    case 11: mail_last_reply_text(mail, text, sizeof text); break;
    case 12: mail_recipient_address(mail, (int32_t)below(host, 3), text, sizeof text); break;
    case 13: mail_recipient_code(mail, mail_recipient_count(mail) - 1); break;
    case 14: mail_last_status(mail); break;
    case 15: mail_get_eml(mail, eml, sizeof eml); break;
    case 16: mail_cancel(mail); break;
    case 17: mail_set_keep_connection(mail, (int32_t)below(host, 2)); break;
    case 18: mail_close_connection(mail); break;
    case 19: mail_set_auth_xoauth2(mail, "anna@example.org", "token"); break;
    case 20: mail_set_auth_none(mail); break;
    case 21: mail_set_server(mail, "127.0.0.1", server.port); break;
    case 22: mail_send(mail); break;
    case 24: mail_diagnose(mail); break;
    case 25: mail_diagnosis_json(mail, text, sizeof text); break;
    case 23:
        /* To a server that says nothing: only others, or the clock, can end it. */
        if (below(host, 20) == 0) {
            mail_set_timeout(mail, 20);
            mail_set_server(mail, "127.0.0.1", silent_port);
            mail_send(mail);
            mail_set_timeout(mail, 2000);
        }
        break;
    }
}

/* One of the shared handles; now and then the thread frees it and leaves a new one for all. */
static mail_t *any_shared(struct host *host)
{
    uint32_t place = below(host, SHARED);
    if (below(host, 50) == 0)
        mail_free((mail_t *)atomic_exchange(&shared[place], (uintptr_t)prepared()));
    return (mail_t *)atomic_load(&shared[place]);
}

static void *run(void *argument)
{
    struct host *host = argument;
    mail_t *stale = new_mail();
    mail_free(stale);
    host->own = prepared();
    for (int i = 0; i < CALLS_EACH; i++) {
        switch (below(host, 4)) {
        case 0: call_anything(host, stale); break;
        case 1: call_anything(host, host->own); break;
        default: call_anything(host, any_shared(host)); break;
        }
    }
    mail_free(host->own);
    return NULL;
}

int main(void)
{
    static atomic_int callbacks;
    pthread_t threads[THREADS];
    struct host hosts[THREADS];
    server_start(&server);
    socket_t silent = listen_silently(&silent_port);
    for (int i = 0; i < SHARED; i++)
        atomic_store(&shared[i], (uintptr_t)prepared());
    for (int i = 0; i < THREADS; i++) {
        hosts[i].random = 2463534242u + (uint32_t)i;
        hosts[i].callbacks = &callbacks;
        CHECK(pthread_create(&threads[i], NULL, run, &hosts[i]) == 0, "pthread_create");
    }
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0, "pthread_join");
    for (int i = 0; i < SHARED; i++)
        mail_free((mail_t *)atomic_load(&shared[i]));
    CHECK(atomic_load(&callbacks) > 0, "callbacks were called");
    close_socket(silent);
    server_stop(&server);

    /* The library has not suffered: the next host finds it as the first one did. */
    mail_t *mail = new_message(1);
    CHECK(mail_get_eml(mail, NULL, 0) > 0, "%s", error_of(mail));
    mail_free(mail);
    return 0;
}
