import { Checkpoint } from '../../contract/audit.ts'

const SEQ_DIGITS = 12

/** Where a checkpoint lies; names sort by entry. */
export const checkpointName = (orgId: string, seq: number) =>
  `audit/${orgId}/checkpoints/${String(seq).padStart(SEQ_DIGITS, '0')}.json`

/** Keeps a checkpoint unless its entry has one, and returns the one that is kept: none is ever overwritten. */
export async function keepCheckpoint(bucket: R2Bucket, checkpoint: Checkpoint): Promise<Checkpoint> {
  const name = checkpointName(checkpoint.org_id, checkpoint.seq)
  const written = await bucket.put(name, JSON.stringify(checkpoint), {
    onlyIf: new Headers({ 'if-none-match': '*' }),
    httpMetadata: { contentType: 'application/json' },
  })
  if (written !== null) return checkpoint
  const object = await bucket.get(name)
  if (object === null) throw new Error(`checkpoint ${name} can be neither written nor read`)
  return Checkpoint.parse(await object.json())
}
