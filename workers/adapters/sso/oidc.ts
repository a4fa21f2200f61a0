import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import * as z from 'zod'
import { AppError } from '../../domain/errors.ts'
import { guardedJson } from './guarded-fetch.ts'

const Discovery = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
})
export type Discovery = z.infer<typeof Discovery>
const Tokens = z.object({ id_token: z.string() })
const Claims = z.object({
  sub: z.string().min(1).max(255),
  email: z.email().max(254),
  email_verified: z.union([z.boolean(), z.enum(['true', 'false'])]).optional(),
  name: z.string().max(200).optional(),
  nonce: z.string(),
})

export interface Identity {
  subject: string
  email: string
  name: string
}

/** What a provider says of itself (OpenID Connect Discovery 1.0). @throws AppError invalid_input. */
export async function discover(issuer: string, loopback: boolean): Promise<Discovery> {
  const base = issuer.replace(/\/$/, '')
  const parsed = Discovery.safeParse(await guardedJson(`${base}/.well-known/openid-configuration`, loopback))
  if (!parsed.success) throw refused('The provider’s discovery document is not complete.')
  if (parsed.data.issuer.replace(/\/$/, '') !== base)
    throw refused(`The provider calls itself ${parsed.data.issuer.slice(0, 200)}: give that as the issuer.`)
  return parsed.data
}

export interface Exchange {
  provider: Discovery
  clientId: string
  clientSecret: string
  code: string
  /** PKCE, RFC 7636. */
  verifier: string
  nonce: string
  redirectUri: string
  loopback: boolean
}

/** Who signed in, from the code that the provider sent (OpenID Connect Core 1.0, 3.1.3). @throws AppError. */
export async function identityOf(exchange: Exchange): Promise<Identity> {
  const { provider, clientId, clientSecret, loopback } = exchange
  const tokens = Tokens.safeParse(
    await guardedJson(provider.token_endpoint, loopback, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`,
      },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: exchange.code,
        redirect_uri: exchange.redirectUri,
        code_verifier: exchange.verifier,
      }).toString(),
    }),
  )
  if (!tokens.success) throw refused('The provider sent no id token.')
  const keys = (await guardedJson(provider.jwks_uri, loopback)) as JSONWebKeySet
  const claims = await verified(tokens.data.id_token, keys, exchange)
  if (claims.nonce !== exchange.nonce) throw refused('The answer belongs to another sign-in.')
  if (claims.email_verified === false || claims.email_verified === 'false')
    throw refused('The provider has not verified this address.')
  const email = claims.email.toLowerCase()
  return { subject: claims.sub, email, name: claims.name ?? email.slice(0, email.indexOf('@')) }
}

async function verified(token: string, keys: JSONWebKeySet, { provider, clientId }: Exchange) {
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer: provider.issuer,
      audience: clientId,
      // No symmetric algorithm, or the client secret could sign in as anybody.
      algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'],
      clockTolerance: 60,
      requiredClaims: ['exp', 'iat', 'sub', 'email', 'nonce'],
    })
    return Claims.parse(payload)
  } catch (cause) {
    throw new AppError('invalid_input', 'The provider’s id token is not valid.', { cause })
  }
}

const refused = (detail: string) => new AppError('invalid_input', detail)
