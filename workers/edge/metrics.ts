import type { MeterGroup } from '../contract/signals.ts'
import { canonicalise, rejection, type CanonicalContext } from '../domain/canonical.ts'
import { decodeMetrics, flattenMetrics } from '../domain/otlp/data-point.ts'
import { readingsOf } from '../domain/otlp/metrics.ts'
import { readOtlp, type OtlpEncoding, type ParsedOtlp } from './otlp.ts'

export interface ParsedMetrics extends ParsedOtlp {
  groups: MeterGroup[]
  leftOut: number
}

/**
 * Data points to what is counted of each account and model: what of it is new, and whether calls tell it, is known
 * where the project lives. @throws AppError unreadable.
 */
export function parseMetrics(body: Uint8Array, encoding: OtlpEncoding, context: CanonicalContext): ParsedMetrics {
  const points = readOtlp('metrics', body, encoding, decodeMetrics, flattenMetrics)
  const { groups, leftOut } = readingsOf(points, context.sha256)
  const parsed: ParsedMetrics = { events: [], rejected: [], refused: 0, groups: [], leftOut }
  for (const { account, input, cacheApart, reasoningApart, readings, index } of groups) {
    const outcome = canonicalise(input, context)
    if (!outcome.ok) {
      parsed.rejected.push(rejection(index, outcome))
      parsed.refused += readings.length
      continue
    }
    const template = JSON.stringify(outcome.event)
    parsed.groups.push({ account, template, cache_apart: cacheApart, reasoning_apart: reasoningApart, readings })
  }
  return parsed
}
