// What a client is asked to do. All clients, in every language, take the same arguments:
//
//   CLIENT kept|fresh HOST PORT MESSAGES RECIPIENTS CONNECTIONS TEXT_FILE ATTACHMENT|- CA|- USER TOKEN_FILE
//
//   kept         every message over the same connection; fresh: a new connection for each message
//   CONNECTIONS  more than 1: so many threads, each with its own connection and its share of the messages
//   CA           trust this authority, use STARTTLS and sign in with XOAUTH2; "-": plain text, no sign-in
//
// Each message is composed anew: From, the recipients, subject, text, attachment. The names are below.
// A client prints nothing and ends with 0 when every message was accepted for everyone.
#ifndef JOB_H
#define JOB_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENDER_NAME "Bench Sender"
#define SENDER "sender@example.com"
#define RECIPIENT_FORMAT "recipient%d@example.net"
#define SUBJECT "Monthly report"
#define ATTACHMENT_NAME "report.bin"

enum { TOKEN_LIMIT = 8192, CONNECTION_LIMIT = 64 };

struct job {
    bool keep;
    const char *host;
    int port;
    int messages; // of one connection
    int recipients;
    int connections;
    char *text;
    const char *attachment; // NULL: none
    const char *ca;         // NULL: plain text
    const char *user;
    char token[TOKEN_LIMIT];
};

static inline void die(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static inline char *read_file(const char *path, long *length) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        die(path, "cannot be read");
    *length = ftell(file);
    rewind(file);
    char *content = malloc((size_t)*length + 1);
    if (!content || fread(content, 1, (size_t)*length, file) != (size_t)*length)
        die(path, "cannot be read");
    content[*length] = 0;
    fclose(file);
    return content;
}

static inline const char *unless_dash(const char *argument) {
    return strcmp(argument, "-") == 0 ? NULL : argument;
}

static inline struct job read_job(int argc, char **argv) {
    if (argc != 12)
        die(argv[0], "wrong number of arguments, see job.h");
    struct job job = {
        .keep = strcmp(argv[1], "kept") == 0,
        .host = argv[2],
        .port = atoi(argv[3]),
        .recipients = atoi(argv[5]),
        .connections = atoi(argv[6]),
        .attachment = unless_dash(argv[8]),
        .ca = unless_dash(argv[9]),
        .user = argv[10],
    };
    long length;
    job.messages = atoi(argv[4]) / job.connections;
    job.text = read_file(argv[7], &length);
    if (job.connections > CONNECTION_LIMIT)
        die(argv[0], "too many connections");
    char *token = read_file(argv[11], &length);
    snprintf(job.token, sizeof job.token, "%s", token);
    free(token);
    return job;
}

// Runs `send_share` for each connection; the first one on this thread.
static inline void share_out(struct job *job, void *(*send_share)(void *)) {
    pthread_t threads[CONNECTION_LIMIT];
    for (int i = 1; i < job->connections; i++)
        if (pthread_create(&threads[i], NULL, send_share, job))
            die("pthread_create", "failed");
    send_share(job);
    for (int i = 1; i < job->connections; i++)
        pthread_join(threads[i], NULL);
}

#endif
