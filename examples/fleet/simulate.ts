import { WORKFLOWS } from './workflows.ts'
import type { Version, Workflow } from './workflow.ts'
import { drawStrike, failureOf, kindNamed, type Strike } from './failures.ts'
import { isBadRelease } from './incidents.ts'
import type { Trace } from './model.ts'
import { personOf } from './people.ts'
import { randomOf } from './random.ts'
import type { PolicyStage, Stage } from './stages.ts'
import { callModel, callTool, type Walk } from './walk.ts'

const APPROVAL_MS = 120_000
const LOOP_TURNS = 7

/** Plays one request of the fleet. The same key and start give the same trace, id for id. */
export function simulate(startMs: number, ...key: (string | number)[]): Trace {
  const random = randomOf('trace', startMs, ...key)
  const id = random.hex(32)
  const rootSpan = random.hex(16)
  const workflow = random.weighted(WORKFLOWS)
  const version = random.weighted(workflow.versions)
  const walk: Walk = { random, rootSpan, nowMs: startMs + random.integer(3, 60), spans: [], marks: [] }
  const queueDepth = random.integer(0, 12)
  play(walk, version, strikeOf(walk, workflow, version))
  const endMs = walk.nowMs + random.integer(2, 20)
  const quality = Math.min(1, Math.max(0, version.quality + 0.08 * (random.next() - 0.5)))
  const status = statusOf(walk)
  return {
    id,
    rootSpan,
    startMs,
    endMs,
    status,
    quality,
    queueDepth,
    ...personOf(random, startMs),
    agent: workflow.agent,
    workflow: workflow.name,
    version: version.name,
    channel: workflow.channel,
    instrumentation: workflow.instrumentation,
    environment: random.chance(0.93) ? 'production' : 'staging',
    outcome: status === 'ok' && random.chance(version.quality) ? 'success' : 'failure',
    ...(walk.fatal && { failure: walk.fatal }),
    piiRedacted: workflow.agent === 'support-triage' && random.chance(0.25) ? random.integer(1, 4) : 0,
    spans: walk.spans,
    marks: walk.marks,
  }
}

function statusOf({ fatal, random }: Walk): Trace['status'] {
  if (fatal === undefined) return random.chance(0.006) ? 'cancelled' : 'ok'
  return fatal.name === 'policy_blocked' || fatal.name === 'budget_exceeded' ? 'blocked' : 'error'
}

/** What strikes this trace: the bad release while it lasts, else chance. */
function strikeOf({ random, nowMs }: Walk, workflow: Workflow, version: Version): Strike | undefined {
  if (isBadRelease(nowMs, workflow.name, version.name) && random.chance(0.75)) {
    const kind = kindNamed(random.chance(0.7) ? 'tool_contract_mismatch' : 'invalid_json')
    return { kind, failure: failureOf(random, kind) }
  }
  return drawStrike(random, version.fragility)
}

function play(walk: Walk, version: Version, strike: Strike | undefined): void {
  const target = strike && targetOf(walk, version.stages, strike)
  for (const [index, stage] of version.stages.entries()) {
    const struck = index === target ? strike : undefined
    if (struck?.kind.place === 'policy') govern(walk, struck)
    else if (struck?.kind.place === 'workflow') derail(walk, stage, struck)
    else playStage(walk, stage, struck)
    if (walk.fatal) return
  }
}

/** The stage that a failure strikes; none when the workflow has no such place. */
function targetOf({ random }: Walk, stages: readonly Stage[], { kind }: Strike): number | undefined {
  const places = [...stages.keys()].filter((i) => {
    if (kind.place === 'llm' || kind.place === 'tool') return stages[i]?.kind === kind.place
    return kind.place === 'policy' || i > 0
  })
  return places.length > 0 ? random.pick(places) : undefined
}

function playStage(walk: Walk, stage: Stage, strike?: Strike): void {
  switch (stage.kind) {
    case 'llm':
      return callModel(walk, stage, strike)
    case 'tool':
      return callTool(walk, stage, strike)
    case 'policy':
      return decide(walk, stage)
    case 'step': {
      const startMs = walk.nowMs
      walk.nowMs += Math.max(1, Math.round(walk.random.around(stage.ms)))
      walk.spans.push({
        kind: 'step',
        id: walk.random.hex(16),
        parent: walk.rootSpan,
        startMs,
        endMs: walk.nowMs,
        step: stage.step,
      })
    }
  }
}

function decide(walk: Walk, stage: PolicyStage): void {
  const { random } = walk
  const draw = random.next()
  const result = draw < stage.block ? 'block' : draw < stage.block + stage.escalate ? 'escalate' : 'allow'
  walk.marks.push({ kind: 'policy', atMs: walk.nowMs, span: walk.rootSpan, policy: stage.policy, result })
  walk.nowMs += random.integer(2, 15)
  if (result === 'block')
    walk.fatal = { name: 'policy_blocked', raw: 'policy_blocked', message: `Blocked by policy ${stage.policy}` }
  if (result === 'escalate') walk.nowMs += Math.round(random.around(14_000, 0.6))
}

/** Failures of governance: a policy, a budget, an approval that nobody gave. */
function govern(walk: Walk, { failure }: Strike): void {
  const { rootSpan: span, nowMs: atMs } = walk
  if (failure.name === 'budget_exceeded') walk.marks.push({ kind: 'threshold', atMs, span, percent: 100 })
  else {
    const approval = failure.name === 'approval_timeout'
    walk.marks.push({
      kind: 'policy',
      atMs,
      span,
      policy: approval ? 'human-approval' : 'egress-allowlist',
      result: approval ? 'escalate' : 'block',
    })
    if (approval) walk.nowMs += APPROVAL_MS
  }
  walk.fatal = failure
}

/** Failures of the workflow itself; an endless loop costs money before it is found. */
function derail(walk: Walk, stage: Stage, { failure }: Strike): void {
  const turns = failure.name === 'loop_detected' ? LOOP_TURNS : 1
  for (let turn = 0; turn < turns && !walk.fatal; turn++) playStage(walk, stage)
  walk.fatal ??= failure
}
