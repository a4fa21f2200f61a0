import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  deployOrder,
  describeStep,
  jurisdictionOf,
  planDeploy,
  type Inventory,
  type Part,
} from '../../scripts/deploy/plan.ts'
import { readWorkerConfig } from '../../scripts/runtime/config.ts'
import { TYPED_WORKERS, WEB_WORKER } from '../../scripts/runtime/workers.ts'

const parts = [...TYPED_WORKERS, WEB_WORKER].map((place): Part => ({
  worker: place.name,
  home: dirname(place.config),
  config: readWorkerConfig(place.config),
}))
const nothing: Inventory = { d1: [], r2: [], queues: [], kv: [], secrets: {} }

/** What the account holds after a plan was carried out. */
function carriedOut(steps: ReturnType<typeof planDeploy>): Inventory {
  const done: Inventory = { d1: [], r2: [], queues: [], kv: [], secrets: {} }
  for (const step of steps) {
    if (step.do === 'create-d1') done.d1.push({ name: step.name, id: step.name })
    if (step.do === 'create-r2') done.r2.push(pinned(step))
    if (step.do === 'create-queue') done.queues.push(pinned(step))
    if (step.do === 'create-kv') done.kv.push({ title: step.title, id: step.title })
    if (step.do === 'deploy') done.secrets[step.name] = step.newSecrets
  }
  return done
}

const pinned = ({ name, jurisdiction }: { name: string; jurisdiction?: 'eu' | 'us' }) => ({
  name,
  ...(jurisdiction ? { jurisdiction } : {}),
})

describe('the plan for an empty account', () => {
  const steps = planDeploy(parts, nothing)

  it('creates every resource once, pinned where its cell is', () => {
    const created = steps.filter((step) => step.do.startsWith('create-')).map(describeStep)
    expect(new Set(created).size).toBe(created.length)
    expect(created).toContain('create D1 database agentops-control')
    for (const cell of ['eu', 'us']) {
      expect(created).toContain(`create D1 database agentops-data-${cell}-0, jurisdiction ${cell}`)
      expect(created).toContain(`create R2 bucket agentops-${cell}, jurisdiction ${cell}`)
      expect(created).toContain(`create queue agentops-ingest-${cell}, jurisdiction ${cell}`)
      expect(created).toContain(`create queue agentops-dead-${cell}, jurisdiction ${cell}`)
    }
  })

  it('migrates each database, after it exists and before any Worker runs', () => {
    const kinds = steps.map((step) => (step.do.startsWith('create-') ? 'create' : step.do))
    expect(kinds).toEqual(
      [...kinds].sort(
        (a, b) => ['create', 'migrate', 'deploy'].indexOf(a) - ['create', 'migrate', 'deploy'].indexOf(b),
      ),
    )
    const databases = steps.flatMap((step) => (step.do === 'migrate' ? step.database : []))
    expect(databases.sort()).toEqual(steps.flatMap((step) => (step.do === 'create-d1' ? step.name : [])).sort())
  })

  it('deploys each Worker after those that it binds to, the edge last', () => {
    const order = steps.flatMap((step) => (step.do === 'deploy' ? step.worker : []))
    expect(order.indexOf('pipeline')).toBeLessThan(order.indexOf('api'))
    expect(order.indexOf('api')).toBeLessThan(order.indexOf('web'))
    expect(order.at(-1)).toBe('edge')
  })

  it('makes the secrets that a Worker lacks', () => {
    expect(steps).toContainEqual({ do: 'deploy', worker: 'api', name: 'agentops-api', newSecrets: ['AUTH_SECRET'] })
    expect(steps).toContainEqual({
      do: 'deploy',
      worker: 'pipeline',
      name: 'agentops-pipeline',
      newSecrets: ['AUDIT_SIGNING_KEY'],
    })
  })
})

describe('the plan for an account that has it all', () => {
  it('only migrates and deploys', () => {
    const again = planDeploy(parts, carriedOut(planDeploy(parts, nothing)))
    expect(new Set(again.map((step) => step.do))).toEqual(new Set(['migrate', 'deploy']))
    expect(again.flatMap((step) => (step.do === 'deploy' ? step.newSecrets : []))).toEqual([])
  })

  it('creates the one thing that is gone', () => {
    const inventory = carriedOut(planDeploy(parts, nothing))
    inventory.r2 = inventory.r2.filter((bucket) => bucket.name !== 'agentops-eu')
    const created = planDeploy(parts, inventory).filter((step) => step.do.startsWith('create-'))
    expect(created).toEqual([{ do: 'create-r2', name: 'agentops-eu', jurisdiction: 'eu' }])
  })
})

describe('a plan that must not be', () => {
  it('refuses a queue that exists outside its jurisdiction', () => {
    const inventory = { ...nothing, queues: [{ name: 'agentops-ingest-eu' }] }
    expect(() => planDeploy(parts, inventory)).toThrow(/agentops-ingest-eu exists in jurisdiction none/)
  })

  it('takes a bucket of the same name elsewhere for another bucket', () => {
    const steps = planDeploy(parts, { ...nothing, r2: [{ name: 'agentops-eu' }] })
    expect(steps).toContainEqual({ do: 'create-r2', name: 'agentops-eu', jurisdiction: 'eu' })
  })

  it('refuses Workers that bind in a circle, and bindings to strangers', () => {
    const part = (worker: Part['worker'], name: string, service: string): Part => ({
      worker,
      home: '/',
      config: { ...readWorkerConfig(WEB_WORKER.config), name, services: [{ binding: 'X', service }] },
    })
    expect(() => deployOrder([part('api', 'a', 'b'), part('web', 'b', 'a')])).toThrow(/in a circle: a, b/)
    expect(() => deployOrder([part('api', 'a', 'stranger')])).toThrow(/binds to stranger/)
  })
})

it.each([
  ['agentops-data-eu-0', 'eu'],
  ['agentops-dead-us', 'us'],
  ['agentops-global', undefined],
  ['agentops-neutral-queue', undefined],
])('jurisdiction of %s is %s', (name, jurisdiction) => {
  expect(jurisdictionOf(name)).toBe(jurisdiction)
})
