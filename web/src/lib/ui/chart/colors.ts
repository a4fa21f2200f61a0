const SERIES = 8

/** The colour of an entity: the same on every chart and page, by a hash of its id (FNV-1a). */
export function colorOf(id: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193)
  return `var(--color-series-${((hash >>> 0) % SERIES) + 1})`
}

/** Colours for series that are drawn together: each its own while there are any, and stable for the same set. */
export function colorsOf(ids: readonly string[]): Map<string, string> {
  const colors = new Map<string, string>()
  const taken = new Set<string>()
  for (const id of ids) {
    let color = colorOf(id)
    for (let at = 1; taken.has(color) && at <= SERIES; at++) color = `var(--color-series-${at})`
    taken.add(color)
    colors.set(id, color)
  }
  return colors
}
