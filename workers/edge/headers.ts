const SANE_REQUEST_ID = /^[\w.:-]{8,80}$/

/** The caller's request id when it is a plain token, else a new one. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id')
  return given !== null && SANE_REQUEST_ID.test(given) ? given : crypto.randomUUID()
}

const SECURITY: Record<string, string> = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'x-frame-options': 'DENY',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
  'cross-origin-opener-policy': 'same-origin',
}

/** Adds the security headers and the request id to an answer. WebSocket answers pass unchanged. */
export function withHeaders(response: Response, requestId: string, extra: Record<string, string> = {}): Response {
  if (response.webSocket) return response
  const out = new Response(response.body, response)
  for (const [name, value] of Object.entries(SECURITY)) if (!out.headers.has(name)) out.headers.set(name, value)
  for (const [name, value] of Object.entries(extra)) out.headers.set(name, value)
  out.headers.set('x-request-id', requestId)
  return out
}

/** Browsers may send events from anywhere: the key is the credential, never a cookie. */
export const INGEST_CORS: Record<string, string> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-request-id, retry-after',
}

/** @param methods as the header lists them. */
export function preflight(methods: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...INGEST_CORS,
      'access-control-allow-methods': methods,
      'access-control-allow-headers':
        'authorization, content-type, content-encoding, idempotency-key, x-api-key, x-request-id, traceparent, api_key, helicone-auth, x-langfuse-public-key, x-langfuse-sdk-name, x-langfuse-sdk-version, x-langfuse-sdk-variant, x-langfuse-sdk-integration, x-langfuse-ingestion-version',
      'access-control-max-age': '86400',
    },
  })
}
