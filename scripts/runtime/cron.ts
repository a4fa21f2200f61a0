const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const

/** Whether a five-field cron expression names this minute (UTC). Knows `*`, numbers, lists, ranges and steps. */
export function cronMatches(expression: string, at: Date): boolean {
  const fields = expression.trim().split(/\s+/)
  if (fields.length !== RANGES.length) throw new Error(`cron "${expression}" needs five fields`)
  const now = [at.getUTCMinutes(), at.getUTCHours(), at.getUTCDate(), at.getUTCMonth() + 1, at.getUTCDay()]
  return RANGES.every((range, i) => {
    const value = now[i] ?? 0
    const field = fields[i] ?? ''
    // Sunday is both 0 and 7.
    return fieldMatches(field, value, range) || (i === 4 && value === 0 && fieldMatches(field, 7, range))
  })
}

function fieldMatches(field: string, value: number, [low, high]: readonly [number, number]): boolean {
  return field.split(',').some((part) => {
    const found = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part)
    if (!found) throw new Error(`cron field "${part}" is not understood`)
    const [, first, last, step] = found
    const from = first === undefined ? low : Number(first)
    const to = first === undefined ? high : last === undefined ? (step === undefined ? from : high) : Number(last)
    return value >= from && value <= to && (value - from) % Number(step ?? 1) === 0
  })
}
