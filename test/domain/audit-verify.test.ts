import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSigned } from '../../scripts/runtime/signing-key.ts'
import type { AuditEntry } from '../../workers/contract/audit.ts'
import { canonicalJson } from '../../workers/domain/audit/canonical-json.ts'
import { checkpointsDue, entryHash } from '../../workers/domain/audit/chain.ts'
import { linesOf } from '../../workers/domain/audit/lines.ts'
import { verifyExport, type Break } from '../../workers/domain/audit/verify.ts'
import { chainOf, checkpointLine, exportOf, headerLine, makeSigner, sha256 } from '../support/audit-chain.ts'

const signer = makeSigner()
const LENGTH = 30
const entries = chainOf(LENGTH)
const intact = exportOf(entries, signer)
const verify = (lines: string[], publicKey?: string) => verifyExport(lines, { sha256, isSigned, publicKey })

type Json = Record<string, unknown>
const parsed = (line: string | undefined) => JSON.parse(line ?? '') as Json & { entry: AuditEntry & Json }
const lineOf = (seq: number) => intact.findIndex((line) => parsed(line).entry?.seq === seq)
const checkpointAt = intact.flatMap((line, i) => (parsed(line)['type'] === 'checkpoint' ? [i] : []))

const spliced = (at: number, remove: number, ...put: string[]) => {
  const lines = [...intact]
  lines.splice(at, remove, ...put)
  return lines
}

interface Tampering {
  lines: string[]
  reason: Break | Break[]
  /** The first entry that is not right. */
  seq: number
}

/** Paths to every leaf of a value. */
function leaves(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [path]
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]))
}

function edited(value: unknown, path: string[], salt: number): unknown {
  const [name, ...rest] = path
  if (name !== undefined) {
    const copy = structuredClone(value) as Json
    copy[name] = edited(copy[name], rest, salt)
    return copy
  }
  if (typeof value === 'number') return value + 1 + salt
  if (typeof value === 'string') {
    if (value === '') return 'x'
    const at = salt % value.length
    const other = value[at] === '1' ? '2' : '1'
    return value.slice(0, at) + other + value.slice(at + 1)
  }
  return `edited ${salt}`
}

const pick = fc.nat(1_000_000)
const seqs = fc.integer({ min: 1, max: LENGTH })

const editOfEntry = fc.tuple(seqs, pick, pick).map(([seq, which, salt]): Tampering => {
  const line = parsed(intact[lineOf(seq)])
  const paths = leaves(line.entry, ['entry'])
  const path = paths[which % paths.length] ?? []
  const text = canonicalJson(edited(line, path, salt))
  return { lines: spliced(lineOf(seq), 1, text), reason: ['hash', 'malformed', 'wrong_org'], seq }
})

const editOfPerson = fc.tuple(seqs, pick, pick).map(([half, which, salt]): Tampering => {
  const seq = half % 2 ? half : half - 1
  const line = parsed(intact[lineOf(seq)])
  const paths = leaves(line['personal'], ['personal'])
  const text = canonicalJson(edited(line, paths[which % paths.length] ?? [], salt))
  return { lines: spliced(lineOf(seq), 1, text), reason: 'personal', seq }
})

const personWhereNoneFits = seqs.map((seq): Tampering => {
  const line = { ...parsed(intact[lineOf(seq)]), personal: { salt: '0', name: 'Somebody' } }
  return { lines: spliced(lineOf(seq), 1, canonicalJson(line)), reason: 'personal', seq }
})

const removal = seqs.map((seq): Tampering => ({
  lines: spliced(lineOf(seq), 1),
  reason: seq % 7 === 0 || seq === LENGTH ? 'truncated' : 'gap',
  seq,
}))

const foreign = chainOf(LENGTH, 'org_b')
const insertion = fc.tuple(seqs, seqs, fc.constantFrom('copy', 'foreign')).map(([at, of, kind]): Tampering => {
  const line = lineOf(at) + 1
  if (kind === 'foreign')
    return {
      lines: spliced(line, 0, canonicalJson({ type: 'entry', entry: foreign[of - 1] })),
      reason: 'wrong_org',
      seq: at + 1,
    }
  const copy = intact[lineOf(of)] ?? ''
  if (of === at + 1) {
    // In its own place first; what follows it is the copy.
    const isCut = at % 7 === 0 || at === LENGTH
    return { lines: spliced(line, 0, copy), reason: isCut ? 'checkpoint_order' : 'duplicate', seq: isCut ? at : of }
  }
  return { lines: spliced(line, 0, copy), reason: of <= at ? 'duplicate' : 'gap', seq: of <= at ? of : at + 1 }
})

const reordering = fc
  .tuple(seqs, seqs)
  .filter(([a, b]) => a < b)
  .map(([a, b]): Tampering => {
    const lines = [...intact]
    ;[lines[lineOf(a)], lines[lineOf(b)]] = [intact[lineOf(b)] ?? '', intact[lineOf(a)] ?? '']
    return { lines, reason: 'gap', seq: a }
  })

/** Everything after an entry is gone, but for the checkpoints. */
const truncation = fc.integer({ min: 0, max: LENGTH - 1 }).map((kept): Tampering => {
  const lines = intact.filter((line) => !(parsed(line).entry?.seq > kept))
  return { lines, reason: 'truncated', seq: kept + 1 }
})

const other = makeSigner()
const swapOfSignature = fc
  .tuple(pick, pick, fc.constantFrom('swap', 'own key', 'edit'))
  .map(([a, b, kind]): Tampering => {
    const i = checkpointAt[a % checkpointAt.length] ?? 0
    const line = parsed(intact[i])
    const seq = line['seq'] as number
    if (kind === 'own key')
      return { lines: spliced(i, 1, checkpointLine(entries[seq - 1] as AuditEntry, other)), reason: 'signature', seq }
    if (kind === 'swap') {
      const j = checkpointAt[(a + 1 + (b % (checkpointAt.length - 1))) % checkpointAt.length] ?? 0
      return {
        lines: spliced(i, 1, canonicalJson({ ...line, signature: parsed(intact[j])['signature'] })),
        reason: 'signature',
        seq,
      }
    }
    const paths = leaves(line).filter(([name]) => name === 'at' || name === 'hash')
    const text = canonicalJson(edited(line, paths[b % paths.length] ?? [], b))
    return { lines: spliced(i, 1, text), reason: ['signature', 'malformed'], seq }
  })

/** The entry is hashed anew, as one who knows the format would. */
const rehashed = fc.integer({ min: 1, max: LENGTH }).map((seq): Tampering => {
  const entry = { ...(entries[seq - 1] as AuditEntry), action: 'nothing.happened' }
  const line = canonicalJson({ type: 'entry', entry: { ...entry, hash: entryHash(entry, sha256) } })
  const isSigned = seq % 7 === 0 || seq === LENGTH
  return {
    lines: spliced(lineOf(seq), 1, line),
    reason: isSigned ? 'checkpoint_mismatch' : 'prev_hash',
    seq: isSigned ? seq : seq + 1,
  }
})

describe('an export', () => {
  it('that is intact verifies, with the key in it and with the key given', async () => {
    const verdict = await verify(intact)
    expect(verdict).toMatchObject({
      ok: true,
      counts: { org_id: 'org_a', entries: LENGTH, checkpoints: 5, opened: 15, signed: { seq: LENGTH } },
    })
    expect((await verify(intact, signer.publicKey)).ok).toBe(true)
  })

  it('without any entry verifies', async () => {
    expect(await verify([headerLine('org_a', null)])).toMatchObject({ ok: true, counts: { entries: 0 } })
  })

  it('names the first broken entry of 1,000 random tamperings', async () => {
    const tampering = fc.oneof(
      { weight: 4, arbitrary: editOfEntry },
      editOfPerson,
      personWhereNoneFits,
      removal,
      insertion,
      reordering,
      truncation,
      swapOfSignature,
      rehashed,
    )
    await fc.assert(
      fc.asyncProperty(tampering, async ({ lines, reason, seq }) => {
        expect(lines).not.toEqual(intact)
        const verdict = await verify(lines)
        expect(verdict).toMatchObject({ ok: false, seq })
        if (!verdict.ok) expect([reason].flat()).toContain(verdict.reason)
      }),
      { numRuns: 1000 },
    )
  }, 60_000)

  it('that was made anew from the first change on, with a key of its own, breaks under the true key', async () => {
    const forged = exportOf(chainOf(LENGTH), other)
    expect((await verify(forged)).ok).toBe(true)
    expect(await verify(forged, signer.publicKey)).toMatchObject({ ok: false, reason: 'signature', seq: 7 })
  })

  it.each<[string, string[], Break, number | null]>([
    ['nothing', [], 'not_an_export', null],
    ['a text', ['hello'], 'not_an_export', null],
    ['other JSON', ['{"a":1}'], 'not_an_export', null],
    ['no header', intact.slice(1), 'not_an_export', null],
    ['two headers', spliced(3, 0, intact[0] ?? ''), 'not_an_export', 3],
    ['a line that is cut off', spliced(5, 99, intact[5]?.slice(0, 80) ?? ''), 'malformed', 5],
    ['a name twice', spliced(2, 1, (intact[2] ?? '').replace('{"entry"', '{"entry":1,"entry"')), 'malformed', 2],
    ['blanks', spliced(2, 1, ` ${intact[2]}`), 'malformed', 2],
    ['a checkpoint twice', spliced(checkpointAt[0] ?? 0, 0, intact[checkpointAt[0] ?? 0] ?? ''), 'checkpoint_order', 7],
    ['checkpoints, and no key', [headerLine('org_a', null), ...intact.slice(1)], 'signature', 7],
    ['a key that is none', [headerLine('org_a', 'AAAA'), ...intact.slice(1)], 'signature', 7],
    ['another organization', [headerLine('org_x', signer.publicKey), ...intact.slice(1)], 'wrong_org', 1],
  ])('of %s is refused', async (_, lines, reason, seq) => {
    expect(await verify(lines)).toMatchObject({ ok: false, reason, seq })
  })

  it('is read from pieces of any size, also with U+2028 in a text', async () => {
    const text = `${intact.join('\n')}\n`
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5000 }), async (size) => {
        const pieces = (async function* () {
          for (let i = 0; i < text.length; i += size) yield text.slice(i, i + size)
        })()
        expect((await verifyExport(linesOf(pieces), { sha256, isSigned })).ok).toBe(true)
      }),
      { numRuns: 10 },
    )
  })
})

describe('checkpoints that are due', () => {
  it.each([
    [0, 0, []],
    [0, 1, [1]],
    [5, 5, []],
    [5, 999, [999]],
    [5, 1000, [1000]],
    [999, 2500, [1000, 2000, 2500]],
    [1000, 1001, [1001]],
    [0, 2000, [1000, 2000]],
  ])('after %i, at %i: %j', (signed, head, due) => {
    expect(checkpointsDue(signed, head)).toEqual(due)
  })
})
