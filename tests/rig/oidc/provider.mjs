// The rig's OpenID provider: npm's oidc-provider on loopback, as far as a mail service needs it:
// client credentials, introspection (which Dovecot asks), revocation; and for people a desktop client
// with code + PKCE, device code and refresh tokens that are good once. Its pages take any password.
// env: PORT. Prints `ready` when it answers.
import fs from 'node:fs';
import http from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const port = Number(process.env.PORT);
const HOUR = 3600;

// Each client is an account of a service: its tokens belong to one mailbox. What else is special:
// `lifetime` in seconds, `octets` as the length of its tokens.
const accounts = {
  service: { mailbox: 'alice@rig.test' },
  'service-bob': { mailbox: 'bob@rig.test' },
  'service-joerg': { mailbox: 'jörg@rig.test' },
  'service-brief': { mailbox: 'alice@rig.test', lifetime: 1 },
  // As long as Microsoft's: too long for one command line of Dovecot or Postfix.
  'service-long': { mailbox: 'alice@rig.test', octets: 2000 },
};
const BITS_PER_OCTET = Math.log2(64);

const clients = Object.keys(accounts).map((client_id) => ({
  client_id,
  client_secret: 'service-secret',
  token_endpoint_auth_method: 'client_secret_post',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
}));
clients.push({ client_id: 'dovecot', client_secret: 'dovecot-secret', grant_types: [], redirect_uris: [], response_types: [] });

clients.push({
  client_id: 'desktop',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  // Any port will do for a native client (RFC 8252 §7.3).
  redirect_uris: ['http://127.0.0.1/', 'http://localhost/'],
  response_types: ['code'],
});

const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients,
  jwks: { keys: [{ ...signingKey, use: 'sig', alg: 'RS256' }] },
  cookies: { keys: ['rig-cookie-key'] },
  scopes: ['openid', 'offline_access', 'mail.send'],
  // Whoever signs in has the mailbox of that name.
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, preferred_username: id }) }),
  claims: { openid: ['sub', 'email', 'preferred_username'] },
  clockTolerance: 0,
  ttl: { ClientCredentials: (_ctx, token) => accounts[token.clientId]?.lifetime ?? HOUR },
  formats: {
    bitsOfOpaqueRandomness: (_ctx, token) => (accounts[token.clientId]?.octets ?? 43) * BITS_PER_OCTET,
  },
  // Dovecot reads the mailbox from this claim of the introspection answer.
  extraTokenClaims: (_ctx, token) => ({ email: accounts[token.clientId]?.mailbox ?? token.accountId }),
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
  },
});
provider.on('server_error', (_ctx, error) => console.error(error));

// What tests/records.rs looks for in everything that the suite produces.
const records = process.env.POSTRIDER_TEST_RECORDS;
const SECRETS = ['access_token', 'assertion', 'client_assertion', 'client_secret', 'code', 'code_verifier',
  'device_code', 'id_token', 'refresh_token', 'token'];
if (records) {
  fs.mkdirSync(`${records}/secrets`, { recursive: true });
  provider.use(async (ctx, next) => {
    await next();
    const known = [ctx.oidc?.params, ctx.body].filter((fields) => fields && typeof fields === 'object');
    const values = known.flatMap((fields) => SECRETS.map((name) => fields[name]));
    const lines = values.filter((value) => typeof value === 'string').map((value) => `${value}\n`);
    fs.appendFileSync(`${records}/secrets/oidc-${process.pid}`, lines.join(''));
  });
}

http.createServer(provider.callback()).listen(port, '127.0.0.1', () => console.log('ready'));
process.on('SIGTERM', () => process.exit(0));
