import { z } from '@hono/zod-openapi'
import { makeZip } from 'client-zip'
import { Page } from '../../contract/api.ts'
import { Export } from '../../contract/export.ts'
import { exportAudit } from '../../services/audit/read.ts'
import { cancelExport, downloadable, listExports, readExport, startExport } from '../../services/export/start.ts'
import { tenantOf } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const ExportParam = OrgParam.extend({ export: z.string().min(1).max(100) })
const tag = 'Privacy'

/** Taking everything that an organization has. */
export function exportRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/exports',
    tag,
    summary: 'Export everything the organization has',
    permission: 'export.write',
    action: 'export.request',
    params: OrgParam,
    status: 201,
    answer: Export,
    async handle({ who, deps, changed }) {
      const made = await startExport(deps.jobs, tenantOf(who))
      changed({ target: { type: 'export', id: made.id } })
      return made
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/exports',
    tag,
    summary: 'Exports, newest first',
    permission: 'export.write',
    params: OrgParam,
    answer: Page(Export),
    handle: async ({ who, deps }) => ({ data: await listExports(deps.jobs, tenantOf(who)), next_cursor: null }),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/exports/{export}',
    tag,
    summary: 'One export, and how far it is',
    permission: 'export.write',
    params: ExportParam,
    answer: Export,
    handle: ({ who, deps, params }) => readExport(deps.jobs, tenantOf(who), params.export),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/exports/{export}/cancel',
    tag,
    summary: 'Cancel an export',
    permission: 'export.write',
    action: 'export.cancel',
    params: ExportParam,
    answer: Export,
    async handle({ who, deps, params, changed }) {
      const cancelled = await cancelExport(deps.jobs, tenantOf(who), params.export)
      changed({ target: { type: 'export', id: cancelled.id } })
      return cancelled
    },
  })
  downloadRoute(app)
}

function downloadRoute(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/exports/{export}/download',
    tag,
    summary: 'The export as one zip file, with the archive and the audit log',
    permission: 'export.write',
    // A read that the audit log tells of: everything leaves the organization by it.
    action: 'export.download',
    params: ExportParam,
    answer: z.any(),
    async handle({ who, deps, params, changed }) {
      const tenant = tenantOf(who)
      const { id } = await downloadable(deps.jobs, tenant, params.export, () => deps.hasExport(tenant, params.export))
      changed({ target: { type: 'export', id } })
      const audit = { name: 'audit.ndjson', input: encoded(exportAudit(deps.audit, tenant)) }
      const files = all(deps.exportFiles(tenant, id), audit)
      return new Response(makeZip(files), {
        headers: {
          'content-type': 'application/zip',
          'content-disposition': `attachment; filename="agentops-${tenant.org_id}-${id}.zip"`,
        },
      })
    },
  })
}

async function* all<T, U>(files: AsyncIterable<T>, last: U): AsyncGenerator<T | U> {
  yield* files
  yield last
}

async function* encoded(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder()
  for await (const piece of pieces) yield new Uint8Array(encoder.encode(piece))
}
