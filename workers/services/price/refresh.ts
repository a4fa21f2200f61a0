import { CatalogueData } from '../../contract/price-catalogue.ts'
import { refusalOf } from '../../domain/catalogue/accept.ts'

/** Between two looks at the published catalogue. */
export const REFRESH_MS = 6 * 3_600_000
const HASH_CHARS = 8

/** Which snapshot a cell prices by, and what was last seen of the published one. */
export interface Current {
  /** Of the snapshot's data; null for the one that came with the product. */
  hash: string | null
  name: string
  since_ms: number | null
  source: string
  checked_ms: number
  etag: string | null
  /** The publication that was refused last, so that it is told once. */
  refused: string | null
}

export type Published =
  { kind: 'same' } | { kind: 'data'; text: string; etag: string | null } | { kind: 'failed'; detail: string }

export interface RefreshDeps {
  source: string
  /** The first snapshot. */
  bundled: { name: string; data: CatalogueData }
  current(): Promise<Current | null>
  snapshot(hash: string): Promise<CatalogueData | null>
  /** Kept before it is taken into use, and never removed: ledger entries name it. */
  keep(hash: string, data: CatalogueData): Promise<void>
  use(current: Current): Promise<void>
  fetch(etag: string | null): Promise<Published>
  sha256(text: string): string
}

export type Refreshed = { kind: 'early' | 'same' | 'used' } | { kind: 'failed' | 'refused'; detail: string }

/**
 * Takes the published catalogue into use where it has changed. What cannot be read, or says what no provider would, is
 * refused, and the last one stays.
 */
export async function refreshCatalogue(deps: RefreshDeps, nowMs: number): Promise<Refreshed> {
  const first: Current = {
    ...{ hash: null, name: deps.bundled.name, since_ms: null, source: deps.source },
    ...{ checked_ms: 0, etag: null, refused: null },
  }
  const current = (await deps.current()) ?? first
  if (nowMs - current.checked_ms < REFRESH_MS) return { kind: 'early' }
  const published = await deps.fetch(current.etag)
  if (published.kind === 'failed') return published
  const checked = { ...current, checked_ms: nowMs }
  if (published.kind === 'same') {
    await deps.use(checked)
    return { kind: 'same' }
  }
  const data = dataOf(published.text)
  const last = current.hash === null ? null : await deps.snapshot(current.hash)
  const refusal = data.ok ? refusalOf(data.data, last ?? deps.bundled.data, nowMs) : data.detail
  const text = data.ok ? JSON.stringify(data.data) : published.text
  const hash = deps.sha256(text)
  const seen = { ...checked, etag: published.etag }
  if (refusal !== null || !data.ok) {
    await deps.use({ ...seen, refused: hash })
    return current.refused === hash ? { kind: 'same' } : { kind: 'refused', detail: refusal ?? '' }
  }
  if (hash === current.hash) {
    await deps.use(seen)
    return { kind: 'same' }
  }
  await deps.keep(hash, data.data)
  const name = `genai-prices/${new Date(nowMs).toISOString().slice(0, 10)}.${hash.slice(0, HASH_CHARS)}`
  await deps.use({ ...seen, hash, name, since_ms: nowMs, source: deps.source, refused: null })
  return { kind: 'used' }
}

function dataOf(text: string): { ok: true; data: CatalogueData } | { ok: false; detail: string } {
  try {
    const parsed = CatalogueData.safeParse(JSON.parse(text))
    if (parsed.success) return { ok: true, data: parsed.data }
    const [issue] = parsed.error.issues
    return { ok: false, detail: `it is not what it was: ${issue?.path.join('/') ?? ''} ${issue?.message ?? ''}` }
  } catch {
    return { ok: false, detail: 'it is no JSON' }
  }
}
