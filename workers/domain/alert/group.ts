import type { Group } from '../../contract/alert.ts'
import type { Dimension, MetricsRow } from '../../contract/metrics.ts'

/** The values that a row has of these dimensions. */
export function groupOf(row: MetricsRow, dimensions: readonly Dimension[]): Group {
  return Object.fromEntries(dimensions.map((name) => [name, String(row[name] ?? '')]))
}

/** The same text for the same group, whatever the order of its names. */
export function groupKey(group: Group): string {
  return JSON.stringify(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** A group as people read it: `workflow refund, model gpt-4o`; empty where nothing is told apart. */
export function groupWords(group: Group): string {
  return Object.entries(group)
    .map(([name, value]) => `${name.replace(/_id$/, '').replaceAll('_', ' ')} ${value === '' ? '(none)' : value}`)
    .join(', ')
}
