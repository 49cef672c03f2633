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
    void *handle;
} bad_handles[6];
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

/* Also one that was freed, and one of another kind. */
static inline void find_bad_handles(void *freed, void *other_kind)
{
    bad_handles[0].what = "NULL";
    bad_handles[1].what = "a freed handle", bad_handles[1].handle = freed;
    bad_handles[2].what = "a foreign pointer", bad_handles[2].handle = &victim;
    bad_handles[3].what = "an odd pointer", bad_handles[3].handle = (void *)((uintptr_t)&victim + 1);
    bad_handles[4].what = "a number", bad_handles[4].handle = (void *)UINTPTR_MAX;
    bad_handles[5].what = "a handle of another kind", bad_handles[5].handle = other_kind;
}

/* Copies a text of a handle; the index is for those that have several. */
typedef size_t text_getter(const void *handle, int32_t index, char *buf, size_t cap);

/* Every size of buffer, with bytes around it that must stay. */
static inline void check_every_cap(const char *name, text_getter *get, const void *handle, int32_t index)
{
    enum { CANARY = 0x23, AROUND = 8 };
    static char whole[8192], memory[8192 + 2 * AROUND];
    size_t length = get(handle, index, whole, sizeof whole);
    CHECK(length > 0 && length < sizeof whole && strlen(whole) == length, "%s: %s", name, whole);
    CHECK(get(handle, index, NULL, 0) == length, "%s", name);
    CHECK(get(handle, index, NULL, 100) == length, "%s", name);
    for (size_t cap = 0; cap <= length + 2; cap++) {
        memset(memory, CANARY, sizeof memory);
        char *text = memory + AROUND;
        CHECK(get(handle, index, text, cap) == length, "%s, %u", name,
              (unsigned)cap);
        for (size_t i = 0; i < AROUND; i++)
            CHECK(memory[i] == CANARY && text[cap + i] == CANARY, "%s, %u", name, (unsigned)cap);
        if (cap == 0)
            continue;
        size_t copied = strlen(text);
        CHECK(copied < cap && memcmp(text, whole, copied) == 0, "%s, %u", name, (unsigned)cap);
        /* Cut only where it had to be, and never inside a character: at most 3 bytes earlier. */
        CHECK(copied == length || copied + 4 >= cap, "%s, %u", name, (unsigned)cap);
        CHECK(((unsigned char)whole[copied] & 0xC0) != 0x80, "%s, %u: cut in a character", name,
              (unsigned)cap);
    }
}

#endif
