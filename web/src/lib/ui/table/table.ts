/** A column of a table of rows of any kind. */
export interface TableColumn<Row = never> {
  key: string
  label: string
  /** Numbers end where their column ends, and are sorted downwards at first. */
  numeric?: boolean
  /** Moments too are sorted downwards at first. */
  newestFirst?: boolean
  /** What it is, on hover. */
  definition?: string
  /** Not shown until it is chosen. */
  hidden?: boolean
  /** Told to screen readers only, such as that these are actions. */
  unlabelled?: boolean
  /** Orders rows upwards; absent where the column has no order, or where the server sorts. */
  compare?: (a: Row, b: Row) => number
}

export interface TableSort {
  key: string
  down: boolean
}

/** How a column is sorted when its head is pressed: numbers and moments from the greatest, and then the other way. */
export function nextSort(
  current: TableSort | null,
  { key, numeric, newestFirst }: Pick<TableColumn, 'key' | 'numeric' | 'newestFirst'>,
): TableSort {
  return { key, down: current?.key === key ? !current.down : (numeric ?? newestFirst ?? false) }
}

/** The parameter of a page that keeps how its list is sorted. */
export const SORT_PARAM = 'sort'

/** How an address sorts a list; null where it does not, or by nothing that is known. */
export function sortIn<Row>(params: URLSearchParams, columns: readonly TableColumn<Row>[]): TableSort | null {
  const column = columns.find(({ key }) => key === params.get(SORT_PARAM))
  return column === undefined ? null : nextSort(null, column)
}

/** Sorted rows, equal ones as they came; as they came all, where nothing sorts them. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly TableColumn<Row>[],
  sort: TableSort | null,
): readonly Row[] {
  const compare = columns.find(({ key }) => key === sort?.key)?.compare
  if (compare === undefined || sort === null) return rows
  return rows.toSorted((a, b) => (sort.down ? compare(b, a) : compare(a, b)))
}

/** The columns that are shown: those that were chosen, else those that are not hidden; what heads rows always is. */
export function columnsShown<Column extends { key: string; hidden?: boolean }>(
  columns: readonly Column[],
  chosen: readonly string[] | null,
  head: string,
): Column[] {
  return columns.filter(({ key, hidden }) => key === head || (chosen === null ? !hidden : chosen.includes(key)))
}

/** `aria-sort` of a column's head. */
export function ariaSort(sort: TableSort | null, key: string): 'ascending' | 'descending' | undefined {
  return sort?.key === key ? (sort.down ? 'descending' : 'ascending') : undefined
}

/** Orders texts as people do: `v2` before `v10`, whatever their case. */
export const byText =
  <Row>(of: (row: Row) => string) =>
  (a: Row, b: Row) =>
    of(a).localeCompare(of(b), 'en', { numeric: true, sensitivity: 'base' })

/** Orders numbers, and amounts of any size exactly; what is absent comes first upwards. */
export const byNumber =
  <Row>(of: (row: Row) => number | bigint | null) =>
  (a: Row, b: Row) => {
    const [x, y] = [of(a), of(b)]
    if (x === null || y === null) return x === y ? 0 : x === null ? -1 : 1
    return x < y ? -1 : x > y ? 1 : 0
  }
