/** Rows that come and go together. */
export const CHUNK = 25
/** So many rows are drawn before anybody knows what is in view; lists of no more are drawn whole. */
export const DRAWN_AT_FIRST = 4 * CHUNK

/** Rows in chunks, each with its place among all. */
export function chunksOf<Row>(rows: readonly Row[]): { at: number; rows: readonly Row[] }[] {
  if (rows.length <= DRAWN_AT_FIRST) return [{ at: 0, rows }]
  return Array.from({ length: Math.ceil(rows.length / CHUNK) }, (_, i) => ({
    at: i * CHUNK,
    rows: rows.slice(i * CHUNK, (i + 1) * CHUNK),
  }))
}
