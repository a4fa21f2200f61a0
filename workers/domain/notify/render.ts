import type { Message, WebhookBody } from '../../contract/notify.ts'

/** Slack, “Block Kit”: a section's text has 3,000 characters at most, a header's 150. */
const SLACK_TEXT_MAX = 3000
const SLACK_HEADER_MAX = 150
/** PagerDuty, Events API v2: a summary has 1,024 characters at most. */
const PAGERDUTY_SUMMARY_MAX = 1024

const cut = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)

/** Where to look, when it is known where the dashboard is. */
const linkOf = ({ path }: Message, origin: string | null) => (origin === null || path === null ? null : origin + path)

export function mailOf(message: Message, origin: string | null): { subject: string; text: string } {
  const link = linkOf(message, origin)
  const facts = Object.entries(message.facts).map(([name, value]) => `${name}: ${value}`)
  const text = [
    ...message.lines,
    '',
    ...facts,
    ...(link === null ? [] : ['', link]),
    ...(message.runbook_url === null ? [] : ['', `Runbook: ${message.runbook_url}`]),
  ]
  // A subject is one line: names of rules come from people.
  return { subject: message.title.replaceAll(/\s+/g, ' '), text: `${text.join('\n')}\n` }
}

/** The body for an incoming webhook of Slack. */
export function slackOf(message: Message, origin: string | null): object {
  const link = linkOf(message, origin)
  const links = [
    ...(link === null ? [] : [`<${link}|Open in AgentOps>`]),
    ...(message.runbook_url === null ? [] : [`<${escaped(message.runbook_url)}|Runbook>`]),
  ]
  const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } })
  return {
    text: escaped(message.title),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(message.title, SLACK_HEADER_MAX) } },
      ...(message.lines.length > 0 ? [section(linesWithin(message.lines.map(escaped)))] : []),
      ...(links.length > 0 ? [section(links.join('  '))] : []),
    ],
  }
}

/** As many whole lines as fit: a cut within a line may fall into an escape. */
function linesWithin(lines: readonly string[]): string {
  let text = ''
  for (const line of lines) {
    if (text.length + line.length + 1 > SLACK_TEXT_MAX - 1) return text === '' ? '…' : `${text}\n…`
    text = text === '' ? line : `${text}\n${line}`
  }
  return text
}

/** Slack's own escapes; everything else is text. */
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** An event of PagerDuty's Events API v2. All that is told of one incident has one deduplication key. */
export function pagerDutyOf(message: Message, routingKey: string, origin: string | null, deliveryId: string): object {
  const link = linkOf(message, origin)
  const links = [
    ...(link === null ? [] : [{ href: link, text: 'Open in AgentOps' }]),
    ...(message.runbook_url === null ? [] : [{ href: message.runbook_url, text: 'Runbook' }]),
  ]
  return {
    routing_key: routingKey,
    event_action: message.notice === 'resolved' ? 'resolve' : 'trigger',
    dedup_key: message.incident_id ?? deliveryId,
    client: 'AgentOps',
    ...(link !== null && { client_url: link }),
    links,
    payload: {
      summary: cut(`${message.title}. ${message.lines.join(' ')}`, PAGERDUTY_SUMMARY_MAX),
      source: 'AgentOps',
      severity: message.severity ?? 'info',
      timestamp: new Date(message.at_ms).toISOString(),
      custom_details: message.facts,
    },
  }
}

/** The body of a webhook; `contract/notify.ts` has its schema. */
export function webhookOf(message: Message, origin: string | null): WebhookBody {
  return {
    type: message.notice === 'test' ? 'test' : `alert.${message.notice}`,
    timestamp: new Date(message.at_ms).toISOString(),
    data: {
      incident_id: message.incident_id,
      severity: message.severity,
      title: message.title,
      details: message.lines,
      facts: message.facts,
      url: linkOf(message, origin),
      runbook_url: message.runbook_url,
    },
  }
}
