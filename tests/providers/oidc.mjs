// SPDX-License-Identifier: BSD-2-Clause
// An OpenID provider that knows nothing of Auth0: the npm package oidc-provider
// as it comes, with the settings that an API and its clients need.
//     node oidc.mjs PORT CERTIFICATE KEY JWKS
// It says "ready" when it listens.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const [port, certificate, key, jwks] = process.argv.slice(2);
const issuer = `https://127.0.0.1:${port}`;
const API = 'https://login.example.com/';
const USERNAME = 'https://example.com/username';

// The last word of an API's identifier is the algorithm of its tokens.
function resourceServer(resource) {
  const alg = /\/(RS|PS|ES)(256|384|512)$|\/EdDSA$|\/HS256$/.exec(resource)?.[0].slice(1) ?? 'RS256';
  const jwt = { sign: { alg } };
  if (alg === 'HS256')
    jwt.sign.key = Buffer.alloc(32, 'k');
  if (resource.endsWith('/encrypted'))
    jwt.encrypt = { alg: 'dir', enc: 'A256GCM', key: Buffer.alloc(32, 'e') };
  return {
    audience: resource,
    scope: 'login',
    accessTokenFormat: resource.endsWith('/opaque') ? 'opaque' : 'jwt',
    accessTokenTTL: resource.endsWith('/soon') ? 1 : 3600,
    jwt,
  };
}

const provider = new Provider(issuer, {
  jwks: JSON.parse(readFileSync(jwks)),
  cookies: { keys: ['a key of the test'] },
  clients: [
    {
      client_id: 'terminal',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: 'robot',
      client_secret: 'a secret of the test, of no use elsewhere',
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // "userinfo" in the scope asks for a token without an API
      defaultResource: (ctx) => ctx.oidc.params.scope?.includes('email') ? undefined : API,
      getResourceServerInfo: (ctx, resource) => resourceServer(resource),
      useGrantedResource: (ctx) => !ctx.oidc.params.scope?.includes('email'),
    },
  },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'] },
  scopes: ['openid', 'email', 'login'],
  claims: { openid: ['sub'], email: ['email', 'email_verified', USERNAME] },
  conformIdTokenClaims: false,
  extraTokenClaims: (ctx, token) =>
    token.accountId ? { [USERNAME]: token.accountId } : undefined,
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      email_verified: true,
      [USERNAME]: id,
    }),
  }),
  ttl: { DeviceCode: 600, Grant: 3600, IdToken: 3600, Interaction: 600, Session: 600 },
});

createServer(
  { cert: readFileSync(certificate), key: readFileSync(key) },
  provider.callback(),
).listen(Number(port), '127.0.0.1', () => console.log('ready'));
