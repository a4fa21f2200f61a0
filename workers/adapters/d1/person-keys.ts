import type { PersonKey, PersonKeys } from '../../services/audit/port.ts'

interface Row {
  user_id: string
  person_id: string
  key: ArrayBuffer | number[]
}

const COLUMNS = 'SELECT user_id, person_id, key FROM person_key'
const OF_SUBJECTS = `${COLUMNS} WHERE user_id IN (SELECT value FROM json_each(?1))`

/** The keys of people, in the control database. */
export function personKeys(db: D1Database): PersonKeys {
  return {
    async ensure(candidates, nowMs) {
      const insert = db.prepare(
        'INSERT INTO person_key (user_id, person_id, key, created_ms) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (user_id) DO NOTHING',
      )
      const select = db.prepare(OF_SUBJECTS).bind(JSON.stringify(candidates.map(({ subject }) => subject)))
      const known = (await select.all<Row>()).results.map(keyOf)
      const lacking = candidates.filter(({ subject }) => known.every((key) => key.subject !== subject))
      if (lacking.length === 0) return known
      const results = await db.batch<Row>([
        ...lacking.map(({ subject, person, key }) => insert.bind(subject, person, key, nowMs)),
        select,
      ])
      return (results.at(-1)?.results ?? []).map(keyOf)
    },
    async bySubject(subjects) {
      return (await db.prepare(OF_SUBJECTS).bind(JSON.stringify(subjects)).all<Row>()).results.map(keyOf)
    },
    async byPerson(persons) {
      const statement = db.prepare(`${COLUMNS} WHERE person_id IN (SELECT value FROM json_each(?1))`)
      return (await statement.bind(JSON.stringify(persons)).all<Row>()).results.map(keyOf)
    },
    async remove(subjects) {
      await db
        .prepare('DELETE FROM person_key WHERE user_id IN (SELECT value FROM json_each(?1))')
        .bind(JSON.stringify(subjects))
        .run()
    },
  }
}

function keyOf({ user_id, person_id, key }: Row): PersonKey {
  return { subject: user_id, person: person_id, key: new Uint8Array(key) }
}
