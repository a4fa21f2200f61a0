const LEVELS = ['debug', 'info', 'warn', 'error'] as const
type Level = (typeof LEVELS)[number]

/** Structured logs at or above a level. Fields carry opaque ids only, never payloads or credentials. */
export function log(minimum: string): (level: Level, event: string, fields: Record<string, unknown>) => void {
  const from = Math.max(0, LEVELS.indexOf(minimum as Level))
  return (level, event, fields) => {
    if (LEVELS.indexOf(level) < from) return
    console[level](JSON.stringify({ level, event, ...fields }))
  }
}
