// The rig's OpenID provider: npm's oidc-provider on loopback, as far as a mail service needs it:
// client credentials, introspection (which Dovecot asks), revocation; and for people a desktop client
// with code + PKCE, device code and refresh tokens that are good once. Its pages take any password.
// env: PORT, APP_CERTIFICATE (the PEM file of the app that shows who it is by one). Prints `ready` when
// it answers. What tests ask of it beside the protocol is under /rig/, below.
import http from 'node:http';
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
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

// Each client is a program that people sign in to. `lifetime` is that of its access tokens in
// seconds; one that is `lasting` has refresh tokens that stay the same, as Google's do.
const programs = {
  desktop: { lifetime: HOUR },
  'desktop-brief': { lifetime: 2 },
  'desktop-lasting': { lifetime: HOUR, lasting: true },
};
const BITS_PER_OCTET = Math.log2(64);

const clients = Object.keys(accounts).map((client_id) => ({
  client_id,
  client_secret: 'service-secret',
  scope: 'mail.send',
  token_endpoint_auth_method: 'client_secret_post',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
}));
clients.push({ client_id: 'dovecot', client_secret: 'dovecot-secret', grant_types: [], redirect_uris: [], response_types: [] });

clients.push(...Object.keys(programs).map((client_id) => ({
  client_id,
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  // Any port will do for a native client (RFC 8252 §7.3).
  redirect_uris: ['http://127.0.0.1/', 'http://localhost/'],
  response_types: ['code'],
})));

clients.push({
  client_id: 'app',
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: 'PS256',
  jwks: { keys: [createPublicKey(readFileSync(process.env.APP_CERTIFICATE)).export({ format: 'jwk' })] },
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
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
  ttl: {
    AccessToken: (_ctx, token) => programs[token.clientId].lifetime,
    DeviceCode: (_ctx, _code, client) => (client.clientId === 'desktop-brief' ? 1 : 600),
    ClientCredentials: (_ctx, token) => accounts[token.clientId]?.lifetime ?? HOUR,
  },
  rotateRefreshToken: (ctx) => !programs[ctx.oidc.client.clientId].lasting,
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
  mkdirSync(`${records}/secrets`, { recursive: true });
  provider.use(async (ctx, next) => {
    await next();
    const known = [ctx.oidc?.params, ctx.body].filter((fields) => fields && typeof fields === 'object');
    const values = known.flatMap((fields) => SECRETS.map((name) => fields[name]));
    const lines = values.filter((value) => typeof value === 'string').map((value) => `${value}\n`);
    appendFileSync(`${records}/secrets/oidc-${process.pid}`, lines.join(''));
  });
}


// The witness: a row for each request at the token endpoint, in their order. Refresh tokens are there
// as their SHA-256.
const witness = [];
const hash = (token) => token && createHash('sha256').update(token).digest('hex');

// One request at the token endpoint may be held: before the provider looks at it (`request`), or when
// all is done but nothing of the answer has left (`answer`).
let gate = null;

const deferred = () => {
  const result = {};
  result.promise = new Promise((resolve) => { result.resolve = resolve; });
  return result;
};

// True when the request is to go on.
async function pass(place) {
  if (gate?.place !== place) return true;
  const { arrived, fate } = gate;
  gate.place = null;
  arrived.resolve();
  return (await fate.promise) !== 'drop';
}

const rig = {
  '/rig/witness': () => witness,
  // The next request is held there.
  '/rig/hold': ({ place }) => { gate = { place, arrived: deferred(), fate: deferred() }; },
  // Answers when it is.
  '/rig/held': () => gate.arrived.promise,
  // Lets it go on, or drops its connection without an answer.
  '/rig/release': ({ fate }) => gate.fate.resolve(fate),
  // A refresh token of Alice's, as if she had signed in.
  '/rig/refresh-token': async ({ client: clientId }) => {
    const client = await provider.Client.find(clientId);
    const accountId = 'alice@rig.test';
    const scope = 'openid offline_access mail.send';
    const grant = new provider.Grant({ clientId, accountId });
    grant.addOIDCScope(scope);
    const grantId = await grant.save();
    const fields = { client, accountId, grantId, scope, gty: 'authorization_code', expiresWithSession: false };
    return { refresh_token: await new provider.RefreshToken(fields).save() };
  },
  // Makes an access token worthless. Its revocation (RFC 7009) would end the whole sign-in here.
  '/rig/spoil': async ({ token }) => (await provider.AccessToken.find(token)).destroy(),
};

provider.use(async (ctx, next) => {
  const answer = rig[ctx.path];
  if (answer) {
    ctx.body = (await answer(ctx.query)) ?? {};
    return;
  }
  if (ctx.path !== '/token') return next();
  const drop = () => {
    ctx.respond = false;
    ctx.socket.destroy();
  };
  if (!(await pass('request'))) return drop();
  await next();
  const { client_id: client, grant_type: grant, refresh_token: used } = ctx.oidc.params;
  witness.push({ client, grant, used: hash(used), issued: hash(ctx.body.refresh_token), status: ctx.status });
  if (!(await pass('answer'))) drop();
});

http.createServer(provider.callback()).listen(port, '127.0.0.1', () => console.log('ready'));
process.on('SIGTERM', () => process.exit(0));
