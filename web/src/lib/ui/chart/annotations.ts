import type { ChartBucket } from './series.ts'

/** Something that happened, marked on charts over time. */
export interface Annotation {
  key: string
  kind: 'release' | 'incident' | 'budget'
  at_ms: number
  label: string
  href: string
}

/** Annotations that stand too close together for marks of their own. */
export interface AnnotationGroup {
  key: string
  /** Where its mark is: that of the first. */
  x: number
  kind: Annotation['kind'] | 'several'
  members: Annotation[]
}

/** Marks along a chart, from the left; none of them nearer to the one before than `apart`, in pixels. */
export function annotationGroups(
  annotations: readonly Annotation[],
  buckets: readonly ChartBucket[],
  x: (ms: number) => number,
  apart: number,
): AnnotationGroup[] {
  const [from, to] = [buckets[0]?.start_ms ?? Infinity, buckets.at(-1)?.end_ms ?? -Infinity]
  const groups: AnnotationGroup[] = []
  for (const one of annotations.toSorted((a, b) => a.at_ms - b.at_ms)) {
    if (one.at_ms < from || one.at_ms >= to) continue
    const place = x(one.at_ms)
    const last = groups.at(-1)
    if (last === undefined || place - last.x >= apart)
      groups.push({ key: one.key, x: place, kind: one.kind, members: [one] })
    else {
      last.members.push(one)
      if (last.kind !== one.kind) last.kind = 'several'
    }
  }
  return groups
}

/** What happened within a bucket. */
export function annotationsIn(annotations: readonly Annotation[], { start_ms, end_ms }: ChartBucket): Annotation[] {
  return annotations.filter(({ at_ms }) => at_ms >= start_ms && at_ms < end_ms)
}
