import type { RetentionDeps } from '../../services/retention/enforce.ts'

const LISTED = 500

/** Removing from a cell's bucket. */
export function retentionObjects(bucket: R2Bucket): Pick<RetentionDeps['remove'], 'dead_letters' | 'archive'> {
  return {
    async dead_letters({ id, orgId }, { events }, after) {
      if (events === null) return { removed: 0, next: null }
      const prefix = `dead/${orgId}/${id}/`
      const startAfter = after ?? undefined
      const page = await bucket.list({ prefix, limit: LISTED, startAfter, include: ['customMetadata'] })
      const due = page.objects.filter(({ customMetadata }) => Number(customMetadata?.['dead_ms'] ?? Infinity) < events)
      return removeAll(bucket, page, due)
    },
    /** Names hold the day: `archive/<org>/<project>/yyyy/mm/dd/…`. */
    async archive({ id, orgId }, { archive }, after) {
      if (archive === null) return { removed: 0, next: null }
      const prefix = `archive/${orgId}/${id}/`
      const firstKept = prefix + new Date(archive).toISOString().slice(0, 10).replaceAll('-', '/')
      const page = await bucket.list({ prefix, limit: LISTED, startAfter: after ?? undefined })
      const due = page.objects.filter(({ key }) => key < firstKept)
      const removed = await removeAll(bucket, page, due)
      return due.length < page.objects.length ? { ...removed, next: null } : removed
    },
  }
}

async function removeAll(bucket: R2Bucket, page: R2Objects, due: R2Object[]) {
  if (due.length > 0) await bucket.delete(due.map(({ key }) => key))
  return { removed: due.length, next: page.truncated ? (page.objects.at(-1)?.key ?? null) : null }
}
