import { FAILURE_CLASSES, FAILURES } from '../../../../../../workers/contract/failure.ts'
import { FailuresAnswer } from '../../../../../../workers/contract/trace.ts'
import type { PanelSpec, Scope, TableRow } from '../panel.ts'
import { traceFilters, tracesHref, tracesProject, untold } from '../scope.ts'

const ROWS_MAX = 500
const HASH_CHARS = 12
const PARAM = 'failure'

/** What failed, down to the message: between the taxonomy of errors and the traces. */
export const messages: PanelSpec = {
  id: 'operations.messages',
  title: 'Errors by message',
  unit: 'traces in which it failed like this',
  definition:
    'Failed requests, steps, model calls and tool calls (status error or blocked) of the traces that began in the range, by error type, error_message_hash (the SHA-256 of the message without its ids, keys and numbers, so that the same failure has the same hash), step, and tool or model. A trace counts once in each row, and may be in several.',
  span: 12,
  async load(ask, scope) {
    const chosen = chosenOf(scope)
    const answer = await ask.projectQuery(FailuresAnswer, [tracesProject(scope).id, 'failures'], {
      ...traceFilters(scope),
      ...failureOf(chosen),
      from: new Date(scope.range.from_ms).toISOString(),
      to: new Date(scope.range.to_ms).toISOString(),
      limit: String(ROWS_MAX),
    })
    const rows = messageRows(answer.data, scope)
    const notes = [
      ...(answer.sampled ? ['of the newest 50,000 traces'] : []),
      ...(rows.length === ROWS_MAX ? [`the ${ROWS_MAX} of most traces`] : []),
      ...untold(scope),
    ]
    return {
      type: 'table',
      sort: 'traces',
      bar: 'traces',
      columns: [
        { key: 'message', label: 'Message', format: 'text', definition: 'The first characters of its hash.' },
        { key: 'type', label: 'Type', format: 'text' },
        { key: 'class', label: 'Class', format: 'text' },
        { key: 'step', label: 'Step', format: 'text' },
        { key: 'called', label: 'Tool or model', format: 'text' },
        { key: 'traces', label: 'Traces', format: 'count' },
        { key: 'first', label: 'First seen', format: 'datetime', definition: 'The start of the first of the traces.' },
        { key: 'last', label: 'Last seen', format: 'datetime', definition: 'The start of the last of the traces.' },
      ],
      rows,
      controls: [{ param: PARAM, label: 'Failures', value: chosen, options: OPTIONS }],
      ...(notes.length > 0 && { note: notes.join(', ') }),
      ...(rows.length === 0 && {
        empty: chosen === '' ? 'Nothing failed in this range.' : `Nothing failed with ${chosen} in this range.`,
      }),
    }
  },
}

/** All, then each class with its types. */
const OPTIONS = [
  { value: '', label: 'all' },
  ...FAILURE_CLASSES.flatMap((name) => [
    { value: name, label: name },
    ...Object.entries(FAILURES)
      .filter(([type, of]) => of === name && type !== name)
      .map(([type]) => ({ value: type, label: `${name}: ${type}` })),
  ]),
]

const chosenOf = ({ params }: Scope) => OPTIONS.find(({ value }) => value === params[PARAM])?.value ?? ''

/** The filter that a class or a type is. */
export function failureOf(name: string): Record<string, string> {
  if (name === '') return {}
  return (FAILURE_CLASSES as readonly string[]).includes(name) ? { failure_class: name } : { failure_type: name }
}

/** One row for each failure that can be told apart; it leads to its traces. */
export function messageRows(failures: FailuresAnswer['data'], scope: Scope): TableRow[] {
  return failures.map((one) => {
    const exactly = {
      failure_type: one.error_type,
      ...(one.error_message_hash !== null && { failure_hash: one.error_message_hash }),
      ...(one.step !== null && { failure_step: one.step }),
      ...(one.tool_name !== null && { failure_tool: one.tool_name }),
      ...(one.model !== null && { failure_model: one.model }),
    }
    return {
      key: JSON.stringify(exactly),
      cells: {
        message: one.error_message_hash?.slice(0, HASH_CHARS) ?? 'no message',
        type: one.error_type,
        class: one.error_class,
        step: one.step ?? '–',
        called: one.tool_name ?? one.model ?? '–',
        traces: one.traces,
        first: Date.parse(one.first_at),
        last: Date.parse(one.last_at),
      },
      href: tracesHref(scope, exactly),
    }
  })
}
