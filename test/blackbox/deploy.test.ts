import { readFileSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { runNode } from '../../scripts/runtime/run.ts'
import { fakeCloudflare } from '../support/fake-cloudflare.ts'

const { url, account, close } = await fakeCloudflare()
afterAll(close)

const deploy = () =>
  runNode(inRoot('scripts/deploy.ts'), [], {
    env: {
      CLOUDFLARE_API_BASE_URL: url,
      CLOUDFLARE_API_TOKEN: 'token',
      CLOUDFLARE_ACCOUNT_ID: 'account',
      AUTH_SECRET: undefined,
      AUDIT_SIGNING_KEY: undefined,
    },
  })

const migrationsOf = (database: string) =>
  readdirSync(inRoot(database === 'agentops-control' ? 'migrations/control' : 'migrations/data')).sort()

const newestTag = [...readFileSync(inRoot('workers/pipeline/wrangler.toml'), 'utf8').matchAll(/^tag = "(\w+)"/gm)].at(
  -1,
)?.[1]

describe('deploying with wrangler to an account that is empty', () => {
  let output = ''
  beforeAll(async () => {
    const result = await deploy()
    output = result.output
    expect(result, output).toMatchObject({ code: 0 })
  }, 180_000)

  it('asks for nothing that the pretended account does not know', () => {
    expect(account.unknown).toEqual([])
    expect(output).toMatch(/AgentOps is deployed: https:\/\//)
  })

  it('pins what belongs to a region', () => {
    expect(account.d1.map(({ name, jurisdiction }) => [name, jurisdiction ?? '']).sort()).toEqual([
      ['agentops-control', ''],
      ['agentops-data-eu-0', 'eu'],
      ['agentops-data-global-0', ''],
      ['agentops-data-global-1', ''],
      ['agentops-data-us-0', 'us'],
    ])
    expect(account.r2.map(({ name, jurisdiction }) => [name, jurisdiction]).sort()).toEqual([
      ['agentops-eu', 'eu'],
      ['agentops-global', ''],
      ['agentops-us', 'us'],
    ])
    for (const queue of account.queues)
      expect(queue.jurisdiction ?? 'global', queue.queue_name).toBe(queue.queue_name.split('-').at(-1))
    expect(account.queues).toHaveLength(12)
  })

  it('migrates every database, then uploads the Workers in an order that their bindings allow', () => {
    for (const { name, uuid } of account.d1) {
      const applied = account.databases.get(uuid)?.prepare('SELECT name FROM d1_migrations ORDER BY id').all()
      expect(
        applied?.map((row) => row['name']),
        name,
      ).toEqual(migrationsOf(name))
    }
    expect([...account.scripts.keys()]).toEqual(['agentops-pipeline', 'agentops-api', 'agentops-web', 'agentops-edge'])
  })

  it('binds them to the ids of this account, and gives each the secret that it requires', () => {
    const bound = account.scripts.get('agentops-api')?.bindings ?? []
    for (const database of account.d1) expect(JSON.stringify(bound)).toContain(database.uuid)
    expect(JSON.stringify(bound)).toContain(account.kv[0]?.id)
    expect(bound).toContainEqual(expect.objectContaining({ name: 'CLOUDFLARE_ACCOUNT_ID', text: 'account' }))
    expect(account.scripts.get('agentops-api')?.secrets).toEqual(['AUTH_SECRET'])
    expect(account.scripts.get('agentops-pipeline')?.secrets).toEqual(['AUDIT_SIGNING_KEY'])
    expect(account.scripts.get('agentops-pipeline')?.migrationTag).toBe(newestTag)
    expect(account.scripts.get('agentops-pipeline')?.crons.length).toBeGreaterThan(0)
    for (const queue of account.queues) expect(queue.consumers, queue.queue_name).toBe(1)
  })

  it('can be run again, and then creates nothing', async () => {
    const counts = [account.d1.length, account.r2.length, account.queues.length, account.kv.length]
    const { code, output: again } = await deploy()
    expect(code, again).toBe(0)
    expect(again).not.toMatch(/create /)
    expect([account.d1.length, account.r2.length, account.queues.length, account.kv.length]).toEqual(counts)
    expect(account.scripts.get('agentops-edge')?.uploads).toBe(2)
    expect(account.scripts.get('agentops-api')?.secrets).toEqual(['AUTH_SECRET'])
  }, 180_000)
})
