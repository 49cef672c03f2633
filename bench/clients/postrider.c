// Postrider through its C interface, the way any host uses it: one handle for each connection.
#include "job.h"

#include <postrider.h>

static void check(mail_t *mail, mail_status status) {
    if (status != MAIL_STATUS_OK) {
        char error[1024];
        mail_last_error(mail, error, sizeof error);
        die("postrider", error);
    }
}

static void set_up(mail_t *mail, const struct job *job) {
    check(mail, mail_set_server(mail, job->host, job->port));
    check(mail, mail_set_ehlo_name(mail, "client.example.com"));
    check(mail, mail_set_security(mail, job->ca ? MAIL_SECURITY_STARTTLS : MAIL_SECURITY_PLAIN));
    check(mail, mail_set_keep_connection(mail, job->keep));
    if (job->ca) {
        check(mail, mail_add_ca_file(mail, job->ca));
        check(mail, mail_set_auth_xoauth2(mail, job->user, job->token));
    }
}

static void compose(mail_t *mail, const struct job *job) {
    check(mail, mail_clear_message(mail));
    check(mail, mail_set_from(mail, SENDER_NAME, SENDER));
    for (int i = 0; i < job->recipients; i++) {
        char address[64];
        snprintf(address, sizeof address, RECIPIENT_FORMAT, i);
        check(mail, mail_add_recipient(mail, NULL, address, MAIL_KIND_TO));
    }
    check(mail, mail_set_subject(mail, SUBJECT));
    check(mail, mail_set_text(mail, job->text));
    if (job->attachment)
        check(mail, mail_add_attachment_file(mail, job->attachment, ATTACHMENT_NAME, "application/octet-stream"));
}

static void *send_share(void *argument) {
    const struct job *job = argument;
    mail_t *mail = mail_new();
    set_up(mail, job);
    for (int i = 0; i < job->messages; i++) {
        compose(mail, job);
        check(mail, mail_send(mail));
    }
    mail_free(mail);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts(mail_library_version());
        return 0;
    }
    struct job job = read_job(argc, argv);
    share_out(&job, send_share);
    return 0;
}
