import type { Kind, Measure, MetricsQuery } from '../contract/metrics.ts'
import { AppError } from './errors.ts'

/** Kinds that hold some measures only: what else lies in the sums of their rows is not what it is called there. */
const HELD: Partial<Record<Kind, readonly Measure[]>> = {
  score: ['count', 'score_avg', 'score_stddev'],
  egress: ['count', 'errors', 'successes', 'success_rate', 'error_rate'],
  pii: ['count', 'pii_detected', 'pii_redacted'],
  queue: ['count', 'value_avg', 'value_p50', 'value_p90', 'value_p99'],
  leak: ['count', 'cost_usd'],
}
/** Measures that are of some kinds only. */
const OF: Partial<Record<Measure, readonly Kind[]>> = {
  concurrency_avg: ['request', 'total', 'llm', 'tool'],
  score_avg: ['score'],
  score_stddev: ['score'],
  pii_detected: ['pii'],
  pii_redacted: ['pii'],
  value_avg: ['queue'],
  value_p50: ['queue'],
  value_p90: ['queue'],
  value_p99: ['queue'],
}

/** @throws AppError invalid_input for a measure that rows of the query's kind do not hold. */
export function checkMeasures({ kind, measures }: Pick<MetricsQuery, 'kind' | 'measures'>): void {
  for (const measure of measures) {
    const held = HELD[kind]
    const of = OF[measure]
    if (held !== undefined && !held.includes(measure))
      throw invalid(`Rows of kind "${kind}" hold no ${measure}; they hold ${held.join(', ')}.`)
    if (of !== undefined && !of.includes(kind))
      throw invalid(`${measure} is of kind ${of.map((one) => `"${one}"`).join(', ')}, not of "${kind}".`)
  }
}

function invalid(detail: string): AppError {
  return new AppError('invalid_input', detail, { errors: [{ pointer: '/measures', detail }] })
}
