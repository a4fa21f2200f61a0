import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { AuditFilterQuery, AuditItem, PublicKey } from '../../contract/audit.ts'
import { AppError } from '../../domain/errors.ts'
import { settleOutbox } from '../../services/audit/outbox.ts'
import { exportAudit, listAudit } from '../../services/audit/read.ts'
import { tenantOf } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })

/** Who did what in an organization, and what it takes to prove that nobody changed it since. */
export function auditRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/audit',
    tag: 'Audit',
    summary: 'The audit log, newest first',
    permission: 'audit.read',
    params: OrgParam,
    query: AuditFilterQuery,
    answer: Page(AuditItem),
    async handle({ who, deps, query }) {
      const tenant = tenantOf(who)
      await settleOutbox(deps.auditing, tenant)
      return listAudit(deps.audit, tenant, query)
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/audit/export',
    tag: 'Audit',
    summary: 'The whole audit log as NDJSON, for `npm run audit:verify`',
    permission: 'audit.read',
    params: OrgParam,
    answer: z.any(),
    async handle({ who, deps }) {
      const tenant = tenantOf(who)
      await settleOutbox(deps.auditing, tenant)
      const pieces = exportAudit(deps.audit, tenant)
      // What fails at the start is a problem; later, a stream that breaks off.
      const first = await pieces.next()
      const day = new Date(deps.now()).toISOString().slice(0, 10)
      return new Response(bytesOf(first, pieces), {
        headers: {
          'content-type': 'application/x-ndjson',
          'content-disposition': `attachment; filename="audit-${tenant.org_id}-${day}.ndjson"`,
        },
      })
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/audit/public-key',
    tag: 'Audit',
    summary: 'The key that checkpoints of audit logs are signed with',
    permission: 'self',
    answer: PublicKey,
    async handle({ deps }) {
      const public_key = await deps.audit.store.publicKey()
      if (public_key === null) throw new AppError('unavailable', 'No signing key is set: nothing is signed here.')
      return { algorithm: 'Ed25519' as const, public_key }
    },
  })
}

function bytesOf(first: IteratorResult<string, void>, rest: AsyncGenerator<string, void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let next: Promise<IteratorResult<string, void>> = Promise.resolve(first)
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = await next
      if (piece.done === true) return controller.close()
      controller.enqueue(encoder.encode(piece.value))
      next = rest.next()
      // Read ahead; a failure is met at the next pull.
      next.catch(() => {})
    },
    async cancel() {
      await rest.return(undefined)
    },
  })
}
