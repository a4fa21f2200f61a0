import * as z from 'zod'
import { Cell } from './tenant.ts'

/** Deleting a project or an organization: taken back within seven days, then removed for good. */

export const UNDO_DAYS = 7

export const DeletedProject = z.object({
  id: z.string(),
  name: z.string(),
  slug: z.string(),
  deleted_at: z.string(),
  purge_at: z.string().meta({ description: 'Until then it can be taken back' }),
})
export type DeletedProject = z.infer<typeof DeletedProject>

export const DeletedOrg = DeletedProject.extend({ region: Cell })
export type DeletedOrg = z.infer<typeof DeletedOrg>

export const OrgDelete = z.object({ confirm: z.string().meta({ description: 'The organization’s slug' }) })

/** What was removed where. Signed as canonical JSON (RFC 8785) without the signature. */
export const DeletionCertificate = z.strictObject({
  format: z.literal('agentops-deletion-certificate-1'),
  org_id: z.string(),
  deletion_id: z.string(),
  what: z.enum(['project', 'organization']),
  project_id: z.string().nullable(),
  region: Cell,
  deleted_at: z.string(),
  completed_at: z.string(),
  stores: z.array(z.object({ store: z.string(), removed: z.number().int() })),
  remains: z.array(z.string()),
  public_key: z.string().nullable(),
  signature: z.string().nullable(),
})
export type DeletionCertificate = z.infer<typeof DeletionCertificate>

/** One deletion that was carried out, or is. */
export const Deletion = z.object({
  id: z.string(),
  project_id: z.string().nullable(),
  state: z.enum(['running', 'done', 'cancelled']),
  step: z.string(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
})
export type Deletion = z.infer<typeof Deletion>

/** Of an organization that is gone. */
export const GoneOrg = z.object({ id: z.string(), name: z.string(), at: z.string(), certificate: DeletionCertificate })
