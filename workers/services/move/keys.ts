import { recordOf, type KeyPlace } from '../key/manage.ts'
import type { KeyRecords, KeyRow, PrincipalRow } from '../tenant/store.ts'

/** A key with all that its record says. */
export interface PlacedKey {
  row: KeyRow
  place: KeyPlace
  principal: PrincipalRow | null
}

export interface PublishDeps {
  /** Every key of an organization, as it stands now. */
  places: { keysOf(orgId: string): Promise<PlacedKey[]> }
  records: Pick<KeyRecords, 'put' | 'remove'>
}

const works = ({ row, principal }: PlacedKey) => row.revokedMs === null && (principal?.disabledMs ?? null) === null

/** Tells the edge anew where an organization's keys lead. */
export async function publishKeys({ places, records }: PublishDeps, orgId: string): Promise<void> {
  const keys = (await places.keysOf(orgId)).filter(works)
  for (const { row, place, principal } of keys) await records.put(row.hash, recordOf(row, place, principal))
  // One that was revoked at this moment must not be brought back.
  const published = new Set(keys.map(({ row }) => row.id))
  for (const key of await places.keysOf(orgId))
    if (!works(key) && published.has(key.row.id)) await records.remove(key.row.hash)
}
