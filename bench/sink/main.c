// sink ADDRESS CERTIFICATE KEY USER TOKEN_FILE
//
// Listens on a port that the system gives and prints it as {"port": N}. Then takes orders on standard
// input, one a line, and answers each with one line of JSON:
//
//   stats       the counters
//   reset       sets them to zero
//   dump FILE   writes the content of the next message to FILE
//
// It ends when standard input ends, so it never outlives the program that started it.
#define _GNU_SOURCE
#include "sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

struct counters counters;
struct settings settings;
static int epoll_fd;

double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void fail(const char *what) {
    perror(what);
    exit(1);
}

static void watch(int fd, void *data) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
        fail("epoll_ctl");
}

void watch_for_room(struct connection *c, bool on) {
    if (c->wants_write == on)
        return;
    c->wants_write = on;
    struct epoll_event event = {.events = EPOLLIN | (on ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

static int listen_on(const char *address, int *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in bound = {.sin_family = AF_INET};
    socklen_t length = sizeof bound;
    if (inet_pton(AF_INET, address, &bound.sin_addr) != 1)
        fail(address);
    if (bind(fd, (struct sockaddr *)&bound, sizeof bound) || listen(fd, 1024))
        fail("bind");
    getsockname(fd, (struct sockaddr *)&bound, &length);
    *port = ntohs(bound.sin_port);
    return fd;
}

static SSL_CTX *tls_context(const char *certificate, const char *key) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"bench", 5);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
    return context;
}

static char *read_token(const char *path) {
    static char token[LINE_LIMIT];
    FILE *file = fopen(path, "r");
    if (!file || !fgets(token, sizeof token, file))
        fail(path);
    fclose(file);
    token[strcspn(token, "\r\n")] = 0;
    return token;
}

static void accept_connection(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *c = calloc(1, sizeof *c);
    unsigned char *input = malloc(INPUT_SIZE);
    if (!c || !input)
        fail("malloc");
    c->fd = fd;
    c->input = input;
    watch(fd, c);
    counters.connections++;
    greet(c);
}

static void drop(struct connection *c) {
    close(c->fd);
    SSL_free(c->ssl); // and its BIOs
    free(c->input);
    free(c->replies.data);
    free(c->unsent.data);
    free(c);
}

// After QUIT the client's bytes are read and ignored until it has closed.
static void await_end(struct connection *c) {
    char ignored[4096];
    ssize_t length = recv(c->fd, ignored, sizeof ignored, 0);
    if (length == 0 || (length < 0 && errno != EAGAIN))
        c->dead = true;
}

static void serve(struct connection *c, uint32_t events) {
    if (events & EPOLLOUT && c->unsent.length > 0)
        on_writable(c);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !c->dead) {
        if (c->closing)
            await_end(c);
        else
            on_readable(c);
    }
    if (c->closing && c->unsent.length == 0 && !c->dead)
        shutdown(c->fd, SHUT_WR);
    if (c->dead)
        drop(c);
}

static void print_counter(const char *name, uint64_t value) {
    printf("\"%s\": %llu, ", name, (unsigned long long)value);
}

static void print_counters(void) {
    putchar('{');
    print_counter("connections", counters.connections);
    print_counter("messages", counters.messages);
    print_counter("recipients", counters.recipients);
    print_counter("body_bytes", counters.body_bytes);
    print_counter("received", counters.received);
    print_counter("flights", counters.flights);
    print_counter("tls_handshakes", counters.tls_handshakes);
    print_counter("tls_resumed", counters.tls_resumed);
    print_counter("auth_ok", counters.auth_ok);
    print_counter("auth_refused", counters.auth_refused);
    print_counter("bdat", counters.bdat);
    print_counter("starttls_residue", counters.starttls_residue);
    print_counter("errors", counters.errors);
    printf("\"first_message\": %.6f, \"last_message\": %.6f}\n", counters.first_message, counters.last_message);
}

// The harness waits for each answer before it gives the next order: one read is one order.
static bool obey(void) {
    char order[1024];
    ssize_t length = read(STDIN_FILENO, order, sizeof order - 1);
    if (length <= 0)
        return false;
    order[length] = 0;
    order[strcspn(order, "\n")] = 0;
    if (strcmp(order, "stats") == 0) {
        print_counters();
    } else if (strcmp(order, "reset") == 0) {
        memset(&counters, 0, sizeof counters);
        puts("{}");
    } else if (strncmp(order, "dump ", 5) == 0) {
        dump_next_message(order + 5);
        puts("{}");
    } else {
        puts("{\"error\": \"unknown order\"}");
    }
    fflush(stdout);
    return true;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: sink ADDRESS CERTIFICATE KEY USER TOKEN_FILE\n");
        return 2;
    }
    int port;
    int listener = listen_on(argv[1], &port);
    settings.tls = tls_context(argv[2], argv[3]);
    settings.user = argv[4];
    settings.token = read_token(argv[5]);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    // Connections are told by their address; the two others by these marks.
    static const char listener_mark, orders_mark;
    watch(listener, (void *)&listener_mark);
    watch(STDIN_FILENO, (void *)&orders_mark);
    printf("{\"port\": %d}\n", port);
    fflush(stdout);

    struct epoll_event events[64];
    for (;;) {
        int count = epoll_wait(epoll_fd, events, 64, -1);
        for (int i = 0; i < count; i++) {
            void *what = events[i].data.ptr;
            if (what == &listener_mark)
                accept_connection(listener);
            else if (what == &orders_mark) {
                if (!obey())
                    return 0;
            } else
                serve(what, events[i].events);
        }
    }
}
