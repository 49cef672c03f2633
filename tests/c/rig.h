/* A real server, at the place and with the account that the RIG_... variables of the environment say. */

#ifndef RIG_H
#define RIG_H

#include "check.h"

static inline const char *from_environment(const char *name)
{
    const char *value = getenv(name);
    CHECK(value != NULL, "%s is not set", name);
    return value;
}

static inline void connect_to_rig(mail_t *mail)
{
    EXPECT_OK(mail, mail_set_server(mail, from_environment("RIG_HOST"), atoi(from_environment("RIG_PORT"))));
    EXPECT_OK(mail, mail_set_security(mail, MAIL_SECURITY_STARTTLS));
    EXPECT_OK(mail, mail_add_ca_file(mail, from_environment("RIG_CA_FILE")));
    EXPECT_OK(mail, mail_set_auth_xoauth2(mail, from_environment("RIG_USER"), from_environment("RIG_TOKEN")));
    EXPECT_OK(mail, mail_set_timeout(mail, 60000));
}

#endif
