// The limit: a bare loop that knows the answers beforehand. It composes the message once, sends MAIL, RCPT
// and DATA in one flight, then the content, and looks at no more than the first digit of a reply. With TLS
// it resumes the session. An attachment is not read: ATTACHMENT.eml beside it is the message, ready-made.
// No client that does its work can be faster.
#include "job.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct peer {
    int fd;
    SSL *ssl;
    char input[16384];
    size_t length;
};

struct text {
    char *data;
    size_t length;
};

static SSL_CTX *tls;
static SSL_SESSION *session;
static struct text envelope, content, sign_in;

static void write_all(struct peer *peer, const char *data, size_t length) {
    if (peer->ssl) {
        if (SSL_write(peer->ssl, data, (int)length) <= 0)
            die("limit", "SSL_write");
        return;
    }
    while (length > 0) {
        ssize_t sent = send(peer->fd, data, length, MSG_NOSIGNAL);
        if (sent <= 0)
            die("limit", "send");
        data += sent;
        length -= (size_t)sent;
    }
}

// Reads `count` replies; a line with a dash after its code is not the last one of its reply.
static void read_replies(struct peer *peer, int count) {
    while (count > 0) {
        char *end = memchr(peer->input, '\n', peer->length);
        if (end) {
            if (peer->input[0] > '3')
                die("limit: refused", peer->input);
            if (peer->input[3] != '-')
                count--;
            peer->length -= (size_t)(end + 1 - peer->input);
            memmove(peer->input, end + 1, peer->length);
            continue;
        }
        char *to = peer->input + peer->length;
        size_t room = sizeof peer->input - peer->length;
        long length = peer->ssl ? SSL_read(peer->ssl, to, (int)room) : recv(peer->fd, to, room, 0);
        if (length <= 0)
            die("limit", "the connection was lost");
        peer->length += (size_t)length;
    }
}

static void ask(struct peer *peer, const char *command) {
    write_all(peer, command, strlen(command));
    read_replies(peer, 1);
}

static int remember_session(SSL *ssl, SSL_SESSION *new_session) {
    (void)ssl;
    SSL_SESSION_free(session);
    session = new_session;
    return 1;
}

static void connect_peer(struct peer *peer, const struct job *job) {
    int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)job->port)};
    inet_pton(AF_INET, job->host, &address.sin_addr);
    memset(peer, 0, sizeof *peer);
    peer->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(peer->fd, (struct sockaddr *)&address, sizeof address))
        die("limit", "connect");
    read_replies(peer, 1);
    ask(peer, "EHLO client.example.com\r\n");
    if (!job->ca)
        return;
    ask(peer, "STARTTLS\r\n");
    peer->ssl = SSL_new(tls);
    SSL_set_fd(peer->ssl, peer->fd);
    if (session)
        SSL_set_session(peer->ssl, session);
    if (SSL_connect(peer->ssl) != 1)
        die("limit", "TLS handshake");
    ask(peer, "EHLO client.example.com\r\n");
    write_all(peer, sign_in.data, sign_in.length);
    read_replies(peer, 1);
}

static void disconnect(struct peer *peer) {
    write_all(peer, "QUIT\r\n", 6);
    if (peer->ssl) {
        SSL_set_quiet_shutdown(peer->ssl, 1); // without a shutdown OpenSSL forgets the session
        SSL_shutdown(peer->ssl);
        SSL_free(peer->ssl);
    }
    close(peer->fd);
}

static void send_file(struct peer *peer, const char *path) {
    int fd = open(path, O_RDONLY);
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat))
        die(path, "cannot be read");
    char chunk[65536];
    ssize_t length;
    if (peer->ssl) {
        while ((length = read(fd, chunk, sizeof chunk)) > 0)
            write_all(peer, chunk, (size_t)length);
    } else {
        for (off_t at = 0; at < stat.st_size;)
            if (sendfile(peer->fd, fd, &at, (size_t)(stat.st_size - at)) <= 0)
                die(path, "sendfile");
    }
    close(fd);
}

static void *send_share(void *argument) {
    const struct job *job = argument;
    struct peer peer;
    char ready_made[4096];
    snprintf(ready_made, sizeof ready_made, "%s.eml", job->attachment ? job->attachment : "");
    for (int i = 0; i < job->messages; i++) {
        if (i == 0 || !job->keep)
            connect_peer(&peer, job);
        write_all(&peer, envelope.data, envelope.length);
        read_replies(&peer, job->recipients + 2);
        if (job->attachment) {
            send_file(&peer, ready_made);
            write_all(&peer, ".\r\n", 3);
        } else {
            write_all(&peer, content.data, content.length);
        }
        read_replies(&peer, 1);
        if (i + 1 == job->messages || !job->keep)
            disconnect(&peer);
    }
    return NULL;
}

static void append_text(struct text *text, const char *line) {
    size_t length = strlen(line);
    text->data = realloc(text->data, text->length + length + 1);
    if (!text->data)
        die("limit", "realloc");
    memcpy(text->data + text->length, line, length + 1);
    text->length += length;
}

static void compose(const struct job *job) {
    char line[256];
    append_text(&envelope, "MAIL FROM:<" SENDER ">\r\n");
    append_text(&content, "From: " SENDER_NAME " <" SENDER ">\r\nTo: ");
    for (int i = 0; i < job->recipients; i++) {
        snprintf(line, sizeof line, "RCPT TO:<" RECIPIENT_FORMAT ">\r\n", i);
        append_text(&envelope, line);
        snprintf(line, sizeof line, "%s" RECIPIENT_FORMAT, i ? ",\r\n " : "", i);
        append_text(&content, line);
    }
    append_text(&envelope, "DATA\r\n");
    append_text(&content, "\r\nSubject: " SUBJECT "\r\nMIME-Version: 1.0\r\n"
                          "Content-Type: text/plain; charset=utf-8\r\n\r\n");
    char *text = strdup(job->text);
    for (char *rest = text, *each; (each = strsep(&rest, "\n"));) {
        each[strcspn(each, "\r")] = 0;
        if (each[0] == '.')
            append_text(&content, ".");
        append_text(&content, each);
        append_text(&content, "\r\n");
    }
    free(text);
    append_text(&content, ".\r\n");
}

static void prepare_tls(const struct job *job) {
    static char plain[TOKEN_LIMIT + 512], encoded[TOKEN_LIMIT * 2];
    int length = snprintf(plain, sizeof plain, "user=%s\001auth=Bearer %s\001\001", job->user, job->token);
    EVP_EncodeBlock((unsigned char *)encoded, (unsigned char *)plain, length);
    append_text(&sign_in, "AUTH XOAUTH2 ");
    append_text(&sign_in, encoded);
    append_text(&sign_in, "\r\n");
    tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(tls, remember_session);
    if (SSL_CTX_load_verify_locations(tls, job->ca, NULL) != 1)
        die(job->ca, "cannot be loaded");
}

int main(int argc, char **argv) {
    struct job job = read_job(argc, argv);
    compose(&job);
    if (job.ca)
        prepare_tls(&job);
    share_out(&job, send_share);
    return 0;
}
