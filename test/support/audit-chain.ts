import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import type { AuditDraft, AuditEntry } from '../../workers/contract/audit.ts'
import { EXPORT_FORMAT } from '../../workers/contract/audit.ts'
import { canonicalJson } from '../../workers/domain/audit/canonical-json.ts'
import { checkpointBody, GENESIS, linkEntry } from '../../workers/domain/audit/chain.ts'

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** An Ed25519 key and its public half as SPKI in base64. */
export function makeSigner() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    sign: (text: string) => sign(null, Buffer.from(text), privateKey).toString('base64'),
  }
}
export type TestSigner = ReturnType<typeof makeSigner>

const personOf = (n: number) => ({
  salt: sha256(`salt ${n}`).slice(0, 32),
  name: `Name ${n}\u2028`,
  email: `p${n}@example.com`,
})

export const draft = (n: number): AuditDraft => ({
  at: new Date(1_790_000_000_000 + n * 1000).toISOString(),
  actor: { type: 'user', id: `per_${n % 3}`, label: null },
  action: n % 2 ? 'key.create' : 'project.update',
  target: { type: 'project', id: `prj_${n % 5}`, label: 'Support' },
  agent_id: n % 4 ? null : 'agent',
  before: { limit: n, tags: ['a', 'é'] },
  after: { limit: n / 7 },
  request_id: `req_${n}`,
  personal: { person: `per_${n % 3}`, box: 'AAAA', digest: sha256(canonicalJson(personOf(n))) },
  target_personal: null,
})

export function chainOf(length: number, orgId = 'org_a'): AuditEntry[] {
  const entries: AuditEntry[] = []
  for (let n = 1; n <= length; n++) entries.push(linkEntry(orgId, entries.at(-1) ?? GENESIS, draft(n), sha256))
  return entries
}

export const headerLine = (orgId: string, publicKey: string | null) =>
  canonicalJson({
    type: 'header',
    format: EXPORT_FORMAT,
    org_id: orgId,
    public_key: publicKey,
    exported_at: '2026-11-23T12:00:00.000Z',
  })

export function checkpointLine({ org_id, seq, hash }: AuditEntry, signer: TestSigner): string {
  const body = { v: 1 as const, org_id, seq, hash, at: '2026-11-23T11:00:00.000Z' }
  return canonicalJson({ type: 'checkpoint', ...body, signature: signer.sign(checkpointBody(body)) })
}

/** An export's lines: every second person opened, a checkpoint after each `every` entries and at the end. */
export function exportOf(entries: AuditEntry[], signer: TestSigner, every = 7): string[] {
  const lines = [headerLine(entries[0]?.org_id ?? 'org_a', signer.publicKey)]
  for (const entry of entries) {
    const opened = entry.seq % 2 ? { personal: personOf(entry.seq) } : {}
    lines.push(canonicalJson({ type: 'entry', entry, ...opened }))
    if (entry.seq % every === 0 || entry.seq === entries.length) lines.push(checkpointLine(entry, signer))
  }
  return lines
}
