// Counts what the Workers ask of the platform, in the units that it bills. Runs inside workerd, in the benchmark only.
const UNIT_BYTES = 64_000
const METADATA_BYTES = 100

const counts = {}
const cursors = []

export function add(name, n = 1) {
  counts[name] = (counts[name] ?? 0) + n
}

/** Everything counted so far. */
export function snapshot() {
  const doRows = cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0)
  return { ...counts, do_rows_written: doRows }
}

const WRAPPERS = [
  [/^DATA_/, database],
  [/^QUEUE_/, queue],
  [/^BUCKET_/, bucket],
  [
    /^KEYS$/,
    (kv) => calls(kv, { get: 'kv_reads', getWithMetadata: 'kv_reads', put: 'kv_writes', delete: 'kv_writes' }),
  ],
  [/^METRICS$/, (dataset) => calls(dataset, { writeDataPoint: 'ae_points' })],
  [/^(LIVE_FEED|TENANT_BUDGET)$/, namespace],
]

const wrapped = new WeakMap()

/** The environment with every store behind a counter. */
export function countedEnv(env) {
  let counted = wrapped.get(env)
  if (counted === undefined) {
    const entries = Object.entries(env).map(([name, value]) => [
      name,
      WRAPPERS.find(([names]) => names.test(name))?.[1](value) ?? value,
    ])
    wrapped.set(env, (counted = Object.fromEntries(entries)))
  }
  return counted
}

/** Messages as they are delivered and, after that, deleted: one operation each for every 64 kB. */
export function countDelivered(batch) {
  for (const { body } of batch.messages) {
    add('queue_messages')
    add('queue_ops', 2 * units(body.byteLength ?? 0))
  }
  add('queue_invocations')
}

/** Counts the rows that a Durable Object writes, whatever object it is: the method is shared. */
export function countRows(sql) {
  const shared = Object.getPrototypeOf(sql)
  if (shared.counted) return
  const exec = shared.exec
  shared.counted = true
  shared.exec = function (...args) {
    const cursor = Reflect.apply(exec, this, args)
    cursors.push(cursor)
    return cursor
  }
}

const units = (bytes) => Math.max(1, Math.ceil((bytes + METADATA_BYTES) / UNIT_BYTES))

/** Passes every call on to the binding itself and counts those that are named. */
function calls(target, names) {
  return watched(target, (name) => names[name] && add(names[name]))
}

function watched(target, see, returned = (_name, value) => value) {
  return new Proxy(target, {
    get(_, name) {
      const value = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args) => {
        see(name, args)
        return returned(name, Reflect.apply(value, target, args))
      }
    },
  })
}

function queue(target) {
  return watched(target, (name, args) => {
    if (name === 'send') add('queue_ops', units(args[0]?.byteLength ?? 0))
  })
}

function bucket(target) {
  const A = 'r2_class_a'
  return calls(target, { put: A, list: A, createMultipartUpload: A, get: 'r2_class_b', head: 'r2_class_b' })
}

function namespace(target) {
  return watched(
    target,
    () => {},
    (name, value) => {
      if (name === 'jurisdiction') return namespace(value)
      return name === 'get' || name === 'getByName'
        ? watched(value, (method) => method !== 'then' && add('do_calls'))
        : value
    },
  )
}

const STATEMENT = Symbol('statement')

function database(target) {
  return {
    prepare: (sql) => statement(target.prepare(sql)),
    batch: async (statements) => metered(await target.batch(statements.map((s) => s[STATEMENT] ?? s))),
    exec: (sql) => target.exec(sql),
    withSession: (...args) => database(target.withSession(...args)),
  }
}

function statement(target) {
  return {
    [STATEMENT]: target,
    bind: (...args) => statement(target.bind(...args)),
    run: async () => metered([await target.run()])[0],
    all: async () => metered([await target.all()])[0],
    first: async (...args) => target.first(...args),
    raw: async (...args) => target.raw(...args),
  }
}

function metered(results) {
  for (const { meta } of results) {
    add('d1_rows_written', meta.rows_written ?? 0)
    add('d1_rows_read', meta.rows_read ?? 0)
  }
  add('d1_queries', results.length)
  return results
}
