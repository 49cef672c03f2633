// libcurl: a mime structure for each message, one easy handle for each connection.
#include "job.h"

#include <curl/curl.h>
#include <time.h>

static void check(CURLcode code) {
    if (code != CURLE_OK)
        die("libcurl", curl_easy_strerror(code));
}

// libcurl leaves the header to the program: From, To, Date, Message-ID and Subject are its work.
static struct curl_slist *header(const struct job *job, int number) {
    static const char prefix[] = "To: ";
    char line[256], address[64];
    struct curl_slist *list = NULL;
    size_t length = sizeof prefix - 1;
    char *to = malloc(sizeof prefix + (size_t)job->recipients * (sizeof address + 4));
    memcpy(to, prefix, sizeof prefix);
    for (int i = 0; i < job->recipients; i++) {
        snprintf(address, sizeof address, RECIPIENT_FORMAT, i);
        length += (size_t)sprintf(to + length, i ? ",\r\n %s" : "%s", address);
    }
    list = curl_slist_append(list, "From: " SENDER_NAME " <" SENDER ">");
    list = curl_slist_append(list, to);
    free(to);

    time_t now = time(NULL);
    struct tm utc;
    strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &utc));
    list = curl_slist_append(list, line);
    snprintf(line, sizeof line, "Message-ID: <%d.%lld@example.com>", number, (long long)now);
    list = curl_slist_append(list, line);
    return curl_slist_append(list, "Subject: " SUBJECT);
}

static struct curl_slist *recipients(const struct job *job) {
    struct curl_slist *list = NULL;
    for (int i = 0; i < job->recipients; i++) {
        char address[64];
        snprintf(address, sizeof address, "<" RECIPIENT_FORMAT ">", i);
        list = curl_slist_append(list, address);
    }
    return list;
}

static curl_mime *body(CURL *easy, const struct job *job) {
    curl_mime *mime = curl_mime_init(easy);
    curl_mimepart *text = curl_mime_addpart(mime);
    check(curl_mime_data(text, job->text, CURL_ZERO_TERMINATED));
    check(curl_mime_type(text, "text/plain; charset=utf-8"));
    if (job->attachment) {
        curl_mimepart *file = curl_mime_addpart(mime);
        check(curl_mime_filedata(file, job->attachment));
        check(curl_mime_filename(file, ATTACHMENT_NAME));
        check(curl_mime_type(file, "application/octet-stream"));
        check(curl_mime_encoder(file, "base64"));
    }
    return mime;
}

static void set_up(CURL *easy, const struct job *job) {
    char url[128];
    snprintf(url, sizeof url, "smtp://%s:%d/client.example.com", job->host, job->port);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, "<" SENDER ">");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, job->keep ? 0L : 1L);
    if (job->ca) {
        curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
        curl_easy_setopt(easy, CURLOPT_CAINFO, job->ca);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        curl_easy_setopt(easy, CURLOPT_USERNAME, job->user);
        curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, job->token);
        curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=XOAUTH2");
        curl_easy_setopt(easy, CURLOPT_SASL_IR, 1L);
    }
}

static void *send_share(void *argument) {
    const struct job *job = argument;
    CURL *easy = curl_easy_init();
    set_up(easy, job);
    for (int i = 0; i < job->messages; i++) {
        struct curl_slist *head = header(job, i);
        struct curl_slist *to = recipients(job);
        curl_mime *mime = body(easy, job);
        curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, to);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, head);
        curl_easy_setopt(easy, CURLOPT_MIMEPOST, mime);
        check(curl_easy_perform(easy));
        curl_mime_free(mime);
        curl_slist_free_all(to);
        curl_slist_free_all(head);
    }
    curl_easy_cleanup(easy);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts(curl_version_info(CURLVERSION_NOW)->version);
        return 0;
    }
    struct job job = read_job(argc, argv);
    check(curl_global_init(CURL_GLOBAL_DEFAULT));
    share_out(&job, send_share);
    curl_global_cleanup();
    return 0;
}
