const KEPT_MAX = 12
const keyOf = (org: string) => `agentops_recent:${org}`

/** Puts a choice before the others. */
export function withRecent(recent: readonly string[], id: string): string[] {
  return [id, ...recent.filter((other) => other !== id)].slice(0, KEPT_MAX)
}

/** The choices that a stored text lists; none when it is not such a list. */
export function parseRecent(stored: string | null): string[] {
  try {
    const list: unknown = JSON.parse(stored ?? '[]')
    return Array.isArray(list) ? list.filter((id) => typeof id === 'string').slice(0, KEPT_MAX) : []
  } catch {
    return []
  }
}

/** Ids of what was lately chosen in an organization, in this browser, the newest first. */
export function readRecent(org: string): string[] {
  try {
    return parseRecent(localStorage.getItem(keyOf(org)))
  } catch {
    return []
  }
}

export function keepRecent(org: string, id: string): void {
  try {
    localStorage.setItem(keyOf(org), JSON.stringify(withRecent(readRecent(org), id)))
  } catch {
    // A browser that stores nothing has no recent choices.
  }
}
