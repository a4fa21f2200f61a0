import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'

/** An OpenID provider and a DNS resolver that answer `fetch`: what they say can be bent, as an attacker would. */
export async function openidProvider(issuer: string, clientId: string, clientSecret: string) {
  const keys = await generateKeyPair('RS256', { extractable: true })
  const strangers = await generateKeyPair('RS256', { extractable: true })
  const codes = new Map<string, { challenge: string; nonce: string; claims: object }>()
  const txt = new Map<string, string>()
  const asked: string[] = []
  const bend = { issuer, audience: clientId, key: 'own' as 'own' | 'stranger', expiresIn: '5m', redirect: false }

  async function answer(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input.toString())
    asked.push(url.href)
    if (bend.redirect) return Response.redirect('http://169.254.169.254/', 302)
    if (url.pathname === '/dns-query') return Response.json(dns(url.searchParams.get('name') ?? ''))
    if (url.origin !== new URL(issuer).origin) throw new TypeError('no such host')
    if (url.pathname.endsWith('/.well-known/openid-configuration'))
      return Response.json({
        issuer: bend.issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
      })
    if (url.pathname.endsWith('/keys'))
      return Response.json({ keys: [{ ...(await exportJWK(keys.publicKey)), alg: 'RS256', use: 'sig' }] })
    if (url.pathname.endsWith('/token')) return token(init)
    return new Response(null, { status: 404 })
  }

  function dns(name: string) {
    const value = txt.get(name)
    return { Status: 0, Answer: value === undefined ? [] : [{ name, type: 16, data: `"${value}"` }] }
  }

  async function token(init?: RequestInit): Promise<Response> {
    const form = new URLSearchParams(typeof init?.body === 'string' ? init.body : '')
    const kept = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const basic = new Headers(init?.headers).get('authorization')
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(form.get('code_verifier') ?? ''))
    const challenge = Buffer.from(digest).toString('base64url')
    if (kept === undefined || kept.challenge !== challenge || basic !== `Basic ${btoa(`${clientId}:${clientSecret}`)}`)
      return Response.json({ error: 'invalid_grant' }, { status: 400 })
    const key: CryptoKey = bend.key === 'own' ? keys.privateKey : strangers.privateKey
    const id_token = await new SignJWT({ nonce: kept.nonce, ...kept.claims })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(bend.issuer)
      .setAudience(bend.audience)
      .setIssuedAt()
      .setExpirationTime(bend.expiresIn)
      .sign(key)
    return Response.json({ id_token, access_token: 'x', token_type: 'Bearer' })
  }

  return {
    fetch: answer,
    bend,
    txt,
    asked,
    /** What the provider would send the browser back with, once somebody has signed in there. */
    authorize(url: string, claims: object): { state: string; code: string } {
      const query = new URL(url).searchParams
      const code = crypto.randomUUID()
      codes.set(code, {
        challenge: query.get('code_challenge') ?? '',
        nonce: query.get('nonce') ?? '',
        claims,
      })
      return { state: query.get('state') ?? '', code }
    },
  }
}
