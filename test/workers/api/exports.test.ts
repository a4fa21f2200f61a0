import { createHash } from 'node:crypto'
import { gunzipSync, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { sha256Hex } from '../../../workers/adapters/hash.ts'
import { deadLetters } from '../../../workers/adapters/r2/dead-letters.ts'
import { Export, ExportManifest } from '../../../workers/contract/export.ts'
import type { Cell, ProjectTenant } from '../../../workers/contract/tenant.ts'
import { linesOf } from '../../../workers/domain/audit/lines.ts'
import { verifyExport } from '../../../workers/domain/audit/verify.ts'
import { isSigned } from '../../../scripts/runtime/signing-key.ts'
import { bindings, call, makeKey, makeTenant, type TestTenant } from '../../support/api.ts'
import { envelopeOf, makeBatch, traceEvents } from '../../support/batches.ts'
import { join } from '../../support/members.ts'

const path = ({ org }: TestTenant, rest = '') => `/api/v1/orgs/${org.id}/exports${rest}`
const placeOf = ({ org }: TestTenant, cell: Cell): ProjectTenant => ({
  org_id: org.id,
  workspace_id: org.default_workspace_id,
  project_id: org.default_project_id,
  cell,
  shard: 0,
})

async function send(tenant: TestTenant, cell: Cell, traces: number) {
  const place = placeOf(tenant, cell)
  for (let i = 0; i < traces; i++)
    await cellFor(bindings, cell).queue.send(
      envelopeOf(makeBatch(place, traceEvents(`x${i}-${place.org_id}`, 2, 1_000_001))),
      {
        contentType: 'bytes',
      },
    )
  await expect
    .poll(
      async () =>
        (
          await (
            await call(tenant.owner, 'GET', `/api/v1/projects/${place.project_id}/traces`)
          ).json<{ data: unknown[] }>()
        ).data.length,
      { timeout: 10_000 },
    )
    .toBe(traces)
}

/** The files of a zip, by its central directory. */
function unzipped(bytes: Buffer): Map<string, Buffer> {
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  const files = new Map<string, Buffer>()
  let at = bytes.readUInt32LE(end + 16)
  for (let n = bytes.readUInt16LE(end + 10); n > 0; n--) {
    const [method, size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)]
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ]
    const local = bytes.readUInt32LE(at + 42)
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
    const packed = bytes.subarray(start, start + size)
    files.set(bytes.subarray(at + 46, at + 46 + name).toString(), method === 0 ? packed : inflateRawSync(packed))
    at += 46 + name + extra + comment
  }
  return files
}
const rowsIn = (files: Map<string, Buffer>, folder: string) =>
  [...files]
    .filter(([name]) => name.startsWith(`${folder}/`))
    .flatMap(([, bytes]) => gunzipSync(bytes).toString().trim().split('\n'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)

async function finished(tenant: TestTenant, id: string): Promise<Export> {
  await expect
    .poll(async () => Export.parse(await (await call(tenant.owner, 'GET', path(tenant, `/${id}`))).json()).state, {
      timeout: 15_000,
    })
    .toBe('done')
  return Export.parse(await (await call(tenant.owner, 'GET', path(tenant, `/${id}`))).json())
}

describe('exporting everything', () => {
  it('gives one file with all there is, equal to what the API says, and no secret', { timeout: 40_000 }, async () => {
    const tenant = await makeTenant('eu')
    const other = await makeTenant('eu')
    await Promise.all([send(tenant, 'eu', 5), send(other, 'eu', 1)])
    const { key } = await makeKey(tenant, ['read'])
    const place = placeOf(tenant, 'eu')
    await deadLetters(bindings.BUCKET_EU).put(
      envelopeOf(makeBatch(place, traceEvents('dead-one', 1, 1))),
      'tested',
      7,
      'eu',
    )
    await bindings.BUCKET_EU.put(
      `archive/${place.org_id}/${place.project_id}/2026/01/01/00-1-2.parquet`,
      'PAR1 of ours',
    )
    await call(tenant.owner, 'POST', `/api/v1/orgs/${place.org_id}/budgets`, {
      name: 'All',
      scope: { type: 'org' },
      period: 'month',
      limit_usd: '10',
    })

    const control = { name: 'Retries', scope: { type: 'org' }, retries_max: 3 }
    expect((await call(tenant.owner, 'POST', `/api/v1/orgs/${place.org_id}/controls`, control)).status).toBe(201)

    const made = Export.parse(await (await call(tenant.owner, 'POST', path(tenant))).json())
    expect((await call(tenant.owner, 'POST', path(tenant))).status).toBe(409)
    const done = await finished(tenant, made.id)
    expect(done.rows).toBeGreaterThan(20)
    const answer = await call(tenant.owner, 'GET', path(tenant, `/${made.id}/download`))
    expect(answer.headers.get('content-type')).toBe('application/zip')
    const zip = Buffer.from(await answer.arrayBuffer())
    const files = unzipped(zip)

    const manifest = ExportManifest.parse(JSON.parse(files.get('manifest.json')?.toString() ?? '{}'))
    for (const { name, bytes, sha256 } of manifest.files) {
      const file = files.get(name) ?? Buffer.alloc(0)
      expect({ name, bytes: file.length, sha256: createHash('sha256').update(file).digest('hex') }).toEqual({
        name,
        bytes,
        sha256,
      })
    }
    const spend = await (
      await call(tenant.owner, 'GET', `/api/v1/orgs/${place.org_id}/spend?group_by=project`)
    ).json<{ data: { cost_usd: string }[] }>()
    expect(manifest.ledger).toEqual([{ project_id: place.project_id, entries: 10, cost_usd: spend.data[0]?.cost_usd }])
    expect(rowsIn(files, 'ledger')).toHaveLength(10)
    expect(rowsIn(files, 'ledger')[0]).toMatchObject({ leak: '', leak_usd: '0.000000000' })
    expect(rowsIn(files, 'events')).toHaveLength(15)
    expect(rowsIn(files, 'events')[0]).toMatchObject({ timestamp: expect.stringMatching(/Z$/) as string })
    expect(
      rowsIn(files, 'traces')
        .map((row) => row['trace_id'])
        .sort(),
    ).toEqual([0, 1, 2, 3, 4].map((n) => `x${n}-${place.org_id}`))
    expect(rowsIn(files, 'dead-letters')).toMatchObject([{ reason: 'tested', events: [{ trace_id: 'dead-one' }, {}] }])
    expect([...files.keys()]).toContain(`archive/${place.project_id}/2026/01/01/00-1-2.parquet`)
    expect(JSON.parse(files.get('budgets.json')?.toString() ?? '{}')).toMatchObject({
      budgets: [{ name: 'All' }],
      extensions: [],
      reservations: [],
      controls: [{ name: 'Retries' }],
      breakers: [],
    })
    const organization = files.get('organization.json')?.toString() ?? ''
    expect(JSON.parse(organization)).toMatchObject({
      organization: { id: place.org_id },
      project: [{ id: place.project_id }],
      people: [{}],
    })
    const audit = files.get('audit.ndjson')?.toString() ?? ''
    const verdict = await verifyExport(
      linesOf(
        (async function* () {
          yield audit
        })(),
      ),
      { sha256: sha256Hex, isSigned },
    )
    expect(verdict.ok).toBe(true)

    const everything = [...files]
      .map(([name, bytes]) => (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString())
      .join('\n')
    const sealed = await bindings.CONTROL.prepare('SELECT hex(key) AS key FROM person_key').all<{ key: string }>()
    const sessions = await bindings.CONTROL.prepare('SELECT token FROM session').all<{ token: string }>()
    const secrets = [
      key,
      sha256Hex(key),
      ...sealed.results.map((row) => row.key),
      ...sessions.results.map(({ token }) => token),
    ]
    for (const secret of [...secrets, other.org.id, other.org.default_project_id])
      expect(everything.includes(secret)).toBe(false)
    const log = await (
      await call(tenant.owner, 'GET', `/api/v1/orgs/${place.org_id}/audit?action=export`)
    ).json<{ data: { action: string }[] }>()
    expect(log.data.map(({ action }) => action)).toEqual(['export.download', 'export.request'])
  })

  it('is for owners and admins, and not to be taken before it is done, after it was cancelled or has expired', async () => {
    const tenant = await makeTenant('us')
    const finance = await join(tenant, 'finance')
    expect((await call(finance, 'POST', path(tenant))).status).toBe(403)
    const made = Export.parse(await (await call(tenant.owner, 'POST', path(tenant))).json())
    await finished(tenant, made.id)
    expect((await call(tenant.owner, 'POST', path(tenant, `/${made.id}/cancel`))).status).toBe(409)
    // As an erasure removes it.
    const { objects } = await bindings.BUCKET_US.list({ prefix: `exports/${tenant.org.id}/` })
    await bindings.BUCKET_US.delete(objects.map(({ key }) => key))
    const gone = await call(tenant.owner, 'GET', path(tenant, `/${made.id}/download`))
    expect([gone.status, await gone.text()]).toEqual([409, expect.stringContaining('make another')])
    await bindings.DATA_US_0.prepare('UPDATE job SET ended_ms = ?2 WHERE id = ?1')
      .bind(made.id, Date.now() - 8 * 86_400_000)
      .run()
    expect(await (await call(tenant.owner, 'GET', path(tenant, `/${made.id}`))).json()).toMatchObject({
      state: 'expired',
    })
    expect((await call(tenant.owner, 'GET', path(tenant, `/${made.id}/download`))).status).toBe(409)
    await bindings.DATA_US_0.prepare(`UPDATE job SET ended_ms = NULL, state = 'running' WHERE id = ?1`)
      .bind(made.id)
      .run()
    expect((await call(tenant.owner, 'GET', path(tenant, `/${made.id}/download`))).status).toBe(409)
    expect(await (await call(tenant.owner, 'POST', path(tenant, `/${made.id}/cancel`))).json()).toMatchObject({
      state: 'cancelled',
    })
    expect((await call(tenant.owner, 'GET', path(tenant, '/exp_nothing/download'))).status).toBe(404)
  }, 30_000)
})
