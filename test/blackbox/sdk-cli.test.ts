import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { call, createKey, createTenant, newTraceId, sendEvents, traceOf, untilTrace } from '../support/harness.ts'
import { totp } from '../support/totp.ts'
import { CLI, OTHER_NODE, runProgram, type Ran } from '../support/sdk-programs.ts'

const baseUrl = inject('baseUrl')
let tenant: Awaited<ReturnType<typeof createTenant>>
let folder: string
/** One configuration for a key, another for a session. */
let withKey: Record<string, string>
let withSession: Record<string, string>

const agentops = (args: string[], env: Record<string, string>, input = '', node?: string): Promise<Ran> =>
  runProgram([CLI, ...args], { env, input, node })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agentops-cli-'))
  tenant = await createTenant(baseUrl)
  const common = { AGENTOPS_URL: baseUrl, AGENTOPS_KEY: '' }
  withKey = { ...common, XDG_CONFIG_HOME: join(folder, 'key') }
  withSession = { ...common, XDG_CONFIG_HOME: join(folder, 'session') }
  const { key } = await createKey(tenant.session, tenant.projectId, ['ingest', 'read'])
  const { email, password } = tenant.session
  const signedIn = await Promise.all([
    agentops(['login', '--key-stdin', '--project', tenant.projectId], withoutKey(withKey), `${key}\n`, OTHER_NODE),
    agentops(['login', '--email', email, '--password-stdin'], withoutKey(withSession), password),
  ])
  for (const ran of signedIn) expect(ran, ran.stderr).toMatchObject({ code: 0 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** An empty variable is as good as none. */
const withoutKey = (env: Record<string, string>) => ({ ...env, AGENTOPS_KEY: '' })

describe('agentops', () => {
  it('keeps what login was given where nobody else can read it, and sends it to no other server', async () => {
    const { mode } = await stat(join(folder, 'key', 'agentops', 'config.json'))
    expect((mode & 0o777).toString(8)).toBe('600')
    const elsewhere = await agentops(['budgets', '--url', 'http://127.0.0.1:9'], withSession)
    expect(elsewhere).toMatchObject({ code: 1, stdout: '' })
    expect(elsewhere.stderr).toMatch(/not signed in at http:\/\/127\.0\.0\.1:9/)
  })

  it('asks for the second factor of an account that has one', async () => {
    const { session } = await createTenant(baseUrl)
    const { email, password } = session
    const enabled = await call<{ totpURI: string }>(session, 'POST', '/api/auth/two-factor/enable', { password })
    const code = () => totp(new URL(enabled.body.totpURI).searchParams.get('secret') ?? '')
    await call(session, 'POST', '/api/auth/two-factor/verify-totp', { code: code() })
    const env = withoutKey({ AGENTOPS_URL: baseUrl, XDG_CONFIG_HOME: join(folder, 'second-factor') })
    const login = ['login', '--email', email, '--password-stdin']
    const unasked = await agentops(login, env, password)
    expect(unasked).toMatchObject({ code: 2, stdout: '' })
    expect(unasked.stderr).toContain('use --code')
    const wrong = await agentops([...login, '--code', '000000'], env, password)
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toContain('The code was not accepted')
    expect(await agentops([...login, '--code', code()], env, password)).toMatchObject({ code: 0 })
    expect(await agentops(['budgets', '--json'], env)).toMatchObject({ code: 0, stderr: '' })
  })

  it.each<[string, string[], number, RegExp]>([
    ['no command', [], 2, /Say which command/],
    ['an unknown command', ['fly'], 2, /no command "fly"/],
    ['an unknown option', ['send', '--fast'], 2, /--fast/],
    ['a file that is not there', ['send', '/no/such/file'], 1, /Cannot read \/no\/such\/file: ENOENT/],
    ['a verb that is none', ['keys', 'paint'], 2, /not "paint"/],
    ['a change that a key may not make', ['keys', 'create', '--name', 'x', '--scope', 'ingest'], 1, /answered 403/],
  ])('says what is wrong with %s', async (_name, args, code, words) => {
    const ran = await agentops(args, withKey)
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(ran.stderr).toMatch(words)
    expect(ran.stderr).not.toMatch(/\n {4}at /)
  })

  it('sends files in each form, says which events were rejected, and counts what is replayed once', async () => {
    const file = join(folder, 'events.ndjson.gz')
    const traceId = newTraceId()
    const lines = traceOf(traceId, 2, '0.25').map((event) => JSON.stringify(event))
    await writeFile(file, gzipSync(lines.join('\n')))
    const sent = await agentops(['send', file, '--json'], withKey, '', OTHER_NODE)
    expect(sent).toMatchObject({ code: 0, stdout: '{"batches":1,"accepted":3,"rejected":0}\n' })
    await untilTrace(tenant.session, tenant.projectId, traceId)

    const document = join(folder, 'more.json')
    const other = newTraceId()
    await writeFile(document, JSON.stringify({ events: traceOf(other, 1, '0.5') }, null, 2))
    // What was applied is told from what is new by when it came; clocks may differ by two seconds.
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const replayed = await agentops(['replay', file, document, '--json'], withKey)
    expect(replayed, replayed.stderr).toMatchObject({ code: 0 })
    expect(JSON.parse(replayed.stdout)).toEqual({
      batches: 2,
      accepted: 5,
      rejected: 0,
      new_events: 2,
      repeated_events: 3,
      new_ledger_entries: 1,
      unknown_events: 0,
    })
    const { trace } = await untilTrace(tenant.session, tenant.projectId, traceId)
    expect(trace.cost_usd).toBe('0.500000000')

    const bad = await agentops(['send'], withKey, `${JSON.stringify({ ...traceOf(newTraceId())[0], model: 7 })}\n{"x`)
    expect(bad).toMatchObject({ code: 1, stdout: '0 events accepted in 1 batches, 2 rejected.\n' })
    expect(bad.stderr).toMatch(/-, event 1: \/model: .*\n-, event 2: This line is not JSON/)
  })

  it('follows the live feed', async () => {
    const traceId = newTraceId()
    const following = agentops(['tail', '--json', '--limit', '2'], withKey, '', OTHER_NODE)
    let isDone = false
    void following.finally(() => (isDone = true))
    // It says that it follows on standard error, before or after these: it gets what comes while it is there.
    for (let n = 0; n < 40 && !isDone; n++) {
      await sendEvents(baseUrl, tenant.key, traceOf(`${traceId}-${n}`))
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    const { code, stdout, stderr } = await following
    expect(code, stderr).toBe(0)
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { trace_id: string; agent_id: string })
    expect(events).toHaveLength(2)
    for (const event of events) expect(event.agent_id).toBe('support-agent')
  })

  it('makes keys and budgets, lists them without colour, and ends them', async () => {
    const made = await agentops(
      ['keys', 'create', '--name', 'ci', '--scope', 'ingest', '--scope', 'guard'],
      withSession,
    )
    expect(made, made.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ao_\S+\n$/) as string })
    const listed = await agentops(['keys'], withSession)
    const id = /^(\S+)\s+ci\s+ingest,guard\s+.*valid$/m.exec(listed.stdout)?.[1] ?? ''
    expect(listed.stdout).not.toContain('\x1b')
    expect(listed.stdout).not.toContain(made.stdout.trim())
    expect(await agentops(['keys', 'revoke', id], withSession)).toMatchObject({ code: 0 })
    expect((await agentops(['keys'], withSession)).stdout).toMatch(new RegExp(`^${id} .*revoked$`, 'm'))

    const budget = ['--name', 'All', '--limit', '10.00', '--period', 'month', '--hard']
    const created = await agentops(['budgets', 'create', ...budget, '--json'], withSession)
    const { id: budgetId } = JSON.parse(created.stdout) as { id: string }
    const budgets = await agentops(['budgets'], withSession)
    expect(budgets.stdout).toMatch(new RegExp(`^${budgetId}\\s+All\\s+org\\s+month\\s+hard\\s+\\$10\\.000000000`, 'm'))
    expect(await agentops(['budgets', 'remove', budgetId], withSession)).toMatchObject({ code: 0 })
    const wrong = await agentops(
      ['budgets', 'create', '--name', 'x', '--limit', 'ten', '--period', 'month'],
      withSession,
    )
    expect(wrong.stderr).toMatch(/limit_usd.*must be US dollars/)
  }, 120_000)

  it('exports everything into a file that is whole', async () => {
    const file = join(folder, 'all.zip')
    const ran = await agentops(['export', '--out', file, '--json'], withSession)
    expect(ran, ran.stderr).toMatchObject({ code: 0 })
    const { file_bytes, state } = JSON.parse(ran.stdout) as { file_bytes: number; state: string }
    expect([state, (await stat(file)).size]).toEqual(['done', file_bytes])
    expect(await agentops(['export', '--out', file], withSession)).toMatchObject({ code: 2 })
  }, 120_000)
})
