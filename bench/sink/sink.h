// The measuring SMTP server: one thread, epoll, OpenSSL.
//
//   main.c   options, listening socket, event loop, orders from the harness
//   wire.c   bytes in and out of a connection, plain or TLS; counts flights
//   smtp.c   commands and replies
//   body.c   message content: DATA with its dots, BDAT with its chunks
//
// It is not a good server. It is a fast one: it accepts every message at once and throws it away, so
// that a measurement shows the client and not the server.
#ifndef SINK_H
#define SINK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    INPUT_SIZE = 256 * 1024, // a connection's read buffer
    LINE_LIMIT = 64 * 1024,  // a command line; tokens may be long
};

struct buffer {
    unsigned char *data;
    size_t length;
    size_t capacity;
};

// What the next bytes of the client are.
enum mode { MODE_COMMAND, MODE_DATA, MODE_BDAT, MODE_AUTH_RESPONSE, MODE_AUTH_REFUSED };

// Where in a line the content was cut off at the end of the last read.
enum line_state { INSIDE_LINE, AFTER_CR, LINE_START };

struct connection {
    int fd;
    bool closing;       // the last reply is out; waits for the client's end
    bool dead;          // to be dropped
    bool wants_write;   // epoll watches for room in the socket
    bool in_flight;     // bytes have come since the sink last sent some
    struct buffer unsent; // wire bytes that the kernel has not taken yet

    SSL *ssl; // NULL while in plain text
    BIO *tls_in;
    BIO *tls_out;
    bool handshake_done;

    unsigned char *input; // plain text that is not consumed yet
    size_t input_length;
    struct buffer replies; // collected while one read is handled, so that they leave together

    enum mode mode;
    bool has_sender;
    uint64_t recipients;
    uint64_t body_bytes;
    enum line_state line; // MODE_DATA
    uint64_t chunk_left;  // MODE_BDAT
    bool last_chunk;
};

struct counters {
    uint64_t connections;
    uint64_t messages;
    uint64_t recipients;
    uint64_t body_bytes;
    uint64_t received; // TCP bytes
    // How often clients waited for an answer: groups of reads with nothing sent in between. Counted on
    // the TCP bytes, so the flights of a TLS handshake are in it.
    uint64_t flights;
    uint64_t tls_handshakes;
    uint64_t tls_resumed;
    uint64_t auth_ok;
    uint64_t auth_refused;
    uint64_t bdat;             // BDAT commands
    uint64_t starttls_residue; // bytes that followed STARTTLS in the same read: a broken client
    uint64_t errors;           // commands out of order or unknown, failed handshakes
    double first_message;      // CLOCK_MONOTONIC seconds
    double last_message;
};

struct settings {
    const char *user;
    const char *token;
    SSL_CTX *tls; // NULL: STARTTLS is not offered
};

extern struct counters counters;
extern struct settings settings;

// main.c
double now(void);
void fail(const char *what);
void watch_for_room(struct connection *c, bool on);

// wire.c
void append(struct buffer *buffer, const void *data, size_t length);
void queue_reply(struct connection *c, const char *text);
void flush_replies(struct connection *c);
void start_tls(struct connection *c);
void on_readable(struct connection *c);
void on_writable(struct connection *c);

// smtp.c
void greet(struct connection *c);
void consume_input(struct connection *c);

// body.c
void dump_next_message(const char *path);
void begin_body(struct connection *c);
size_t consume_data(struct connection *c, const unsigned char *data, size_t length);
size_t consume_chunk(struct connection *c, const unsigned char *data, size_t length);
void end_chunk(struct connection *c);

#endif
