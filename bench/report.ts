import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

/** One measured figure, with what it must reach where something is promised. */
export interface Figure {
  section: string
  name: string
  value: number | null
  unit: string
  target?: { at: 'least' | 'most'; value: number }
  /** What the reader must know of how it was measured, or why it is missing. */
  note?: string
}

export type Verdict = 'ok' | 'MISSED' | 'not measured' | ''

export function verdictOf({ value, target }: Figure): Verdict {
  if (value === null) return 'not measured'
  if (target === undefined) return ''
  return (target.at === 'least' ? value >= target.value : value <= target.value) ? 'ok' : 'MISSED'
}

/** The figures as an aligned table. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.section,
    figure.name,
    figure.value === null ? '-' : `${rounded(figure.value)} ${figure.unit}`,
    figure.target ? `${figure.target.at === 'least' ? '>=' : '<='} ${rounded(figure.target.value)}` : '',
    verdictOf(figure),
    figure.note ?? '',
  ])
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...rows.map((row) => (row[i] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function rounded(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

/** The machine, so that figures of two of them are not compared by accident. */
export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 1e9),
    node: process.version,
    load_before: loadavg()[0],
  }
}

/** Value below which the share q of the sorted samples lies. */
export function percentile(samples: readonly number[], q: number): number | null {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null
}
