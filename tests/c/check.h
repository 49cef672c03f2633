/* What the C hosts share: checks that say where and why they failed. */

#ifndef CHECK_H
#define CHECK_H

#include "postrider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program with the place, unless `condition` holds. The rest is a printf() text. */
#define CHECK(condition, ...)                                                    \
    do {                                                                         \
        if (!(condition)) {                                                      \
            fprintf(stderr, "%s:%d: not %s: ", __FILE__, __LINE__, #condition);  \
            fprintf(stderr, __VA_ARGS__);                                        \
            fputc('\n', stderr);                                                 \
            exit(1);                                                             \
        }                                                                        \
    } while (0)

/* Checks what a call on `mail` returned; a surprise is shown with the error text. */
#define EXPECT(mail, wanted, call) expect(__FILE__, __LINE__, #call, (mail), (wanted), (call))

#define EXPECT_OK(mail, call) EXPECT(mail, MAIL_STATUS_OK, call)

static inline void expect(const char *file, int line, const char *call, const mail_t *mail,
                          int32_t wanted, int32_t got)
{
    char text[1024];
    if (got == wanted)
        return;
    mail_last_error(mail, text, sizeof text);
    fprintf(stderr, "%s:%d: %s is %d, not %d: %s\n", file, line, call, (int)got, (int)wanted, text);
    exit(1);
}

/* The error text of the handle; valid until the next call of this function on the thread. */
static inline const char *error_of(const mail_t *mail)
{
    static __thread char text[1024];
    mail_last_error(mail, text, sizeof text);
    return text;
}

static inline mail_t *new_mail(void)
{
    mail_t *mail = mail_new();
    CHECK(mail != NULL, "%s", error_of(NULL));
    return mail;
}

/* A message that could be sent, to a server on this computer. */
static inline mail_t *new_message(int port)
{
    mail_t *mail = new_mail();
    EXPECT_OK(mail, mail_set_server(mail, "127.0.0.1", port));
    EXPECT_OK(mail, mail_set_security(mail, MAIL_SECURITY_PLAIN));
    EXPECT_OK(mail, mail_set_from(mail, "Anna", "anna@example.org"));
    EXPECT_OK(mail, mail_add_recipient(mail, "Bob", "bob@example.org", MAIL_KIND_TO));
    EXPECT_OK(mail, mail_set_subject(mail, "Gr\xC3\xBC\xC3\x9F" "e"));
    EXPECT_OK(mail, mail_set_text(mail, "Hello Bob"));
    return mail;
}

#endif
