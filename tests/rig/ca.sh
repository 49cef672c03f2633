# The rig's certificates: two authorities, and one server certificate for each way of being wrong.

make_certificates() { # DIR
  local dir=$1 good=DNS:localhost,DNS:mail.rig.test,IP:127.0.0.1,IP:::1
  local past tomorrow
  past=20200101000000Z
  tomorrow=$(date -u -d tomorrow +%Y%m%d%H%M%SZ)
  mkdir -p "$dir/db"
  openssl_config "$dir" >"$dir/db/openssl.cnf"

  make_authority "$dir" ca "Rig Test CA"
  make_authority "$dir" other-ca "Other Test CA"
  issue "$dir" ca server "$good" "$past" "$tomorrow"
  issue "$dir" ca expired "$good" "$past" 20210101000000Z
  issue "$dir" ca wronghost DNS:other.example "$past" "$tomorrow"
  issue "$dir" ca nameonly DNS:localhost "$past" "$tomorrow"
  issue "$dir" other-ca otherca "$good" "$past" "$tomorrow"
  self_sign "$dir" selfsigned "$good"
}

# Only `openssl ca` of OpenSSL 3.0 can be told both dates, so an expired certificate needs it.
openssl_config() { # DIR
  cat <<CONFIG
[ca]
default_ca = rig
[rig]
database = $1/db/index
new_certs_dir = $1/db
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = empty
[empty]
CONFIG
}

# What signs has an RSA key: Wine 8 takes an ECDSA signature for broken when one of its two numbers
# begins with a zero, which one certificate in 128 has.
request() { # DIR KIND_OF_KEY OPTIONS...
  openssl req -config "$1/db/openssl.cnf" -newkey "$2" -nodes -sha256 "${@:3}" 2>/dev/null
}

make_authority() { # DIR NAME TITLE
  request "$1" rsa:2048 -x509 -days 1 -subj "/CN=$3" -keyout "$1/$2.key" -out "$1/$2.pem" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}

issue() { # DIR AUTHORITY NAME SUBJECT_ALT_NAME START END
  local dir=$1 authority=$2 name=$3
  : >"$dir/db/index"
  request "$dir" ec -pkeyopt ec_paramgen_curve:P-256 -subj "/CN=$name" -keyout "$dir/$name.key" -out "$dir/db/$name.csr"
  printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=%s\n' "$4" >"$dir/db/$name.ext"
  openssl ca -batch -notext -config "$dir/db/openssl.cnf" -cert "$dir/$authority.pem" -keyfile "$dir/$authority.key" \
    -in "$dir/db/$name.csr" -out "$dir/$name.pem" -extfile "$dir/db/$name.ext" -startdate "$5" -enddate "$6" 2>/dev/null
  # With its authority, as many servers have it: without, Wine takes the chain for good, since it
  # ends at nothing that could be refused.
  cat "$dir/$authority.pem" >>"$dir/$name.pem"
}

self_sign() { # DIR NAME SUBJECT_ALT_NAME
  request "$1" rsa:2048 -x509 -days 1 -subj "/CN=$2" -keyout "$1/$2.key" -out "$1/$2.pem" \
    -addext basicConstraints=critical,CA:FALSE -addext "subjectAltName=$3"
}
