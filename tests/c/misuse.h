/* What is no handle, and a message that shows every change: for the programs that misuse. */

#ifndef MISUSE_H
#define MISUSE_H

#include "server.h"

enum { EML_SIZE = 4096 };

/* Whether the names of files may have characters below the space. */
#ifdef _WIN32
enum { NAMES_HAVE_CONTROLS = 0 };
#else
enum { NAMES_HAVE_CONTROLS = 1 };
#endif

/* What is no handle; filled by find_bad_handles(). */
static struct {
    const char *what;
    mail_t *mail;
} bad_handles[5];
enum { BAD_HANDLES = sizeof bad_handles / sizeof *bad_handles };

/* A message that looks the same whenever it is written. */
static inline mail_t *fixed_message(int port)
{
    mail_t *mail = new_message(port);
    EXPECT_OK(mail, mail_set_date(mail, 1700000000, 0));
    EXPECT_OK(mail, mail_set_message_id(mail, "<fixed@example.org>"));
    return mail;
}

/* None of them may be followed: the pointers lead to `victim`, which must stay as it is. */
static long victim = 1;

static inline void find_bad_handles(void)
{
    mail_t *freed = new_mail();
    mail_free(freed);
    bad_handles[0].what = "NULL";
    bad_handles[1].what = "a freed handle", bad_handles[1].mail = freed;
    bad_handles[2].what = "a foreign pointer", bad_handles[2].mail = (mail_t *)&victim;
    bad_handles[3].what = "an odd pointer", bad_handles[3].mail = (mail_t *)((uintptr_t)&victim + 1);
    bad_handles[4].what = "a number", bad_handles[4].mail = (mail_t *)UINTPTR_MAX;
}

#endif
