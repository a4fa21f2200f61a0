import { auditStore } from '../adapters/audit.ts'
import { personalCipher } from '../adapters/audit-crypto.ts'
import type { Auth } from '../adapters/auth.ts'
import { cellFor, shardOf } from '../adapters/cells.ts'
import { auditOutbox } from '../adapters/d1/audit-outbox.ts'
import { controlStore } from '../adapters/d1/control-store.ts'
import { keyStore } from '../adapters/d1/key-store.ts'
import { memberStore } from '../adapters/d1/member-store.ts'
import { findApplied } from '../adapters/d1/commit.ts'
import { personKeys } from '../adapters/d1/person-keys.ts'
import { receiptRows } from '../adapters/d1/receipt-store.ts'
import { ssoStore } from '../adapters/d1/sso-store.ts'
import { modelUseStore } from '../adapters/d1/model-uses.ts'
import { runStore } from '../adapters/d1/run-store.ts'
import { spendStore } from '../adapters/d1/spend-store.ts'
import { traceStore } from '../adapters/d1/trace-store.ts'
import { viewStore } from '../adapters/d1/view-store.ts'
import { sha256Hex } from '../adapters/hash.ts'
import { guardFallback } from '../adapters/guard-kv.ts'
import { findKey, keyWriter, noteUse } from '../adapters/keys-kv.ts'
import { boxedAttachment, mailbox, mailSender, type BoxedMail } from '../adapters/mail.ts'
import { analyticsEngineMetrics } from '../adapters/metrics/analytics-engine/store.ts'
import { metricsByCell } from '../adapters/metrics/by-cell.ts'
import { d1Metrics } from '../adapters/metrics/d1/store.ts'
import { readdressed } from '../adapters/move/bucket.ts'
import { hasMoved, moveStore } from '../adapters/move/moves.ts'
import { deadLetters } from '../adapters/r2/dead-letters.ts'
import { txtRecords } from '../adapters/sso/dns.ts'
import { discover } from '../adapters/sso/oidc.ts'
import { seal } from '../adapters/sso/seal.ts'
import { isJournaled } from '../adapters/r2/journal.ts'
import type { ProjectTenant } from '../contract/tenant.ts'
import type { BudgetDeps } from '../services/budget/budgets.ts'
import type { ControlDeps } from '../services/control/controls.ts'
import type { ViewDeps } from '../services/dashboard/port.ts'
import type { OutboxDeps } from '../services/audit/outbox.ts'
import type { AuditDeps } from '../services/audit/port.ts'
import type { ReceiptDeps, WatermarkDeps } from '../services/ingest/receipt.ts'
import type { VerifyDeps } from '../services/key/verify.ts'
import type { MemberDeps } from '../services/member/store.ts'
import { moverCell } from '../services/move/place.ts'
import type { StartDeps } from '../services/move/start.ts'
import type { MetricsStore } from '../services/metrics/port.ts'
import type { ReplayDeps } from '../services/recovery/replay.ts'
import type { SsoDeps } from '../services/sso/store.ts'
import type { RunStore } from '../services/run/port.ts'
import type { PriceDeps } from '../services/price/port.ts'
import type { CacheDeps } from '../services/spend/cache.ts'
import type { ModelUseStore } from '../services/spend/models.ts'
import type { SpendStore } from '../services/spend/port.ts'
import type { TenantDeps } from '../services/tenant/store.ts'
import type { TraceStore } from '../services/trace/store.ts'
import type { Env } from './env.ts'
import { authFor } from './deps-identity.ts'
import { watchDeps, type WatchDeps } from './deps-alerts.ts'
import { priceDeps } from './deps-prices.ts'
import { privacyDeps, type PrivacyDeps } from './deps-privacy.ts'
import { reportingDeps, type ReportingDeps } from './deps-reports.ts'

export interface Deps extends PrivacyDeps, WatchDeps, ReportingDeps {
  auth: Auth
  tenants: TenantDeps
  members: MemberDeps
  sso: SsoDeps
  /** Where people reach us, without a slash at its end. */
  origin: string
  keys: VerifyDeps
  /** Notes that a key was used; a promise when that writes anything. */
  noteUse(keyId: string): Promise<void> | null
  traces: TraceStore
  metrics: MetricsStore
  spend: SpendStore
  modelUses: ModelUseStore
  runs: RunStore
  prices: Pick<CacheDeps, 'openPrices'>
  pricing: PriceDeps
  receipts: ReceiptDeps
  watermarks: WatermarkDeps
  replay: ReplayDeps
  audit: AuditDeps
  auditing: OutboxDeps
  moving: StartDeps
  budgets: BudgetDeps
  controls: ControlDeps
  views: ViewDeps
  /** Forwards an authorized upgrade to the project's feed. */
  live(tenant: ProjectTenant, request: Request): Promise<Response>
  /** Mail that was kept instead of sent; null where there is no such box. */
  mailbox: { list(): Promise<BoxedMail[]>; attachment(id: string): Promise<ArrayBuffer | null> } | null
  now(): number
}

/** Everything the routes need, built from the bindings for one request. */
export function makeDeps(env: Env, origin: string): Deps {
  const now = () => Date.now()
  const feed = (tenant: ProjectTenant) => cellFor(env, tenant.cell).object(env.LIVE_FEED, tenant.project_id)
  const letters = (tenant: ProjectTenant) => deadLetters(cellFor(env, tenant.cell).bucket)
  const audit = auditDeps(env, now)
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
  const tools = { now, sha256: sha256Hex, random }
  const metrics = metricsStore(env, now)
  const pricing = priceDeps(env, now, random)
  return {
    auth: authFor(env, origin, audit),
    tenants: {
      control: controlStore(env.CONTROL),
      keys: keyStore(env.CONTROL),
      keyRecords: keyWriter(env.KEYS),
      ...tools,
    },
    members: {
      members: memberStore(env.CONTROL),
      sendMail: mailSender(env, now),
      origin,
      ...tools,
    },
    sso: ssoDeps(env, now, random),
    origin,
    noteUse: (keyId) => noteUse(env.KEYS, keyId, now()),
    mailbox: mailboxOf(env),
    keys: { sha256: sha256Hex, find: (hash) => findKey(env.KEYS, hash, now()), now },
    traces: traceStore((tenant) => shardOf(env, tenant)),
    metrics,
    spend: spendStore((tenant) => shardOf(env, tenant)),
    modelUses: modelUseStore((tenant) => shardOf(env, tenant)),
    runs: runStore((tenant) => shardOf(env, tenant)),
    prices: pricing,
    pricing,
    receipts: {
      applied: (tenant, ids) => receiptRows(shardOf(env, tenant), tenant, ids),
      dead: async (tenant, id) => (await letters(tenant).find(tenant, id))?.letter ?? null,
      open: (tenant, id) => feed(tenant).open(id),
      journaled: (tenant, id) => isJournaled(cellFor(env, tenant.cell).bucket, tenant, id),
    },
    watermarks: {
      watermark: (tenant) => feed(tenant).watermark(),
      stale: (tenant, before) => feed(tenant).stale(before),
      async appliedIds(tenant, ids) {
        const rows = await findApplied(
          shardOf(env, tenant),
          ids.map((batch_id) => ({ project_id: tenant.project_id, batch_id })),
        )
        return rows.map((row) => row.batch_id)
      },
      close: (tenant, ids) => feed(tenant).dead(ids),
      deadCount: (tenant) => letters(tenant).count(tenant),
      now,
    },
    replay: replayDeps(env, now),
    audit,
    auditing: { audit, outbox: auditOutbox(env.CONTROL), now },
    moving: movingDeps(env, now),
    budgets: budgetDeps(env, now, random),
    controls: { of: ({ org_id, cell }) => cellFor(env, cell).object(env.TENANT_BUDGET, org_id), now, random },
    views: viewDeps(env, now, random),
    ...watchDeps(env, origin, metrics, now, random),
    ...reportingDeps(env, origin, now, random),
    ...privacyDeps(env, origin, audit, now, random),
    live: (tenant, request) => feed(tenant).fetch(asFeed(tenant, request)),
    now,
  }
}

/** A live feed is told its project and no credential. */
function asFeed({ project_id }: ProjectTenant, request: Request): Request {
  const forwarded = new Request(request)
  forwarded.headers.set('x-agentops-project', project_id)
  forwarded.headers.delete('cookie')
  forwarded.headers.delete('authorization')
  return forwarded
}

function mailboxOf({ APP_ENV, KEYS }: Env): Deps['mailbox'] {
  if (APP_ENV !== 'dev') return null
  return { list: () => mailbox(KEYS), attachment: (id) => boxedAttachment(KEYS, id) }
}

function viewDeps(env: Env, now: () => number, random: ViewDeps['random']): ViewDeps {
  const members = memberStore(env.CONTROL)
  return {
    store: viewStore((tenant) => shardOf(env, tenant)),
    namesOf: async (orgId) => new Map((await members.members(orgId)).map(({ userId, name }) => [userId, name])),
    now,
    random,
  }
}

function budgetDeps(env: Env, now: () => number, random: BudgetDeps['random']): BudgetDeps {
  return {
    of: ({ org_id, cell }) => cellFor(env, cell).object(env.TENANT_BUDGET, org_id),
    putFallback: (orgId, fallback) => guardFallback(env.KEYS).put(orgId, fallback),
    sha256: sha256Hex,
    now,
    random,
  }
}

function movingDeps(env: Env, now: () => number): StartDeps {
  return {
    moves: moveStore(env.CONTROL),
    wake: (job) => cellFor(env, moverCell(job)).object(env.ORG_MOVE, job.orgId).run(job.orgId),
    now,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    sha256: sha256Hex,
  }
}

function replayDeps(env: Env, now: () => number): ReplayDeps {
  const letters = (tenant: ProjectTenant) => deadLetters(cellFor(env, tenant.cell).bucket)
  return {
    list: (tenant, cursor, limit) => letters(tenant).list(tenant, cursor, limit),
    find: (tenant, id) => letters(tenant).find(tenant, id),
    // A letter that was moved along with its organization still names the cell that it died in.
    send: (tenant, bytes) => cellFor(env, tenant.cell).queue.send(readdressed(bytes, tenant), { contentType: 'bytes' }),
    markReplayed: (tenant, id) => letters(tenant).markReplayed(tenant, id, now()),
    remove: (tenant, id) => letters(tenant).remove(tenant, id),
    isApplied: async (tenant, batch_id) =>
      (await findApplied(shardOf(env, tenant), [{ project_id: tenant.project_id, batch_id }])).length > 0,
  }
}

/** D1; deployed, and with a token to read it, Analytics Engine for tenants of the global cell. */
function metricsStore(env: Env, now: () => number): MetricsStore {
  const exact = d1Metrics((tenant) => shardOf(env, tenant), now)
  const { APP_ENV, CLOUDFLARE_ACCOUNT_ID: account_id, ANALYTICS_TOKEN: token, METRICS_DATASET: dataset } = env
  return metricsByCell(
    exact,
    APP_ENV === 'production' && account_id && token
      ? analyticsEngineMetrics({ account_id, token, dataset, fetch: (...args) => fetch(...args), now, exact })
      : null,
    ({ org_id }) => hasMoved(env.CONTROL, org_id),
  )
}

/** Single sign-on; providers on this machine only where the product runs on it. */
function ssoDeps(env: Env, now: () => number, random: SsoDeps['random']): SsoDeps {
  const loopback = env.APP_ENV === 'dev'
  return {
    store: ssoStore(env.CONTROL),
    seal: (text) => seal(env.AUTH_SECRET, text),
    txt: (name) => txtRecords(env.DNS_RESOLVER, name),
    discover: (issuer) => discover(issuer, loopback),
    loopback,
    now,
    random,
  }
}

/** The audit log of each organization, in its cell; the keys of people lie in the control database. */
function auditDeps(env: Env, now: () => number): AuditDeps {
  const { TENANT_AUDIT: audit } = env
  return {
    store: auditStore(
      (tenant) => cellFor(env, tenant.cell).object(audit, tenant.org_id),
      () => cellFor(env, 'global').object(audit, 'readyz'),
    ),
    persons: personKeys(env.CONTROL),
    cipher: personalCipher,
    sha256: sha256Hex,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    now,
  }
}
