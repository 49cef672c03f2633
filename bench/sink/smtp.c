// Commands and replies. One user, one token, every sender and recipient is welcome.
#include "sink.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void greet(struct connection *c) {
    queue_reply(c, "220 sink.example.net ESMTP bench\r\n");
    flush_replies(c);
}

static void capabilities(struct connection *c) {
    queue_reply(c, "250-sink.example.net\r\n"
                   "250-PIPELINING\r\n"
                   "250-SIZE 157286400\r\n"
                   "250-8BITMIME\r\n"
                   "250-SMTPUTF8\r\n"
                   "250-DSN\r\n"
                   "250-ENHANCEDSTATUSCODES\r\n"
                   "250-CHUNKING\r\n");
    if (settings.tls && !c->ssl)
        queue_reply(c, "250-STARTTLS\r\n");
    queue_reply(c, "250 AUTH XOAUTH2\r\n");
}

static void out_of_order(struct connection *c, const char *reply) {
    counters.errors++;
    queue_reply(c, reply);
}

static void auth_response(struct connection *c, const char *response) {
    static char plain[LINE_LIMIT * 2], encoded[LINE_LIMIT * 2];
    int length = snprintf(plain, sizeof plain, "user=%s\001auth=Bearer %s\001\001", settings.user, settings.token);
    if (length < 0 || length > LINE_LIMIT)
        fail("the token is too long");
    EVP_EncodeBlock((unsigned char *)encoded, (unsigned char *)plain, length);
    if (strcmp(response, encoded) == 0) {
        counters.auth_ok++;
        c->mode = MODE_COMMAND;
        queue_reply(c, "235 2.7.0 Authentication successful\r\n");
    } else {
        // {"status":"401","schemes":"Bearer","scope":"mail"}; the client answers with an empty line.
        c->mode = MODE_AUTH_REFUSED;
        queue_reply(c, "334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJtYWlsIn0=\r\n");
    }
}

static void auth(struct connection *c, const char *argument) {
    if (strcasecmp(argument, "XOAUTH2") == 0) {
        c->mode = MODE_AUTH_RESPONSE;
        queue_reply(c, "334 \r\n");
    } else if (strncasecmp(argument, "XOAUTH2 ", 8) == 0) {
        auth_response(c, argument + 8);
    } else {
        out_of_order(c, "504 5.5.4 Unrecognized authentication type\r\n");
    }
}

static void mail_from(struct connection *c) {
    if (c->has_sender) {
        out_of_order(c, "503 5.5.1 nested MAIL\r\n");
        return;
    }
    c->has_sender = true;
    queue_reply(c, "250 2.1.0 Ok\r\n");
}

static void rcpt_to(struct connection *c) {
    if (!c->has_sender) {
        out_of_order(c, "503 5.5.1 need MAIL\r\n");
        return;
    }
    c->recipients++;
    queue_reply(c, "250 2.1.5 Ok\r\n");
}

static void data(struct connection *c) {
    if (c->recipients == 0) {
        out_of_order(c, "503 5.5.1 need RCPT\r\n");
        return;
    }
    c->mode = MODE_DATA;
    c->line = LINE_START;
    begin_body(c);
    queue_reply(c, "354 End data with <CR><LF>.<CR><LF>\r\n");
}

static void bdat(struct connection *c, const char *argument) {
    char *end;
    counters.bdat++;
    if (c->recipients == 0)
        counters.errors++;
    c->chunk_left = strtoull(argument, &end, 10);
    while (*end == ' ')
        end++;
    c->last_chunk = strcasecmp(end, "LAST") == 0;
    c->mode = MODE_BDAT;
    begin_body(c);
    if (c->chunk_left == 0)
        end_chunk(c);
}

static const char *after(const char *line, const char *verb) {
    size_t length = strlen(verb);
    return strncasecmp(line, verb, length) == 0 ? line + length : NULL;
}

static void command(struct connection *c, const char *line) {
    const char *argument;
    if (after(line, "MAIL FROM:")) {
        mail_from(c);
    } else if (after(line, "RCPT TO:")) {
        rcpt_to(c);
    } else if (after(line, "DATA")) {
        data(c);
    } else if ((argument = after(line, "BDAT "))) {
        bdat(c, argument);
    } else if (after(line, "EHLO")) {
        capabilities(c);
    } else if (after(line, "RSET")) {
        c->has_sender = false;
        c->recipients = 0;
        queue_reply(c, "250 2.0.0 Ok\r\n");
    } else if (after(line, "HELO") || after(line, "NOOP")) {
        queue_reply(c, "250 sink.example.net\r\n");
    } else if (after(line, "QUIT")) {
        queue_reply(c, "221 2.0.0 Bye\r\n");
        c->closing = true;
    } else if ((argument = after(line, "AUTH "))) {
        auth(c, argument);
    } else {
        out_of_order(c, "500 5.5.2 unknown command\r\n");
    }
}

static void line(struct connection *c, const char *text) {
    switch (c->mode) {
    case MODE_AUTH_RESPONSE:
        auth_response(c, text);
        break;
    case MODE_AUTH_REFUSED:
        counters.auth_refused++;
        c->mode = MODE_COMMAND;
        queue_reply(c, "535 5.7.8 Authentication failed\r\n");
        break;
    default:
        command(c, text);
    }
}

static bool asks_for_tls(struct connection *c, const char *text) {
    return c->mode == MODE_COMMAND && settings.tls && !c->ssl && strcasecmp(text, "STARTTLS") == 0;
}

// Works off the whole buffer; what is left is an unfinished line or an undecided dot.
void consume_input(struct connection *c) {
    size_t at = 0;
    while (at < c->input_length && !c->closing) {
        unsigned char *from = c->input + at;
        size_t length = c->input_length - at;
        if (c->mode == MODE_DATA) {
            at += consume_data(c, from, length);
            if (c->mode == MODE_DATA)
                break;
            continue;
        }
        if (c->mode == MODE_BDAT) {
            at += consume_chunk(c, from, length);
            continue;
        }
        unsigned char *end = memchr(from, '\n', length);
        if (!end) {
            c->dead = length > LINE_LIMIT;
            break;
        }
        at += (size_t)(end - from) + 1;
        *end = 0;
        if (end > from && end[-1] == '\r')
            end[-1] = 0;
        if (asks_for_tls(c, (char *)from)) {
            if (at < c->input_length)
                counters.starttls_residue++;
            c->input_length = 0;
            queue_reply(c, "220 2.0.0 Ready to start TLS\r\n");
            flush_replies(c);
            start_tls(c);
            return;
        }
        line(c, (char *)from);
    }
    memmove(c->input, c->input + at, c->input_length - at);
    c->input_length -= at;
    flush_replies(c);
}
