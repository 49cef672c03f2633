# A Postfix of our own: nothing of it is in /etc or /var, and its processes belong to the rig.
# Mail for the users of the rig ends in DIR/maildir/USER/new.
#
# One instance, many doors; each smtpd differs from the others in one thing (see doors).

# The doors that clients use, with the options of their smtpd. There are three usual kinds, and
# those that differ from one of them. support/rig.rs tells what each is for.
doors() { # CERTIFICATES
  local certs=$1
  local encrypted="-o smtpd_tls_security_level=encrypt -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"
  local implicit="-o smtpd_tls_wrappermode=yes -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"
  # STARTTLS and signing in are offered, neither is asked for.
  local optional=""
  # What is limited is counted for each door and for a minute, for loopback too.
  local limited="-o smtpd_client_event_limit_exceptions="
  cat <<DOORS
SUBMISSION      $encrypted
SUBMISSIONS     $implicit
PLAIN           $optional
MX              -o smtpd_sasl_auth_enable=no
NO_TLS          -o smtpd_tls_security_level=none
TLS12           $encrypted -o smtpd_tls_mandatory_protocols=TLSv1.2
EXPIRED         $implicit $(certificate "$certs" expired)
WRONGHOST       $implicit $(certificate "$certs" wronghost)
NAMEONLY        $implicit $(certificate "$certs" nameonly)
SELFSIGNED      $implicit $(certificate "$certs" selfsigned)
OTHERCA         $implicit $(certificate "$certs" otherca)
SMALL           $optional -o message_size_limit=20000
OWN_FROM        $encrypted -o smtpd_sender_restrictions=reject_sender_login_mismatch
NO_PIPELINING   $optional -o smtpd_discard_ehlo_keywords=pipelining
NO_SMTPUTF8     $optional -o smtpd_discard_ehlo_keywords=smtputf8
NO_8BITMIME     $optional -o smtpd_discard_ehlo_keywords=8bitmime,smtputf8
PASSWORD_ONLY   $optional -o smtpd_sasl_mechanism_filter=plain,login
TLS11           $encrypted -o smtpd_tls_mandatory_protocols=>=TLSv1.1,<=TLSv1.1
SENDERS_OF_BOB  $optional -o smtpd_sender_login_maps=static:bob@rig.test -o smtpd_sender_restrictions=reject_sender_login_mismatch
FULL_NAMES      $optional -o smtpd_helo_restrictions=reject_non_fqdn_helo_hostname -o smtpd_sender_restrictions=reject_non_fqdn_sender
CLIENTS         $encrypted -o smtpd_client_restrictions=permit_sasl_authenticated,reject
RESOLVING       $optional -o smtpd_sender_restrictions=reject_unknown_sender_domain -o smtpd_recipient_restrictions=reject_unknown_recipient_domain
SILENT_SMALL    $optional -o message_size_limit=20000 -o smtpd_discard_ehlo_keywords=size
NO_SPACE        $optional -o queue_minfree=9000000000000000
ONE_RECIPIENT   $optional -o smtpd_recipient_limit=1 -o smtpd_recipient_overshoot_limit=1
ONE_CONNECTION  $optional $limited -o smtpd_client_connection_count_limit=1
ONE_MESSAGE     $optional $limited -o smtpd_client_message_rate_limit=1
ONE_RCPT        $optional $limited -o smtpd_client_recipient_rate_limit=1
ONE_SIGN_IN     $optional $limited -o smtpd_client_auth_rate_limit=1
DOORS
}

certificate() { echo "-o smtpd_tls_cert_file=$1/$2.pem -o smtpd_tls_key_file=$1/$2.key"; } # DIR NAME

start_postfix() { # DIR CERTIFICATES SASL_SOCKET IPV6(yes|no), and PORT_<DOOR> for each door
  local dir=$1 certs=$2 sasl=$3 ipv6=$4
  mkdir -p "$dir/conf" "$dir/data" "$dir/maildir"
  make_queue "$dir/queue"
  chown postfix "$dir/data"
  chown mail:mail "$dir/maildir"
  postfix_mailboxes >"$dir/conf/mailboxes"
  postfix_main "$dir" "$certs" "$sasl" "$ipv6" >"$dir/conf/main.cf"
  postfix_master "$certs" "$ipv6" >"$dir/conf/master.cf"
  # Postfix does not read a file that changed within the last seconds: it waits until it is
  # older (dict_load_file). Two seconds per start, if the files did not look old.
  touch -d '1 minute ago' "$dir"/conf/*
  # Started without `postfix start`, which would first inspect the installation and the queue.
  start_server "$dir/pid" "$dir/stdout.log" /usr/lib/postfix/sbin/master -c "$dir/conf" -d
}

make_queue() { # DIR: with the owners that the set-gid and chroot-less daemons expect
  (
    mkdir -p "$1" && cd "$1"
    mkdir active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace
    chown postfix active bounce corrupt defer deferred flush hold incoming private saved trace
    chmod 700 active bounce corrupt defer deferred flush hold incoming private saved trace
    chown postfix:postdrop maildrop public
    chmod 730 maildrop
    chmod 710 public
  )
}

postfix_mailboxes() {
  cat <<'MAILBOXES'
alice@rig.test alice/
bob@rig.test bob/
carol@rig.test carol/
jörg@rig.test joerg/
anna@bücher.test anna/
anna@xn--bcher-kva.test anna/
later@rig.test later/
MAILBOXES
}

postfix_main() { # DIR CERTIFICATES SASL_SOCKET IPV6
  local addresses=127.0.0.1 protocols=ipv4
  if [ "$4" = yes ]; then addresses="127.0.0.1, ::1" protocols=all; fi
  cat <<CONFIG
compatibility_level = 3.6
queue_directory = $1/queue
data_directory = $1/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = $1/postfix.log
maillog_file_prefixes = $1
syslog_name = rig

inet_interfaces = $addresses
inet_protocols = $protocols
myhostname = mail.rig.test
mydomain = rig.test
myorigin = rig.test
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =

virtual_mailbox_domains = rig.test, bücher.test, xn--bcher-kva.test
virtual_mailbox_maps = texthash:$1/conf/mailboxes
virtual_mailbox_base = $1/maildir
virtual_minimum_uid = 1
virtual_uid_maps = static:$(id -u mail)
virtual_gid_maps = static:$(id -g mail)
virtual_mailbox_limit = 0
message_size_limit = 104857600
# Nothing leaves the rig: other domains are refused, bounces to them fail; one takes everything, for
# those who signed in, and keeps nothing.
transport_maps = inline:{elsewhere.test=discard:}
default_transport = error:5.7.1 no route in this rig
smtputf8_enable = yes
notify_classes =

smtpd_tls_cert_file = $2/server.pem
smtpd_tls_key_file = $2/server.key
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = $3
smtpd_sasl_security_options = noanonymous
smtpd_sasl_authenticated_header = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
# Who may be the sender, at the door that asks.
smtpd_sender_login_maps = inline:{alice@rig.test=alice@rig.test, bob@rig.test=bob@rig.test}
# One mailbox that is refused for now, beside the unknown ones that are refused for good.
smtpd_recipient_restrictions = check_recipient_access inline:{{later@rig.test = 450 4.2.1 Mailbox is busy}}

# A test's mistakes are meant: no punishment for them.
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_hard_error_limit = 1000
smtpd_junk_command_limit = 1000
in_flow_delay = 0
CONFIG
}

postfix_master() { # CERTIFICATES IPV6
  local door options port
  while read -r door options; do
    port=PORT_$door
    echo "127.0.0.1:${!port} inet n - n - - smtpd $options"
    if [ "$2" = yes ]; then echo "[::1]:${!port} inet n - n - - smtpd $options"; fi
  done < <(doors "$1")
  cat <<'SERVICES'
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
error     unix - - n - - error
discard   unix - - n - - discard
retry     unix - - n - - error
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
SERVICES
}
