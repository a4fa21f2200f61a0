/** How time is cut. */
export type Step = 'minute' | 'hour' | 'day' | 'week' | 'month'

/** One bucket of time on the x axis. */
export interface ChartBucket {
  start_ms: number
  end_ms: number
  /** Still growing: drawn hatched. */
  partial: boolean
}

/** One measure over the buckets. Null is a gap. */
export interface ChartSeries {
  key: string
  label: string
  kind: 'line' | 'area' | 'bar' | 'band'
  /** A CSS colour, from the tokens. */
  color: string
  values: (number | null)[]
  /** Of a band, its lower edge; `values` are the upper one. */
  low?: (number | null)[]
  /** Of a band, from 0 to 1. */
  opacity?: number
  /** Of a line: not measured but set or expected, so that it goes on after the bucket that still grows. */
  ahead?: boolean
  dashed?: boolean
  /** What to say for a value, exactly; the axis has its own, shorter form. */
  text: (at: number) => string
  /** Counted, not measured: the axis has whole steps. */
  whole?: boolean
  /** The period before, drawn as a ghost: same place in its own period. */
  previous?: (number | null)[]
  previousText?: (at: number) => string
}

export interface StackedBar {
  key: string
  at: number
  from: number
  to: number
}

/** Bars of all bar series, stacked from zero in the order in which they come. */
export function stackBars(series: readonly ChartSeries[], count: number): StackedBar[] {
  const bars: StackedBar[] = []
  for (let at = 0; at < count; at++) {
    let from = 0
    for (const { key, kind, values } of series) {
      const value = kind === 'bar' ? (values[at] ?? 0) : 0
      if (value <= 0) continue
      bars.push({ key, at, from, to: from + value })
      from += value
    }
  }
  return bars
}

/** Unbroken stretches of a line: a null ends one, so that a gap stays a gap. */
export function runsOf(values: readonly (number | null)[]): { at: number; value: number }[][] {
  const runs: { at: number; value: number }[][] = []
  let run: { at: number; value: number }[] = []
  values.forEach((value, at) => {
    if (value !== null) {
      run.push({ at, value })
      return
    }
    if (run.length > 0) runs.push(run)
    run = []
  })
  if (run.length > 0) runs.push(run)
  return runs
}

/** The highest thing that is drawn, ghosts included. */
export function maxOf(series: readonly ChartSeries[], count: number): number {
  const bars = series.filter((one) => one.kind === 'bar')
  let max = 0
  for (let at = 0; at < count; at++) {
    max = Math.max(
      max,
      bars.reduce((sum, one) => sum + Math.max(0, one.values[at] ?? 0), 0),
    )
  }
  for (const one of series) {
    const values = one.kind === 'bar' ? (one.previous ?? []) : [...one.values, ...(one.previous ?? [])]
    for (const value of values) max = Math.max(max, value ?? 0)
  }
  return max
}

/** Round steps from zero up to just above the maximum: 1, 2, 2.5 or 5 times a power of ten. Things that are counted have no halves. */
export function niceTicks(max: number, wanted: number, whole = false): number[] {
  if (!(max > 0) || !Number.isFinite(max)) return [0, 1]
  const rough = max / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const nice =
    ([1, 2, 2.5, 5, 10].find(
      (factor) => factor * power >= rough * 0.999_999 && (!whole || Number.isInteger(factor * power)),
    ) ?? 10) * power
  const step = whole ? Math.max(1, nice) : nice
  const count = Math.max(1, Math.ceil(max / step - 1e-9))
  return Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)))
}

const EVERY = {
  minute: [1, 2, 5, 10, 15, 30, 60],
  hour: [1, 2, 3, 6, 12, 24, 48, 72, 168],
  day: [1, 2, 7, 14, 28],
  week: [1, 2, 4, 8, 13],
  month: [1, 2, 3, 6, 12],
} as const

/**
 * Buckets that carry a label: at most `wanted`, evenly spaced, on round wall-clock times of the viewer.
 * `offsetMs` tells how far the viewer's clocks are ahead of UTC at a moment.
 */
export function timeTicks(
  buckets: readonly ChartBucket[],
  step: Step,
  wanted: number,
  offsetMs: (ms: number) => number,
): number[] {
  const unit = step === 'minute' ? 60_000 : step === 'hour' ? 3_600_000 : 86_400_000
  const every = EVERY[step].find((size) => buckets.length / size <= wanted) ?? Math.ceil(buckets.length / wanted)
  return buckets.flatMap((bucket, at) => {
    const place =
      unit > 3_600_000 ? buckets.length - 1 - at : Math.floor((bucket.start_ms + offsetMs(bucket.start_ms)) / unit)
    return place % every === 0 ? [at] : []
  })
}

/** The bucket in which a moment lies, or the nearest one. */
export function bucketAt(buckets: readonly ChartBucket[], ms: number): number {
  let low = 0
  let high = buckets.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((buckets[middle]?.end_ms ?? 0) > ms) high = middle
    else low = middle + 1
  }
  return Math.max(0, low)
}

/** The whole buckets that a dragged selection touches; null when it is but a click. */
export function brushedRange(
  buckets: readonly ChartBucket[],
  fromMs: number,
  toMs: number,
): { from_ms: number; to_ms: number } | null {
  const first = buckets[bucketAt(buckets, Math.min(fromMs, toMs))]
  const last = buckets[bucketAt(buckets, Math.max(fromMs, toMs) - 1)]
  if (first === undefined || last === undefined || first === last) return null
  return { from_ms: first.start_ms, to_ms: last.end_ms }
}
