/*
 * A host that runs with floating-point exceptions unmasked, as Delphi and Free Pascal programs do.
 * The library must work all the same, give the host its masks back after every call, and let
 * callbacks run with the host's: a division by zero there is the host's own SIGFPE.
 */

#include "server.h"

#include <fenv.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>

enum { UNMASKED = FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW };

static volatile sig_atomic_t signals;
static volatile double zero, sink;

/* The host's handler: counts, masks all exceptions, and lets the division go on. */
static void on_sigfpe(int number, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    (void)number, (void)info;
    signals++;
    interrupted->uc_mcontext.fpregs->mxcsr |= 0x1F80;
}

/* Takes the place of the system's: a look at the masks in the middle of the library. */
static volatile sig_atomic_t polls, unmasked_polls;

int poll(struct pollfd *sockets, nfds_t count, int timeout)
{
    polls++;
    unmasked_polls += fegetexcept() != 0;
    return (int)syscall(SYS_poll, sockets, count, timeout);
}

static void check_masks(const char *where)
{
    CHECK(fegetexcept() == UNMASKED, "%s: unmasked are %x", where, (unsigned)fegetexcept());
}

/* Divides by zero, and finds that the host's handler was called. */
static void divide_by_zero(void)
{
    int before = signals;
    check_masks("in a callback");
    sink = 1.0 / zero;
    CHECK(signals == before + 1, "%d signals", (int)signals - before);
}

static void MAIL_CALL divide_on_log(void *user_data, const char *line)
{
    (void)line;
    ++*(int *)user_data;
    divide_by_zero();
}

static int32_t MAIL_CALL divide_on_progress(void *user_data, int64_t sent, int64_t total)
{
    (void)sent, (void)total;
    ++*(int *)user_data;
    divide_by_zero();
    return 0;
}

/* A call from inside a callback goes in and out of the library once more. */
static void MAIL_CALL call_on_log(void *user_data, const char *line)
{
    (void)line;
    CHECK(mail_set_priority(user_data, 9) == MAIL_STATUS_INVALID_ARGUMENT, "priority");
    check_masks("after a call in a callback");
}

static void test_simple_calls(void)
{
    uint8_t eml[2000];
    CHECK(mail_status_text(MAIL_STATUS_OK) != NULL, "a text");
    check_masks("mail_status_text");
    mail_t *mail = new_message(1);
    check_masks("setters");
    EXPECT(mail, MAIL_STATUS_INVALID_ARGUMENT, mail_set_timeout(mail, 0));
    check_masks("mail_set_timeout");
    CHECK(mail_get_eml(mail, eml, sizeof eml) > 0, "%s", error_of(mail));
    check_masks("mail_get_eml");
    CHECK(mail_cancel(mail) == MAIL_STATUS_OK, "cancel");
    check_masks("mail_cancel");
    mail_free(mail);
    check_masks("mail_free");
    CHECK(mail_send(mail) == MAIL_STATUS_INVALID_HANDLE, "a freed handle");
    check_masks("a bad handle");
}

static void test_send(const char *host, int port)
{
    int lines = 0, calls = 0;
    mail_t *mail = new_message(port);
    EXPECT_OK(mail, mail_set_server(mail, host, port));
    EXPECT_OK(mail, mail_set_log(mail, divide_on_log, &lines));
    EXPECT_OK(mail, mail_set_progress(mail, divide_on_progress, &calls));
    EXPECT_OK(mail, mail_send(mail));
    check_masks("mail_send");
    CHECK(lines > 0 && calls > 0 && signals >= lines + calls, "%d, %d, %d", lines, calls, (int)signals);

    EXPECT_OK(mail, mail_set_log(mail, call_on_log, mail));
    EXPECT_OK(mail, mail_set_progress(mail, NULL, NULL));
    EXPECT_OK(mail, mail_send(mail));
    check_masks("mail_send with calls inside");
    CHECK(polls > 0 && unmasked_polls == 0, "%d of %d", (int)unmasked_polls, (int)polls);
    mail_free(mail);
}

/* Other rounding is the host's too. */
static void test_rounding(void)
{
    CHECK(fesetround(FE_UPWARD) == 0, "fesetround");
    mail_t *mail = new_message(1);
    CHECK(fegetround() == FE_UPWARD, "%d", fegetround());
    mail_free(mail);
    CHECK(fesetround(FE_TONEAREST) == 0, "fesetround");
}

int main(void)
{
    static struct server server;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_sigfpe;
    action.sa_flags = SA_SIGINFO;
    CHECK(sigaction(SIGFPE, &action, NULL) == 0, "sigaction");
    server_start(&server); /* before: its thread is not the host's */
    CHECK(feenableexcept(UNMASKED) >= 0, "feenableexcept");

    test_simple_calls();
    test_send("127.0.0.1", server.port);
    test_send("localhost", server.port); /* looked up on a thread of the library */
    test_rounding();

    fedisableexcept(UNMASKED);
    server_stop(&server);
    return 0;
}
