import { z } from '@hono/zod-openapi'
import { Receipt } from '../../contract/batch.ts'
import { AppError } from '../../domain/errors.ts'
import { getReceipt, parseReceipt } from '../../services/ingest/receipt.ts'
import { admitTo, MISSING, projectTenantOf } from '../context.ts'
import { route, type App } from '../route.ts'

/** Following an accepted batch. */
export function ingestRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/ingest/receipts/{id}',
    tag: 'Ingest',
    summary: 'Where an accepted batch is',
    permission: 'telemetry.read',
    params: z.object({ id: z.string().min(1).max(200) }),
    answer: Receipt,
    async handle({ who, deps, params }) {
      const receipt = parseReceipt(params.id)
      if (receipt === null) throw new AppError('not_found', MISSING)
      const inside = await admitTo(deps, who.actor, { project: receipt.project_id }, 'telemetry.read')
      return getReceipt(deps.receipts, projectTenantOf(inside), params.id, receipt.batchIds)
    },
  })
}
