import { isPlainObject } from '../event-check.ts'
import { attributesOf, eachItem, list, nanos, numberOf, text } from './json.ts'
import { decodeItems, keyValue } from './protobuf.ts'
import type { ProtobufReader } from './reader.ts'
import { assertRoom, type Attributes } from './span.ts'

/** `gauge` is a value of a moment, and sums up nothing; `summary` holds quantiles. */
export type MetricKind = 'gauge' | 'sum' | 'histogram' | 'summary'
export type Temporality = 'delta' | 'cumulative' | 'unspecified'

/** One data point with its metric, resource and scope. */
export interface FlatPoint {
  metric: string
  kind: MetricKind
  temporality: Temporality
  /** False for a sum that may go down. */
  isMonotonic: boolean
  /** Nanoseconds since the epoch, '0' where it was not told. */
  startNs: string
  timeNs: string
  /** The number, or the sum of a histogram. */
  value: number
  /** Of a histogram or summary: how many were measured. */
  count: number
  attributes: Attributes
  resource: Attributes
  scope: string
}

const TEMPORALITIES: readonly Temporality[] = ['unspecified', 'delta', 'cumulative']
/** Numbers of the fields of a metric's data, and where their points have time, value, count and attributes. */
interface Layout {
  kind: MetricKind
  start: number
  time: number
  count: number
  sum: number
  attributes: number
}
const LAYOUTS: Readonly<Record<number, Layout>> = {
  5: { kind: 'gauge', start: 2, time: 3, count: 0, sum: 4, attributes: 7 },
  7: { kind: 'sum', start: 2, time: 3, count: 0, sum: 4, attributes: 7 },
  9: { kind: 'histogram', start: 2, time: 3, count: 4, sum: 5, attributes: 9 },
  10: { kind: 'histogram', start: 2, time: 3, count: 4, sum: 5, attributes: 1 },
  11: { kind: 'summary', start: 2, time: 3, count: 4, sum: 5, attributes: 7 },
}
const AS_INT = 6

/**
 * Decodes an ExportMetricsServiceRequest to its data points. Field numbers are those of opentelemetry-proto's
 * metrics.proto (v1). Buckets and exemplars are left out.
 * @throws OtlpDecodeError for bytes that are not one.
 */
export function decodeMetrics(bytes: Uint8Array): FlatPoint[] {
  return decodeItems<FlatPoint>(bytes, metric)
}

function metric(r: ProtobufReader, points: FlatPoint[]): void {
  const first = points.length
  let name = ''
  r.fields(r.nested(), (field) => {
    const layout = LAYOUTS[field]
    if (field === 1) name = r.string()
    else if (layout !== undefined) dataOf(r, layout, points)
    else return false
    return true
  })
  for (let i = first; i < points.length; i++) {
    const point = points[i]
    if (point) point.metric = name
  }
}

function dataOf(r: ProtobufReader, layout: Layout, points: FlatPoint[]): void {
  const first = points.length
  let temporality: Temporality = 'unspecified'
  let isMonotonic = layout.kind === 'histogram'
  const isTimed = layout.kind === 'sum' || layout.kind === 'histogram'
  r.fields(r.nested(), (field) => {
    if (field === 1) {
      assertRoom(points, 'data points')
      points.push(pointOf(r, layout))
    } else if (field === 2 && isTimed) temporality = TEMPORALITIES[r.int64()] ?? 'unspecified'
    else if (field === 3 && layout.kind === 'sum') isMonotonic = r.int64() !== 0
    else return false
    return true
  })
  for (let i = first; i < points.length; i++) {
    const point = points[i]
    if (point) Object.assign(point, { temporality, isMonotonic })
  }
}

function pointOf(r: ProtobufReader, layout: Layout): FlatPoint {
  const out = emptyPoint(layout.kind)
  const isNumber = layout.count === 0
  r.fields(r.nested(), (field) => {
    if (field === layout.start) out.startNs = String(r.fixed64())
    else if (field === layout.time) out.timeNs = String(r.fixed64())
    else if (field === layout.sum) out.value = r.double()
    else if (field === layout.attributes) keyValue(r, out.attributes)
    else if (field === AS_INT && isNumber) out.value = Number(BigInt.asIntN(64, r.fixed64()))
    else if (field === layout.count) out.count = Number(r.fixed64())
    else return false
    return true
  })
  return out
}

const DATA: readonly [name: string, MetricKind][] = [
  ['gauge', 'gauge'],
  ['sum', 'sum'],
  ['histogram', 'histogram'],
  ['exponentialHistogram', 'histogram'],
  ['summary', 'summary'],
]
const TEMPORALITY_NAMES: Readonly<Record<string, Temporality>> = {
  '1': 'delta',
  '2': 'cumulative',
  AGGREGATION_TEMPORALITY_DELTA: 'delta',
  AGGREGATION_TEMPORALITY_CUMULATIVE: 'cumulative',
}

/**
 * OTLP/JSON to the same points.
 * @throws OtlpDecodeError when the JSON is not an export request.
 */
export function flattenMetrics(parsed: unknown): FlatPoint[] {
  const points: FlatPoint[] = []
  eachItem(parsed, ['resourceMetrics', 'scopeMetrics', 'metrics'], (metric, resource, scope) => {
    for (const [name, kind] of DATA) {
      const data = metric[name]
      if (!isPlainObject(data)) continue
      const isTimed = kind === 'sum' || kind === 'histogram'
      const told = text(data.aggregationTemporality)
      const ofMetric = {
        metric: text(metric.name),
        temporality: (isTimed && Object.hasOwn(TEMPORALITY_NAMES, told) && TEMPORALITY_NAMES[told]) || 'unspecified',
        isMonotonic: kind === 'sum' ? data.isMonotonic === true || data.isMonotonic === 'true' : kind === 'histogram',
        resource,
        scope,
      } as const
      for (const point of list(data.dataPoints, 'dataPoints')) {
        assertRoom(points, 'data points')
        points.push({ ...inJson(point, kind), ...ofMetric })
      }
    }
  })
  return points
}

function inJson(point: Record<string, unknown>, kind: MetricKind): FlatPoint {
  const isNumber = kind === 'gauge' || kind === 'sum'
  return {
    ...emptyPoint(kind),
    startNs: String(nanos(point.startTimeUnixNano)),
    timeNs: String(nanos(point.timeUnixNano)),
    value: numberOf(isNumber ? (point.asDouble ?? point.asInt) : point.sum) ?? 0,
    count: isNumber ? 0 : (numberOf(point.count) ?? 0),
    attributes: attributesOf(point.attributes),
  }
}

function emptyPoint(kind: MetricKind): FlatPoint {
  return {
    metric: '',
    kind,
    temporality: 'unspecified',
    isMonotonic: false,
    startNs: '0',
    timeNs: '0',
    value: 0,
    count: 0,
    attributes: {},
    resource: {},
    scope: '',
  }
}
