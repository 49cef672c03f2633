/*
 * What a program that sends for weeks relies on: a large attachment takes little memory, and a
 * thousand messages leave nothing behind, no handle, no thread and no memory. Prints what it saw.
 */

#include "process.h"
#include "rig.h"

enum { MEGABYTE = 1 << 20, ATTACHMENT_MEGABYTES = 25 };

/* The library reads an attachment as it sends it. What it needs besides, for TLS above all, is far
 * less than the attachment; in memory, or encoded as text, that would be 25 or 34 MB. */
enum { MOST_FOR_ATTACHMENT = 10 * MEGABYTE };

enum { BLOCKS = 10, KEPT_IN_BLOCK = 50, FRESH_IN_BLOCK = 50 };

/* What may be more than after the first block, when everything has been used once. Nine blocks more
 * send 900 messages over 459 connections: one handle or thread lost for each would be hundreds, and
 * 600 bytes for each message would be more than this memory. The system needs the rest: it keeps
 * threads, handles and memory for later as it likes. */
enum { MORE_HANDLES = 20, MORE_THREADS = 5, MORE_MEMORY = MEGABYTE / 2 };

static void write_attachment(const char *path)
{
    static unsigned char bytes[MEGABYTE];
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL, "%s", path);
    for (int i = 0; i < MEGABYTE; i++)
        bytes[i] = (unsigned char)(i * 31 ^ i >> 8);
    for (int i = 0; i < ATTACHMENT_MEGABYTES; i++)
        CHECK(fwrite(bytes, sizeof bytes, 1, file) == 1, "%s", path);
    CHECK(fclose(file) == 0, "%s", path);
}

static void write_message(mail_t *mail)
{
    EXPECT_OK(mail, mail_clear_message(mail));
    EXPECT_OK(mail, mail_set_from(mail, "Alice", from_environment("RIG_USER")));
    EXPECT_OK(mail, mail_add_recipient(mail, "Bob", from_environment("RIG_RECIPIENT"), MAIL_KIND_TO));
    EXPECT_OK(mail, mail_set_subject(mail, from_environment("RIG_SUBJECT")));
    EXPECT_OK(mail, mail_set_text(mail, "One of many\n"));
}

static int32_t MAIL_CALL remember_peak(void *user_data, int64_t sent, int64_t total)
{
    int64_t *peak = user_data, now = peak_memory();
    (void)sent, (void)total;
    if (*peak < now)
        *peak = now;
    return 0;
}

static void test_attachment(mail_t *mail)
{
    write_attachment("large.bin");
    int64_t before = peak_memory(), peak = before;
    write_message(mail);
    EXPECT_OK(mail, mail_add_attachment_file(mail, "large.bin", NULL, NULL));
    EXPECT_OK(mail, mail_set_progress(mail, remember_peak, &peak));
    EXPECT_OK(mail, mail_send(mail));
    EXPECT_OK(mail, mail_set_progress(mail, NULL, NULL));
    remember_peak(&peak, 0, 0);
    printf("attachment of %d MB: the peak of memory grew by %ld KB\n", ATTACHMENT_MEGABYTES,
           (long)((peak - before) / 1024));
    CHECK(peak - before < MOST_FOR_ATTACHMENT, "%ld KB", (long)((peak - before) / 1024));
    CHECK(remove("large.bin") == 0, "large.bin");
}

static void send_block(mail_t *mail)
{
    EXPECT_OK(mail, mail_set_keep_connection(mail, 1));
    for (int i = 0; i < KEPT_IN_BLOCK; i++) {
        write_message(mail);
        EXPECT_OK(mail, mail_send(mail));
    }
    EXPECT_OK(mail, mail_set_keep_connection(mail, 0));
    for (int i = 0; i < FRESH_IN_BLOCK; i++) {
        write_message(mail);
        EXPECT_OK(mail, mail_send(mail));
    }
}

struct usage {
    int handles, threads;
    int64_t memory;
};

/* A thread that looked up a name ends by itself, but at no certain time: two seconds are plenty. */
static struct usage settled_usage(int most_threads)
{
    for (int i = 0; i < 200 && threads_of_process() > most_threads; i++)
        sleep_a_moment();
    struct usage usage = {handles_of_process(), threads_of_process(), private_memory()};
    return usage;
}

static void test_many_sends(mail_t *mail)
{
    int threads_before = threads_of_process();
    send_block(mail);
    struct usage first = settled_usage(threads_before);
    CHECK(first.handles > 0 && first.threads > 0 && first.memory > 0, "the system tells nothing");
    for (int block = 1; block <= BLOCKS; block++) {
        if (block > 1)
            send_block(mail);
        struct usage now = settled_usage(first.threads);
        printf("%4d messages: %d handles, %d threads, %ld KB\n",
               block * (KEPT_IN_BLOCK + FRESH_IN_BLOCK), now.handles, now.threads,
               (long)(now.memory / 1024));
        CHECK(now.handles <= first.handles + MORE_HANDLES, "%d were %d", now.handles, first.handles);
        CHECK(now.threads <= first.threads + MORE_THREADS, "%d were %d", now.threads, first.threads);
        CHECK(now.memory <= first.memory + MORE_MEMORY, "%ld KB were %ld", (long)(now.memory / 1024),
              (long)(first.memory / 1024));
    }
}

int main(void)
{
    mail_t *mail = new_mail();
    connect_to_rig(mail);
    test_attachment(mail);
    test_many_sends(mail);
    mail_free(mail);
    return 0;
}
