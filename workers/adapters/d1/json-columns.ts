/** Reads the places `from` to `n` of a JSON tuple that `jsonb_each` gives as `value`. */
export function columns(n: number, from = 0, alias = ''): string {
  return Array.from({ length: n - from }, (_, i) => `${alias}value ->> ${i + from}`).join(', ')
}
