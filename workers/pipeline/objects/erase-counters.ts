import type { Eraser } from '../../domain/erase.ts'

/** Gives counters of a person to everybody who was erased: sums stay, and whose they were is gone. */
export function eraseCounters(storage: DurableObjectStorage, eraser: Eraser): { scanned: number; changed: number } {
  const { sql } = storage
  const ids = sql.exec<{ id: string }>('SELECT DISTINCT id FROM counter').toArray()
  const renamed = ids.map(({ id }) => [id, eraser.text(id)] as const).filter(([id, next]) => next !== id)
  let changed = 0
  storage.transactionSync(() => {
    for (const [id, next] of renamed) {
      sql.exec(
        `INSERT INTO counter (scope, id, quarter_ms, cost_nanousd, tokens, entries)
         SELECT scope, ?, quarter_ms, cost_nanousd, tokens, entries FROM counter WHERE id = ?
         ON CONFLICT DO UPDATE SET cost_nanousd = cost_nanousd + excluded.cost_nanousd, tokens = tokens + excluded.tokens, entries = entries + excluded.entries`,
        next,
        id,
      )
      changed += sql.exec('DELETE FROM counter WHERE id = ? RETURNING 1', id).toArray().length
    }
  })
  return { scanned: ids.length, changed }
}
