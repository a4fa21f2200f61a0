const WORDS = new Intl.DateTimeFormat('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' })

/** `2026-11` → Nov 2026. */
export function monthWords(month: string): string {
  return WORDS.format(new Date(`${month}-01T00:00:00Z`))
}

/** The month after one like `2026-12`; empty for what is none. */
export function monthAfter(month: string): string {
  const [year, number] = month.split('-').map(Number)
  if (year === undefined || number === undefined) return ''
  return new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7)
}
