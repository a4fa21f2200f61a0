import type { TableSort } from './table.ts'

/** What a person chose of one table, kept in their browser under the table's id. */
export class KeptTable {
  columns = $state.raw<readonly string[] | null>(null)
  sort = $state.raw<TableSort | null>(null)
  readonly #id: string | null

  /** @param id null where nothing is kept. */
  constructor(id: string | null) {
    this.#id = id
  }

  /** Once there is a browser. */
  load(): void {
    const columns = this.#read('columns')
    if (Array.isArray(columns)) this.columns = columns.filter((key) => typeof key === 'string')
    const sort = this.#read('sort')
    if (isSort(sort)) this.sort = sort
  }

  choose(columns: readonly string[] | null): void {
    this.columns = columns
    this.#write('columns', columns)
  }

  sortBy(sort: TableSort): void {
    this.sort = sort
    this.#write('sort', sort)
  }

  #read(what: string): unknown {
    if (this.#id === null) return null
    try {
      return JSON.parse(localStorage.getItem(`agentops.${what}.${this.#id}`) ?? 'null')
    } catch {
      // What cannot be read is as good as nothing kept.
      return null
    }
  }

  #write(what: string, value: unknown): void {
    if (this.#id === null) return
    try {
      if (value === null) localStorage.removeItem(`agentops.${what}.${this.#id}`)
      else localStorage.setItem(`agentops.${what}.${this.#id}`, JSON.stringify(value))
    } catch {
      // Without storage the choice holds for this visit.
    }
  }
}

function isSort(value: unknown): value is TableSort {
  return (
    typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    typeof value.key === 'string' &&
    'down' in value &&
    typeof value.down === 'boolean'
  )
}
