import type { Group, INCIDENT_EVENTS, Preset, Rule, Severity } from '../../contract/alert.ts'
import type { Condition } from '../../contract/alert-condition.ts'
import type { Notice } from '../../contract/notify.ts'
import { groupWords } from './group.ts'
import type { StoredInstance } from './state.ts'

const MINUTE_MS = 60_000
/** What fires again so soon is the same incident. */
export const REOPEN_WITHIN_MS = 10 * MINUTE_MS
const TIMELINE_MAX = 200

type Event = (typeof INCIDENT_EVENTS)[number]

/** An incident as it is kept. */
export interface StoredIncident {
  id: string
  /** Of the rule, or of one group of it: no two open incidents have the same. */
  key: string
  rule_id: string
  rule_name: string
  preset: Preset
  project_id: string | null
  condition: Condition
  state: 'firing' | 'resolved'
  /** The highest that it had. */
  severity: Severity
  groups: { group: Group; value: number | null; detail: string }[]
  summary: string
  silenced: boolean
  opened_ms: number
  began_ms: number
  resolved_ms: number | null
  acknowledged_ms: number | null
  acknowledged_by: string | null
  escalated_ms: number | null
  runbook_url: string | null
  /** The severity that channels know of; null while they know nothing. */
  told: Severity | null
  /** How often it was opened. */
  openings: number
  timeline: { at_ms: number; event: Event; by: string | null; detail: string }[]
}

/** Somebody is to be told. The key is the same whenever the same is decided again. */
export interface Telling {
  key: string
  notice: Notice
  incident: StoredIncident
  channels: readonly string[]
}

export interface Settling {
  rule: Pick<Rule, 'id' | 'name' | 'preset' | 'project_id' | 'condition' | 'channels' | 'escalation' | 'runbook_url'> &
    Pick<Rule, 'notify_per' | 'no_data' | 'for_minutes'>
  instances: readonly StoredInstance[]
  open: readonly StoredIncident[]
  /** The last that was resolved with this key, if any. */
  resolved: (key: string) => StoredIncident | null
  isSilenced: (group: Group) => boolean
  newId: () => string
  nowMs: number
}

/** What becomes of a rule's incidents after an evaluation, and who is told. Decided again, nothing more is told. */
export function settleIncidents(of: Settling): { changed: StoredIncident[]; told: Telling[] } {
  const active = new Map<string, StoredInstance[]>()
  for (const one of of.instances) {
    if (!isActive(one, of)) continue
    const key = of.rule.notify_per === 'rule' ? of.rule.id : `${of.rule.id} ${one.key}`
    active.set(key, [...(active.get(key) ?? []), one])
  }
  const open = new Map(of.open.map((one) => [one.key, one]))
  const changed: StoredIncident[] = []
  const told: Telling[] = []
  for (const key of new Set([...active.keys(), ...open.keys()])) {
    const before = open.get(key) ?? null
    const instances = active.get(key) ?? []
    const draft = instances.length > 0 ? held(of, key, before, instances) : before && resolvedNow(before, of.nowMs)
    if (draft === null) continue
    const { incident, tellings } = tell(of, draft)
    told.push(...tellings)
    if (incident !== before) changed.push(incident)
  }
  return { changed, told }
}

/** Firing; or missing for long enough, where that is to be told. */
function isActive(one: StoredInstance, { rule, nowMs }: Settling): boolean {
  if (one.state === 'firing') return true
  return one.state === 'no_data' && rule.no_data === 'notify' && nowMs - one.since_ms >= rule.for_minutes * MINUTE_MS
}

function held(
  of: Settling,
  key: string,
  before: StoredIncident | null,
  instances: readonly StoredInstance[],
): StoredIncident {
  const groups = instances.map(({ group, value, detail }) => ({ group, value, detail }))
  const severity: Severity = instances.some((one) => one.severity === 'critical') ? 'critical' : 'warning'
  const silenced = instances.every(({ group }) => of.isSilenced(group))
  const now = { groups, summary: summaryOf(groups), silenced }
  if (before === null) {
    const last = of.resolved(key)
    const isAgain = last?.resolved_ms != null && of.nowMs - last.resolved_ms <= REOPEN_WITHIN_MS
    return isAgain && last !== null
      ? reopened(last, now, severity, of.nowMs)
      : opened(of, key, now, severity, instances)
  }
  let next: StoredIncident = isSame(before, now) ? before : { ...before, ...now }
  if (before.severity === 'warning' && severity === 'critical')
    next = noted({ ...next, severity }, of.nowMs, 'severity_raised', now.summary)
  const known = new Set(before.groups.map(({ group }) => groupWords(group)))
  const added = groups.map(({ group }) => groupWords(group)).filter((words) => !known.has(words))
  if (added.length > 0) next = noted(next, of.nowMs, 'group_added', added.slice(0, 5).join('; '))
  if (silenced !== before.silenced) next = noted(next, of.nowMs, silenced ? 'silenced' : 'unsilenced', '')
  return next
}

type Held = Pick<StoredIncident, 'groups' | 'summary' | 'silenced'>

function opened(
  { rule, newId, nowMs }: Settling,
  key: string,
  now: Held,
  severity: Severity,
  instances: readonly StoredInstance[],
): StoredIncident {
  const incident: StoredIncident = {
    id: newId(),
    key,
    rule_id: rule.id,
    rule_name: rule.name,
    preset: rule.preset,
    project_id: rule.project_id,
    condition: rule.condition,
    state: 'firing',
    severity,
    ...now,
    opened_ms: nowMs,
    began_ms: Math.min(nowMs, ...instances.map((one) => one.holds_since_ms ?? one.since_ms)),
    resolved_ms: null,
    acknowledged_ms: null,
    acknowledged_by: null,
    escalated_ms: null,
    runbook_url: rule.runbook_url,
    told: null,
    openings: 1,
    timeline: [],
  }
  return noted(incident, nowMs, 'opened', now.summary)
}

function reopened(last: StoredIncident, now: Held, severity: Severity, nowMs: number): StoredIncident {
  const worse: Severity = last.severity === 'critical' ? 'critical' : severity
  const again = { ...last, ...now, state: 'firing' as const, severity: worse, resolved_ms: null, told: null }
  return noted({ ...again, openings: last.openings + 1 }, nowMs, 'reopened', now.summary)
}

function resolvedNow(before: StoredIncident, nowMs: number): StoredIncident {
  return noted({ ...before, state: 'resolved', resolved_ms: nowMs }, nowMs, 'resolved', '')
}

/** What of an incident is told now. While it is silenced nothing is; what was not told is told when that ends. */
function tell(of: Settling, draft: StoredIncident): { incident: StoredIncident; tellings: Telling[] } {
  const { rule, nowMs } = of
  const tellings: Telling[] = []
  let incident = draft
  const say = (notice: Notice, channels: readonly string[], mark: string) => {
    if (channels.length === 0) return
    incident = noted(
      incident,
      nowMs,
      'notified',
      `${notice.replaceAll('_', ' ')}: ${channels.length} ${channels.length === 1 ? 'channel' : 'channels'}`,
    )
    tellings.push({ key: `${incident.id} ${incident.openings} ${mark}`, notice, incident, channels })
  }
  if (draft.state === 'resolved') {
    if (draft.told === null) return { incident, tellings }
    incident = { ...incident, told: null }
    say(
      'resolved',
      [...new Set([...rule.channels, ...(draft.escalated_ms === null ? [] : (rule.escalation?.channels ?? []))])],
      'resolved',
    )
    return { incident, tellings }
  }
  if (draft.silenced) return { incident, tellings }
  if (draft.told === null || (draft.told === 'warning' && draft.severity === 'critical')) {
    const isMissing = of.instances.every(({ state }) => state !== 'firing')
    const notice = draft.told === null ? (isMissing ? 'no_data' : 'opened') : 'severity_raised'
    incident = { ...incident, told: draft.severity }
    say(notice, rule.channels, draft.severity)
  }
  const { escalation } = rule
  const isDue = escalation !== null && nowMs - draft.opened_ms >= escalation.after_minutes * MINUTE_MS
  if (isDue && draft.acknowledged_ms === null && draft.escalated_ms === null) {
    incident = noted(
      { ...incident, escalated_ms: nowMs },
      nowMs,
      'escalated',
      `nobody had acknowledged it for ${escalation.after_minutes} minutes`,
    )
    say('escalated', escalation.channels, 'escalated')
  }
  return { incident, tellings }
}

/** Somebody has seen it; null where somebody was first or it is over. */
export function acknowledged(before: StoredIncident, by: string, nowMs: number): StoredIncident | null {
  if (before.acknowledged_ms !== null || before.state !== 'firing') return null
  const after = { ...before, acknowledged_ms: nowMs, acknowledged_by: by }
  return { ...after, timeline: [...after.timeline, { at_ms: nowMs, event: 'acknowledged' as const, by, detail: '' }] }
}

function noted(incident: StoredIncident, at_ms: number, event: Event, detail: string): StoredIncident {
  const timeline = [...incident.timeline, { at_ms, event, by: null, detail }]
  // The first says how it began; of a long story the middle is left out.
  return {
    ...incident,
    timeline: timeline.length > TIMELINE_MAX ? [...timeline.slice(0, 1), ...timeline.slice(2)] : timeline,
  }
}

function summaryOf(groups: StoredIncident['groups']): string {
  const [first] = groups
  if (first === undefined) return ''
  const words = groupWords(first.group)
  const isNamed = words !== '' && !('budget_id' in first.group)
  const more = groups.length > 1 ? ` And ${groups.length - 1} more.` : ''
  return `${isNamed ? `${words}: ` : ''}${first.detail}${more}`
}

/** Where nothing moved, not even a value, nothing is written. */
function isSame(before: StoredIncident, now: Held): boolean {
  return JSON.stringify([before.groups, before.silenced]) === JSON.stringify([now.groups, now.silenced])
}
