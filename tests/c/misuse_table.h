/*
 * Goes through tables of functions that say what each takes and how it answers to what it does not
 * take: bad handles, NULL, text that is no UTF-8, control characters, numbers out of range, buffers
 * that cannot be. For one kind of handle, the SUBJECT of the program that includes this.
 */

#ifndef MISUSE_TABLE_H
#define MISUSE_TABLE_H

#include "misuse.h"

struct kind {
    void *(*make)(void);
    void (*release)(void *);
    int32_t (*last_status)(const void *);
    size_t (*last_error)(const void *, char *, size_t);
    /* Whether it is as make() made it. */
    int (*is_unchanged)(void *);
};

static const struct kind SUBJECT;

/* What a function is called with; each takes from it what it has a use for. */
struct arguments {
    const char *text[3];
    int64_t number[2];
    const uint8_t *data;
    size_t size;
    char *out;
    size_t cap;
};

/* Every function that returns a status, behind one signature. */
#define CALL(name, ...)                                                  \
    static int32_t do_##name(void *handle, const struct arguments *with) \
    {                                                                    \
        return mail_##name(handle, __VA_ARGS__);                         \
    }
#define ACT(name)                                                        \
    static int32_t do_##name(void *handle, const struct arguments *with) \
    {                                                                    \
        (void)with;                                                      \
        return mail_##name(handle);                                      \
    }
#define TEXT(i) with->text[i]
#define NUMBER(i) (int32_t)with->number[i]
#define DATA with->data, with->size
#define OUT with->out, with->cap

/* How a text argument answers to NULL, and to control characters. */
enum {
    REQUIRED = MAIL_STATUS_NULL_POINTER,
    OPTIONAL = MAIL_STATUS_OK,
    ONE_LINE = MAIL_STATUS_INVALID_ARGUMENT,
    ANY_TEXT = MAIL_STATUS_OK,
    NO_FILE = MAIL_STATUS_FILE,
    NEW_FILE = 100, /* no status: what the system says of such a name */
    NEW_FOLDER
};

struct text_argument {
    const char *name, *good;
    int32_t if_null, if_control;
};

struct number_argument {
    const char *name;
    int64_t good;
    size_t bad_count;
    int64_t bad[4];
};

#define FUNCTION(name) "mail_" #name, do_##name

struct function {
    const char *name;
    int32_t (*call)(void *, const struct arguments *);
    int32_t if_good;
    struct text_argument texts[3];
    struct number_argument numbers[2];
    const char *data;    /* the name of the argument for bytes */
    int32_t if_no_bytes; /* the answer to NULL and 0 for them */
    int has_out;         /* gives a content id */
};

#define NONE {{NULL, NULL, 0, 0}}
#define NO_NUMBERS {{NULL, 0, 0, {0}}}
#define FLAG(name) {{name, 1, 0, {0}}}
#define NO_DATA NULL, 0, 0

/* The error text of the handle; valid until the next call. */
static const char *last_error(const void *handle)
{
    static char text[1024];
    SUBJECT.last_error(handle, text, sizeof text);
    return text;
}

static char out[MAIL_CONTENT_ID_SIZE];

static void good_arguments(const struct function *function, struct arguments *with)
{
    for (size_t i = 0; i < 3; i++)
        with->text[i] = function->texts[i].good;
    for (size_t i = 0; i < 2; i++)
        with->number[i] = function->numbers[i].good;
    with->data = (const uint8_t *)"some bytes";
    with->size = 10;
    with->out = out;
    with->cap = sizeof out;
}

/* Calls with these arguments; a refusal must name the argument and leave everything as it was. */
static void call(const struct function *function, const struct arguments *with, int32_t wanted,
                 const char *argument, const char *what)
{
    void *handle = SUBJECT.make();
    int32_t status = function->call(handle, with);
    CHECK(status == wanted, "%s, %s %s: %d, not %d: %s", function->name, argument, what, (int)status,
          (int)wanted, last_error(handle));
    CHECK(SUBJECT.last_status(handle) == status, "%s, %s %s", function->name, argument, what);
    if (status == MAIL_STATUS_OK) {
        CHECK(last_error(handle)[0] == '\0', "%s: %s", function->name, last_error(handle));
    } else {
        if (status != MAIL_STATUS_FILE && status != MAIL_STATUS_STORE && wanted != function->if_good)
            CHECK(strstr(last_error(handle), argument) != NULL, "%s, %s %s: %s", function->name, argument,
                  what, last_error(handle));
        CHECK(strpbrk(last_error(handle), "\r\n") == NULL, "%s, %s %s: %s", function->name, argument, what,
              last_error(handle));
        CHECK(SUBJECT.is_unchanged(handle), "%s, %s %s changed something", function->name, argument, what);
    }
    SUBJECT.release(handle);
}

static void test_handles(const struct function *function)
{
    struct arguments with;
    good_arguments(function, &with);
    call(function, &with, function->if_good, "good arguments", "");
    for (size_t i = 0; i < BAD_HANDLES; i++) {
        void *bad = bad_handles[i].handle;
        CHECK(function->call(bad, &with) == MAIL_STATUS_INVALID_HANDLE, "%s, %s", function->name,
              bad_handles[i].what);
        CHECK(SUBJECT.last_status(NULL) == MAIL_STATUS_INVALID_HANDLE, "%s", function->name);
        CHECK(SUBJECT.last_status(bad) == MAIL_STATUS_INVALID_HANDLE, "%s", function->name);
        CHECK(strstr(last_error(bad), "handle") != NULL, "%s: %s", function->name, last_error(bad));
    }
}

/* The good text with `inset` behind its first byte. */
static const char *spoilt(const char *good, const char *inset)
{
    static char text[200];
    snprintf(text, sizeof text, "%c%s%s", good[0], inset, good + 1);
    return text;
}

static int32_t if_control(const struct function *function, const struct text_argument *text, char control)
{
    int has_name = NAMES_HAVE_CONTROLS || control > ' ';
    switch (text->if_control) {
    case ANY_TEXT: return function->if_good;
    case NEW_FILE: return has_name ? function->if_good : MAIL_STATUS_FILE;
    case NEW_FOLDER: return has_name ? function->if_good : MAIL_STATUS_STORE;
    default: return text->if_control;
    }
}

static void test_texts(const struct function *function)
{
    /* No start, half a character, overlong, a surrogate, beyond Unicode. */
    static const char *const NOT_UTF8[] = {"\xFF", "\xC3(", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80"};
    struct arguments with;
    for (size_t i = 0; i < 3 && function->texts[i].name != NULL; i++) {
        const struct text_argument *text = &function->texts[i];
        good_arguments(function, &with);
        with.text[i] = NULL;
        call(function, &with, text->if_null == OPTIONAL ? function->if_good : text->if_null, text->name,
             "is NULL");
        for (size_t j = 0; j < sizeof NOT_UTF8 / sizeof *NOT_UTF8; j++) {
            with.text[i] = spoilt(text->good, NOT_UTF8[j]);
            call(function, &with, MAIL_STATUS_INVALID_UTF8, text->name, "is no UTF-8");
        }
        /* The tab is left out: some texts may have it. */
        for (char control = 1; control > 0; control += control == 31 ? 127 - 31 : control == 8 ? 2 : 1) {
            char inset[2] = {control, '\0'};
            with.text[i] = spoilt(text->good, inset);
            call(function, &with, if_control(function, text, control), text->name, "has a control character");
            if (control == 127)
                break;
        }
        with.text[i] = spoilt(text->good, "\r\nBcc: eve@example.org");
        call(function, &with, if_control(function, text, '\n'), text->name, "has a line end");
    }
}

static void test_numbers(const struct function *function)
{
    struct arguments with;
    for (size_t i = 0; i < 2 && function->numbers[i].name != NULL; i++) {
        const struct number_argument *number = &function->numbers[i];
        for (size_t j = 0; j < number->bad_count; j++) {
            good_arguments(function, &with);
            with.number[i] = number->bad[j];
            call(function, &with, MAIL_STATUS_INVALID_ARGUMENT, number->name, "is out of range");
        }
        if (number->bad_count == 0) { /* a flag */
            good_arguments(function, &with);
            with.number[i] = 0;
            call(function, &with, function->if_good, number->name, "is 0");
        }
    }
}

static void test_buffers(const struct function *function)
{
    struct arguments with;
    good_arguments(function, &with);
    if (function->data != NULL) {
        with.data = NULL;
        call(function, &with, MAIL_STATUS_NULL_POINTER, function->data, "is NULL");
        with.size = 0;
        call(function, &with, function->if_no_bytes, function->data, "is NULL, of size 0");
        with.data = (const uint8_t *)"some bytes";
        call(function, &with, function->if_good, function->data, "has size 0");
        with.size = SIZE_MAX;
        call(function, &with, MAIL_STATUS_INVALID_ARGUMENT, function->data, "is larger than the memory");
    }
    good_arguments(function, &with);
    if (function->has_out) {
        with.out = NULL;
        call(function, &with, MAIL_STATUS_NULL_POINTER, "content_id", "is NULL");
        with.cap = 0;
        call(function, &with, MAIL_STATUS_NULL_POINTER, "content_id", "is NULL, of size 0");
        with.out = out;
        call(function, &with, MAIL_STATUS_INVALID_ARGUMENT, "cap", "is 0");
        with.cap = sizeof out - 1;
        call(function, &with, MAIL_STATUS_INVALID_ARGUMENT, "cap", "is too small");
    }
}

static void test_functions(const struct function *functions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        test_handles(&functions[i]);
        test_texts(&functions[i]);
        test_numbers(&functions[i]);
        test_buffers(&functions[i]);
    }
}

#endif
