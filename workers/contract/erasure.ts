import * as z from 'zod'
import { JOB_STATES } from './job.ts'
import { Cell } from './tenant.ts'

/** Erasing a person from everything that an organization's agents have reported. */

export const ERASURE_STEPS = [
  'wait',
  'tables',
  'objects',
  'actors',
  'settle',
  'check_tables',
  'check_objects',
  'check_actors',
  'certify',
] as const
export type ErasureStep = (typeof ERASURE_STEPS)[number]

const USER_CHARS_MAX = 256

export const ErasureCreate = z.object({
  user_id: z
    .string()
    .min(1)
    .max(USER_CHARS_MAX)
    .meta({ description: 'As the agents report it, to the letter' })
    .refine((id) => id !== 'erased', { message: 'this is what stands for people who were erased' }),
})

const StoreCount = z.object({
  store: z.string().meta({ description: 'A table, a kind of object in the bucket, or a Durable Object' }),
  scanned: z.number().int(),
  changed: z.number().int().meta({ description: 'Rows, events or counters that the person was taken out of' }),
  removed: z.number().int().meta({ description: 'Objects that were removed whole' }),
})

export const Erasure = z.object({
  id: z.string(),
  state: z.enum(JOB_STATES),
  step: z.enum(ERASURE_STEPS),
  user_id: z.string().nullable().meta({ description: 'Null once it is done: then we do not know it any more' }),
  subject_digest: z.string(),
  detail: z.string().nullable(),
  requested_at: z.string(),
  ended_at: z.string().nullable(),
  stores: z.array(StoreCount),
})
export type Erasure = z.infer<typeof Erasure>

export const ErasureCreated = Erasure.extend({
  proof: z.string().meta({
    description: 'Kept nowhere else. SHA-256 of proof, a line feed and the user id is the digest in the certificate',
  }),
})

/** What was removed where. Signed as canonical JSON (RFC 8785) without the signature. */
export const ErasureCertificate = z.strictObject({
  format: z.literal('agentops-erasure-certificate-1'),
  org_id: z.string(),
  erasure_id: z.string(),
  region: Cell,
  subject_digest: z.string(),
  requested_at: z.string(),
  covers_until: z.string().meta({ description: 'Events accepted after this may name the person again' }),
  completed_at: z.string(),
  stores: z.array(StoreCount),
  check: z.strictObject({
    rounds: z.number().int().meta({ description: 'How often everything was searched again' }),
    found: z
      .number()
      .int()
      .meta({ description: 'What the last of them found; above 0 while agents go on naming them' }),
  }),
  remains: z.array(z.string()),
  public_key: z.string().nullable().meta({ description: 'Ed25519 as SPKI in base64' }),
  signature: z.string().nullable(),
})
export type ErasureCertificate = z.infer<typeof ErasureCertificate>

/** What a Durable Object of a tenant offers so that a person can be taken out of it; answers what it changed. */
export interface ErasableRpc {
  erase(subject: string, token: string): Promise<{ scanned: number; changed: number }>
}
