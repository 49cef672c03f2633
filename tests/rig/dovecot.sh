# A Dovecot of our own: the submission service, and the SASL server for Postfix.
# Tokens are introspected at the rig's OpenID provider; mail goes on to Postfix's MX door.

start_dovecot() { # DIR CERTIFICATES INTROSPECTION_URL USERS PASSWORD, and PORT_DOVECOT_*, PORT_MX
  local dir=$1
  mkdir -p "$dir/mail"
  chown mail:mail "$dir/mail"
  dovecot_tokens "$3" >"$dir/tokens.conf"
  dovecot_users "$4" "$5" >"$dir/users"
  dovecot_config "$dir" "$2" >"$dir/dovecot.conf"
  start_server "$dir/pid" "$dir/stdout.log" dovecot -F -c "$dir/dovecot.conf"
}

dovecot_tokens() { # INTROSPECTION_URL
  cat <<CONFIG
introspection_url = $1
introspection_mode = post
force_introspection = yes
active_attribute = active
active_value = true
scope = mail.send
username_attribute = email
timeout_msecs = 5000
CONFIG
}

dovecot_users() { # USERS PASSWORD
  local user
  for user in $1; do echo "$user:{PLAIN}$2::::::"; done
}

dovecot_config() { # DIR CERTIFICATES
  cat <<CONFIG
base_dir = $1/run
state_dir = $1/state
log_path = $1/dovecot.log
auth_verbose = yes
listen = 127.0.0.1
protocols = submission
hostname = mail.rig.test
first_valid_uid = 1
mail_location = maildir:$1/mail/%u
ssl = yes
ssl_cert = <$2/server.pem
ssl_key = <$2/server.key
# No limit to the characters of user names: jörg has one beyond ASCII.
auth_username_chars =
auth_mechanisms = xoauth2 oauthbearer plain login
auth_failure_delay = 0
auth_cache_size = 0
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $1/tokens.conf
}
passdb {
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%u $1/users
}
userdb {
  driver = static
  args = uid=mail gid=mail home=$1/mail/%u
}
service auth {
  unix_listener auth-postfix {
    mode = 0666
  }
}
service anvil {
  # Without this every failed login from 127.0.0.1 delays the next one, up to 15 s.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service submission-login {
  inet_listener submission {
    port = $PORT_DOVECOT_SUBMISSION
  }
  inet_listener submissions {
    port = $PORT_DOVECOT_SUBMISSIONS
    ssl = yes
  }
}
submission_relay_host = 127.0.0.1
submission_relay_port = $PORT_MX
submission_relay_trusted = no
submission_relay_max_idle_time = 2 secs
CONFIG
}
