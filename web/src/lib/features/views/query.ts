import type { Call } from './ask.ts'

/** A call of the API as a command that a shell can run. */
export function curlOf({ method, path, body }: Call, origin: string): string {
  const lines = [`curl '${origin}${path}'`, `-H 'Authorization: Bearer YOUR_READ_KEY'`]
  if (method === 'POST') {
    lines.push(`-H 'Content-Type: application/json'`)
    lines.push(`-d '${JSON.stringify(body).replaceAll("'", `'\\''`)}'`)
  }
  return lines.join(' \\\n  ')
}
