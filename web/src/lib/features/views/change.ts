import { formatPercent } from '../../format.ts'
import type { Figure } from './panel.ts'

export interface Moved {
  arrow: '↑' | '↓' | '→'
  text: string
  verdict: 'better' | 'worse' | 'neither'
}

/** How a figure moved against the period before: points of a rate, else a share; null where nothing can be said. */
export function moved({ value, before, format, better }: Figure): Moved | null {
  if (value === null || before === null || before === undefined) return null
  const now = Number(value)
  const then = Number(before)
  if (!Number.isFinite(now) || !Number.isFinite(then) || (format !== 'percent' && then <= 0)) return null
  const change = format === 'percent' ? now - then : (now - then) / then
  const text = format === 'percent' ? `${Math.abs(change * 100).toFixed(1)} points` : formatPercent(Math.abs(change))
  if (change === 0) return { arrow: '→', text, verdict: 'neither' }
  const verdict = better === undefined ? 'neither' : change > 0 === (better === 'more') ? 'better' : 'worse'
  return { arrow: change > 0 ? '↑' : '↓', text, verdict }
}
