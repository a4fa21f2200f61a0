/** A bound string may have 2 MB (D1, "Limits"); a character may take three bytes. */
const CHARS_MAX = 600_000

/** Rows as JSON that fits a bound parameter, in several if need be. */
export function jsonParts(rows: readonly unknown[]): string[] {
  const json = JSON.stringify(rows)
  if (json.length <= CHARS_MAX || rows.length < 2) return [json]
  const half = rows.length >> 1
  return [...jsonParts(rows.slice(0, half)), ...jsonParts(rows.slice(half))]
}

/** Reads the places `from` to `n` of a JSON tuple that `jsonb_each` gives as `value`. */
export function columns(n: number, from = 0): string {
  return Array.from({ length: n - from }, (_, i) => `value ->> ${i + from}`).join(', ')
}
