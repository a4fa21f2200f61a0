import type { AnswerCache } from '../../../services/alert/source.ts'

/** A row has 2 MB at most; a larger answer is asked for again. */
const CHARS_MAX = 1_800_000

/** Answers about hours that are over, so that five weeks of them are not read each minute. */
export class AnswerRows implements AnswerCache {
  static readonly TABLE = 'answer'
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(
      `CREATE TABLE IF NOT EXISTS ${AnswerRows.TABLE} (question TEXT PRIMARY KEY, until_ms INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID`,
    )
  }

  get(key: string, nowMs: number): unknown {
    const row = this.sql
      .exec<{ body: string }>(`SELECT body FROM ${AnswerRows.TABLE} WHERE question = ? AND until_ms > ?`, key, nowMs)
      .toArray()[0]
    return row === undefined ? undefined : JSON.parse(row.body)
  }

  put(key: string, answer: unknown, untilMs: number): void {
    const body = JSON.stringify(answer)
    if (body.length <= CHARS_MAX)
      this.sql.exec(
        `INSERT OR REPLACE INTO ${AnswerRows.TABLE} (question, until_ms, body) VALUES (?, ?, ?)`,
        key,
        untilMs,
        body,
      )
  }

  prune(nowMs: number): void {
    this.sql.exec(`DELETE FROM ${AnswerRows.TABLE} WHERE until_ms <= ?`, nowMs)
  }
}
