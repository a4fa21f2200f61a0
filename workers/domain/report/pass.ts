import { CELLS, type Tenant } from '../../contract/tenant.ts'

/**
 * The cookie that a browser draws a report with. It says where the report lies, and a secret of which the report's row
 * holds the hash: whoever changes the place finds no row with that hash.
 */
export const PASS_COOKIE = 'agentops.report'
/** Longer than drawing may take. */
export const PASS_MS = 3 * 60_000
export const PASS_RANDOM_BYTES = 32

export interface Pass {
  tenant: Tenant
  reportId: string
  secret: string
}

const PATTERN = /^([a-z]+)\.(\d{1,3})\.(org_[a-z0-9]{1,40})\.(rpt_[a-z0-9]{1,40})\.([0-9a-f]{64})$/

export function passText({ tenant: { cell, shard, org_id }, reportId, secret }: Pass): string {
  return [cell, shard, org_id, reportId, secret].join('.')
}

/** Null for what is no pass. Says nothing of whether it is good. */
export function readPass(text: string): Pass | null {
  const [, place, shard, org_id = '', reportId = '', secret = ''] = PATTERN.exec(text) ?? []
  const cell = CELLS.find((name) => name === place)
  return cell === undefined ? null : { tenant: { org_id, cell, shard: Number(shard) }, reportId, secret }
}
