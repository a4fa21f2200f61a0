import * as z from 'zod'

const Passkeys = z.array(z.object({ id: z.string(), name: z.string().nullish(), createdAt: z.string() }))

export interface PasskeyRow {
  id: string
  name: string
  created_ms: number
}

/** The visitor's passkeys as the identity endpoint lists them; null when it answers otherwise. */
export function passkeysOf(listed: unknown): PasskeyRow[] | null {
  const parsed = Passkeys.safeParse(listed)
  if (!parsed.success) return null
  return parsed.data.map(({ id, name, createdAt }) => ({
    id,
    name: name ?? 'A passkey',
    created_ms: Date.parse(createdAt),
  }))
}
