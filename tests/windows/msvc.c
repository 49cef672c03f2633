/*
 * The least of a program as Microsoft's compiler builds it: the calling convention and the names of
 * the header must fit the import library of that compiler. Brings its own entry point, for there is
 * no C library here to do it. Its exit code is 0 when all was right, else the number of the step.
 */

#include <stddef.h>
#include <stdint.h>

#include <postrider.h>

int start(void)
{
    mail_t *mail;
    if (mail_library_abi() != MAIL_ABI_VERSION)
        return 1;
    mail = mail_new();
    if (mail == NULL)
        return 2;
    if (mail_set_server(mail, "mail.example.org", 587) != MAIL_STATUS_OK)
        return 3;
    if (mail_set_server(mail, "mail.example.org", 0) != MAIL_STATUS_INVALID_ARGUMENT)
        return 4;
    if (mail_last_status(mail) != MAIL_STATUS_INVALID_ARGUMENT)
        return 5;
    mail_free(mail);
    return mail_send(mail) == MAIL_STATUS_INVALID_HANDLE ? 0 : 6;
}
