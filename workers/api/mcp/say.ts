/** Exact, with two decimals at least: `$0.50`, `$0.000123`. */
export function money(usd: string): string {
  const [whole = '0', fraction = ''] = usd.replace('-', '').split('.')
  return `${usd.startsWith('-') ? '-' : ''}$${whole}.${fraction.replace(/0+$/, '').padEnd(2, '0')}`
}

/** `1 trace`, `2 traces`. */
export function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`
}

/** Not longer than this, and says what it left out. */
export function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars)}… (${text.length - chars} characters more)`
}

/** What somebody else wrote, on one line of ours. */
export function quoted(text: string, chars = 80): string {
  return JSON.stringify(text.length <= chars ? text : `${text.slice(0, chars)}…`)
}

const LINES_MAX = 10

/** The first lines of a list, and how many it goes on for. */
export function lines(all: readonly string[], isMore: boolean): string {
  const shown = all.slice(0, LINES_MAX)
  const rest = all.length - shown.length
  const more = rest > 0 || isMore ? [`… ${rest > 0 ? `${rest} more here` : ''}${isMore ? ' (next_cursor)' : ''}`] : []
  return [...shown.map((line) => `- ${line}`), ...more].join('\n')
}
