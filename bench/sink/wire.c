// Bytes in and out of one connection, in plain text or through OpenSSL with memory BIOs.
#include "sink.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void append(struct buffer *buffer, const void *data, size_t length) {
    size_t needed = buffer->length + length;
    if (needed > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity : 4096;
        while (capacity < needed)
            capacity *= 2;
        buffer->data = realloc(buffer->data, capacity);
        if (!buffer->data)
            fail("realloc");
        buffer->capacity = capacity;
    }
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length = needed;
}

static void send_wire(struct connection *c, const char *data, size_t length) {
    if (c->dead || length == 0)
        return;
    if (c->unsent.length == 0) {
        ssize_t sent = send(c->fd, data, length, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            c->dead = true;
            return;
        }
        if (sent > 0) {
            data += sent;
            length -= (size_t)sent;
        }
    }
    if (length > 0) {
        append(&c->unsent, data, length);
        watch_for_room(c, true);
    }
}

void on_writable(struct connection *c) {
    ssize_t sent = send(c->fd, c->unsent.data, c->unsent.length, MSG_NOSIGNAL);
    if (sent > 0) {
        c->unsent.length -= (size_t)sent;
        memmove(c->unsent.data, c->unsent.data + sent, c->unsent.length);
    } else if (sent < 0 && errno != EAGAIN) {
        c->dead = true;
    }
    if (c->unsent.length == 0)
        watch_for_room(c, false);
}

static void send_tls_output(struct connection *c) {
    char bytes[16384];
    int length;
    while ((length = BIO_read(c->tls_out, bytes, sizeof bytes)) > 0)
        send_wire(c, bytes, (size_t)length);
}

void queue_reply(struct connection *c, const char *text) {
    append(&c->replies, text, strlen(text));
}

void flush_replies(struct connection *c) {
    if (c->replies.length == 0)
        return;
    c->in_flight = false;
    if (c->ssl) {
        SSL_write(c->ssl, c->replies.data, (int)c->replies.length);
        send_tls_output(c);
    } else {
        send_wire(c, (char *)c->replies.data, c->replies.length);
    }
    c->replies.length = 0;
}

void start_tls(struct connection *c) {
    c->ssl = SSL_new(settings.tls);
    c->tls_in = BIO_new(BIO_s_mem());
    c->tls_out = BIO_new(BIO_s_mem());
    SSL_set_bio(c->ssl, c->tls_in, c->tls_out);
    SSL_set_accept_state(c->ssl);
}

static void handshake(struct connection *c) {
    int result = SSL_do_handshake(c->ssl);
    if (result == 1) {
        c->handshake_done = true;
        counters.tls_handshakes++;
        counters.tls_resumed += (uint64_t)SSL_session_reused(c->ssl);
        // With TLS 1.3 only session tickets are left to send, and no client waits for them.
        if (SSL_version(c->ssl) != TLS1_3_VERSION)
            c->in_flight = false;
        send_tls_output(c);
        return;
    }
    int error = SSL_get_error(c->ssl, result);
    if (BIO_ctrl_pending(c->tls_out) > 0)
        c->in_flight = false;
    send_tls_output(c);
    if (error != SSL_ERROR_WANT_READ) {
        counters.errors++;
        c->dead = true;
    }
}

static void decrypt(struct connection *c) {
    while (!c->dead) {
        int length = SSL_read(c->ssl, c->input + c->input_length, (int)(INPUT_SIZE - c->input_length));
        if (length <= 0) {
            int error = SSL_get_error(c->ssl, length);
            if (error == SSL_ERROR_ZERO_RETURN)
                c->closing = true;
            else if (error != SSL_ERROR_WANT_READ)
                c->dead = true;
            return;
        }
        c->input_length += (size_t)length;
        consume_input(c);
    }
}

static void tls_input(struct connection *c, const unsigned char *bytes, size_t length) {
    BIO_write(c->tls_in, bytes, (int)length);
    if (!c->handshake_done)
        handshake(c);
    if (c->handshake_done && !c->dead) {
        decrypt(c);
        send_tls_output(c);
    }
    ERR_clear_error();
}

// Reads a few times at most, so that a fast client cannot starve the others.
void on_readable(struct connection *c) {
    static unsigned char raw[INPUT_SIZE];
    for (int round = 0; round < 4; round++) {
        bool encrypted = c->ssl != NULL;
        unsigned char *to = encrypted ? raw : c->input + c->input_length;
        size_t room = encrypted ? sizeof raw : INPUT_SIZE - c->input_length;
        ssize_t length = room > 0 ? recv(c->fd, to, room, 0) : 0;
        if (length < 0 && errno == EAGAIN)
            return;
        if (length <= 0) {
            c->dead = true;
            return;
        }
        counters.received += (uint64_t)length;
        if (!c->in_flight) {
            c->in_flight = true;
            counters.flights++;
        }
        if (encrypted) {
            tls_input(c, raw, (size_t)length);
        } else {
            c->input_length += (size_t)length;
            consume_input(c);
        }
        if (c->dead || c->closing || (size_t)length < room)
            return;
    }
}
