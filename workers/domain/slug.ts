const CHARS_MAX = 40

/** A slug from a name; names without usable letters, and the reserved words of the dashboard, get the id's tail. */
export function slugOf(name: string, id: string): string {
  const slug = name
    .replace(/ß/g, 'ss')
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, CHARS_MAX)
    .replace(/^-+|-+$/g, '')
  return slug.length < 2 || RESERVED.has(slug) ? `${slug || 'x'}-${id.slice(-6)}` : slug
}

/** First segments of the dashboard's own pages, and of the addresses at which telemetry comes in. */
export const RESERVED: ReadonlySet<string> = new Set([
  'api',
  'v1',
  'v3',
  'otel',
  'runs',
  'info',
  'mcp',
  'version',
  'logs3',
  'batch',
  'custom',
  'capture',
  'i',
  'new',
  'sign-in',
  'sign-up',
  'sign-out',
  'healthz',
  'readyz',
  'dev',
  'docs',
  'settings',
  'account',
  'deleted',
  'assets',
  'app',
])
