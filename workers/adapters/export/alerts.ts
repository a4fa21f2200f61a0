import type { AlertsRpc, IncidentPage } from '../../contract/alert.ts'
import type { ChannelsRpc } from '../../contract/notify.ts'
import type { SlosRpc } from '../../contract/slo.ts'

const PAGE = 500

/** The rules, silences, incidents, objectives and channels (without what is secret in them) of an organization. */
export async function alertsOf(
  rpc: Pick<AlertsRpc, 'rules' | 'silences' | 'incidents'> & Pick<SlosRpc, 'slos'> & Pick<ChannelsRpc, 'channels'>,
) {
  const incidents: IncidentPage['data'] = []
  let cursor: string | null = null
  do {
    const page: IncidentPage = await rpc.incidents({ state: null, rule_id: null, projects: null, cursor, limit: PAGE })
    incidents.push(...page.data)
    cursor = page.next_cursor
  } while (cursor !== null)
  return {
    rules: await rpc.rules(),
    silences: await rpc.silences(),
    objectives: await rpc.slos(),
    channels: await rpc.channels(),
    incidents,
  }
}
