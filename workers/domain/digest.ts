import type { Digest } from '../contract/move.ts'
import { usd } from './money.ts'

const EMPTY: Digest = { rows: 0, sums: {} }

/** What of two digests differs, in words; null when nothing does. */
function differenceOf(left: Digest, right: Digest): string | null {
  if (left.rows !== right.rows) return `${left.rows} and ${right.rows} rows`
  for (const [column, sum] of Object.entries(left.sums)) if (right.sums[column] !== sum) return `the sums of ${column}`
  return null
}

/** The first table in which two databases differ, and how; null when they are equal. */
export function differingTable(left: Record<string, Digest>, right: Record<string, Digest>): string | null {
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const differs = differenceOf(left[name] ?? EMPTY, right[name] ?? EMPTY)
    if (differs !== null) return `${name}: ${differs} differ between the two regions`
  }
  return null
}

export const rowsOf = (tables: Record<string, Digest>) => Object.values(tables).reduce((sum, { rows }) => sum + rows, 0)

/** Adds nano-dollars to an amount in dollars. */
export function addNano(dollars: string | null, nano: string): string {
  return usd(BigInt(nanoOf(dollars)) + BigInt(nano))
}

function nanoOf(dollars: string | null): string {
  return dollars === null ? '0' : dollars.replace('.', '')
}
