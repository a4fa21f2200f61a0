import * as z from 'zod'

/** Everything that an organization has, as one file. */

export const EXPORT_STEPS = ['organization', 'tables', 'dead_letters', 'manifest'] as const
export type ExportStep = (typeof EXPORT_STEPS)[number]
export const EXPORT_KEPT_DAYS = 7

export const Export = z.object({
  id: z.string(),
  state: z.enum(['running', 'done', 'cancelled', 'expired']),
  step: z.enum(EXPORT_STEPS),
  detail: z.string().nullable(),
  rows: z.number().int(),
  files: z.number().int(),
  bytes: z.number().int().meta({ description: 'Packed, without the archive and the audit log' }),
  created_at: z.string(),
  ended_at: z.string().nullable(),
  expires_at: z.string().nullable(),
})
export type Export = z.infer<typeof Export>

/** What `manifest.json` of an export says. */
export const ExportManifest = z.object({
  format: z.literal('agentops-export-1'),
  org_id: z.string(),
  region: z.string(),
  started_at: z.string(),
  completed_at: z.string(),
  files: z.array(z.object({ name: z.string(), rows: z.number().int(), bytes: z.number().int(), sha256: z.string() })),
  ledger: z
    .array(z.object({ project_id: z.string(), entries: z.number().int(), cost_usd: z.string() }))
    .meta({ description: 'What the exported ledger sums up to' }),
  notes: z.array(z.string()),
})
export type ExportManifest = z.infer<typeof ExportManifest>
