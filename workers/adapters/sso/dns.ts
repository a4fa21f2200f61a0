import * as z from 'zod'

const Answer = z.object({ Answer: z.array(z.object({ type: z.number(), data: z.string() })).optional() })
const TXT = 16
const TIMEOUT_MS = 5000

/** TXT records of a name, by DNS over HTTPS (JSON form, as Cloudflare's and Google's resolvers answer it). */
export async function txtRecords(resolver: string, name: string): Promise<string[]> {
  const query = new URLSearchParams({ name, type: 'TXT' }).toString()
  const response = await fetch(`${resolver}?${query}`, {
    headers: { accept: 'application/dns-json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`the resolver answered ${response.status}`)
  const answer = Answer.parse(await response.json())
  // Long records come as several quoted strings.
  return (answer.Answer ?? [])
    .filter(({ type }) => type === TXT)
    .map(({ data }) => data.replace(/"\s*"/g, '').replace(/^"|"$/g, ''))
}
