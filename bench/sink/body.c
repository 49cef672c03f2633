// Message content: finds its end, removes the stuffed dots, counts it, and writes it out when asked.
#include "sink.h"

#include <stdio.h>
#include <string.h>

static char dump_path[512];
static FILE *dump;

void dump_next_message(const char *path) {
    snprintf(dump_path, sizeof dump_path, "%s", path);
}

void begin_body(struct connection *c) {
    if (!dump_path[0] || dump || c->body_bytes > 0)
        return;
    dump = fopen(dump_path, "wb");
    if (!dump)
        fail(dump_path);
    dump_path[0] = 0;
}

static void content(struct connection *c, const unsigned char *data, size_t length) {
    c->body_bytes += length;
    if (dump)
        fwrite(data, 1, length, dump);
}

static void accept_message(struct connection *c) {
    counters.messages++;
    counters.recipients += c->recipients;
    counters.body_bytes += c->body_bytes;
    counters.last_message = now();
    if (counters.first_message == 0)
        counters.first_message = counters.last_message;
    if (dump) {
        fclose(dump);
        dump = NULL;
    }
    c->has_sender = false;
    c->recipients = 0;
    c->body_bytes = 0;
    c->mode = MODE_COMMAND;
    queue_reply(c, "250 2.0.0 Ok: queued\r\n");
}

static enum line_state line_state_after(struct connection *c, const unsigned char *data, size_t length) {
    if (length == 0)
        return c->line;
    unsigned char last = data[length - 1];
    if (last == '\r')
        return AFTER_CR;
    if (last != '\n')
        return INSIDE_LINE;
    bool cr_before = length >= 2 ? data[length - 2] == '\r' : c->line == AFTER_CR;
    return cr_before ? LINE_START : INSIDE_LINE;
}

// Consumes content up to the final dot, or all of it, or up to a dot whose meaning the next bytes decide.
// Returns how many bytes were used.
size_t consume_data(struct connection *c, const unsigned char *data, size_t length) {
    size_t kept_from = 0; // content from here on is not handed over yet
    size_t search_from = 0;
    while (search_from < length) {
        const unsigned char *dot = memchr(data + search_from, '.', length - search_from);
        if (!dot)
            break;
        size_t at = (size_t)(dot - data);
        if (line_state_after(c, data, at) != LINE_START) {
            search_from = at + 1;
            continue;
        }
        size_t rest = length - at;
        bool undecided = rest == 1 || (rest == 2 && dot[1] == '\r');
        content(c, data + kept_from, at - kept_from);
        if (undecided) {
            c->line = LINE_START;
            return at;
        }
        if (dot[1] == '\r' && dot[2] == '\n') {
            accept_message(c);
            return at + 3;
        }
        kept_from = search_from = at + 1; // a stuffed dot
    }
    content(c, data + kept_from, length - kept_from);
    c->line = line_state_after(c, data, length);
    return length;
}

void end_chunk(struct connection *c) {
    if (c->last_chunk) {
        accept_message(c);
    } else {
        c->mode = MODE_COMMAND;
        queue_reply(c, "250 2.0.0 chunk taken\r\n");
    }
}

size_t consume_chunk(struct connection *c, const unsigned char *data, size_t length) {
    size_t used = length < c->chunk_left ? length : c->chunk_left;
    content(c, data, used);
    c->chunk_left -= used;
    if (c->chunk_left == 0)
        end_chunk(c);
    return used;
}
