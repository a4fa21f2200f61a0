import * as z from 'zod'

const Begun = z.object({ totpURI: z.string().startsWith('otpauth://'), backupCodes: z.array(z.string()) })

export interface FactorSetup {
  uri: string
  /** Base 32, in groups of four. */
  secret: string
  codes: string[]
}

/** What a person needs to set their app up, from the server's answer; null when that is something else. */
export function setupOf(begun: unknown): FactorSetup | null {
  const parsed = Begun.safeParse(begun)
  if (!parsed.success) return null
  const secret = new URL(parsed.data.totpURI).searchParams.get('secret') ?? ''
  return { uri: parsed.data.totpURI, secret: secret.replace(/(.{4})(?=.)/g, '$1 '), codes: parsed.data.backupCodes }
}
