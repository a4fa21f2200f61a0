import { AnswerRows } from './answer-rows.ts'
import { ChannelRows } from './channel-rows.ts'
import { Channels } from './channels.ts'
import { DeliveryRows } from './delivery-rows.ts'
import { Evaluation } from './evaluation.ts'
import { IncidentRows } from './incident-rows.ts'
import { Incidents } from './incidents.ts'
import { Notifier, type NotifierTools } from './notifier.ts'
import { RuleRows } from './rule-rows.ts'
import { Rules } from './rules.ts'
import { SilenceRows } from './silence-rows.ts'
import { Silences } from './silences.ts'
import { SloRows } from './slo-rows.ts'
import { Slos } from './slos.ts'
import { StateRows } from './state-rows.ts'

export type AlertParts = ReturnType<typeof alertParts>

/** What OrgAlerts is made of: tables, what people do with them, and what an evaluation does. */
export function alertParts(sql: SqlStorage, tools: NotifierTools) {
  const rows = {
    rules: new RuleRows(sql),
    states: new StateRows(sql),
    incidents: new IncidentRows(sql),
    silences: new SilenceRows(sql),
    slos: new SloRows(sql),
    channels: new ChannelRows(sql),
    deliveries: new DeliveryRows(sql),
    answers: new AnswerRows(sql),
  }
  const notifier = new Notifier(rows.channels, rows.deliveries, tools)
  const rules = new Rules(rows.rules, rows.states)
  const slos = new Slos(rows.slos, rows.rules, rules)
  return {
    rows,
    rules,
    incidents: new Incidents(rows.incidents),
    silences: new Silences(rows.silences),
    slos,
    channels: new Channels(rows, notifier),
    notifier,
    evaluation: new Evaluation({ ...rows, objectives: slos, notifier, random: (bytes) => tools.random(bytes) }),
    prune(nowMs: number): void {
      for (const table of [rows.incidents, rows.silences, rows.deliveries]) table.prune(nowMs)
    },
  }
}
